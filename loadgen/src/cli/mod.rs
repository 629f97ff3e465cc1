//! The command line: types for clap, and how they become a [`Plan`].

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::styling::{AnsiColor, Styles};
use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};
use http::{HeaderName, HeaderValue};
use loadgen::payload::Mix;
use loadgen::plan::{Connect, Expect, Load, Plan, Rate, Target, Until};
use reports::{Threshold, human};
use url::{Host, Url};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  loadgen --clients 1000 --rate 50                 against a reference server that it starts itself
  loadgen ws://127.0.0.1:9001 -c 100 -r 200 -d 30s --threshold 'p99<5ms'
  loadgen ws://127.0.0.1:9001 --window 16          as fast as replies allow
  loadgen ws://127.0.0.1:9001 --expect 'reply={\"a\":1,\"b\":2}' -n 5 -c 1

Exit codes:
  0 pass   1 threshold missed   2 usage   4 delivery violation   5 run invalid   6 target unreachable   130 interrupted";

/// Load-tests a WebSocket server and accounts for every message: each send must come back as exactly one message event,
/// whole, in order, on its own connection.
#[derive(Debug, Parser)]
// Flags are what they are, and their help is no Markdown.
#[allow(clippy::struct_excessive_bools, clippy::doc_markdown)]
#[command(version, styles = STYLES, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Args {
    /// Server to test, as ws://HOST[:PORT][/PATH] or wss://...; without it, a reference server is started on a free
    /// loopback port
    // Parsed by `plan`: clap would print a refused value whole, with the password that may be in it.
    #[arg(value_name = "URL")]
    url: Option<String>,

    /// Concurrent connections
    #[arg(short, long, alias = "connections", value_name = "N", default_value = "100", allow_negative_numbers = true, value_parser = parse_number::<NonZeroU32>)]
    clients: NonZeroU32,

    /// Messages per second per client; sends are due whether or not replies came
    #[arg(short, long, value_name = "R", default_value = "50", allow_negative_numbers = true, value_parser = parse_rate, conflicts_with = "window")]
    rate: Rate,

    /// Messages that are due together: a client sends RATE/BURST bursts a second, evenly spread over the clients
    #[arg(short, long, value_name = "B", default_value = "5", allow_negative_numbers = true, value_parser = parse_number::<NonZeroU32>, conflicts_with = "window")]
    burst: NonZeroU32,

    /// Messages in flight per client, as fast as replies allow, instead of a rate
    #[arg(short, long, value_name = "W", allow_negative_numbers = true, value_parser = parse_number::<NonZeroU32>)]
    window: Option<NonZeroU32>,

    /// Length of the measured phase
    #[arg(short, long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true, value_parser = parse_positive_duration)]
    duration: Duration,

    /// Same load before it, not recorded; its delivery is checked all the same [default: 1s, with --messages 0s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = parse_duration)]
    warmup: Option<Duration>,

    /// After the last send, longest wait for what is in flight; what has not come by then is lost
    #[arg(long, value_name = "TIME", default_value = "5s", allow_hyphen_values = true, value_parser = parse_duration)]
    drain: Duration,

    /// Stop after N messages of each client instead of a duration
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true, value_parser = parse_number::<NonZeroU64>, conflicts_with = "duration")]
    messages: Option<NonZeroU64>,

    /// Payload size, such as 64 or 4KiB
    #[arg(short, long, value_name = "BYTES", default_value = "64", allow_negative_numbers = true, value_parser = parse_size)]
    size: u32,

    /// Kind of messages; mixed alternates, and the echo must keep the type
    #[arg(long, value_name = "KIND", default_value = "mixed")]
    payload: PayloadKind,

    /// What a send must bring back: `echo` (the same message), `count` (one message, whatever it holds) or `reply=TEXT`
    #[arg(long, value_name = "WHAT", default_value = "echo", value_parser = parse_expect)]
    expect: Expect,

    /// New connections a second
    #[arg(long, value_name = "N", default_value = "1000", allow_negative_numbers = true, value_parser = parse_rate)]
    connect_rate: Rate,

    /// Longest wait for a connection to open
    #[arg(long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true, value_parser = parse_positive_duration)]
    connect_timeout: Duration,

    /// Header field for the opening handshake, as 'Name: value'; repeatable
    #[arg(short = 'H', long = "header", value_name = "FIELD", value_parser = parse_header)]
    headers: Vec<(HeaderName, HeaderValue)>,

    /// Take any certificate of a wss:// server
    #[arg(long)]
    insecure: bool,

    /// Messages in flight per client beyond which those due are dropped and counted
    #[arg(long, value_name = "N", default_value = "10000", allow_negative_numbers = true, value_parser = parse_number::<NonZeroU32>, conflicts_with = "window")]
    max_in_flight: NonZeroU32,

    /// Worker threads [default: the cores that a server on this machine leaves, at least 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_number::<NonZeroUsize>)]
    threads: Option<NonZeroUsize>,

    /// Seed of the payloads, for a run with the same bytes [default: random, printed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_seed)]
    // A random one has 32 bits: short to type again, and exact in JSON readers whose numbers are floats.
    seed: Option<u64>,

    /// Condition for exit code 0, such as 'p99<5ms', 'service.p99.9<2ms', 'throughput>=49000', 'connect.p99<100ms';
    /// repeatable
    #[arg(long = "threshold", value_name = "METRIC OP VALUE")]
    pub(crate) thresholds: Vec<Threshold>,

    /// Save the result as JSON
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Print the result as JSON on stdout and nothing else there; progress and report go to stderr. Without a connection
    /// there is no result
    #[arg(long)]
    pub(crate) json: bool,

    /// Print neither progress nor report; the exit code tells the verdict
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// No colors; the variable NO_COLOR does the same
    #[arg(long)]
    pub(crate) no_color: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PayloadKind {
    Text,
    Binary,
    Mixed,
}

impl From<PayloadKind> for Mix {
    fn from(kind: PayloadKind) -> Self {
        match kind {
            PayloadKind::Text => Self::Text,
            PayloadKind::Binary => Self::Binary,
            PayloadKind::Mixed => Self::Mixed,
        }
    }
}

impl Args {
    /// The plan that the arguments ask for.
    pub(crate) fn plan(&self) -> Result<Plan, clap::Error> {
        let mix = Mix::from(self.payload);
        let (size, least) = (self.size, mix.min_size());
        if (size as usize) < least {
            return Err(refuse(format!(
                "--size {size}: a {mix} message needs {least} bytes at least, for the header that identifies it"
            )));
        }
        if self.window.is_none() {
            let (rate, clients) = (self.rate.per_second(), self.clients);
            let total = rate * f64::from(clients.get());
            if total > Rate::MAX_TOTAL {
                return Err(refuse(format!(
                    "--rate {rate} with --clients {clients}: {} messages per second in total; at most {} are accepted",
                    human::rate(total),
                    human::rate(Rate::MAX_TOTAL)
                )));
            }
        }
        let load = match self.window {
            Some(window) => Load::Closed { window },
            None => Load::Open { rate: self.rate, burst: self.burst, max_in_flight: self.max_in_flight },
        };
        let (target, left) = self.target()?;
        let threads = self.threads.unwrap_or(left);
        Ok(Plan {
            target,
            clients: self.clients,
            load,
            warmup: self.warmup.unwrap_or(Duration::from_secs(u64::from(self.messages.is_none()))),
            until: self.messages.map_or(Until::Elapsed(self.duration), Until::Messages),
            drain: self.drain,
            size,
            mix,
            expect: self.expect.clone(),
            connect: Connect {
                rate: self.connect_rate,
                timeout: self.connect_timeout,
                headers: self.headers.clone(),
                insecure: self.insecure,
            },
            // A worker without a client would only look on.
            threads: threads.min(NonZeroUsize::try_from(self.clients).unwrap_or(NonZeroUsize::MAX)),
            seed: self.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        })
    }

    /// The target, and the cores that it leaves to the workers. A server on this machine gets half of them.
    fn target(&self) -> Result<(Target, NonZeroUsize), clap::Error> {
        let cores = loadgen::cores() as usize;
        let at_least_one = |n| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        match &self.url {
            None => {
                let threads = at_least_one(cores / 2);
                Ok((Target::Embedded { threads }, at_least_one(cores.saturating_sub(threads.get()))))
            }
            Some(text) => {
                let url = parse_url(text)
                    .map_err(|error| refuse(format!("invalid value '{}' for '[URL]': {error}", redacted(text))))?;
                let loopback = match url.host() {
                    Some(Host::Ipv4(ip)) => ip.is_loopback(),
                    Some(Host::Ipv6(ip)) => ip.is_loopback(),
                    Some(Host::Domain(name)) => name == "localhost",
                    None => false,
                };
                Ok((Target::Url(url), at_least_one(if loopback { cores - cores / 2 } else { cores })))
            }
        }
    }
}

/// A refusal in clap's shape, so that it looks like the others and exits with 2.
pub(crate) fn refuse(message: String) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, format!("{message}\n\nFor more information, try '--help'.\n"))
}

/// A URL to show, without user-info.
fn redacted(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}***{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

fn parse_seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

fn parse_url(text: &str) -> Result<Url, String> {
    const ACCEPTED: &str = "expected ws://HOST[:PORT][/PATH] or wss://HOST[:PORT][/PATH]";
    if !text.contains("://") {
        return Err(format!("there is no scheme (was ws://{} meant?); {ACCEPTED}", redacted(text)));
    }
    let url = Url::parse(text).map_err(|error| format!("{error}; {ACCEPTED}"))?;
    match url.scheme() {
        "ws" | "wss" => {}
        scheme => return Err(format!("scheme `{scheme}` is not WebSocket's; {ACCEPTED}")),
    }
    match () {
        () if url.host_str().is_none_or(str::is_empty) => Err(format!("there is no host; {ACCEPTED}")),
        () if url.port() == Some(0) => Err(format!("port 0 can't be connected to; {ACCEPTED}")),
        // RFC 6455, section 3.
        () if url.fragment().is_some() => Err(format!("a WebSocket URL has no fragment (`#...`); {ACCEPTED}")),
        () => Ok(url),
    }
}

/// A whole number such as `10000`, `10k` or `1m`.
fn parse_number<N>(text: &str) -> Result<N, String>
where
    N: TryFrom<NonZeroU64>,
{
    let largest = if size_of::<N>() == 4 { u32::MAX.into() } else { u64::MAX };
    let (digits, factor) = split_suffix(text);
    let number = u64::from_str(digits).ok().and_then(|number| number.checked_mul(factor));
    number
        .and_then(NonZeroU64::new)
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| format!("expected a whole number over 0 and at most {largest}, such as 500, 10k or 1m"))
}

fn parse_rate(text: &str) -> Result<Rate, String> {
    let (digits, factor) = split_suffix(text);
    // Lossless: a factor of a thousand or a million.
    let rate = f64::from_str(digits).ok().map(|rate| rate * factor as f64);
    rate.and_then(Rate::new).ok_or_else(|| {
        format!("expected a number over 0 and at most {}, such as 0.5, 50 or 10k", human::rate(Rate::MAX_TOTAL))
    })
}

fn split_suffix(text: &str) -> (&str, u64) {
    if let Some(digits) = text.strip_suffix(['k', 'K']) {
        (digits, 1_000)
    } else if let Some(digits) = text.strip_suffix(['m', 'M']) {
        (digits, 1_000_000)
    } else {
        (text, 1)
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
    humantime::parse_duration(text).ok().filter(|duration| *duration <= LONGEST).ok_or_else(|| {
        match text.parse::<f64>() {
            Ok(_) => format!("a time needs its unit (was {text}s meant?); expected one such as 500ms, 10s or 2m"),
            Err(_) => "expected a time with its unit, such as 500ms, 10s or 2m, at most 366 days".to_owned(),
        }
    })
}

fn parse_positive_duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() { Err("expected a time over 0, such as 500ms, 10s or 2m".to_owned()) } else { Ok(duration) }
}

fn parse_size(text: &str) -> Result<u32, String> {
    const LARGEST: u64 = 64 << 20;
    let size = ByteSize::from_str(text).ok().map(|size| size.as_u64()).filter(|&size| size <= LARGEST);
    size.and_then(|size| u32::try_from(size).ok())
        .ok_or_else(|| "expected a number of bytes up to 64MiB, such as 64, 1000 or 4KiB".to_owned())
}

fn parse_expect(text: &str) -> Result<Expect, String> {
    match text {
        "echo" => Ok(Expect::Echo),
        "count" => Ok(Expect::Count),
        _ => match text.strip_prefix("reply=") {
            Some(reply) => Ok(Expect::Reply(reply.to_owned())),
            None => Err("expected echo, count or reply=TEXT".to_owned()),
        },
    }
}

/// Fields that the opening handshake sets itself.
const RESERVED: [&str; 6] =
    ["host", "connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"];

fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("expected 'Name: value'")?;
    let name = HeaderName::from_str(name.trim()).map_err(|error| format!("{error}; expected 'Name: value'"))?;
    let value = HeaderValue::from_str(value.trim()).map_err(|error| format!("{error}; expected 'Name: value'"))?;
    if RESERVED.contains(&name.as_str()) {
        return Err(format!("the opening handshake sets `{name}` itself"));
    }
    Ok((name, value))
}

impl fmt::Display for PayloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Mix::from(*self).fmt(f)
    }
}
