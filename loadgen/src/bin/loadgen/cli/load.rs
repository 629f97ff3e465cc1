//! How many clients send how much for how long: the options, and what they come to.

use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use clap::Args;
use loadgen::plan::{Load, Rate, Until};

use super::values::{parse_duration, parse_number, parse_positive_duration, parse_rate};

/// The load of a plan, ready to run.
pub(crate) struct PlannedLoad {
    pub(crate) clients: NonZeroU32,
    pub(crate) load: Load,
    pub(crate) warmup: Duration,
    pub(crate) until: Until,
    pub(crate) drain: Duration,
}

/// Options that describe a load. A search has others than a run.
pub(crate) trait LoadArgs: Args {
    /// The load that they ask for, where a client may have `max_in_flight` messages in flight.
    fn planned(&self, max_in_flight: NonZeroU32) -> Result<PlannedLoad, clap::Error>;
}

/// The load of a single run.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Load")]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
pub(crate) struct RunLoadArgs {
    /// Concurrent connections
    #[arg(short, long, alias = "connections", value_name = "N", default_value = "100")]
    #[arg(value_parser = parse_number::<NonZeroU32>)]
    clients: NonZeroU32,

    /// Messages per second of each client
    ///
    /// They are due whether or not replies came: a slow server does not slow the load down.
    #[arg(short, long, value_name = "RATE", default_value = "50", conflicts_with = "window")]
    #[arg(value_parser = parse_rate)]
    rate: Rate,

    /// Messages that are due together
    ///
    /// A client sends RATE/N bursts a second, evenly spread over the clients.
    #[arg(short, long, value_name = "N", default_value = "5", hide_short_help = true)]
    #[arg(value_parser = parse_number::<NonZeroU32>, conflicts_with = "window")]
    burst: NonZeroU32,

    /// Instead of a rate: N messages in flight per client
    ///
    /// A client sends the next message as soon as a reply comes.
    #[arg(short, long, value_name = "N", value_parser = parse_number::<NonZeroU32>)]
    window: Option<NonZeroU32>,

    /// Length of the measured phase
    #[arg(short, long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true)]
    #[arg(value_parser = parse_positive_duration)]
    duration: Duration,

    /// Instead of a duration: N messages of each client
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "duration")]
    #[arg(value_parser = parse_number::<NonZeroU64>)]
    messages: Option<NonZeroU64>,

    /// Same load before the measured phase, not recorded
    ///
    /// Its delivery is checked all the same.
    ///
    /// [default: 1s, with --messages 0s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, hide_short_help = true)]
    #[arg(value_parser = parse_duration)]
    warmup: Option<Duration>,

    /// Longest wait for replies after the last send
    ///
    /// What has not come by then is lost.
    #[arg(long, value_name = "TIME", default_value = "5s", allow_hyphen_values = true)]
    #[arg(value_parser = parse_duration, hide_short_help = true)]
    drain: Duration,
}

impl LoadArgs for RunLoadArgs {
    fn planned(&self, max_in_flight: NonZeroU32) -> Result<PlannedLoad, clap::Error> {
        let load = match self.window {
            Some(window) => Load::Closed { window },
            None => Load::Open { rate: self.rate, burst: self.burst, max_in_flight },
        };
        Ok(PlannedLoad {
            clients: self.clients,
            load,
            warmup: self.warmup.unwrap_or(Duration::from_secs(u64::from(self.messages.is_none()))),
            until: self.messages.map_or(Until::Elapsed(self.duration), Until::Messages),
            drain: self.drain,
        })
    }
}
