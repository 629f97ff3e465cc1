//! Searches. One file a format.

mod json;
mod markdown;
mod text;

use std::io;

use super::{connecting, tone::Tone, wording};
use crate::{
    human::{count, nanoseconds, rate, seconds},
    model::{GroupRecord, LoadRecord},
    search::{Conclusion, FailureCause, SearchRecord, Step, StepOutcome},
};

/// A format that shows a search: [`Text`](super::Text), [`Json`](super::Json),
/// [`Markdown`](super::Markdown), [`Html`](super::Html).
pub trait RenderSearch {
    /// Writes the whole search, with a newline at the end.
    ///
    /// # Errors
    /// The error of `out`.
    fn search(&self, record: &SearchRecord, out: &mut dyn io::Write) -> io::Result<()>;
}

/// The conclusion in one word, its meaning, and whether it is good news.
pub(super) fn summary(conclusion: &Conclusion) -> (&'static str, String, Tone) {
    let (word, tone) = match conclusion {
        Conclusion::Edge { cause: FailureCause::Delivery, .. } => ("FAIL", Tone::Bad),
        Conclusion::Edge { cause: FailureCause::Generator, .. } => ("LIMITED", Tone::Doubtful),
        Conclusion::Edge { .. } => ("FOUND", Tone::Good),
        Conclusion::Everything { .. } => ("HOLDS", Tone::Good),
        Conclusion::Nothing { cause: FailureCause::Generator, .. } => ("INVALID", Tone::Doubtful),
        Conclusion::Nothing { .. } => ("FAIL", Tone::Bad),
        Conclusion::Unfinished { .. } => ("UNFINISHED", Tone::Doubtful),
    };
    (word, conclusion.meaning(), tone)
}

/// What keeps the rate from being higher, if known.
pub(super) fn limit(conclusion: &Conclusion) -> Option<&'static str> {
    Some(match conclusion.cause() {
        Some(FailureCause::Delivery) => "the target: messages are lost, damaged, or not what was sent",
        Some(FailureCause::Generator) => {
            "the generator: the target may be able to do more; use another or a quieter machine, more --threads, or larger \
             bursts"
        }
        Some(FailureCause::Connections) => "the target: connections fail or die",
        Some(FailureCause::Backlog) => "the target: it does not keep up with what is due",
        Some(FailureCause::Threshold) => "the target: it misses a threshold",
        None if matches!(conclusion, Conclusion::Everything { .. }) => "the range: --to goes no further",
        None => return None,
    })
}

/// The target. An embedded server has another port in each step, so it is named without one.
pub(super) fn target(record: &SearchRecord) -> String {
    if record.target.embedded { "an embedded server".to_owned() } else { connecting::urls(&record.target) }
}

/// What the clients send in each step.
pub(super) fn plan(record: &SearchRecord) -> String {
    let plan = &record.plan;
    let own = match plan.groups.as_slice() {
        [GroupRecord { load: LoadRecord::Open { burst, .. }, .. }] => {
            format!(", bursts of {burst}, {}", wording::payload(&plan.groups[0]))
        }
        [group] => format!(", {}", wording::payload(group)),
        _ => String::new(),
    };
    let insecure = if connecting::is_insecure(plan) { format!(", {}", connecting::INSECURE) } else { String::new() };
    format!(
        "{}{own}{insecure}, {} a step, {} between steps",
        wording::clients(plan),
        wording::length(plan),
        seconds(record.pause_s),
    )
}

/// Where the search started, its bounds, and how many steps it took.
pub(super) fn search_settings(record: &SearchRecord) -> String {
    let search = &record.search;
    let steps = record.steps.len() as u64;
    format!(
        "from {}/s, between {}/s and {}/s, to {}, {} tries a rate at most: {} {}",
        rate(search.from()),
        rate(search.least()),
        rate(search.to()),
        search.resolution(),
        search.tries(),
        count(steps),
        if steps == 1 { "step" } else { "steps" },
    )
}

/// The texts of a step's row.
pub(super) struct StepCells {
    pub(super) rate: String,
    pub(super) matched: String,
    pub(super) p50: String,
    pub(super) p99: String,
    pub(super) verdict: &'static str,
    /// The first reason against it.
    pub(super) reason: String,
}

impl StepCells {
    pub(super) fn of(step: &Step) -> Self {
        let none = || "-".to_owned();
        let time = |ns: Option<u64>| ns.map_or_else(none, |ns| nanoseconds(ns as f64));
        Self {
            rate: rate(step.rate),
            matched: step.matched_per_s.map_or_else(none, rate),
            p50: time(step.p50_ns),
            p99: time(step.p99_ns),
            verdict: match step.outcome {
                StepOutcome::Holds => "holds",
                // This says nothing about the target.
                StepOutcome::Fails(FailureCause::Generator) => "invalid",
                StepOutcome::Fails(_) => "fails",
            },
            reason: step.reasons.first().cloned().unwrap_or_default(),
        }
    }
}

/// A line about a finished step, for people who wait for the next.
pub fn progress_line(step: &Step) -> String {
    let StepCells { rate, matched, p50, p99, verdict, reason } = StepCells::of(step);
    let reason = if reason.is_empty() { String::new() } else { format!(": {}", crate::escape::visible(&reason)) };
    format!("{rate:>11}/s  {matched:>11} matched/s  p50 {p50:>8}  p99 {p99:>8}  {verdict}{reason}")
}

#[cfg(test)]
mod tests;
