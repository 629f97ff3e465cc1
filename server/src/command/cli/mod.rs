//! The command line, and nothing else.

mod handshake;
mod misbehaviour;
mod rooms;
#[cfg(test)]
mod tests;
mod tls;
mod values;

use std::{io, net::SocketAddr, num::NonZeroUsize, time::Duration};

use clap::{ArgAction, Args, Parser, error::ErrorKind};

use self::{handshake::HandshakeArgs, misbehaviour::MisbehaviourArgs, rooms::RoomsArgs, tls::TlsArgs, values::Idle};
use crate::{ConnectionCapacity, Limits, Options, Reply, TlsSettings};

const AFTER_HELP: &str = "\
It prints `listening on ws://ADDRESS` or `wss://ADDRESS` once it does. SIGTERM, SIGHUP and Ctrl-C close every connection with 1001.
Sizes: 64, 4KiB, 16MiB. Numbers: 8, 10k, 1m. Times: 500ms, 10s, 2m.
Exit codes: 0 after a signal, 1 if it can't listen or serve, 2 for a usage error.";

/// Run the reference server, a WebSocket echo server
///
/// Every message comes back as exactly one message of its type.
#[derive(Clone, Debug, Parser)]
#[command(name = "server", version, max_term_width = 100, after_help = AFTER_HELP)]
#[command(args_override_self = true, disable_help_flag = true, disable_version_flag = true)]
pub struct ServerArgs {
    /// Address and port to listen on
    ///
    /// Such as 127.0.0.1:9001 or localhost:9001. `:9001` listens on all IPv4 addresses. Port 0
    /// takes a free port, which is printed.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9001", value_parser = values::address)]
    #[arg(help_heading = "Listening")]
    pub(crate) listen: SocketAddr,

    /// Threads that serve connections
    ///
    /// [default: one a core, or as many as --connections needs; 1 with --rooms]
    #[arg(long, value_name = "N", value_parser = values::threads, help_heading = "Listening")]
    threads: Option<NonZeroUsize>,

    /// Answer to every message: its echo, or this text
    #[arg(long, value_name = "TEXT", default_value = "echo", allow_hyphen_values = true)]
    #[arg(help_heading = "Replies")]
    reply: String,

    /// Serve no page to browsers
    ///
    /// Without this option, browsers get a page at `/` that sends bursts and judges the answers.
    #[arg(long, help_heading = "Replies")]
    no_page: bool,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,

    #[command(flatten)]
    handshake: HandshakeArgs,

    #[command(flatten)]
    rooms: RoomsArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    pub(crate) misbehaviour: MisbehaviourArgs,

    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// What one peer may use. The defaults are those of [`Limits`].
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Most connections at once; one more gets 503
    ///
    /// [default: 65536, or what the limit on open files allows --threads]
    #[arg(long, value_name = "N", value_parser = values::connections)]
    connections: Option<usize>,

    /// Largest message; a larger one is closed with 1009
    #[arg(long, value_name = "BYTES", default_value = "16MiB", value_parser = values::message_bytes)]
    message_bytes: usize,

    /// Longest time without a byte, or `off`
    ///
    /// After it, a connection is closed with 1001.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = values::idle)]
    idle: Idle,

    /// Most frames a message; more are closed with 1008
    #[arg(long, value_name = "N", default_value = "131072", value_parser = values::frames, hide_short_help = true)]
    frames_per_message: u32,

    /// Longest opening handshake; a longer one gets 408
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::time, hide_short_help = true)]
    handshake: Duration,

    /// Memory that all peers together may have it hold
    ///
    /// Over it, new peers get 503, and those that hold most are closed with 1013 or reset.
    ///
    /// [default: a quarter of the machine's or of the control group's]
    #[arg(long, value_name = "BYTES", value_parser = values::memory, hide_short_help = true)]
    memory: Option<usize>,

    /// Echoes held for a peer that does not read
    ///
    /// Over it, the server stops reading from that peer. With --rooms, it closes a peer with 1013
    /// when another message comes for it.
    #[arg(long, value_name = "BYTES", default_value = "1MiB", value_parser = values::unsent_bytes)]
    #[arg(hide_short_help = true)]
    unsent_bytes: usize,

    /// Longest time that a peer over --unsent-bytes takes no byte, then dropped
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = values::time, hide_short_help = true)]
    unsent_time: Duration,

    /// Longest time for the end of a connection: owed echoes, Close frames, the peer's end
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = values::time, hide_short_help = true)]
    closing: Duration,
}

/// What is told of the connections, and of the program.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct LogArgs {
    /// Log connections on stderr
    ///
    /// The log has both ends of a connection, the path, the names of header fields, and how it
    /// ended. Lines that nobody reads fast enough are dropped and counted.
    #[arg(long)]
    pub(crate) log: bool,

    /// Header fields that are logged with their values, such as host,user-agent
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "log", value_parser = values::field_name)]
    #[arg(hide_short_help = true)]
    log_values: Vec<String>,

    /// Print help (see a summary with '-h')
    #[arg(short, long, action = ArgAction::Help, help = "Print help (see more with '--help')")]
    help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

impl ServerArgs {
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

    /// The server's options, on a machine of this `capacity`, with `tls` made of its own options.
    ///
    /// # Errors
    /// If options contradict each other, or there is no room for as many connections as were asked
    /// for.
    pub(crate) fn options(
        self,
        capacity: ConnectionCapacity,
        tls: Option<TlsSettings>,
    ) -> Result<Options, clap::Error> {
        let defaults = Options::default();
        let (threads, connections) = self.threads_and_connections(capacity, &defaults)?;
        if self.rooms.are_on() && self.reply != "echo" {
            let text = format!(
                "--reply {}: --rooms sends each message to its room and answers none; leave out one of the two",
                self.reply
            );
            return Err(refused(ErrorKind::ArgumentConflict, text));
        }
        let compression = self.handshake.compression(self.rooms.are_on())?;
        let limits = self.limits;
        let misbehaviour = self.misbehaviour;
        let faults = misbehaviour.faults().map_err(|error| refused(ErrorKind::ValueValidation, error))?;
        Ok(Options {
            reply: if self.reply == "echo" { Reply::Echo } else { Reply::Text(self.reply) },
            rooms: self.rooms.options(),
            tls,
            subprotocols: self.handshake.subprotocol,
            compression,
            threads,
            table: capacity.table_for(connections, threads),
            page: !self.no_page,
            log_values: self.log.log_values,
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

    /// How many threads are asked for, if that is said.
    fn threads_asked(&self) -> Result<Option<NonZeroUsize>, clap::Error> {
        match self.threads {
            Some(threads) if self.rooms.are_on() && threads.get() > 1 => {
                let text = format!(
                    "--threads {threads}: --rooms needs one thread, as threads share no connections; leave out --threads"
                );
                Err(refused(ErrorKind::ArgumentConflict, text))
            }
            threads => Ok(threads.or(self.rooms.are_on().then_some(NonZeroUsize::MIN))),
        }
    }

    /// How many threads and connections at most. What was asked for is given or refused.
    fn threads_and_connections(
        &self,
        capacity: ConnectionCapacity,
        defaults: &Options,
    ) -> Result<(NonZeroUsize, usize), clap::Error> {
        let asked = self.threads_asked()?;
        let least = asked.unwrap_or(defaults.threads);
        let Some(connections) = self.limits.connections else {
            return Ok((least, defaults.limits.connections.min(capacity.most(least))));
        };
        let enough = capacity.threads_for(connections, least);
        match (enough, asked) {
            (Some(enough), None) => Ok((enough, connections)),
            (Some(enough), Some(threads)) if enough == threads => Ok((threads, connections)),
            (enough, _) => {
                let most = asked.unwrap_or(ConnectionCapacity::MOST_THREADS);
                let with = if self.rooms.are_on() { "--rooms".to_owned() } else { format!("--threads {most}") };
                let threads = enough.filter(|_| !self.rooms.are_on());
                let threads = threads.map(|enough| format!("use --threads {enough} or more"));
                let fewer = Some(capacity.most(most)).filter(|most| *most > 0);
                let fewer = fewer.map(|most| format!("use --connections {most} or fewer"));
                let remedies = threads.into_iter().chain(fewer).chain(["raise the hard limit".to_owned()]);
                Err(refused(
                    ErrorKind::ValueValidation,
                    format!(
                        "--connections {connections}: the limit on open files (`ulimit -Hn`) leaves room for {} with \
                         {with}; {}",
                        capacity.most(most),
                        remedies.collect::<Vec<_>>().join(", or "),
                    ),
                ))
            }
        }
    }
}

/// A refusal in clap's shape. It has no usage, as that depends on the program.
fn refused(kind: ErrorKind, text: String) -> clap::Error {
    clap::Error::raw(kind, format!("{text}\n\nFor more information, try '--help'.\n"))
}
