//! The command line, and nothing else.

mod misbehaviour;

use std::{io, net::SocketAddr, num::NonZeroUsize, time::Duration};

use bytesize::ByteSize;
use clap::{Args as ClapArgs, CommandFactory, Parser, error::ErrorKind};
use misbehaviour::MisbehaviourArgs;
use server::{ConnectionCapacity, Limits, Options, Reply};

const AFTER_HELP: &str = "\
It prints `listening on ws://ADDRESS` once it does. SIGTERM, SIGHUP and Ctrl-C close every connection with 1001.
Sizes: 64, 4KiB, 16MiB. Numbers: 8, 10k, 1m. Times: 500ms, 10s, 2m.
Exit codes: 0 after a signal, 1 if it can't listen or serve, 2 for a usage error.";

/// A reference WebSocket echo server: every message comes back as exactly one message of the same type.
#[derive(Debug, Parser)]
#[command(name = "server", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9001", value_parser = address)]
    pub(crate) listen: SocketAddr,

    /// Answer to every message: `echo` is the message itself, anything else is sent as that text
    #[arg(long, value_name = "echo|TEXT", default_value = "echo", allow_hyphen_values = true)]
    reply: String,

    /// Threads [default: one a core, or as many as --connections needs]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,

    /// Serve no page to browsers; without this, they get one at `/` that sends bursts and judges the answers
    #[arg(long)]
    no_page: bool,

    /// Log connections on stderr: both ends, path and names of header fields, how they ended; lines that nobody reads fast
    /// enough are dropped and counted
    #[arg(long)]
    pub(crate) log: bool,

    /// Header fields that are logged with their values, such as `host,user-agent`
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "log", value_parser = field_name)]
    log_values: Vec<String>,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    pub(crate) misbehaviour: MisbehaviourArgs,
}

/// What one peer may use. The defaults are those of [`Limits`].
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Largest message; a larger one is closed with 1009
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = message_bytes)]
    message_bytes: usize,

    /// Most frames a message; more are closed with 1008
    #[arg(long, value_name = "N", default_value = "131072", value_parser = frames)]
    frames_per_message: u32,

    /// Longest HTTP handshake; a longer one gets 408
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    handshake: Duration,

    /// Longest time without a byte, then closed with 1001; `off` for none
    #[arg(long, value_name = "TIME|off", default_value = "5m", value_parser = idle)]
    idle: Idle,

    /// Most connections at once; one more gets 503 [default: 65536, or what the limit on open files allows --threads]
    #[arg(long, value_name = "N", value_parser = connections)]
    connections: Option<usize>,

    /// Memory that all peers together may have it hold; over it, new ones get 503 and those that hold most are closed
    /// with 1013 (or reset) [default: a quarter of the machine's or of the control group's]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    memory: Option<usize>,

    /// Echoes held for a peer that does not read; over it the server stops reading from that peer
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = unsent_bytes)]
    unsent_bytes: usize,

    /// Longest time that a peer over that limit takes no byte, then dropped
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    unsent_time: Duration,

    /// Longest time for the end of a connection: owed echoes, Close frames, the peer's end
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    closing: Duration,
}

/// [`Limits::idle`] as a type of its own, as clap takes an `Option` for a flag that may be absent.
#[derive(Debug, Clone, Copy)]
struct Idle(Option<Duration>);

impl Args {
    /// What to tell the user when `listen` can't be bound.
    pub(crate) fn bind_failure(&self, error: &io::Error) -> String {
        let listen = self.listen;
        match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "--listen {listen}: the address is in use; stop what listens there, or choose another port (port 0 takes \
                 a free one)"
            ),
            io::ErrorKind::AddrNotAvailable => format!(
                "--listen {listen}: this machine has no such address; choose one of its own, such as 127.0.0.1, or \
                 0.0.0.0 for all"
            ),
            io::ErrorKind::PermissionDenied => {
                format!("--listen {listen}: not permitted; choose a port from 1024 on (port 0 takes a free one)")
            }
            _ => format!("--listen {listen}: {error}"),
        }
    }

    /// The server's options, where there is `room` for so many connections.
    ///
    /// # Errors
    /// If options contradict each other, or there is no room for as many connections as were asked for.
    pub(crate) fn options(self, room: ConnectionCapacity) -> Result<Options, clap::Error> {
        let defaults = Options::default();
        let (threads, connections) = self.crew(room, &defaults)?;
        let limits = self.limits;
        let misbehaviour = self.misbehaviour;
        let faults = misbehaviour.faults().map_err(|error| Self::command().error(ErrorKind::ValueValidation, error))?;
        Ok(Options {
            reply: if self.reply == "echo" { Reply::Echo } else { Reply::Text(self.reply) },
            threads,
            table: room.table_for(connections, threads),
            page: !self.no_page,
            log_values: self.log_values,
            limits: Limits {
                message_bytes: limits.message_bytes,
                frames_per_message: limits.frames_per_message,
                handshake: limits.handshake,
                idle: limits.idle.0,
                connections,
                memory: limits.memory.unwrap_or(defaults.limits.memory),
                unsent_bytes: limits.unsent_bytes,
                unsent_time: limits.unsent_time,
                closing: limits.closing,
            },
            delay: misbehaviour.delay(),
            stall: misbehaviour.stall,
            faults,
            seed: misbehaviour.seed(),
        })
    }

    /// How many threads there shall be, and how many connections at most. What was asked for is given or refused.
    fn crew(&self, room: ConnectionCapacity, defaults: &Options) -> Result<(NonZeroUsize, usize), clap::Error> {
        let least = self.threads.unwrap_or(defaults.threads);
        let Some(connections) = self.limits.connections else {
            return Ok((least, defaults.limits.connections.min(room.most(least))));
        };
        let enough = room.threads_for(connections, least);
        match (enough, self.threads) {
            (Some(enough), None) => Ok((enough, connections)),
            (Some(enough), Some(threads)) if enough == threads => Ok((threads, connections)),
            (enough, _) => {
                let most = self.threads.unwrap_or(ConnectionCapacity::MOST_THREADS);
                let threads = enough.map(|enough| format!("use --threads {enough} or more"));
                let fewer = Some(room.most(most)).filter(|most| *most > 0);
                let fewer = fewer.map(|most| format!("use --connections {most} or fewer"));
                let remedies = threads.into_iter().chain(fewer).chain(["raise the hard limit".to_owned()]);
                Err(Self::command().error(
                    ErrorKind::ValueValidation,
                    format!(
                        "--connections {connections}: the limit on open files (`ulimit -Hn`) leaves room for {} with \
                         --threads {most}; {}",
                        room.most(most),
                        remedies.collect::<Vec<_>>().join(", or "),
                    ),
                ))
            }
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an IP address and a port, such as 127.0.0.1:9001 or [::1]:0".to_owned())
}

/// A name of a header field: a token (RFC 9110, section 5.6.2).
fn field_name(text: &str) -> Result<String, String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_token) {
        return Err("expected names of header fields, such as `host` or `host,user-agent`".to_owned());
    }
    Ok(text.to_owned())
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    number(text, 1, 1024).and_then(|n| NonZeroUsize::new(n).ok_or_else(|| "expected at least 1".to_owned()))
}

fn connections(text: &str) -> Result<usize, String> {
    number(text, 1, 1_000_000)
}

fn frames(text: &str) -> Result<u32, String> {
    number(text, 1, 1_000_000_000).and_then(|n| u32::try_from(n).map_err(|error| error.to_string()))
}

fn message_bytes(text: &str) -> Result<usize, String> {
    size(text, 1, 1 << 30)
}

fn memory(text: &str) -> Result<usize, String> {
    size(text, 1 << 20, 1 << 50)
}

fn unsent_bytes(text: &str) -> Result<usize, String> {
    size(text, 0, 1 << 30)
}

/// A count from `least` to `most`, with `k` for thousands and `m` for millions.
fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1_000),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    let value = digits.parse::<usize>().ok().and_then(|n| n.checked_mul(unit));
    value
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("expected a number from {least} to {most}, such as 8, 10k or 1m"))
}

/// A size in bytes from `least` to `most`.
fn size(text: &str, least: u64, most: u64) -> Result<usize, String> {
    let value = text.parse::<ByteSize>().ok().map(|size| size.as_u64());
    value
        .filter(|n| (least..=most).contains(n))
        .and_then(|n| usize::try_from(n).ok())
        .ok_or_else(|| format!("expected a size from {least} to {most} bytes, such as 64, 4KiB or 16MiB"))
}

/// A time from 1 ms to a day.
fn time(text: &str) -> Result<Duration, String> {
    let accepted = Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);
    humantime::parse_duration(text)
        .ok()
        .filter(|time| accepted.contains(time))
        .ok_or_else(|| "expected a time from 1ms to 24h, such as 500ms, 10s or 2m".to_owned())
}

fn idle(text: &str) -> Result<Idle, String> {
    if text == "off" {
        return Ok(Idle(None));
    }
    time(text).map(|time| Idle(Some(time))).map_err(|error| format!("{error}, or `off`"))
}

#[cfg(test)]
mod tests {
    use server::{Allowance, Delay, DelayShape, FaultKind, Faults, Stall, Table};

    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        parse_with(line, 1_000_000_000)
    }

    /// Where a descriptor table may hold so many.
    fn parse_with(line: &str, each_table: u64) -> Result<Options, String> {
        let args = Args::try_parse_from(line.split(' ')).map_err(|error| error.to_string())?;
        args.options(ConnectionCapacity::new(Allowance { each_table, own_tables: true }))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        // The seed is random.
        for line in ["server", "server --reply echo"] {
            let options = parse(line).expect("valid");
            assert_eq!(Options { seed: 0, ..options }, Options::default());
        }
    }

    #[test]
    fn every_flag_arrives() {
        let line = "server --reply --hi --threads 3 --message-bytes 4KiB --frames-per-message 10k --handshake 500ms \
                    --idle off --connections 7 --memory 64MiB --unsent-bytes 0 --unsent-time 2m --closing 1s --no-page --log --log-values host,User-Agent --delay 300us \
                    --delay-dist uniform --stall 10s:250ms --fault drop=0.25,wrong-type=1% --fault late=0.5 --fault-seed 7";
        let options = Options {
            reply: Reply::Text("--hi".to_owned()),
            threads: NonZeroUsize::new(3).expect("not zero"),
            table: Table::Shared,
            page: false,
            log_values: vec!["host".to_owned(), "User-Agent".to_owned()],
            limits: Limits {
                message_bytes: 4096,
                frames_per_message: 10_000,
                handshake: Duration::from_millis(500),
                idle: None,
                connections: 7,
                memory: 64 << 20,
                unsent_bytes: 0,
                unsent_time: Duration::from_secs(120),
                closing: Duration::from_secs(1),
            },
            delay: Some(Delay { mean: Duration::from_micros(300), shape: DelayShape::Uniform }),
            stall: Some(Stall { after: Duration::from_secs(10), length: Duration::from_millis(250) }),
            faults: Faults::new([(FaultKind::Drop, 0.25), (FaultKind::WrongType, 0.01), (FaultKind::Late, 0.5)])
                .expect("chances"),
            seed: 7,
        };
        assert_eq!(parse(line), Ok(options));
    }

    #[test]
    fn a_flag_that_would_be_ignored_is_refused() {
        for line in [
            "--fault-seed 1",
            "--log-values host",
            "--fault-ledger faults.json",
            "--delay-dist uniform",
            "--fault-ledger f --delay 1ms",
        ] {
            let error = parse(&format!("server {line}")).expect_err("refused");
            assert!(error.contains("required"), "{error}");
        }
        assert!(parse("server --delay 1ms --delay-dist uniform --fault-seed 1").is_ok());
        assert!(parse("server --fault drop=1 --fault-seed 1 --fault-ledger f").is_ok());
    }

    #[test]
    fn open_files_bound_the_connections_unless_a_number_is_asked_for() {
        let options = parse_with("server --threads 1", 1024).expect("valid");
        assert_eq!((options.limits.connections, options.table), (1024 - 2 * 16, Table::Shared));
        let options = parse_with("server --threads 4 --connections 3k", 1024).expect("valid");
        assert_eq!((options.limits.connections, options.table), (3000, Table::Own));
        let options = parse_with("server --connections 100k", 20_000).expect("valid");
        assert_eq!((options.limits.connections, options.table), (100_000, Table::Own));
        assert!(options.threads.get() >= 6, "{}", options.threads);
        let error = parse_with("server --connections 900k", 256).expect_err("refused");
        assert!(error.contains("--threads 1024; use --connections 163840 or fewer"), "{error}");
        let error = parse_with("server --threads 5 --connections 100k", 20_000).expect_err("refused");
        for part in
            ["--connections 100000", "--threads 5", "ulimit", "--threads 6 or more", "--connections 96365 or fewer"]
        {
            assert!(error.contains(part), "{part:?} is missing in: {error}");
        }
    }

    #[test]
    fn a_refused_value_is_named_with_its_flag_and_what_is_accepted() {
        for (flag, value, accepted) in [
            ("--listen", "localhost", "such as 127.0.0.1:9001"),
            ("--threads", "0", "from 1 to 1024"),
            ("--log-values", "a:b", "such as `host`"),
            ("--message-bytes", "2GiB", "from 1 to 1073741824 bytes"),
            ("--message-bytes", "-1", "from 1 to 1073741824 bytes"),
            ("--frames-per-message", "0", "from 1 to 1000000000"),
            ("--handshake", "0s", "from 1ms to 24h"),
            ("--idle", "soon", "such as 500ms, 10s or 2m, or `off`"),
            ("--connections", "99m", "from 1 to 1000000"),
            ("--memory", "0", "from 1048576 to"),
            ("--unsent-bytes", "much", "from 0 to 1073741824 bytes"),
            ("--unsent-time", "10", "from 1ms to 24h"),
            ("--closing", "25h", "from 1ms to 24h"),
            ("--delay", "0s", "from 1us to 1h"),
            ("--delay-dist", "normal", "fixed, uniform, exponential"),
            ("--stall", "1s", "such as 10s:250ms"),
            ("--stall", "1s:2h", "such as 10s:250ms"),
            ("--fault", "drop", "KIND=RATE"),
            ("--fault", "loss=0.1", "drop, duplicate, reorder"),
            ("--fault", "drop=2", "from 0 to 1"),
            ("--fault", "drop=0.6,late=0.5", "at most 1"),
            ("--fault", "drop=0.1,drop=0.2", "twice"),
        ] {
            let error = parse(&format!("server {flag}={value}")).expect_err("refused");
            for part in [flag, value, accepted] {
                assert!(error.contains(part), "{part:?} is missing in: {error}");
            }
        }
    }
}
