//! Comparisons of results ([`Comparison`]) and of pairs ([`Ab`]). One file a format.

pub(crate) mod json;
mod markdown;
#[cfg(test)]
pub(crate) mod sample;
mod text;

use std::io;

use crate::{
    compare::{ChangeInterval, ComparedMetric, Comparison, ComparisonVerdict},
    human,
    paired::{DiscardCounts, PairedComparison},
};

/// The outcome of a paired test, and what it compared.
#[derive(Clone, Copy, Debug)]
pub struct Ab<'a> {
    /// The baseline: a URL or a command.
    pub a: &'a str,
    /// The candidate.
    pub b: &'a str,
    /// The outcome of the test.
    pub outcome: &'a PairedComparison,
    /// Number of pairs that were run again because the generator was too slow in them.
    pub repeated: u32,
}

/// A format that shows comparisons: [`Text`](super::Text), [`Json`](super::Json),
/// [`Markdown`](super::Markdown).
pub trait RenderComparison {
    /// Writes a comparison of results, with a newline at the end.
    ///
    /// # Errors
    /// The error of `out`.
    fn comparison(&self, comparison: &Comparison, out: &mut dyn io::Write) -> io::Result<()>;

    /// Writes a paired test, with a newline at the end.
    ///
    /// # Errors
    /// The error of `out`.
    fn ab(&self, ab: &Ab<'_>, out: &mut dyn io::Write) -> io::Result<()>;
}

/// The verdict in one word, and its meaning.
fn summary(verdict: ComparisonVerdict) -> (&'static str, &'static str) {
    match verdict {
        ComparisonVerdict::Pass => ("PASS", "no metric that decides is worse by more than its margin"),
        ComparisonVerdict::Regression => ("FAIL", "regression: the candidate is worse by more than the margin"),
        ComparisonVerdict::Missing => ("FAIL", "a metric was measured on one side and is missing on the other"),
        ComparisonVerdict::Delivery => ("FAIL", "delivery violation"),
        ComparisonVerdict::Connections => ("FAIL", "the target refused or lost connections"),
        ComparisonVerdict::Invalid => ("INVALID", "a run did not measure what was planned"),
        ComparisonVerdict::Inconclusive => ("INCONCLUSIVE", "neither a regression nor its absence can be told"),
        ComparisonVerdict::Incomparable => ("INCOMPARABLE", "the runs differ in more than what is tested"),
    }
}

/// The texts of a metric's row.
struct ComparisonCells {
    metric: String,
    baseline: String,
    candidate: String,
    change: String,
    interval: String,
    margin: String,
    detectable: String,
    verdict: &'static str,
}

impl ComparisonCells {
    fn of(row: &ComparedMetric) -> Self {
        let none = || "-".to_owned();
        let value = |value: Option<f64>| value.map_or_else(none, |value| row.metric.show(value));
        let interval = row.change.and_then(|change| change.interval);
        Self {
            metric: row.metric.name(),
            baseline: value(row.baseline),
            candidate: value(row.candidate),
            change: row.change.map_or_else(none, |change| human::change(change.share)),
            interval: interval.map_or_else(none, ChangeInterval::text),
            margin: row.margin.map_or_else(none, |margin| margin.to_string()),
            detectable: row.detectable.map_or_else(none, human::change),
            verdict: row.finding.map_or("", |finding| finding.name()),
        }
    }
}

/// `3 runs`.
fn runs(n: usize) -> String {
    format!("{} {}", human::count(n as u64), if n == 1 { "run" } else { "runs" })
}

/// `10 pairs, look 1 of 3; 2 more did not count`.
fn progress(ab: &Ab<'_>) -> String {
    let outcome = ab.outcome;
    let pairs = outcome.pairs.len();
    let unit = if pairs == 1 { "pair" } else { "pairs" };
    let look = match outcome.looks.len() {
        1 => String::new(),
        looks => format!(", look {} of {looks}", outcome.look),
    };
    let more = if outcome.needs_more { "; more pairs may tell" } else { "" };
    let repeated = match ab.repeated {
        0 => String::new(),
        n => format!(
            "; {} more did not count, the generator was too slow in them{}",
            human::count(n.into()),
            sides(outcome)
        ),
    };
    format!("{} {unit}{look}{more}{repeated}", human::count(pairs as u64))
}

/// ` (A 1, B 3)`: the pairs that did not count, by the side that spoiled them.
fn sides(outcome: &PairedComparison) -> String {
    let DiscardCounts { baseline, candidate, both } = DiscardCounts::of(&outcome.discarded);
    let named = [("A", baseline), ("B", candidate), ("both", both)].into_iter().filter(|(_, n)| *n > 0);
    let shown: Vec<String> = named.map(|(name, n)| format!("{name} {}", human::count(n))).collect();
    if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) }
}

#[cfg(test)]
mod tests;
