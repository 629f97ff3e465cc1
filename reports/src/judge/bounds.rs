//! Bounds of the target's own figures, whatever the generator was late with.
//!
//! The response time counts every delay of the generator, the floor counts none. So the target's
//! own time lies between the two, and its quantiles do, too. A generator that stood still lets
//! fewer messages through, so the rate could have been higher.

use hdrhistogram::Histogram;

use super::limits;
use crate::{
    metric::{Metric, Quantity, Series, Statistic},
    model::{Latency, Measurement, Report},
};

/// The two ends between which a figure lies. A message that was dropped because too many were in
/// flight ranks slowest, so the end may be infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PossibleRange {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl PossibleRange {
    fn exact(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// The range of a metric in a report. `None` if nothing was measured for it.
    pub(crate) fn of(metric: Metric, report: &Report) -> Option<Self> {
        let value = metric.measure(report);
        let Measurement { latency, measured, .. } = metric.measurement(report)?;
        match metric.quantity() {
            Quantity::Latency(Series::Response, statistic) => {
                between(statistic, &latency.response, &latency.floor, measured.dropped.in_flight_cap)
            }
            Quantity::Latency(Series::Service, statistic) => between(statistic, &latency.service, &latency.floor, 0),
            Quantity::Throughput | Quantity::SentRate if limits::stood_still(report) => {
                value.map(|low| Self { low, high: f64::INFINITY })
            }
            Quantity::Count(name) => {
                // Messages that the generator did not come round to might have been sent, and come
                // back.
                let behind = measured.dropped.behind_schedule as f64;
                value.map(|value| match name.as_str() {
                    "dropped" => Self { low: (value - behind).max(0.0), high: value },
                    "sent" | "matched" | "events" => Self { low: value, high: value + behind },
                    _ => Self::exact(value),
                })
            }
            _ => value.map(Self::exact),
        }
    }
}

/// Whether each of these times has a floor. In a room it is known only for a while when a message
/// was written, so a late delivery may have none, and nothing is known of the generator's part.
pub(crate) fn has_floor(times: &Histogram<u64>, floor: &Histogram<u64>) -> bool {
    !times.is_empty() && times.len() == floor.len()
}

/// The range of a statistic between two histograms of the same messages. `held` more messages are
/// slower than all of them. Without a floor of each, the upper end alone decides.
fn between(statistic: Statistic, upper: &Histogram<u64>, floor: &Histogram<u64>, held: u64) -> Option<PossibleRange> {
    if upper.is_empty() {
        return None;
    }
    let high = statistic.of_all(upper, held);
    let low = if has_floor(upper, floor) { statistic.of_all(floor, held) } else { high };
    // A standard deviation is no quantile: the floor may have the larger one.
    let high = if statistic == Statistic::Stdev { high.max(low) } else { high };
    Some(PossibleRange { low: low.min(high), high })
}

/// A figure is marked if its floor is below this share of it, and below it by more than
/// [`NOTABLE_NS`].
const NOTABLE_SHARE: f64 = 0.9;
/// Nanoseconds by which the floor of a marked figure is lower. A smaller difference is no news.
const NOTABLE_NS: f64 = 100_000.0;

/// Whether the generator may have a notable part in a response or service time.
pub(crate) fn is_notable(value: f64, floor: f64) -> bool {
    floor < value * NOTABLE_SHARE && value - floor > NOTABLE_NS
}

/// The mark behind such a figure.
pub(crate) const MARK: &str = "*";

/// The explanation of the mark.
pub(crate) const LEGEND: &str = "* the generator may have a part in this: without the time that replies may have lain unread (floor), it is under 90 % of it";

/// The statistics that formats show, by their names.
const SHOWN: [&str; 9] = ["min", "mean", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max"];

/// Whether a statistic of a series is marked. Only response and service times can be.
pub(crate) fn is_marked(latency: &Latency, series: &str, statistic: &str) -> bool {
    let floor = &latency.floor;
    let histogram = match series {
        "response" => &latency.response,
        "service" => &latency.service,
        _ => return false,
    };
    let Ok(Quantity::Latency(_, statistic)) = statistic.parse().map(Metric::quantity) else { return false };
    has_floor(histogram, floor) && is_notable(statistic.of(histogram), statistic.of(floor))
}

/// The names of the marked figures of a series.
pub(crate) fn marked(latency: &Latency, series: &str) -> Vec<&'static str> {
    SHOWN.into_iter().filter(|statistic| is_marked(latency, series, statistic)).collect()
}

/// All marked figures, with their series: `response.p99`.
pub(crate) fn all_marked(latency: &Latency) -> Vec<String> {
    let of = |series| marked(latency, series).into_iter().map(move |statistic| format!("{series}.{statistic}"));
    of("response").chain(of("service")).collect()
}

/// Whether a metric of a report is a marked figure.
pub(crate) fn is_marked_metric(metric: Metric, report: &Report) -> bool {
    let Quantity::Latency(Series::Response | Series::Service, _) = metric.quantity() else { return false };
    PossibleRange::of(metric, report).is_some_and(|range| is_notable(range.high, range.low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    /// A hundred messages: 90 without delay, and ten of 5 ms, with 4 ms due to the generator.
    fn late() -> Report {
        let mut report = sample::pass();
        report.total.latency = Latency::default();
        for histogram in
            [&mut report.total.latency.response, &mut report.total.latency.service, &mut report.total.latency.floor]
        {
            histogram.record_n(200_000, 90).unwrap();
        }
        report.total.latency.response.record_n(5_000_000, 10).unwrap();
        report.total.latency.service.record_n(5_000_000, 10).unwrap();
        report.total.latency.floor.record_n(1_000_000, 10).unwrap();
        report
    }

    fn range(metric: &str, report: &Report) -> (f64, f64) {
        let PossibleRange { low, high } = PossibleRange::of(metric.parse().unwrap(), report).unwrap();
        ((low / 1e4).round() * 1e4, (high / 1e4).round() * 1e4)
    }

    #[test]
    fn a_latency_lies_between_floor_and_response() {
        let report = late();
        assert_eq!(range("p50", &report), (200_000.0, 200_000.0));
        assert_eq!(range("p99", &report), (1_000_000.0, 5_000_000.0));
        assert_eq!(range("service.max", &report), (1_000_000.0, 5_000_000.0));
        let mut old = late();
        old.total.latency.floor = Latency::histogram();
        assert_eq!(range("p99", &old), (5_000_000.0, 5_000_000.0), "nothing is known of a floor");
        let mut mixed = late();
        mixed.total.latency.response.record_n(9_000_000, 50).unwrap();
        assert_eq!(range("p99", &mixed), (9_000_000.0, 9_000_000.0), "deliveries in rooms have no floor");
        assert_eq!(marked(&mixed.total.latency, "response"), Vec::<&str>::new());
        let mut empty = late();
        empty.total.latency = Latency::default();
        assert_eq!(PossibleRange::of("p99".parse().unwrap(), &empty), None);
    }

    #[test]
    fn messages_over_the_cap_rank_slowest_at_both_ends() {
        let mut report = late();
        report.total.measured.dropped.in_flight_cap = 1;
        // 101 messages: the 99th percentile is the 100th of them, which came; the slowest did not.
        assert_eq!(range("p99", &report), (1_000_000.0, 5_000_000.0));
        report.total.measured.dropped.in_flight_cap = 2;
        assert_eq!(range("p99", &report), (f64::INFINITY, f64::INFINITY));
        assert_eq!(range("max", &report), (f64::INFINITY, f64::INFINITY));
        assert_eq!(range("p50", &report), (200_000.0, 200_000.0));
        assert_eq!(range("service.p99", &report), (1_000_000.0, 5_000_000.0));
    }

    #[test]
    fn a_standstill_leaves_a_rate_open_upwards() {
        let mut report = sample::pass();
        let throughput: Metric = "throughput".parse().unwrap();
        let measured = throughput.measure(&report).unwrap();
        report.generator.stopped_s = 0.1;
        assert_eq!(
            PossibleRange::of(throughput, &report),
            Some(PossibleRange::exact(measured)),
            "a hundredth is allowed"
        );
        report.generator.stopped_s = 0.101;
        assert_eq!(PossibleRange::of(throughput, &report), Some(PossibleRange { low: measured, high: f64::INFINITY }));
    }

    #[test]
    fn a_figure_is_marked_where_floor_is_far_below() {
        let report = late();
        assert_eq!(marked(&report.total.latency, "response"), ["mean", "p95", "p99", "p99.9", "p99.99", "max"]);
        assert_eq!(marked(&report.total.latency, "send_lag"), Vec::<&str>::new());
        assert_eq!(all_marked(&sample::pass().total.latency), Vec::<String>::new());
        for (value, floor, notable) in [
            (1_000_000.0, 900_000.0, false),
            (1_000_000.0, 899_999.0, true),
            (200_000.0, 100_000.0, false),
            (200_000.0, 99_999.0, true),
            (100_000.0, 0.0, false),
        ] {
            assert_eq!(is_notable(value, floor), notable, "{value} {floor}");
        }
    }
}
