//! Searches for somebody to read. One file a format.

mod json;
mod markdown;
mod text;

use std::io;

use super::{tone::Tone, wording};
use crate::{
    human::{bytes, count, nanoseconds, rate, seconds},
    model::Load,
    search::{Cause, Conclusion, Outcome, Record, Step},
};

/// A format in which a search can be shown: [`Text`](super::Text), [`Json`](super::Json), [`Markdown`](super::Markdown),
/// [`Html`](super::Html).
pub trait RenderSearch {
    /// Writes all of it, with a newline at the end.
    ///
    /// # Errors
    /// What `out` returns.
    fn search(&self, record: &Record, out: &mut dyn io::Write) -> io::Result<()>;
}

/// The first word of an output, what it means, and how that is to be taken.
pub(super) fn summary(conclusion: &Conclusion) -> (&'static str, String, Tone) {
    let (word, tone) = match conclusion {
        Conclusion::Edge { cause: Cause::Delivery, .. } => ("FAIL", Tone::Bad),
        Conclusion::Edge { cause: Cause::Generator, .. } => ("LIMITED", Tone::Doubtful),
        Conclusion::Edge { .. } => ("FOUND", Tone::Good),
        Conclusion::Everything { .. } => ("HOLDS", Tone::Good),
        Conclusion::Nothing { cause: Cause::Generator, .. } => ("INVALID", Tone::Doubtful),
        Conclusion::Nothing { .. } => ("FAIL", Tone::Bad),
        Conclusion::Unfinished { .. } => ("UNFINISHED", Tone::Doubtful),
    };
    (word, conclusion.meaning(), tone)
}

/// What keeps the rate from being higher, if that is known.
pub(super) fn limit(conclusion: &Conclusion) -> Option<&'static str> {
    Some(match conclusion.cause() {
        Some(Cause::Delivery) => "the target: messages are lost, damaged, or not what was sent",
        Some(Cause::Generator) => {
            "the generator: the target may be able to do more; use another or a quieter machine, more --threads, or larger \
             bursts"
        }
        Some(Cause::Connections) => "the target: connections fail or die",
        Some(Cause::Backlog) => "the target: it does not keep up with what is due",
        Some(Cause::Threshold) => "the target: it misses a threshold",
        None if matches!(conclusion, Conclusion::Everything { .. }) => "the range: --to goes no further",
        None => return None,
    })
}

/// What was tested. An embedded server has another port in each step.
pub(super) fn target(record: &Record) -> &str {
    if record.target.embedded { "an embedded server" } else { &record.target.url }
}

/// Who sends what in each step.
pub(super) fn plan(record: &Record) -> String {
    let plan = &record.plan;
    let clients = if plan.clients == 1 { "client" } else { "clients" };
    let burst = match plan.load {
        Load::Open { burst, .. } => format!(", bursts of {burst}"),
        Load::Closed { .. } => String::new(),
    };
    format!(
        "{} {clients}{burst}, {} {}, {} a step, {} between steps",
        count(plan.clients.into()),
        bytes(plan.size_bytes as f64),
        plan.payload,
        wording::length(plan),
        seconds(record.pause_s),
    )
}

/// How it searched.
pub(super) fn search_settings(record: &Record) -> String {
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

/// What a step shows in its columns.
pub(super) struct StepCells {
    pub(super) rate: String,
    pub(super) matched: String,
    pub(super) p50: String,
    pub(super) p99: String,
    pub(super) verdict: &'static str,
    /// The first thing that speaks against it.
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
                Outcome::Holds => "holds",
                // It says nothing of the target.
                Outcome::Fails(Cause::Generator) => "invalid",
                Outcome::Fails(_) => "fails",
            },
            reason: step.reasons.first().cloned().unwrap_or_default(),
        }
    }
}

/// One line about a step, for those who wait for the next.
pub fn progress_line(step: &Step) -> String {
    let StepCells { rate, matched, p50, p99, verdict, reason } = StepCells::of(step);
    let reason = if reason.is_empty() { String::new() } else { format!(": {}", crate::escape::visible(&reason)) };
    format!("{rate:>11}/s  {matched:>11} matched/s  p50 {p50:>8}  p99 {p99:>8}  {verdict}{reason}")
}

#[cfg(test)]
mod tests;
