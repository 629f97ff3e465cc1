//! What a threshold can be about.

use std::fmt;

use hdrhistogram::Histogram;

use crate::model::Report;
use crate::throughput::Throughput;

/// The left side of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    Latency(Series, Statistic),
    Throughput,
    SentRate,
    /// A count by its name in [`Metric::counts`].
    Count(&'static str),
}

/// Which histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    Response,
    Service,
    SendLag,
    Connect,
}

/// Which number of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statistic {
    Min,
    Mean,
    Stdev,
    Max,
    Percentile(Percentile),
}

/// A percentile between 0 and 100, both excluded, in millionths of a percent: decimal digits stay what they were, so that
/// p99.9 is the quantile 0.999 and not the 0.9990000000000001 that 99.9 / 100 gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Percentile(u32);

impl Percentile {
    pub(super) const DECIMALS: usize = 6;
    const ONE_PERCENT: u32 = 1_000_000;

    /// `None` unless it lies between 0 and 100.
    pub(super) fn from_millionths(millionths: u64) -> Option<Self> {
        let millionths = u32::try_from(millionths).ok()?;
        (1..100 * Self::ONE_PERCENT).contains(&millionths).then_some(Self(millionths))
    }

    fn quantile(self) -> f64 {
        f64::from(self.0) / f64::from(100 * Self::ONE_PERCENT)
    }
}

impl Series {
    pub(super) const ALL: [(&str, Self); 4] = [
        ("response", Self::Response),
        ("service", Self::Service),
        ("send_lag", Self::SendLag),
        ("connect", Self::Connect),
    ];

    fn histogram(self, report: &Report) -> &Histogram<u64> {
        match self {
            Self::Response => &report.latency.response,
            Self::Service => &report.latency.service,
            Self::SendLag => &report.latency.send_lag,
            Self::Connect => &report.latency.connect,
        }
    }
}

impl Statistic {
    /// Of a histogram that is not empty, in nanoseconds.
    fn of(self, histogram: &Histogram<u64>) -> f64 {
        match self {
            Self::Min => histogram.min() as f64,
            Self::Mean => histogram.mean(),
            Self::Stdev => histogram.stdev(),
            Self::Max => histogram.max() as f64,
            Self::Percentile(percentile) => histogram.value_at_quantile(percentile.quantile()) as f64,
        }
    }
}

impl Metric {
    /// Every count that a threshold may name, with its value in a report.
    pub(super) fn counts(report: &Report) -> impl Iterator<Item = (&'static str, u64)> {
        let connections = [("failed", report.connections.failed), ("died", report.connections.died)];
        report.measured.counts.by_name().into_iter().chain(report.measured.anomalies.by_name()).chain(connections)
    }

    pub(super) fn measure(self, report: &Report) -> Option<f64> {
        match self {
            Self::Latency(series, statistic) => {
                let histogram = series.histogram(report);
                (!histogram.is_empty()).then(|| statistic.of(histogram))
            }
            Self::Throughput => Throughput::of(report).matched_per_s,
            Self::SentRate => Throughput::of(report).sent_per_s,
            Self::Count(name) => Self::counts(report).find(|(known, _)| *known == name).map(|(_, n)| n as f64),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(Series::Response, statistic) => write!(f, "{statistic}"),
            Self::Latency(series, statistic) => {
                let (name, _) = Series::ALL.iter().find(|(_, known)| known == series).expect("every series has a name");
                write!(f, "{name}.{statistic}")
            }
            Self::Throughput => f.write_str("throughput"),
            Self::SentRate => f.write_str("sent_rate"),
            Self::Count(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Min => f.write_str("min"),
            Self::Mean => f.write_str("mean"),
            Self::Stdev => f.write_str("stdev"),
            Self::Max => f.write_str("max"),
            Self::Percentile(Percentile(millionths)) => {
                let whole = millionths / Percentile::ONE_PERCENT;
                let fraction = format!("{:06}", millionths % Percentile::ONE_PERCENT);
                let fraction = fraction.trim_end_matches('0');
                let point = if fraction.is_empty() { "" } else { "." };
                write!(f, "p{whole}{point}{fraction}")
            }
        }
    }
}
