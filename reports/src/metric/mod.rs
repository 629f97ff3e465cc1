//! A number of a report, by its name. Thresholds and comparisons are about metrics.
//!
//! - A latency is `[SERIES.]STATISTIC`, as in `p99` or `service.max`, in nanoseconds.
//! - A rate is `throughput`, `sent_rate` or `efficiency`, in messages per second.
//! - A ratio is `compression.ratio` or one of its parts.
//! - A count has its name in the JSON of a result, as in `lost` or `died`.
//!
//! The name of a group may stand before it, as in `chat.p99` or `chat.lost`. Without one it is of
//! all groups together.
//!
//! [`glossary`] defines every name.

mod definitions;
mod group_name;
mod groups;
mod names;
mod parse;
pub(crate) mod quantiles;
mod statistic;
pub(crate) mod throughput;

use std::str::FromStr;

pub use definitions::{Definition, GlossaryPart, glossary};
pub use group_name::{GroupName, GroupNameError};
pub use groups::UnknownGroup;
use hdrhistogram::Histogram;
pub use names::CountName;
pub(crate) use parse::{metric, metrics};
use schemars::JsonSchema;
use serde::Serialize;
pub use statistic::{Percentile, Statistic};
use throughput::Throughput;

use crate::{
    model::{Measurement, Report},
    text::{
        human,
        parse_error::{ParseError, ProblemAt, Slice},
    },
};

/// A number that can be read from a report: a quantity of a group, or of all groups together.
///
/// Displays in the short form of a threshold (`p99` for the response time); [`Metric::name`] writes
/// the series out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    group: Option<GroupName>,
    quantity: Quantity,
}

/// What is measured of a group, and of all groups together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A number of a histogram of latencies, in nanoseconds.
    Latency(Series, Statistic),
    /// Messages matched in the measured window per second. In the open model this is no more than
    /// the schedule asks for, apart from replies to messages of the warm-up.
    Throughput,
    /// Messages sent in the measured phase per second.
    SentRate,
    /// Messages matched in the measured window per second of work of the generator: `cpu_s` less
    /// `spin_s`.
    ///
    /// It compares generators, not targets, so it is the whole run's. Spinning for the next due
    /// time is left out, because it depends on how idle the plan leaves a worker, not on what a
    /// message costs. The clock times the spinning, so a thread that loses its core while it spins
    /// seems to have worked less. Without a schedule (`--window`) nothing spins, and the number is
    /// exact.
    Efficiency,
    /// Payload bytes for each byte of frames, on connections that compress.
    CompressionRatio(CompressedWay),
    /// A count.
    Count(CountName),
}

/// Which messages a compression ratio is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressedWay {
    /// Those that were sent and those that came.
    Both,
    /// Those that were sent.
    Sent,
    /// Those that came.
    Received,
}

/// Which histogram a latency is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// From when a message was due until its reply came.
    Response,
    /// From when a message was written until its reply came.
    Service,
    /// Service time less the time that the reply may have lain unread.
    Floor,
    /// From when a message was due until it was written.
    SendLag,
    /// From the start of connecting to the end of the opening handshake.
    Connect,
    /// The part of it until TCP was connected.
    ConnectTcp,
    /// The part of it that the proxy took.
    ConnectProxy,
    /// The part of it that the TLS handshake took.
    ConnectTls,
    /// The part of it that the opening handshake took.
    ConnectUpgrade,
    /// From when a connection was open until its client had joined.
    Join,
    /// From due to the first event of a reply, or to the first receiver.
    First,
    /// From due to the last event of a reply, or to the last receiver.
    Last,
    /// The mean response time of a receiver.
    Receiver,
    /// From the end of a connection until its client was open again.
    Away,
    /// From when a client was open until its first reply in that session.
    FirstReply,
    /// From ping to pong.
    Ping,
    /// From due until a message was replayed to a receiver that had been away.
    Replayed,
}

/// Which direction of a change is an improvement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less is better: latencies, losses.
    Lower,
    /// More is better: rates, messages matched.
    Higher,
}

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Messages per second.
    #[serde(rename = "messages_per_s")]
    MessagesPerSecond,
    /// One quantity over another.
    Ratio,
    /// Messages, events or connections.
    Count,
}

impl Unit {
    /// The unit as it stands in a file: `ns`, `messages_per_s`, `ratio` or `count`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::MessagesPerSecond => "messages_per_s",
            Self::Ratio => "ratio",
            Self::Count => "count",
        }
    }
}

impl Series {
    fn histogram(self, measurement: &Measurement) -> &Histogram<u64> {
        let latency = &measurement.latency;
        match self {
            Self::Response => &latency.response,
            Self::Service => &latency.service,
            Self::Floor => &latency.floor,
            Self::SendLag => &latency.send_lag,
            Self::Connect => &latency.connect,
            Self::ConnectTcp => &latency.connect_tcp,
            Self::ConnectProxy => &latency.connect_proxy,
            Self::ConnectTls => &latency.connect_tls,
            Self::ConnectUpgrade => &latency.connect_upgrade,
            Self::Join => &latency.join,
            Self::First => &latency.first,
            Self::Last => &latency.last,
            Self::Receiver => &latency.receiver,
            Self::Away => &latency.away,
            Self::FirstReply => &latency.first_reply,
            Self::Ping => &latency.ping,
            Self::Replayed => &latency.replayed,
        }
    }
}

impl Quantity {
    /// Whether it measures time: latencies and rates do, counts and ratios don't.
    pub fn is_on_time(self) -> bool {
        !matches!(self, Self::Count(_) | Self::CompressionRatio(_))
    }

    /// Which direction of a change is an improvement.
    pub fn better(self) -> Better {
        match self {
            Self::Latency(..) => Better::Lower,
            Self::Throughput | Self::SentRate | Self::Efficiency | Self::CompressionRatio(_) => Better::Higher,
            Self::Count(name) => name.better(),
        }
    }

    /// The unit that it is measured in.
    pub fn unit(self) -> Unit {
        match self {
            Self::Latency(..) => Unit::Nanoseconds,
            Self::Throughput | Self::SentRate | Self::Efficiency => Unit::MessagesPerSecond,
            Self::CompressionRatio(_) => Unit::Ratio,
            Self::Count(_) => Unit::Count,
        }
    }

    /// How many values one run needs before a verdict may rest on it. A percentile needs 100 values
    /// beyond it: 200 for p50, 10 000 for p99. Everything else needs 1.
    ///
    /// With m values beyond it, a percentile of independent values lies within about 1/√m of its
    /// place in rank: 10 % with 100 (order statistics are binomial; David and Nagaraja, "Order
    /// Statistics"). The messages of a run are not independent, so this is a minimum. The spread
    /// between runs decides.
    pub fn min_messages(self) -> u64 {
        match self {
            Self::Latency(_, Statistic::Percentile(percentile)) => percentile.min_values(),
            _ => 1,
        }
    }

    /// Whether a group has one of its own. Efficiency is about the generator, which all groups
    /// share.
    fn is_of_groups(self) -> bool {
        self != Self::Efficiency
    }
}

impl From<Quantity> for Metric {
    /// The quantity of all groups together.
    fn from(quantity: Quantity) -> Self {
        Self { group: None, quantity }
    }
}

impl Metric {
    /// The quantity of a group. `None` for efficiency, which is the whole run's.
    pub fn of_group(group: GroupName, quantity: Quantity) -> Option<Self> {
        quantity.is_of_groups().then_some(Self { group: Some(group), quantity })
    }

    /// The group that it names. Without one it is about all groups together.
    pub fn group(self) -> Option<GroupName> {
        self.group
    }

    /// What is measured.
    pub fn quantity(self) -> Quantity {
        self.quantity
    }

    /// What a report holds of its group. `None` if there is no such group.
    pub(crate) fn measurement(self, report: &Report) -> Option<&Measurement> {
        groups::measurement(report, self.group)
    }

    /// The metric's value in a report, in its [`Metric::unit`]. `None` when nothing was measured
    /// for it: an empty histogram, a measured phase without length, no processor time, no such
    /// group.
    ///
    /// Latencies are read from histograms, to three significant digits and rounded up (`min` down).
    pub fn measure(self, report: &Report) -> Option<f64> {
        let measurement = self.measurement(report)?;
        match self.quantity {
            Quantity::Latency(series, statistic) => {
                let histogram = series.histogram(measurement);
                (!histogram.is_empty()).then(|| statistic.of(histogram))
            }
            Quantity::Throughput => Throughput::of_measurement(measurement, report.measured_s).matched_per_s,
            Quantity::SentRate => Throughput::of_measurement(measurement, report.measured_s).sent_per_s,
            Quantity::Efficiency => {
                let worked_s = report.generator.cpu_s - report.generator.spin_s;
                (worked_s > 0.0).then(|| measurement.traffic.matched_in_window as f64 / worked_s)
            }
            Quantity::CompressionRatio(way) => {
                let traffic = measurement.traffic.compressed;
                match way {
                    CompressedWay::Both => traffic.ratio(),
                    CompressedWay::Sent => traffic.sent_ratio(),
                    CompressedWay::Received => traffic.received_ratio(),
                }
            }
            Quantity::Count(name) => Some(name.of(measurement) as f64),
        }
    }

    /// Whether it measures time: latencies and rates do, counts and ratios don't.
    pub fn is_on_time(self) -> bool {
        self.quantity.is_on_time()
    }

    /// Which direction of a change is an improvement.
    pub fn better(self) -> Better {
        self.quantity.better()
    }

    /// The unit that it is measured in.
    pub fn unit(self) -> Unit {
        self.quantity.unit()
    }

    /// How many values one run needs before a verdict may rest on it; see
    /// [`Quantity::min_messages`].
    pub fn min_messages(self) -> u64 {
        self.quantity.min_messages()
    }

    /// How many values of one run the metric rests on. For a latency these are the values of its
    /// histogram, otherwise messages. 0 if there is no such group.
    pub fn values(self, report: &Report) -> u64 {
        let Some(measurement) = self.measurement(report) else { return 0 };
        match self.quantity {
            Quantity::Latency(series, _) => series.histogram(measurement).len(),
            Quantity::Throughput | Quantity::Efficiency => measurement.traffic.matched_in_window,
            Quantity::SentRate | Quantity::CompressionRatio(_) | Quantity::Count(_) => measurement.measured.counts.sent,
        }
    }

    /// The full name, with the series written out: `response.p99`, `chat.response.p99`.
    pub fn name(self) -> String {
        let name = match self.quantity {
            Quantity::Latency(Series::Response, statistic) => format!("response.{statistic}"),
            other => other.to_string(),
        };
        self.group.map_or_else(|| name.clone(), |group| format!("{group}.{name}"))
    }

    /// A value for people to read: `617 µs`, `49 998/s`, `3`.
    pub fn show(self, value: f64) -> String {
        match self.unit() {
            Unit::Nanoseconds => human::nanoseconds(value),
            Unit::MessagesPerSecond => format!("{}/s", human::rate(value)),
            Unit::Ratio | Unit::Count => human::rate(value),
        }
    }

    /// A value that is shown beside a bound. It has enough digits to tell on which side of the
    /// bound it is. A rate goes without its unit, as in a bound.
    pub fn show_apart(self, value: f64, bound: f64) -> String {
        match self.unit() {
            Unit::Nanoseconds => human::nanoseconds_apart(value, bound),
            Unit::MessagesPerSecond | Unit::Ratio | Unit::Count => human::rate_apart(value, bound),
        }
    }
}

impl FromStr for Metric {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let slice = Slice::trimmed(text, 0, text.len());
        let parsed = match slice.text {
            "" => Err(ProblemAt::new(slice.at, "a metric is missing", metrics())),
            _ => metric(slice),
        };
        parsed.map_err(|problem| problem.in_text(text))
    }
}

#[cfg(test)]
mod tests;
