//! How many clients send how much for how long: what a run is asked, and what any command makes of its options.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use clap::Args;
use loadgen::plan::{Load, Rate, Until};
use reports::human;

use super::refuse;
use super::values::{parse_duration, parse_number, parse_positive_duration, parse_rate};

/// The part of a plan in which commands differ.
pub(crate) struct Course {
    pub(crate) clients: NonZeroU32,
    pub(crate) load: Load,
    pub(crate) warmup: Duration,
    pub(crate) until: Until,
    pub(crate) drain: Duration,
}

/// Options that come to a [`Course`].
pub(crate) trait CourseArgs: Args {
    /// The course that they ask for, where a client may have `max_in_flight` messages in flight.
    fn course(&self, max_in_flight: NonZeroU32) -> Result<Course, clap::Error>;
}

/// The course of a single run.
#[derive(Clone, Debug, Args)]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
pub(crate) struct RunCourse {
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
}

impl CourseArgs for RunCourse {
    fn course(&self, max_in_flight: NonZeroU32) -> Result<Course, clap::Error> {
        let load = match self.window {
            Some(window) => Load::Closed { window },
            None => Load::Open { rate: self.rate()?, burst: self.burst, max_in_flight },
        };
        Ok(Course {
            clients: self.clients,
            load,
            warmup: self.warmup.unwrap_or(Duration::from_secs(u64::from(self.messages.is_none()))),
            until: self.messages.map_or(Until::Elapsed(self.duration), Until::Messages),
            drain: self.drain,
        })
    }
}

impl RunCourse {
    /// The rate of a client, unless it is too high for all of them together.
    fn rate(&self) -> Result<Rate, clap::Error> {
        let (rate, clients) = (self.rate.per_second(), self.clients);
        let total = rate * f64::from(clients.get());
        if total > Rate::MAX_TOTAL {
            return Err(refuse(format!(
                "--rate {rate} with --clients {clients}: {} messages per second in total; at most {} are accepted",
                human::rate(total),
                human::rate(Rate::MAX_TOTAL)
            )));
        }
        Ok(self.rate)
    }
}
