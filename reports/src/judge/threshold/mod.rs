//! What a run must reach: `p99<5ms`, `throughput>=49000`, `lost==0`.
//!
//! Grammar: `METRIC OP VALUE`, with optional blanks between them. OP is `<`, `<=`, `>`, `>=` or
//! `==`. METRIC may begin with the name of a group: `chat.p99<5ms`.
//!
//! | METRIC ([`Metric`]) | VALUE |
//! |---|---|
//! | a latency: `p99`, `service.max` | duration with a unit: `ns us µs ms s m` |
//! | `throughput`, `sent_rate`, `efficiency` | number, `k` and `m` for thousand and million |
//! | a count | whole number, `k` and `m` |

mod parse;
mod value;

use std::{fmt, str::FromStr};

use value::Bound;

use super::bounds::{self, PossibleRange};
use crate::{
    metric::{Metric, Quantity, Series},
    model::{Measurement, Report},
    text::{human, parse_error::ParseError},
};

/// One condition on a result.
///
/// It displays in the form that it is parsed from, without blanks and in the largest unit that
/// fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    metric: Metric,
    op: Op,
    bound: Bound,
}

/// Whether a report satisfies a threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The target satisfies the threshold, whatever the generator was late with.
    Holds,
    /// The target misses the threshold, whatever the generator was late with. One line says how.
    Missed(String),
    /// The generator's delays decide. One line gives the range of the figure, and what helps.
    Undecided(String),
}

/// How a metric is compared with its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Op {
    /// Of two that begin alike, the longer one comes first.
    const ALL: [(&str, Self); 5] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("==", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    #[expect(clippy::float_cmp, reason = "`==` is what was asked for; counts are exact below 2^53")]
    fn holds(self, actual: f64, bound: f64) -> bool {
        match self {
            Self::Less => actual < bound,
            Self::LessOrEqual => actual <= bound,
            Self::Greater => actual > bound,
            Self::GreaterOrEqual => actual >= bound,
            Self::Equal => actual == bound,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (symbol, _) = Self::ALL.iter().find(|(_, op)| op == self).expect("every comparison is in the table");
        f.write_str(symbol)
    }
}

impl Threshold {
    /// The metric that is measured.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The bound, in the unit of the metric.
    pub fn bound(&self) -> f64 {
        self.bound.number()
    }

    /// The metric's value in a report: nanoseconds, messages per second, or a count. `None` when
    /// nothing was measured for it: an empty histogram, or a measured phase without length.
    ///
    /// Latencies are read from histograms, with three significant digits and rounded up (`min`
    /// down). So a value just under a bound may count as over it.
    pub fn measure(&self, report: &Report) -> Option<f64> {
        self.metric.measure(report)
    }

    /// Whether a report satisfies the threshold, whatever the generator was late with. A metric
    /// that was not measured never does.
    pub fn holds(&self, report: &Report) -> bool {
        self.decide(report) == Decision::Holds
    }

    /// Decides the threshold for a report. A latency lies between floor and response (or service).
    /// The threshold holds if both ends satisfy it, and is missed only if neither does.
    pub fn decide(&self, report: &Report) -> Decision {
        let Some(PossibleRange { low, high }) = PossibleRange::of(self.metric, report) else {
            return Decision::Missed(format!("threshold {self} missed: nothing was measured for it"));
        };
        let bound = self.bound.number();
        let ends = [low, high].map(|end| self.op.holds(end, bound));
        match (self.op, ends) {
            (_, [true, true]) => Decision::Holds,
            // A value between the ends may be equal to the bound.
            (Op::Equal, [false, false]) if low < bound && bound < high => self.undecided(low, high),
            (_, [false, false]) => Decision::Missed(self.missed(report, high)),
            _ => self.undecided(low, high),
        }
    }

    /// Whether what came so far in a run that goes on misses the threshold. What the rest of the
    /// run may still make good is no miss: a count that grows to its bound, and a metric for which
    /// nothing was measured yet.
    pub fn is_missed_so_far(&self, report: &Report) -> bool {
        let Some(PossibleRange { low, .. }) = PossibleRange::of(self.metric, report) else { return false };
        let grows = matches!(self.metric.quantity(), Quantity::Count(_));
        match self.op {
            Op::Greater | Op::GreaterOrEqual if grows => false,
            Op::Equal if grows && low < self.bound.number() => false,
            _ => matches!(self.decide(report), Decision::Missed(_)),
        }
    }

    fn missed(&self, report: &Report, high: f64) -> String {
        if high == f64::INFINITY && matches!(self.metric.quantity(), Quantity::Latency(..)) {
            let measured = self.metric.measurement(report).map(|measurement| measurement.measured).unwrap_or_default();
            let (held, due) = (measured.dropped.in_flight_cap, measured.counts.scheduled.max(measured.counts.dropped));
            return format!(
                "threshold {self} missed: {} of {} messages were not sent since too many were in flight (--max-in-flight), and \
                 these count as the slowest",
                human::count(held),
                human::count(due)
            );
        }
        let part = if self.is_without_floor(report) {
            "; delays of the generator are in it, as not all deliveries in rooms have a floor"
        } else {
            ""
        };
        // The value that the table shows, not the end of a range.
        format!("threshold {self} missed: it is {}{part}", self.shown(self.measure(report).unwrap_or(high)))
    }

    /// Whether the response alone decides, as not all deliveries in rooms have a floor.
    fn is_without_floor(&self, report: &Report) -> bool {
        let Quantity::Latency(Series::Response, _) = self.metric.quantity() else { return false };
        let Some(Measurement { latency, measured, .. }) = self.metric.measurement(report) else { return false };
        !measured.deliveries.is_empty() && !bounds::has_floor(&latency.response, &latency.floor)
    }

    fn undecided(&self, low: f64, high: f64) -> Decision {
        let what = match self.metric.quantity() {
            Quantity::Latency(..) => format!(
                "between {} (floor, without the time that replies may have lain unread) and {}, for the generator was late: \
                 free its cores, or let more messages outweigh it (--duration, --messages)",
                self.shown(low),
                self.shown(high),
            ),
            _ if high == f64::INFINITY => format!(
                "{} at least, for the generator stood still for over 1 % of the time: free its cores",
                self.shown(low)
            ),
            _ => format!("between {} and {}, for the generator was behind schedule", self.shown(low), self.shown(high)),
        };
        Decision::Undecided(format!("generator: threshold {self} is undecided: it is {what}"))
    }

    /// The value with enough digits to tell it from the bound.
    fn shown(&self, value: f64) -> String {
        self.metric.show_apart(value, self.bound())
    }

    /// One line that says how a report misses the threshold. `None` if it holds or is undecided.
    pub fn failure(&self, report: &Report) -> Option<String> {
        match self.decide(report) {
            Decision::Missed(failure) => Some(failure),
            Decision::Holds | Decision::Undecided(_) => None,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.metric, self.op, self.bound)
    }
}

impl FromStr for Threshold {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse::threshold(text)
    }
}

#[cfg(test)]
mod tests;
