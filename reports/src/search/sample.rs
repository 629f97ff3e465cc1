//! A search for tests. Every number follows from the capacity, so a test can say what it must be.

use super::{Conclusion, FailureCause, NextRate, Resolution, Search, SearchRecord, Step, StepOutcome};
use crate::{
    judge::{LimitedBy, Verdict},
    model::{Expect, LoadRecord, sample},
};

/// A search from 1 000 messages/s on. The server holds 5 000 with a threshold of 5 ms. The
/// generator was too slow for the second step.
pub(crate) fn record() -> SearchRecord {
    let search = Search::new(1_000.0, 100_000.0, 20.0, Resolution::default(), 3).expect("a range");
    let mut steps: Vec<Step> = Vec::new();
    let conclusion = loop {
        match search.next(&steps) {
            NextRate::Rate(rate) => steps.push(step(rate, steps.len())),
            NextRate::End(conclusion) => break conclusion,
        }
    };
    let mut report = sample::pass();
    report.target.embedded = false;
    report.plan.groups[0].load = LoadRecord::open(10.0, 5, 10_000);
    report.plan.run.duration_s = Some(5.0);
    report.plan.run.thresholds = vec!["p99<5ms".to_owned(), "lost==0".to_owned()];
    SearchRecord {
        target: report.target,
        plan: report.plan,
        environment: report.environment,
        started_at: report.started_at,
        search,
        pause_s: 1.0,
        steps,
        conclusion,
    }
}

fn step(rate: f64, number: usize) -> Step {
    let over = (rate / 5_000.0 - 1.0).max(0.0);
    // Waits grow for six seconds, and what a server does not take does not come back in time.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
    let wait_ns = (over * 6e9) as u64;
    let mut step = Step {
        messages: 25_000,
        p50_ns: Some(80_000 + wait_ns / 2),
        p99_ns: Some(400_000 + wait_ns),
        sent_per_s: Some(rate),
        matched_per_s: Some(rate.min(5_000.0)),
        started_at: format!("2026-01-02T03:04:{:02}Z", 5 + number),
        ..Step::bare(rate, StepOutcome::Holds)
    };
    if number == 1 {
        step.outcome = StepOutcome::Fails(FailureCause::Generator);
        (step.verdict, step.limited_by) = (Verdict::Invalid, LimitedBy::Generator);
        step.reasons = vec!["generator: a worker was busy 97.0 % of the time; the limit is 95 %".to_owned()];
    } else if wait_ns > 0 {
        step.outcome = StepOutcome::Fails(FailureCause::Threshold);
        (step.verdict, step.limited_by) = (Verdict::Threshold, LimitedBy::Target);
        let p99 = crate::text::human::nanoseconds(400_000.0 + wait_ns as f64);
        step.reasons = vec![format!("threshold p99<5ms missed: it is {p99}")];
    }
    step
}

/// The sample search with another conclusion.
pub(crate) fn ending(conclusion: Conclusion) -> SearchRecord {
    SearchRecord { conclusion, ..record() }
}

/// A search whose texts all come from somebody else.
pub(crate) fn foreign(text: &str) -> SearchRecord {
    let mut record =
        ending(Conclusion::Unfinished { holds: Some(4_970.0), fails: Some(5_190.0), why: text.to_owned() });
    let (plan, environment) = (&mut record.plan, &mut record.environment);
    plan.groups[0].expect = Expect::Reply(text.to_owned());
    let of_environment = [&mut environment.cpu, &mut environment.kernel, &mut environment.version];
    for place in of_environment
        .into_iter()
        .chain([&mut plan.groups[0].name])
        .chain([&mut record.target.url, &mut record.started_at])
    {
        text.clone_into(place);
    }
    record.plan.run.thresholds = vec![text.to_owned()];
    for step in record.steps.iter_mut().filter(|step| step.outcome != StepOutcome::Holds) {
        step.reasons = vec![text.to_owned()];
    }
    record
}
