//! The options that plan a run, and how they become a [`Plan`].

use std::{
    fmt,
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue};
use loadgen::{
    message::Mix,
    plan::{Connect, EngineKind, Expect, Group, GroupName, Plan, Rate, RunOptions},
};
use reports::Threshold;

use super::{
    load::{LoadArgs, PlannedLoad, RunLoadArgs},
    refusal::refuse,
    sources::{Sources, merge, parse_sources},
    target::target,
    values::{parse_expect, parse_header, parse_number, parse_positive_duration, parse_rate, parse_seed, parse_size},
};

/// What a run does, without its target. Commands differ in their load.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlanArgs<L: LoadArgs = RunLoadArgs> {
    #[command(flatten)]
    load: L,

    #[command(flatten)]
    in_flight: InFlightArgs,

    #[command(flatten)]
    messages: MessageArgs,

    #[command(flatten)]
    connecting: ConnectArgs,

    #[command(flatten)]
    generator: GeneratorArgs,
}

/// A bound of any load with a rate.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Load")]
struct InFlightArgs {
    /// Messages in flight per client at most
    ///
    /// Messages that are due beyond it are dropped and counted.
    #[arg(long, value_name = "N", default_value = "10000", conflicts_with = "window")]
    #[arg(value_parser = parse_number::<NonZeroU32>, hide_short_help = true)]
    max_in_flight: NonZeroU32,
}

/// What is sent, and what must come back.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Messages")]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
struct MessageArgs {
    /// Size of a message, such as 64 or 4KiB
    ///
    /// An echo needs 53 bytes, or 28 with `--payload binary`: the header by which it is told. With
    /// `--expect count` or `--expect reply=TEXT` any size will do, from 0 on.
    #[arg(short, long, value_name = "BYTES", default_value = "64", value_parser = parse_size)]
    size: u32,

    /// Kind of messages
    ///
    /// `mixed` alternates between text and binary. An echo must keep the kind.
    #[arg(long, value_name = "KIND", default_value = "mixed", hide_short_help = true)]
    payload: PayloadKind,

    /// Expected reply: echo, count, reply=TEXT
    ///
    /// `echo` is the same message, `count` one message whatever it holds, `reply=TEXT` one message
    /// with this text.
    #[arg(long, value_name = "WHAT", default_value = "echo", value_parser = parse_expect)]
    expect: Expect,

    /// Seed of the messages' bytes: the same seed sends the same bytes
    ///
    /// [default: random, printed]
    #[arg(long, value_name = "N", value_parser = parse_seed, hide_short_help = true)]
    seed: Option<u64>,
}

/// How connections are opened.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connecting")]
#[allow(clippy::doc_markdown)]
struct ConnectArgs {
    /// Header field of the handshake, 'Name: value'; repeatable
    #[arg(short = 'H', long = "header", value_name = "FIELD", value_parser = parse_header)]
    headers: Vec<(HeaderName, HeaderValue)>,

    /// Skip TLS verification
    ///
    /// Takes any certificate of a wss:// server.
    #[arg(long)]
    insecure: bool,

    /// New connections per second
    #[arg(long, value_name = "RATE", default_value = "1000", value_parser = parse_rate)]
    #[arg(hide_short_help = true)]
    connect_rate: Rate,

    /// Longest wait for a connection to open
    #[arg(long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true)]
    #[arg(value_parser = parse_positive_duration, hide_short_help = true)]
    connect_timeout: Duration,

    /// Local addresses to connect from, in turn; repeatable
    ///
    /// Such as 10.0.0.5 or 10.0.0.5,10.0.0.7-10.0.0.9.
    #[arg(long = "source-ip", value_name = "LIST", value_parser = parse_sources)]
    #[arg(hide_short_help = true)]
    sources: Vec<Sources>,
}

/// What sends the messages.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Generator")]
struct GeneratorArgs {
    /// Worker threads
    ///
    /// [default: the cores that a server on this machine leaves, or as many as --clients needs]
    #[arg(long, value_name = "N", value_parser = parse_number::<NonZeroUsize>, hide_short_help = true)]
    threads: Option<NonZeroUsize>,

    /// Implementation of WebSocket
    ///
    /// `lean` takes the least time and memory. `tungstenite` is an independent second opinion.
    #[arg(long, value_name = "NAME", default_value = "lean", hide_short_help = true)]
    engine: EngineName,
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

impl From<EngineName> for EngineKind {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Lean => Self::Lean,
            EngineName::Tungstenite => Self::Tungstenite,
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        EngineKind::from(*self).fmt(f)
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

impl fmt::Display for PayloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Mix::from(*self).fmt(f)
    }
}

impl<L: LoadArgs> PlanArgs<L> {
    /// The options of its load.
    pub(crate) fn load(&self) -> &L {
        &self.load
    }

    /// The plan that the arguments ask for, against the server at `url` or one that the run starts
    /// itself.
    pub(crate) fn plan(&self, url: Option<&str>, verdict: PlannedVerdict<'_>) -> Result<Plan, clap::Error> {
        let Self { messages, connecting, generator, .. } = self;
        let PlannedLoad { clients, load, warmup, until, drain } = self.load.planned(self.in_flight.max_in_flight)?;
        let run = RunOptions {
            warmup,
            until,
            drain,
            connect_rate: connecting.connect_rate,
            engine: generator.engine.into(),
            threads: generator.threads,
            server_threads: None,
            seed: messages.seed,
            thresholds: verdict.thresholds.to_vec(),
            only_delivery: verdict.only_delivery,
        };
        let group = Group {
            name: GroupName::default(),
            target: target(url)?,
            connect: Connect {
                timeout: connecting.connect_timeout,
                headers: connecting.headers.clone(),
                sources: merge(&connecting.sources),
                insecure: connecting.insecure,
            },
            clients,
            load,
            size: messages.size,
            mix: messages.payload.into(),
            expect: messages.expect.clone(),
        };
        Plan::new(run, vec![group]).map_err(|error| refuse(error.to_string()))
    }
}

/// What a run is judged by, for its plan.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PlannedVerdict<'a> {
    pub(crate) thresholds: &'a [Threshold],
    pub(crate) only_delivery: bool,
}
