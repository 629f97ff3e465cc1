//! Whether the generator itself was the limit.

use crate::human::{count, nanoseconds, percent};
use crate::judge::LimitedBy;
use crate::model::{Load, Report};
use crate::quantiles::Quantiles;

/// Share of the scheduled messages that the generator may fail to come round to.
const BEHIND_SCHEDULE: f64 = 0.01;
/// Share of the time that a worker may be busy.
const BUSY: f64 = 0.95;
/// Send lag p99 that is always allowed, in nanoseconds.
const SEND_LAG_NS: u64 = 1_000_000;
/// Share of the matched messages that may come after the window before the target counts as slower than the schedule.
const UNANSWERED: f64 = 0.01;

/// Why a run in the open model measured the generator rather than the target; empty when it did not.
///
/// The closed model promises no schedule, so nothing can be broken there.
pub(crate) fn broken_schedule(report: &Report) -> Vec<String> {
    if matches!(report.plan.load, Load::Closed { .. }) {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    let scheduled = report.measured.counts.scheduled;
    let behind = report.measured.dropped.behind_schedule;
    if behind as f64 > scheduled as f64 * BEHIND_SCHEDULE {
        reasons.push(format!(
            "generator: behind schedule, {} of {} messages ({}) were not sent; the limit is 1 %",
            count(behind),
            count(scheduled),
            percent(behind as f64 / scheduled as f64),
        ));
    }
    let send_lag = Quantiles::of(&report.latency.send_lag).p99.unwrap_or(0);
    // Without a response the share is nothing, and the fixed part stands.
    let limit = SEND_LAG_NS.max(Quantiles::of(&report.latency.response).p50.unwrap_or(0) / 10);
    if send_lag > limit {
        reasons.push(format!(
            "generator: send lag p99 {} is over the limit of {} (the larger of 1 ms and 10 % of response p50)",
            nanoseconds(send_lag as f64),
            nanoseconds(limit as f64),
        ));
    }
    if too_busy(report) {
        reasons.push(format!(
            "generator: a worker was busy {} of the time; the limit is 95 %",
            percent(report.generator.busiest_worker)
        ));
    }
    reasons
}

fn too_busy(report: &Report) -> bool {
    report.generator.busiest_worker > BUSY
}

/// What kept the throughput from being higher.
pub(crate) fn limited_by(report: &Report) -> LimitedBy {
    let counts = &report.measured.counts;
    let dropped = &report.measured.dropped;
    match report.plan.load {
        Load::Closed { .. } if too_busy(report) => LimitedBy::Generator,
        Load::Closed { .. } => LimitedBy::Target,
        Load::Open { .. } if !broken_schedule(report).is_empty() => LimitedBy::Generator,
        Load::Open { .. } => {
            let sent = report.traffic.sent_in_window.unwrap_or(counts.sent);
            let unanswered = sent.saturating_sub(report.traffic.matched_in_window);
            let slow = unanswered as f64 > sent as f64 * UNANSWERED;
            let refused = dropped.in_flight_cap > 0 || dropped.dead_connection > 0 || counts.undetermined > 0;
            if slow || refused { LimitedBy::Target } else { LimitedBy::Schedule }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Latency;
    use crate::sample;

    /// An open run of 500 000 messages with exactly one response time and one send lag.
    fn open(response_ns: u64, send_lag_ns: u64) -> Report {
        let mut report = sample::pass();
        report.latency = Latency::default();
        report.latency.response.record(response_ns).unwrap();
        report.latency.send_lag.record(send_lag_ns).unwrap();
        report
    }

    #[test]
    fn each_limit_at_its_edge() {
        // Values that a histogram of three digits holds are 2^k multiples: 999 936 ns covers up to 1 000 447 ns.
        assert!(broken_schedule(&open(1_000, 999_000)).is_empty());
        assert_eq!(broken_schedule(&open(1_000, 1_010_000)).len(), 1);
        // A tenth of 50 ms is 5 ms.
        assert!(broken_schedule(&open(50_000_000, 4_990_000)).is_empty());
        assert_eq!(broken_schedule(&open(50_000_000, 5_050_000)).len(), 1);

        let mut report = open(1_000, 1_000);
        report.measured.dropped.behind_schedule = 5_000;
        assert!(broken_schedule(&report).is_empty());
        report.measured.dropped.behind_schedule = 5_001;
        assert_eq!(broken_schedule(&report).len(), 1);

        let mut report = open(1_000, 1_000);
        report.generator.busiest_worker = 0.95;
        assert!(broken_schedule(&report).is_empty());
        report.generator.busiest_worker = 0.951;
        assert_eq!(broken_schedule(&report).len(), 1);
    }

    #[test]
    fn nothing_breaks_the_schedule_of_a_closed_run() {
        let mut report = open(1_000, 9_000_000_000);
        report.measured.dropped.behind_schedule = 400_000;
        report.generator.busiest_worker = 1.0;
        assert_eq!(broken_schedule(&report).len(), 3);
        report.plan.load = Load::Closed { window: 16 };
        assert!(broken_schedule(&report).is_empty());
        assert_eq!(limited_by(&report), LimitedBy::Generator);
        report.generator.busiest_worker = 0.95;
        assert_eq!(limited_by(&report), LimitedBy::Target);
    }

    #[test]
    fn an_open_run_is_limited_by_the_schedule_unless_something_else_was() {
        assert_eq!(limited_by(&sample::pass()), LimitedBy::Schedule);
        let target: [fn(&mut Report); 4] = [
            |r| r.measured.dropped.in_flight_cap = 1,
            |r| r.measured.dropped.dead_connection = 1,
            |r| r.measured.counts.undetermined = 1,
            // 500 000 sent, of which 99 % are 495 000.
            |r| r.traffic.matched_in_window = 494_999,
        ];
        for (index, change) in target.into_iter().enumerate() {
            let mut report = sample::pass();
            change(&mut report);
            assert_eq!(limited_by(&report), LimitedBy::Target, "{index}");
            report.generator.busiest_worker = 0.99;
            assert_eq!(limited_by(&report), LimitedBy::Generator, "{index}");
        }
        let mut report = sample::pass();
        report.traffic.matched_in_window = 495_000;
        assert_eq!(limited_by(&report), LimitedBy::Schedule);
    }
}
