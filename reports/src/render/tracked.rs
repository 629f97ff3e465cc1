//! The numbers that services follow from commit to commit.

use crate::{
    judge::bounds::{self, PossibleRange},
    metric::{Better, CountName, GroupName, Metric, Quantity, Unit},
    model::Report,
};

/// Latencies and rates, by their names in thresholds.
const METRICS: [&str; 19] = [
    "response.p50",
    "response.p99",
    "response.p99.9",
    "service.p50",
    "service.p99",
    "service.p99.9",
    "floor.p50",
    "floor.p99",
    "floor.p99.9",
    "connect.p99",
    "join.p99",
    "first.p50",
    "first.p99",
    "last.p50",
    "last.p99",
    "receiver.p50",
    "receiver.p99",
    "throughput",
    "efficiency",
];

/// A number of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrackedMetric {
    /// The full name of a metric, or a name of ours. A group in it has only letters, digits, `-`
    /// and `_`.
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) kind: TrackedKind,
    /// Which direction is an improvement.
    pub(super) better: Better,
    /// How many values the number rests on.
    pub(super) values: Option<u64>,
    /// Its floor, if the generator may have a notable part in it.
    pub(super) marked: Option<f64>,
}

/// The sort of a number. Numbers of one sort can share an axis and a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrackedKind {
    /// Nanoseconds.
    Latency,
    /// Messages per second.
    Throughput,
    /// Messages, events or connections.
    Count,
    /// Nanoseconds of processor time a message.
    CpuTime,
    /// Bytes.
    Memory,
}

/// Every tracked number that the run measured, of all groups together and of each of several. All
/// are finite.
pub(super) fn tracked(report: &Report) -> Vec<TrackedMetric> {
    let named = METRICS.map(|name| name.parse().expect("it is a metric"));
    let plans = &report.plan.groups;
    let counts = CountName::all().filter(|name| plans.iter().any(|group| name.is_of(group)));
    let failures = counts.map(Quantity::Count).map(Metric::from).filter(|metric| metric.better() == Better::Lower);
    let of_total: Vec<Metric> = named.into_iter().chain(failures).collect();
    // A changed file may have a name that no group can have.
    let groups = report.groups.iter().filter_map(|group| group.name.parse::<GroupName>().ok());
    let of_groups =
        groups.flat_map(|group| of_total.iter().filter_map(move |metric| Metric::of_group(group, metric.quantity())));
    let metrics = of_total.iter().copied().chain(of_groups).filter_map(|metric| {
        let kind = match metric.unit() {
            Unit::Nanoseconds => TrackedKind::Latency,
            Unit::MessagesPerSecond => TrackedKind::Throughput,
            Unit::Ratio | Unit::Count => TrackedKind::Count,
        };
        let values = matches!(metric.quantity(), Quantity::Latency(..)).then(|| metric.values(report));
        let floor = || PossibleRange::of(metric, report).map(|range| range.low).filter(|low| low.is_finite());
        let marked = if bounds::is_marked_metric(metric, report) { floor() } else { None };
        let (name, value) = (metric.name(), metric.measure(report)?);
        Some(TrackedMetric { name, value, kind, better: metric.better(), values, marked })
    });
    metrics.chain(generator(report)).filter(|tracked| tracked.value.is_finite()).collect()
}

/// What the generator itself used, and how far apart its shards began. No threshold is about it.
fn generator(report: &Report) -> impl Iterator<Item = TrackedMetric> {
    let of = |name: &str, kind, value| TrackedMetric {
        name: name.to_owned(),
        value,
        kind,
        better: Better::Lower,
        values: None,
        marked: None,
    };
    let cpu = Metric::from(Quantity::Efficiency)
        .measure(report)
        .map(|per_second| of("cpu_per_message", TrackedKind::CpuTime, 1e9 / per_second));
    let peak = report.generator.peak_rss_bytes;
    let memory = (peak > 0).then(|| of("peak_rss", TrackedKind::Memory, peak as f64));
    let spread = report.start_spread_s().map(|spread_s| of("start_spread", TrackedKind::Latency, spread_s * 1e9));
    cpu.into_iter().chain(memory).chain(spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GeneratorHealth, Latency, sample};

    fn value(report: &Report, name: &str) -> Option<f64> {
        tracked(report).into_iter().find(|tracked| tracked.name == name).map(|tracked| tracked.value)
    }

    #[test]
    fn each_is_the_metric_of_its_name() {
        let report = sample::violation();
        for tracked in tracked(&report) {
            if !["cpu_per_message", "peak_rss"].contains(&tracked.name.as_str()) {
                let metric: Metric = tracked.name.parse().unwrap();
                assert_eq!(metric.measure(&report), Some(tracked.value), "{}", tracked.name);
            }
        }
        assert_eq!(value(&report, "lost"), Some(3.0));
        assert_eq!(value(&report, "matched"), None, "the schedule decides it");
        assert_eq!(value(&report, "peak_rss"), Some(13_000_000.0));
    }

    #[test]
    fn each_group_has_numbers_of_its_own() {
        let mut report = sample::two_groups();
        assert_eq!((value(&report, "lost"), value(&report, "chat.lost")), (Some(2.0), Some(2.0)));
        assert_eq!(value(&report, "slow.lost"), Some(0.0));
        assert!(value(&report, "slow.response.p99").is_some() && value(&report, "chat.throughput").is_some());
        assert_eq!(value(&report, "chat.efficiency"), None, "groups share the generator");
        report.groups[0].name = "<b>\"\n,".to_owned();
        assert!(tracked(&report).iter().all(|tracked| !tracked.name.contains('<')));
    }

    #[test]
    fn work_is_processor_time_without_spinning() {
        let mut report = sample::pass();
        report.generator = GeneratorHealth { cpu_s: 9.0, spin_s: 6.5, ..report.generator };
        report.total.traffic.matched_in_window = 250_000;
        // 2.5 s of work for 250 000 messages.
        assert_eq!(value(&report, "efficiency"), Some(100_000.0));
        assert_eq!(value(&report, "cpu_per_message"), Some(10_000.0));
    }

    #[test]
    fn shards_have_a_spread_of_their_starts() {
        let spread = value(&sample::merged(), "start_spread").unwrap();
        assert!((spread - 40_900_000.0).abs() < 1.0, "{spread}");
        assert_eq!((value(&sample::shard(), "start_spread"), value(&sample::pass(), "start_spread")), (None, None));
    }

    #[test]
    fn what_was_not_measured_is_left_out() {
        let mut report = sample::pass();
        report.total.latency = Latency::default();
        report.measured_s = 0.0;
        report.generator = GeneratorHealth::default();
        report.total.traffic.matched_in_window = 0;
        assert!(tracked(&report).iter().all(|tracked| tracked.kind == TrackedKind::Count), "{:?}", tracked(&report));
        // A file may hold what makes a rate infinite.
        report.measured_s = 1e-320;
        report.total.traffic.matched_in_window = 1;
        assert_eq!(value(&report, "throughput"), None);
        // Nothing matched in the time that was worked, so no message has a price.
        report.total.traffic.matched_in_window = 0;
        report.generator.cpu_s = 1.0;
        assert_eq!((value(&report, "efficiency"), value(&report, "cpu_per_message")), (Some(0.0), None));
    }
}
