//! Whether the generator itself was the limit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::Report,
    text::human::{count, percent, seconds},
};

/// What kept the throughput from being higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// The target answered the planned load in full.
    Schedule,
    /// The generator could not keep up.
    Generator,
    /// The target could not keep up. In the closed model this is the normal case.
    Target,
}

/// Most of the scheduled messages that the generator may fail to come round to, as a share.
const BEHIND_SCHEDULE: f64 = 0.01;
/// Most of the time that a worker may be busy, as a share.
const BUSY: f64 = 0.95;
/// Most of the measured phase that a worker may stand still before a rate says nothing about the
/// target, as a share.
const STOPPED: f64 = 0.01;
/// Most of the messages that may come after the window before the target counts as too slow for the
/// schedule, as a share.
const UNANSWERED: f64 = 0.01;

/// Why a run in the open model measured the generator instead of the target. It is empty if the run
/// did not. Single late messages are no reason: the bounds of each latency include them
/// ([`crate::judge::bounds`]).
///
/// The closed model promises no schedule, so it has none to break. It may keep a worker busy all
/// the time. Beside such a group only the messages count that were not sent.
pub(crate) fn broken_schedule(report: &Report) -> Vec<String> {
    let open = report.by_group().filter(|(plan, _)| !plan.load.is_closed()).map(|(_, measurement)| measurement);
    let (mut scheduled, mut behind) = (0_u64, 0_u64);
    for measurement in open {
        scheduled = scheduled.saturating_add(measurement.measured.counts.scheduled);
        behind = behind.saturating_add(measurement.measured.dropped.behind_schedule);
    }
    let mut reasons = Vec::new();
    if behind as f64 > scheduled as f64 * BEHIND_SCHEDULE {
        reasons.push(format!(
            "generator: behind schedule, {} of {} messages ({}) were not sent; the limit is 1 %",
            count(behind),
            count(scheduled),
            percent(behind as f64 / scheduled as f64),
        ));
    }
    if too_busy(report) && !has_closed(report) {
        reasons.push(format!(
            "generator: a worker was busy {} of the time; the limit is 95 %",
            percent(report.generator.busiest_worker)
        ));
    }
    reasons
}

/// Whether a group sends as fast as replies come.
fn has_closed(report: &Report) -> bool {
    report.plan.groups.iter().any(|group| group.load.is_closed())
}

fn too_busy(report: &Report) -> bool {
    report.generator.busiest_worker > BUSY
}

/// Whether a worker stood still so long that the rates could have been higher.
pub(crate) fn stood_still(report: &Report) -> bool {
    report.generator.stopped_s > report.measured_s * STOPPED
}

/// A remark on such a standstill, whatever the verdict.
pub(crate) fn standstill(report: &Report) -> Option<String> {
    stood_still(report).then(|| {
        let generator = &report.generator;
        let times = if generator.stops == 1 { "once".to_owned() } else { format!("{} times", count(generator.stops)) };
        format!(
            "generator: it stood still for {} of {} ({times}, {} at most): rates could have been higher, and what waited \
             meanwhile is no delay of the target",
            seconds(generator.stopped_s),
            seconds(report.measured_s),
            seconds(generator.longest_stop_s),
        )
    })
}

/// What kept the throughput from being higher.
pub(crate) fn limited_by(report: &Report) -> LimitedBy {
    let counts = &report.total.measured.counts;
    let dropped = &report.total.measured.dropped;
    match has_closed(report) {
        _ if stood_still(report) || !broken_schedule(report).is_empty() => LimitedBy::Generator,
        true if too_busy(report) => LimitedBy::Generator,
        true => LimitedBy::Target,
        false => {
            let sent = report.total.traffic.sent_in_window;
            let by_plan = counts.undetermined_by_plan;
            let answered = report.total.traffic.matched_in_window.saturating_add(by_plan);
            let unanswered = sent.saturating_sub(answered);
            let slow = unanswered as f64 > sent as f64 * UNANSWERED;
            let refused = dropped.in_flight_cap > 0 || dropped.dead_connection > 0 || counts.undetermined > 0;
            if slow || refused { LimitedBy::Target } else { LimitedBy::Schedule }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LoadRecord, sample};

    #[test]
    fn each_limit_at_its_edge() {
        let mut report = sample::pass();
        report.total.measured.dropped.behind_schedule = 5_000;
        assert!(broken_schedule(&report).is_empty());
        report.total.measured.dropped.behind_schedule = 5_001;
        assert_eq!(broken_schedule(&report).len(), 1);

        let mut report = sample::pass();
        report.generator.busiest_worker = 0.95;
        assert!(broken_schedule(&report).is_empty());
        report.generator.busiest_worker = 0.951;
        assert_eq!(broken_schedule(&report).len(), 1);
    }

    #[test]
    fn messages_that_were_sent_late_break_no_schedule() {
        let mut report = sample::pass();
        report.total.latency.send_lag.record_n(9_000_000_000, 400_000).unwrap();
        assert!(broken_schedule(&report).is_empty());
        assert_eq!(limited_by(&report), LimitedBy::Schedule);
    }

    #[test]
    fn a_generator_that_stood_still_is_the_limit_in_either_model() {
        for mut report in [sample::pass(), sample::closed()] {
            let limited = limited_by(&report);
            report.generator.stopped_s = report.measured_s / 100.0;
            assert_eq!((limited_by(&report), standstill(&report)), (limited, None));
            (report.generator.stopped_s, report.generator.stops) = (report.measured_s / 2.0, 1);
            assert_eq!(limited_by(&report), LimitedBy::Generator);
            assert!(standstill(&report).is_some_and(|remark| remark.starts_with("generator: it stood still for ")));
        }
    }

    #[test]
    fn nothing_breaks_the_schedule_of_a_closed_run() {
        let mut report = sample::pass();
        report.total.measured.dropped.behind_schedule = 400_000;
        report.generator.busiest_worker = 1.0;
        assert_eq!(broken_schedule(&report).len(), 2);
        report.plan.groups[0].load = LoadRecord::closed(16);
        assert!(broken_schedule(&report).is_empty());
        assert_eq!(limited_by(&report), LimitedBy::Generator);
        report.generator.busiest_worker = 0.95;
        assert_eq!(limited_by(&report), LimitedBy::Target);
    }

    #[test]
    fn beside_a_closed_group_a_busy_worker_breaks_no_schedule() {
        let mut report = sample::two_groups();
        report.plan.groups[1].load = LoadRecord::closed(4);
        assert_eq!((broken_schedule(&report), limited_by(&report)), (vec![], LimitedBy::Target));
        report.generator.busiest_worker = 1.0;
        assert_eq!((broken_schedule(&report), limited_by(&report)), (vec![], LimitedBy::Generator));
        report.generator.busiest_worker = 0.5;
        // A hundredth of the 450 000 that were due in the open group.
        report.groups[0].measurement.measured.dropped.behind_schedule = 4_500;
        assert_eq!(broken_schedule(&report), Vec::<String>::new());
        report.groups[0].measurement.measured.dropped.behind_schedule = 4_501;
        assert!(broken_schedule(&report)[0].starts_with("generator: behind schedule, 4 501 of 450 000 messages"));
        assert_eq!(limited_by(&report), LimitedBy::Generator);
    }

    #[test]
    fn the_schedule_limits_an_open_run_by_default() {
        assert_eq!(limited_by(&sample::pass()), LimitedBy::Schedule);
        let target: [fn(&mut Report); 4] = [
            |r| r.total.measured.dropped.in_flight_cap = 1,
            |r| r.total.measured.dropped.dead_connection = 1,
            |r| r.total.measured.counts.undetermined = 1,
            // 99 % of 500 000 sent are 495 000.
            |r| r.total.traffic.matched_in_window = 494_999,
        ];
        for (index, change) in target.into_iter().enumerate() {
            let mut report = sample::pass();
            change(&mut report);
            assert_eq!(limited_by(&report), LimitedBy::Target, "{index}");
            report.generator.busiest_worker = 0.99;
            assert_eq!(limited_by(&report), LimitedBy::Generator, "{index}");
        }
        let mut report = sample::pass();
        report.total.traffic.matched_in_window = 495_000;
        assert_eq!(limited_by(&report), LimitedBy::Schedule);
    }
}
