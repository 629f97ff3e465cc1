//! Loads that began late, and what a part of a run can't tell.

use super::Threshold;
use crate::{
    model::{Report, StartRecord},
    text::human::{count, seconds},
};

/// Why the load was not the planned one, if a process began late.
pub(super) fn late(report: &Report) -> Option<String> {
    let of_shards = report.shards.iter().map(|shard| (shard.number, &shard.start));
    let alone = report.start.iter().map(|start| (1, start)).filter(|_| report.shards.is_empty());
    let late: Vec<(u32, &StartRecord)> = of_shards.chain(alone).filter(|(_, start)| start.is_late()).collect();
    let by = |start: &StartRecord| start.error_s.unwrap_or(0.0);
    let (number, latest) = *late.iter().max_by(|(_, a), (_, b)| by(a).total_cmp(&by(b)))?;
    let delay = seconds(by(latest));
    let what = match (late.len(), report.shards.len()) {
        (_, 0 | 1) => format!("the load began {delay} after the planned instant"),
        (1, _) => format!("shard {number} began {delay} after the planned instant"),
        (some, all) => format!(
            "{} of {} shards began late, shard {number} by {delay}, the most",
            count(some as u64),
            count(all as u64)
        ),
    };
    let why = if latest.ready {
        "the process stood still then, or its clock was set"
    } else {
        "the connections had not all been tried by then; --start-at or --start-in can give them more time"
    };
    Some(format!("start: {what}; the limit is {}: {why}", seconds(StartRecord::LATE_S)))
}

/// A remark on thresholds that only the whole run can tell.
pub(super) fn unjudged(report: &Report, thresholds: &[Threshold]) -> Option<String> {
    (report.partial && !thresholds.is_empty()).then(|| {
        let are = if thresholds.len() == 1 { "the threshold is" } else { "thresholds are" };
        format!("{are} not judged here, as other shards have clients of this run too: `loadgen merge` judges the whole")
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        judge::{Verdict, judge},
        model::{Report, StartRecord, sample},
    };

    /// A report of one process that began so late.
    fn late_by(error_s: f64, ready: bool) -> Report {
        let mut report = sample::pass();
        report.start = Some(StartRecord {
            at: "2026-01-02T03:04:05.000000Z".to_owned(),
            planned: Some("2026-01-02T03:04:05.000000Z".to_owned()),
            error_s: Some(error_s),
            ready,
            clock: None,
        });
        report
    }

    #[test]
    fn a_late_start_makes_a_run_invalid() {
        for error_s in [-0.2, 0.0, 0.1] {
            assert_eq!(judge(&late_by(error_s, true), &[]).verdict, Verdict::Pass, "{error_s}");
        }
        let late = judge(&late_by(2.32, false), &[]);
        assert_eq!(late.verdict, Verdict::Invalid);
        assert_eq!(
            late.reasons,
            [
                "start: the load began 2.32 s after the planned instant; the limit is 100 ms: the connections had not all \
                 been tried by then; --start-at or --start-in can give them more time"
            ]
        );
        let ready = judge(&late_by(0.101, true), &[]).reasons;
        assert!(ready[0].ends_with("the process stood still then, or its clock was set"), "{ready:?}");
        let mut only_delivery = late_by(2.32, false);
        only_delivery.plan.run.only_delivery = true;
        assert_eq!(judge(&only_delivery, &[]).verdict, Verdict::Pass);
    }

    #[test]
    fn late_shards_of_a_merged_run_are_counted() {
        let mut report = sample::merged();
        for shard in &mut report.shards {
            shard.start.error_s = Some(0.0);
        }
        assert!(super::late(&report).is_none());
        report.shards[1].start.error_s = Some(0.5);
        let one = super::late(&report).unwrap();
        assert!(one.starts_with("start: shard 2 began 500 ms after the planned instant; "), "{one}");
        report.shards[3].start.error_s = Some(1.5);
        let two = super::late(&report).unwrap();
        assert!(two.starts_with("start: 2 of 4 shards began late, shard 4 by 1.50 s, the most; "), "{two}");
    }

    #[test]
    fn thresholds_of_a_part_are_left_to_the_whole() {
        let thresholds = ["p99<1ns".parse().unwrap(), "lost==0".parse().unwrap()];
        let mut report = sample::pass();
        assert_eq!(judge(&report, &thresholds).verdict, Verdict::Threshold);
        report.partial = true;
        let judgement = judge(&report, &thresholds);
        assert_eq!(judgement.verdict, Verdict::Pass);
        assert_eq!(
            judgement.reasons,
            [
                "thresholds are not judged here, as other shards have clients of this run too: `loadgen merge` judges the \
                 whole"
            ]
        );
        assert!(judge(&report, &[]).reasons.is_empty());
    }
}
