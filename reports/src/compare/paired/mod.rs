//! Two targets in turns: `loadgen ab`.
//!
//! Runs come in pairs, one of either side, close together in time. What the two runs of a pair have in common, such as a
//! machine that is slow for a while, cancels in their difference. The unit is the pair: what is computed with is one number a
//! pair and metric, the logarithm of the ratio of the candidate (B) to the baseline (A), with the sign that makes worse
//! positive.
//!
//! ```text
//! paired.rs              the test as it was declared, and what it comes to
//! paired/discards.rs     pairs that did not count, by side
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
//!
//! **What is promised** for all metrics and looks together is the risk of a false regression: half of the error, 2.5 % at 95 %.
//! The interval of a metric holds by itself with the confidence that stands beside it. Holm's steps make the intervals that
//! are left narrower once a metric has regressed, so all of them together hold less often than that.
//!
//! **Pairs that are discarded** because the generator was too slow in them are counted by side: see [`DiscardCounts`].

mod discards;
mod observation;
mod order;
mod steps;

use super::{
    ComparedMetric, ComparisonVerdict,
    gate::{Confidence, Gate},
};
use crate::{judge, text::human};
pub use discards::{DiscardCounts, DiscardedPair};
pub use observation::Observation;
pub use order::{PairOrder, order};

/// A test between two sides, declared before the first pair is run.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedTest {
    gates: Vec<Gate>,
    confidence: Confidence,
    pairs: u32,
    max_pairs: u32,
}

/// Why there is no such test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairedTestError {
    /// Nothing would decide.
    #[error("a test needs at least one metric that decides")]
    NoMetric,
    /// The same metric is declared twice.
    #[error("a metric is declared twice")]
    RepeatedMetric,
    /// A spread can't be estimated from so few.
    #[error("{0} is too few pairs: at least {least} are needed to see how much they vary", least = PairedTest::LEAST_PAIRS)]
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

impl PairedTest {
    /// Fewest pairs of which a test can be made. A verdict with so few takes a very large or very steady difference; 10 is a
    /// better start.
    pub const LEAST_PAIRS: u32 = 3;

    /// A test of these metrics with looks after `pairs` pairs, twice as many, and so on up to `max_pairs`.
    ///
    /// More looks may end the test sooner and make each of them less sensitive; `max_pairs` equal to `pairs` is one look.
    ///
    /// # Errors
    /// No metric or one of them twice, fewer than 3 pairs, or `max_pairs` below `pairs`.
    pub fn new(gates: Vec<Gate>, confidence: Confidence, pairs: u32, max_pairs: u32) -> Result<Self, PairedTestError> {
        if gates.is_empty() {
            return Err(PairedTestError::NoMetric);
        }
        let repeated = |(at, gate): (usize, &Gate)| gates[..at].iter().any(|other| other.metric() == gate.metric());
        if gates.iter().enumerate().any(repeated) {
            return Err(PairedTestError::RepeatedMetric);
        }
        if pairs < Self::LEAST_PAIRS {
            return Err(PairedTestError::TooFewPairs(pairs));
        }
        if max_pairs < pairs {
            return Err(PairedTestError::MaximumBelowFirst { pairs, max_pairs });
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

    /// Numbers of pairs at the looks so far, when there are so many and they are looked at now.
    fn looks_until(&self, pairs: usize) -> Vec<usize> {
        let earlier = self.looks().into_iter().map(|look| look as usize).filter(|look| *look < pairs);
        earlier.chain([pairs]).collect()
    }

    /// Error of both sides of all intervals together, at one look.
    fn error_of_a_look(&self) -> f64 {
        self.confidence.error() / self.looks().len() as f64
    }

    /// Judges the pairs so far, each the baseline's run and the candidate's.
    ///
    /// The promise on errors holds when it is called once at each of the [`PairedTest::looks`]; with fewer pairs than the next one,
    /// because the test was stopped, that takes the place of the look. The seed is for the sign-flip test of more than 30
    /// pairs.
    pub fn judge(&self, pairs: &[(Observation, Observation)], seed: u64) -> PairedComparison {
        self.judge_with(pairs, &[], seed)
    }

    /// As [`PairedTest::judge`], when there are also pairs that did not count. If more of them than chance explains were spoiled in
    /// the candidate's run, it does not pass.
    pub fn judge_with(
        &self,
        pairs: &[(Observation, Observation)],
        discarded: &[DiscardedPair],
        seed: u64,
    ) -> PairedComparison {
        let rows = steps::rows(self, pairs, seed);
        let (worst_run, mut reasons) = runs(pairs);
        if worst_run == Some(ComparisonVerdict::Invalid) {
            reasons.push(spoiled(pairs, discarded));
        }
        reasons.extend(rows.iter().filter_map(ComparedMetric::reason));
        let surplus = DiscardCounts::of(discarded).surplus();
        let of_rows = match ComparisonVerdict::of_rows(&rows) {
            ComparisonVerdict::Pass if surplus.is_some() => ComparisonVerdict::Inconclusive,
            verdict => verdict,
        };
        reasons.extend(surplus);
        let verdict = worst_run.unwrap_or(of_rows);
        let looks = self.looks();
        // Without a gain of pairs there is nothing that could change.
        let more_would_tell = verdict == ComparisonVerdict::Inconclusive && rows.iter().any(steps::is_open);
        PairedComparison {
            needs_more: more_would_tell && self.next_look(pairs.len()).is_some(),
            look: looks.iter().filter(|look| (**look as usize) < pairs.len()).count() + 1,
            looks,
            confidence: self.confidence,
            rows,
            verdict,
            reasons,
            pairs: pairs.to_vec(),
            discarded: discarded.to_vec(),
            order: [PairOrder::AB, PairOrder::BA].map(|wanted| {
                (0..pairs.len()).filter(|pair| order(seed, u32::try_from(*pair).unwrap_or(u32::MAX)) == wanted).count()
            }),
        }
    }
}

/// What a test comes to at one look.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedComparison {
    /// What was observed, in the order of the pairs.
    pub pairs: Vec<(Observation, Observation)>,
    /// Pairs that did not count, in the order in which they were run.
    pub discarded: Vec<DiscardedPair>,
    /// Pairs in which the baseline went first, and in which the candidate did.
    pub order: [usize; 2],
    /// One row a declared metric, in their order.
    pub rows: Vec<ComparedMetric>,
    /// What it comes to.
    pub verdict: ComparisonVerdict,
    /// What speaks against a pass, one line each, what outranks first.
    pub reasons: Vec<String>,
    /// Number of this look, from 1.
    pub look: usize,
    /// Numbers of pairs of all planned looks.
    pub looks: Vec<u32>,
    /// 1 less twice the risk of a false regression of any metric at any look.
    pub confidence: Confidence,
    /// It is not conclusive, and more pairs may make it so.
    pub needs_more: bool,
}

impl PairedComparison {
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
        let risk = human::percent(self.confidence.error() / 2.0);
        let mut notes = vec![
            format!(
                "Student's interval of the mean log-ratio of the pairs, and sign flips; a false regression of any metric at any \
                 look has a risk of {risk} at most: {corrected}"
            ),
            self.confidences(),
            "detectable: the change, margin included, that such a test would call a regression by this look 4 times in 5, with \
             sign flips, metrics and looks as they are"
                .to_owned(),
        ];
        notes.extend(DiscardCounts::of(&self.discarded).note());
        let [ab, ba] = self.order;
        if ab != ba {
            notes.push(format!(
                "pairs in which the baseline went first: {ab}, the candidate: {ba}; with an even number of pairs a steady drift \
                 cancels"
            ));
        }
        notes
    }

    /// What can be said of the intervals: the confidence of each by itself, from the least to the most.
    fn confidences(&self) -> String {
        let intervals = self.rows.iter().filter_map(|row| row.change?.interval);
        let shares: Vec<f64> = intervals.map(|interval| interval.confidence).collect();
        let least = shares.iter().copied().fold(f64::INFINITY, f64::min);
        let most = shares.iter().copied().fold(0.0, f64::max);
        let shown = [least, most].map(human::percent);
        let by_itself = if shown[0] == shown[1] {
            shown[0].clone()
        } else {
            format!("{} to {}", shown[0].trim_end_matches(" %"), shown[1])
        };
        match shares.len() {
            0 => "no interval could be computed".to_owned(),
            1 => format!("the interval holds with {by_itself}"),
            _ => format!("each interval holds by itself with {by_itself}, all of them together less often"),
        }
    }
}

/// Says what to do about pairs in which the generator was too slow.
fn spoiled(pairs: &[(Observation, Observation)], discarded: &[DiscardedPair]) -> String {
    let invalid = |run: &Observation| run.verdict == judge::Verdict::Invalid;
    let spoiled = discarded.len() + pairs.iter().filter(|(a, b)| invalid(a) || invalid(b)).count();
    format!(
        "the generator was too slow in {} of {} pairs: in longer runs (--duration) a moment's delay weighs less, a machine with \
         nothing else to do has fewer of them, and --max-repeats allows more pairs to be run again",
        human::count(spoiled as u64),
        human::count((pairs.len() + discarded.len()) as u64),
    )
}

/// What the runs come to by themselves, and why.
fn runs(pairs: &[(Observation, Observation)]) -> (Option<ComparisonVerdict>, Vec<String>) {
    let mut found: Vec<(ComparisonVerdict, String)> = Vec::new();
    for (number, (a, b)) in (1_usize..).zip(pairs) {
        for (side, run) in [("baseline", a), ("candidate", b)] {
            let Some(verdict) = ComparisonVerdict::of_run(run.verdict) else { continue };
            found.extend(run.reasons.iter().map(|reason| (verdict, format!("pair {number}, {side}: {reason}"))));
        }
    }
    found.sort_by_key(|(verdict, _)| verdict.rank());
    let worst = found.first().map(|(worst, _)| *worst);
    (worst, found.into_iter().map(|(_, reason)| reason).collect())
}

#[cfg(test)]
mod tests;
