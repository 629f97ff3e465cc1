//! The options that plan a run, and how they become a [`Plan`].

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue};
use loadgen::message::Mix;
use loadgen::plan::{Connect, Engine, Expect, Plan, Rate};

use super::course::{Course, CourseArgs, RunCourse};
use super::refuse;
use super::sources::{Sources, merge, parse_sources};
use super::target::target;
use super::values::{
    check_headers, parse_expect, parse_header, parse_number, parse_positive_duration, parse_rate, parse_seed,
    parse_size,
};

/// What a run does, but for its target. Commands differ in its course.
#[derive(Clone, Debug, Args)]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
pub(crate) struct PlanArgs<C: CourseArgs = RunCourse> {
    #[command(flatten)]
    course: C,

    /// Payload size, such as 64 or 4KiB; from 0 on where --expect is `count` or `reply=TEXT`
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

    /// Addresses of this machine to connect from, in turn: 10.0.0.5,10.0.0.7-10.0.0.9; repeatable
    #[arg(long = "source-ip", value_name = "LIST", value_parser = parse_sources)]
    sources: Vec<Sources>,

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

    /// Worker threads [default: the cores that a server on this machine leaves, or as many as --clients needs]
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

impl<C: CourseArgs> PlanArgs<C> {
    /// The options of its course.
    pub(crate) fn course(&self) -> &C {
        &self.course
    }

    /// The plan that the arguments ask for, against the server at `url` or one that the run starts itself.
    pub(crate) fn plan(&self, url: Option<&str>) -> Result<Plan, clap::Error> {
        let mix = Mix::from(self.payload);
        let (size, least) = (self.size, mix.min_size());
        if (size as usize) < least && self.expect == Expect::Echo {
            return Err(refuse(format!(
                "--size {size}: a {mix} message needs {least} bytes at least, for the header by which its echo is told; \
                 --expect count and --expect reply=TEXT take smaller ones, from 0 on"
            )));
        }
        let Course { clients, load, warmup, until, drain } = self.course.course(self.max_in_flight)?;
        check_headers(&self.headers).map_err(refuse)?;
        let (target, left) = target(url)?;
        let threads = self.threads.unwrap_or_else(|| left.max(loadgen::threads_for(clients.get())));
        Ok(Plan {
            target,
            clients,
            load,
            warmup,
            until,
            drain,
            size,
            mix,
            expect: self.expect.clone(),
            connect: Connect {
                rate: self.connect_rate,
                timeout: self.connect_timeout,
                headers: self.headers.clone(),
                sources: merge(&self.sources).map_err(refuse)?,
                insecure: self.insecure,
            },
            engine: self.engine.into(),
            // A worker without a client would only look on.
            threads: threads.min(NonZeroUsize::try_from(clients).unwrap_or(NonZeroUsize::MAX)),
            seed: self.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        })
    }
}

impl fmt::Display for PayloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Mix::from(*self).fmt(f)
    }
}
