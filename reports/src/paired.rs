//! Two targets in turns: `loadgen ab`.
//!
//! Runs come in pairs, one of either side, close together in time. What the two runs of a pair have in common, such as a
//! machine that is slow for a while, cancels in their difference. The unit is the pair: what is computed with is one number a
//! pair and metric, the logarithm of the ratio of the candidate (B) to the baseline (A), with the sign that makes worse
//! positive.
//!
//! ```text
//! paired.rs              the test as it was declared, and what it comes to
//! paired/observation.rs  what is kept of one run
//! paired/order.rs        which side of a pair goes first
//! paired/steps.rs        interval and sign flips of each metric, stepping down over the metrics
//! ```
//!
//! **The verdict on a metric** is a *regression* if the whole interval of the mean difference (Student's t) is beyond the
//! margin and the sign-flip test of the differences less the margin agrees; a *pass* if the whole interval is below the
//! margin; else *inconclusive*. The interval assumes that differences are normal, the sign-flip test only that they are
//! symmetrical about their centre.
//!
//! **Several metrics.** The risk of a false regression is kept for all metrics together (Holm 1979, "A Simple Sequentially
//! Rejective Multiple Test Procedure"): with k metrics not yet found regressed, intervals have an error of 1/k of the whole.
//! A pass of the whole test asks for a pass of every metric, and needs no correction; it gets one all the same, since it rests
//! on the same intervals.
//!
//! **Several looks.** The test may be looked at after `pairs` pairs, twice as many and so on up to `max_pairs`, and end as
//! soon as it is conclusive. Each look could err, so each gets an equal part of the error (Bonferroni): with L planned looks,
//! 1/L. That is more careful than it must be, because the looks share their pairs; it is exact about what it promises, and
//! needs no assumption on how they depend on each other.

mod observation;
mod order;
mod steps;

use crate::compare::{Row, Verdict};
use crate::gate::{Confidence, Gate};
pub use observation::Observation;
pub use order::{Order, order};

/// A test between two sides, declared before the first pair is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    gates: Vec<Gate>,
    confidence: Confidence,
    pairs: u32,
    max_pairs: u32,
}

/// Why there is no such test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    /// Nothing would decide.
    #[error("a test needs at least one metric that decides")]
    NoMetric,
    /// The same metric is declared twice.
    #[error("a metric is declared twice")]
    RepeatedMetric,
    /// A spread can't be estimated from so few.
    #[error("{0} is too few pairs: at least {least} are needed to see how much they vary", least = Test::LEAST_PAIRS)]
    TooFewPairs(u32),
    /// The last look would be before the first.
    #[error("at most {max_pairs} pairs are fewer than the {pairs} of the first look")]
    MaximumBelowFirst {
        /// Pairs before the first look.
        pairs: u32,
        /// Pairs at most.
        max_pairs: u32,
    },
}

impl Test {
    /// Fewest pairs of which a test can be made. A verdict with so few takes a very large or very steady difference; 10 is a
    /// better start.
    pub const LEAST_PAIRS: u32 = 3;

    /// A test of these metrics with looks after `pairs` pairs, twice as many, and so on up to `max_pairs`.
    ///
    /// More looks may end the test sooner and make each of them less sensitive; `max_pairs` equal to `pairs` is one look.
    ///
    /// # Errors
    /// No metric or one of them twice, fewer than 3 pairs, or `max_pairs` below `pairs`.
    pub fn new(gates: Vec<Gate>, confidence: Confidence, pairs: u32, max_pairs: u32) -> Result<Self, TestError> {
        if gates.is_empty() {
            return Err(TestError::NoMetric);
        }
        let repeated = |(at, gate): (usize, &Gate)| gates[..at].iter().any(|other| other.metric() == gate.metric());
        if gates.iter().enumerate().any(repeated) {
            return Err(TestError::RepeatedMetric);
        }
        if pairs < Self::LEAST_PAIRS {
            return Err(TestError::TooFewPairs(pairs));
        }
        if max_pairs < pairs {
            return Err(TestError::MaximumBelowFirst { pairs, max_pairs });
        }
        Ok(Self { gates, confidence, pairs, max_pairs })
    }

    /// What decides.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Numbers of pairs after which it is looked at.
    pub fn looks(&self) -> Vec<u32> {
        let steps = self.max_pairs.div_ceil(self.pairs);
        (1..=steps).map(|step| step.saturating_mul(self.pairs).min(self.max_pairs)).collect()
    }

    /// The number of pairs at which a test that has so many is looked at next; `None` after the last look.
    pub fn next_look(&self, pairs: usize) -> Option<u32> {
        self.looks().into_iter().find(|look| *look as usize > pairs)
    }

    /// Error of both sides of all intervals together, at one look.
    fn error_of_a_look(&self) -> f64 {
        self.confidence.error() / self.looks().len() as f64
    }

    /// Judges the pairs so far, each the baseline's run and the candidate's.
    ///
    /// The promise on errors holds when it is called once at each of the [`Test::looks`]; with fewer pairs than the next one,
    /// because the test was stopped, that takes the place of the look. The seed is for the sign-flip test of more than 30
    /// pairs.
    pub fn judge(&self, pairs: &[(Observation, Observation)], seed: u64) -> Outcome {
        let rows = steps::rows(self, pairs, seed);
        let (worst_run, mut reasons) = runs(pairs);
        reasons.extend(rows.iter().filter_map(Row::reason));
        let verdict = worst_run.unwrap_or_else(|| Verdict::of_rows(&rows));
        let looks = self.looks();
        // Without a gain of pairs there is nothing that could change.
        let more_would_tell = verdict == Verdict::Inconclusive && rows.iter().any(steps::is_open);
        Outcome {
            needs_more: more_would_tell && self.next_look(pairs.len()).is_some(),
            look: looks.iter().filter(|look| (**look as usize) < pairs.len()).count() + 1,
            looks,
            confidence: self.confidence,
            rows,
            verdict,
            reasons,
            pairs: pairs.to_vec(),
        }
    }
}

/// What a test comes to at one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was observed, in the order of the pairs.
    pub pairs: Vec<(Observation, Observation)>,
    /// One row a declared metric, in their order.
    pub rows: Vec<Row>,
    /// What it comes to.
    pub verdict: Verdict,
    /// What speaks against a pass, one line each, what outranks first.
    pub reasons: Vec<String>,
    /// Number of this look, from 1.
    pub look: usize,
    /// Numbers of pairs of all planned looks.
    pub looks: Vec<u32>,
    /// Of all intervals of all looks together.
    pub confidence: Confidence,
    /// It is not conclusive, and more pairs may make it so.
    pub needs_more: bool,
}

impl Outcome {
    /// What has to be known to read the verdict, one line each: what is computed, and how it is corrected.
    pub fn notes(&self) -> Vec<String> {
        let (metrics, looks) = (self.rows.len(), self.looks.len());
        let planned: Vec<String> = self.looks.iter().map(ToString::to_string).collect();
        let pairs = planned.join(", ");
        let corrected = match (metrics, looks) {
            (1, 1) => "one metric and one look, so nothing is corrected".to_owned(),
            (_, 1) => format!("corrected for {metrics} metrics (Holm); one look, after {pairs} pairs"),
            (1, _) => format!("corrected for {looks} planned looks (Bonferroni), after {pairs} pairs"),
            _ => format!(
                "corrected for {metrics} metrics (Holm) and {looks} planned looks (Bonferroni), after {pairs} pairs"
            ),
        };
        vec![
            format!(
                "Student's interval of the mean log-ratio of the pairs, and sign flips; {} for all together: {corrected}",
                self.confidence
            ),
            "detectable: the change, margin included, that these pairs would call a regression 4 times in 5".to_owned(),
        ]
    }
}

/// What the runs come to by themselves, and why.
fn runs(pairs: &[(Observation, Observation)]) -> (Option<Verdict>, Vec<String>) {
    let mut found: Vec<(Verdict, String)> = Vec::new();
    for (number, (a, b)) in (1_usize..).zip(pairs) {
        for (side, run) in [("baseline", a), ("candidate", b)] {
            let Some(verdict) = Verdict::of_run(run.verdict) else { continue };
            found.extend(run.reasons.iter().map(|reason| (verdict, format!("pair {number}, {side}: {reason}"))));
        }
    }
    found.sort_by_key(|(verdict, _)| verdict.rank());
    let worst = found.first().map(|(worst, _)| *worst);
    (worst, found.into_iter().map(|(_, reason)| reason).collect())
}

#[cfg(test)]
mod tests;
