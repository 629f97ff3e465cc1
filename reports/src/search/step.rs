//! What is kept of one run of a search.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    judge::{JudgedPart, Judgement, LimitedBy, Verdict},
    metric::{quantiles::Quantiles, throughput::Throughput},
    model::Report,
    text::human::{count, percent},
};

/// Most of the scheduled messages that the target may keep the generator from sending, as a share.
const HELD_BACK: f64 = 0.01;

/// One run at one rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Messages per second that were due, of all clients together.
    pub rate: f64,
    /// Whether the rate held in it.
    pub outcome: StepOutcome,
    /// Everything that speaks against it, one line each. Empty if the rate holds.
    pub reasons: Vec<String>,
    /// The verdict of the run by itself.
    pub verdict: Verdict,
    /// What kept the throughput of the run from being higher.
    pub limited_by: LimitedBy,
    /// Start of the warm-up, RFC 3339 in UTC.
    pub started_at: String,
    /// Messages sent per second of the measured phase.
    pub sent_per_s: Option<f64>,
    /// Messages matched in the measured phase, per second.
    pub matched_per_s: Option<f64>,
    /// Messages whose response time is known.
    pub messages: u64,
    /// Median of the response times, in nanoseconds.
    pub p50_ns: Option<u64>,
    /// 99th percentile of the response times, in nanoseconds.
    pub p99_ns: Option<u64>,
}

/// Whether a rate held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// The thresholds hold, delivery is clean, the run is valid, and the load was applied.
    Holds,
    /// At least one of these fails.
    Fails(FailureCause),
}

/// Why a rate does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// A message was lost, damaged or misrouted, or an event came that must not.
    Delivery,
    /// The generator was too slow, so the run says nothing about the target.
    Generator,
    /// Connections failed or died.
    Connections,
    /// Over 1 % of the due messages were not sent, because the target had too many unanswered or
    /// unread.
    Backlog,
    /// A threshold does not hold.
    Threshold,
}

impl FailureCause {
    /// Every cause in order of rank, as exit codes have it.
    pub(super) const ALL: [Self; 5] =
        [Self::Delivery, Self::Connections, Self::Generator, Self::Backlog, Self::Threshold];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Generator => "generator",
            Self::Connections => "connections",
            Self::Backlog => "backlog",
            Self::Threshold => "threshold",
        }
    }

    /// Whether the target is the limit, rather than the generator.
    pub fn is_the_targets(self) -> bool {
        self != Self::Generator
    }
}

impl StepOutcome {
    /// The outcome of a run. Of several causes it names the one of highest rank.
    fn of(report: &Report, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Delivery => Self::Fails(FailureCause::Delivery),
            Verdict::Connections => Self::Fails(FailureCause::Connections),
            // Counts that do not add up and a phase without sends are the generator's fault, too.
            Verdict::Invalid => Self::Fails(FailureCause::Generator),
            Verdict::Threshold | Verdict::Pass if !held_back(report).is_empty() => Self::Fails(FailureCause::Backlog),
            Verdict::Threshold => Self::Fails(FailureCause::Threshold),
            Verdict::Pass => Self::Holds,
        }
    }
}

impl Step {
    /// Whether the step says something about the target. It does not if the generator was the
    /// limit.
    pub fn is_valid(&self) -> bool {
        self.outcome != StepOutcome::Fails(FailureCause::Generator)
    }

    /// Keeps what matters of a run at `rate` messages per second.
    pub fn of(rate: f64, report: &Report, judgement: &Judgement) -> Self {
        let (response, throughput) = (Quantiles::of(&report.total.latency.response), Throughput::of(report));
        let mut reasons = judgement.reasons.clone();
        reasons.extend(held_back(report));
        Self {
            rate,
            outcome: StepOutcome::of(report, judgement.verdict),
            reasons,
            verdict: judgement.verdict,
            limited_by: judgement.limited_by,
            started_at: report.started_at.clone(),
            sent_per_s: throughput.sent_per_s,
            matched_per_s: throughput.matched_per_s,
            messages: response.count,
            p50_ns: response.p50,
            p99_ns: response.p99,
        }
    }

    /// A step for tests, where only the outcome matters.
    #[cfg(test)]
    pub(crate) fn bare(rate: f64, outcome: StepOutcome) -> Self {
        Self {
            rate,
            outcome,
            reasons: Vec::new(),
            verdict: Verdict::Pass,
            limited_by: LimitedBy::Schedule,
            started_at: String::new(),
            sent_per_s: None,
            matched_per_s: None,
            messages: 0,
            p50_ns: None,
            p99_ns: None,
        }
    }
}

/// How much the target kept the generator from sending in each group, if so much that the rate was
/// not applied.
fn held_back(report: &Report) -> Vec<String> {
    let of_part = |part: JudgedPart<'_>| {
        // Messages due on dead connections have a reason of their own.
        let measured = &part.measurement.measured;
        let (scheduled, held) = (measured.counts.scheduled, measured.dropped.in_flight_cap);
        (held as f64 > scheduled as f64 * HELD_BACK).then(|| {
            let what = part.about(format!(
                "{} of {} messages ({}) were not sent, since too many were unanswered (--max-in-flight) or not even read",
                count(held),
                count(scheduled),
                percent(held as f64 / scheduled as f64),
            ));
            format!("target: {what}")
        })
    };
    JudgedPart::all(report).into_iter().filter_map(of_part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::judge,
        model::{Dropped, sample},
    };

    /// The outcome of a report, with a threshold that the samples meet.
    fn outcome(report: &Report) -> StepOutcome {
        step(report, "p99<5ms").outcome
    }

    fn step(report: &Report, threshold: &str) -> Step {
        Step::of(50_000.0, report, &judge(report, &[threshold.parse().unwrap()]))
    }

    #[test]
    fn a_clean_run_within_its_thresholds_holds() {
        let step = step(&sample::pass(), "p99<5ms");
        assert_eq!((step.outcome, step.reasons.as_slice()), (StepOutcome::Holds, &[][..]));
        assert_eq!((step.messages, step.matched_per_s), (500_000, Some(49_998.0)));
        assert!(step.p50_ns < step.p99_ns && step.p50_ns.is_some());
    }

    #[test]
    fn each_cause_has_its_own_name() {
        assert_eq!(step(&sample::pass(), "p99<1us").outcome, StepOutcome::Fails(FailureCause::Threshold));
        assert_eq!(outcome(&sample::violation()), StepOutcome::Fails(FailureCause::Delivery));

        let mut slow = sample::pass();
        slow.generator.busiest_worker = 0.97;
        assert_eq!(outcome(&slow), StepOutcome::Fails(FailureCause::Generator));
        // A latency that such a run measured says nothing of the target.
        assert_eq!(step(&slow, "p99<1us").outcome, StepOutcome::Fails(FailureCause::Generator));

        let mut unbalanced = sample::pass();
        unbalanced.total.measured.counts.scheduled += 1;
        assert_eq!(outcome(&unbalanced), StepOutcome::Fails(FailureCause::Generator));

        let mut dead = sample::pass();
        dead.total.connections.died = 1;
        assert_eq!(outcome(&dead), StepOutcome::Fails(FailureCause::Connections));
        // More than the generator is wrong in this one.
        let step = step(&sample::connections(), "p99<5ms");
        assert_eq!(step.outcome, StepOutcome::Fails(FailureCause::Connections));
        assert!(step.reasons.iter().all(|reason| !reason.starts_with("target: ")), "{:?}", step.reasons);
    }

    #[test]
    fn a_target_that_holds_the_generator_back_is_no_slow_generator() {
        let mut report = sample::pass();
        report.total.measured.dropped = Dropped { in_flight_cap: 5_000, ..Dropped::default() };
        report.total.measured.counts.dropped = 5_000;
        report.total.measured.counts.sent -= 5_000;
        report.total.measured.counts.matched -= 5_000;
        report.total.measured.counts.events -= 5_000;
        assert_eq!(outcome(&report), StepOutcome::Holds, "one in a hundred is allowed");
        report.total.measured.dropped.in_flight_cap += 1;
        report.total.measured.counts.dropped += 1;
        report.total.measured.counts.sent -= 1;
        report.total.measured.counts.matched -= 1;
        report.total.measured.counts.events -= 1;
        let step = step(&report, "p99<5ms");
        assert_eq!((step.outcome, step.limited_by), (StepOutcome::Fails(FailureCause::Backlog), LimitedBy::Target));
        assert!(step.reasons[0].starts_with("target: 5 001 of 500 000 messages (1.00 %)"), "{:?}", step.reasons);

        // Over a hundredth of a group's 50 000 messages, and little of all.
        let mut report = sample::two_groups();
        report.groups[1].measurement.measured.dropped.in_flight_cap = 500;
        assert_eq!(held_back(&report), Vec::<String>::new());
        report.groups[1].measurement.measured.dropped.in_flight_cap = 501;
        assert!(held_back(&report)[0].starts_with("target: slow: 501 of 50 000 messages (1.00 %)"));
    }
}
