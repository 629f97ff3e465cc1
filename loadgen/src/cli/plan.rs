//! The options that plan a run, and how they become a [`Plan`].

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue};
use loadgen::payload::Mix;
use loadgen::plan::{Connect, Engine, Expect, Load, Plan, Rate, Until};
use reports::human;

use super::refuse;
use super::target::target;
use super::values::{
    parse_duration, parse_expect, parse_header, parse_number, parse_positive_duration, parse_rate, parse_seed,
    parse_size,
};

/// What a run does, but for its target.
#[derive(Clone, Debug, Args)]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
pub(crate) struct PlanArgs {
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

    /// What moves the messages: lean takes the least time and memory, tungstenite is the independent second opinion
    #[arg(long, value_name = "NAME", default_value = "lean")]
    engine: EngineName,

    /// Worker threads [default: the cores that a server on this machine leaves, at least 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_number::<NonZeroUsize>)]
    threads: Option<NonZeroUsize>,

    /// Seed of the payloads, for a run with the same bytes [default: random, printed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_seed)]
    // A random one has 32 bits: short to type again, and exact in JSON readers whose numbers are floats.
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PayloadKind {
    Text,
    Binary,
    Mixed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EngineName {
    Lean,
    Tungstenite,
}

impl From<EngineName> for Engine {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Lean => Self::Lean,
            EngineName::Tungstenite => Self::Tungstenite,
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Engine::from(*self).fmt(f)
    }
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

impl PlanArgs {
    /// The plan that the arguments ask for, against the server at `url` or one that the run starts itself.
    pub(crate) fn plan(&self, url: Option<&str>) -> Result<Plan, clap::Error> {
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
        let (target, left) = target(url)?;
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
            engine: self.engine.into(),
            // A worker without a client would only look on.
            threads: threads.min(NonZeroUsize::try_from(self.clients).unwrap_or(NonZeroUsize::MAX)),
            seed: self.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        })
    }
}

impl fmt::Display for PayloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Mix::from(*self).fmt(f)
    }
}
