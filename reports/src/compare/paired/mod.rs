//! Compares two targets whose runs take turns: `loadgen ab`.
//!
//! Runs come in pairs, one of each side, close together in time. Whatever both runs of a pair
//! share, such as a slow phase of the machine, cancels in their difference. The unit is the pair.
//! Each pair gives one number per metric: the logarithm of the ratio of the candidate (B) to the
//! baseline (A), signed so that worse is positive.
//!
//! ```text
//! mod.rs          the declared test, and its result
//! order.rs        which side of a pair goes first
//! observation.rs  what is kept of one run
//! discards.rs     discarded pairs, by side
//! steps.rs        interval and sign flips of each metric, stepping down over the metrics
//! ```
//!
//! **The verdict on a metric** rests on the interval of the mean difference (Student's t) and on a
//! sign-flip test of the differences less the margin. It is a *regression* if the whole interval is
//! beyond the margin and the sign flips agree. It is a *pass* if the whole interval is below the
//! margin, and otherwise *inconclusive*. The interval assumes normal differences. The sign-flip
//! test assumes only that they are symmetrical about their centre.
//!
//! **Several metrics.** The risk of a false regression covers all metrics together (Holm 1979, "A
//! Simple Sequentially Rejective Multiple Test Procedure"). With k metrics that have not regressed
//! yet, each interval has 1/k of the error. A pass needs no correction, because every metric must
//! pass. It gets one all the same, because it rests on the same intervals.
//!
//! **Several looks.** The test may be looked at after `pairs` pairs, twice as many, and so on up to
//! `max_pairs`. It ends as soon as it is conclusive. Each look could err, so each of L planned
//! looks gets 1/L of the error (Bonferroni). That is more careful than necessary, because the looks
//! share their pairs. But its promise is exact, and needs no assumption on how the looks depend on
//! each other.
//!
//! **What is promised** is the risk of a false regression, for all metrics and looks together: half
//! of the error, 2.5 % at 95 %. Each interval alone holds with the confidence that stands beside
//! it. Holm's steps make the other intervals narrower once a metric has regressed, so all of them
//! together hold less often.
//!
//! **Discarded pairs** are those in which the generator was too slow. They are counted by side: see
//! [`DiscardCounts`].

mod discards;
mod observation;
mod order;
mod steps;

pub use discards::{DiscardCounts, DiscardedPair};
pub use observation::Observation;
pub use order::{PairOrder, order};

use super::{
    ComparedMetric, ComparisonVerdict,
    gate::{Confidence, Gate},
};
use crate::{judge, text::human};

/// A test between two sides, declared before its first pair runs.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedTest {
    gates: Vec<Gate>,
    confidence: Confidence,
    pairs: u32,
    max_pairs: u32,
}

/// Why such a test is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairedTestError {
    /// No metric would decide.
    #[error("a test needs at least one metric that decides")]
    NoMetric,
    /// A metric is declared twice.
    #[error("a metric is declared twice")]
    RepeatedMetric,
    /// So few pairs don't tell how much they vary.
    #[error("{0} is too few pairs: at least {least} are needed to see how much they vary", least = PairedTest::LEAST_PAIRS)]
    TooFewPairs(u32),
    /// The last look would come before the first.
    #[error("at most {max_pairs} pairs are fewer than the {pairs} of the first look")]
    MaximumBelowFirst {
        /// Pairs before the first look.
        pairs: u32,
        /// Pairs at most.
        max_pairs: u32,
    },
}

impl PairedTest {
    /// Fewest pairs of a test. With so few, only a very large or very steady difference gives a
    /// verdict. 10 is a better start.
    pub const LEAST_PAIRS: u32 = 3;

    /// Declares a test with looks after `pairs` pairs, twice as many, and so on up to `max_pairs`.
    ///
    /// More looks may end the test sooner, but make each look less sensitive. If `max_pairs` equals
    /// `pairs`, there is one look.
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

    /// The gates that decide.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// The numbers of pairs after which the test is looked at.
    pub fn looks(&self) -> Vec<u32> {
        let steps = self.max_pairs.div_ceil(self.pairs);
        (1..=steps).map(|step| step.saturating_mul(self.pairs).min(self.max_pairs)).collect()
    }

    /// The number of pairs at the next look of a test that has `pairs`. `None` after the last look.
    pub fn next_look(&self, pairs: usize) -> Option<u32> {
        self.looks().into_iter().find(|look| *look as usize > pairs)
    }

    /// The numbers of pairs at the looks so far, if this look is at `pairs`.
    fn looks_until(&self, pairs: usize) -> Vec<usize> {
        let earlier = self.looks().into_iter().map(|look| look as usize).filter(|look| *look < pairs);
        earlier.chain([pairs]).collect()
    }

    /// The error of all intervals together at one look, on both sides.
    fn error_of_a_look(&self) -> f64 {
        self.confidence.error() / self.looks().len() as f64
    }

    /// Judges the pairs so far: the baseline's run and the candidate's of each.
    ///
    /// The promise on errors holds if this is called once at each of the [`PairedTest::looks`]. A
    /// stopped test may have fewer pairs than the next look; then this call takes its place. The
    /// seed is for the sign-flip test of more than 30 pairs.
    pub fn judge(&self, pairs: &[(Observation, Observation)], seed: u64) -> PairedComparison {
        self.judge_with(pairs, &[], seed)
    }

    /// Judges the pairs so far when others were discarded, like [`PairedTest::judge`]. The
    /// candidate does not pass if more of its runs were discarded than chance explains.
    pub fn judge_with(
        &self,
        pairs: &[(Observation, Observation)],
        discarded: &[DiscardedPair],
        seed: u64,
    ) -> PairedComparison {
        let rows = steps::rows(self, pairs, seed);
        let (worst_run, mut reasons) = runs(pairs);
        if worst_run == Some(ComparisonVerdict::Invalid) {
            reasons.push(slow_generator(pairs, discarded));
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
        // If no metric is open, more pairs change nothing.
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

/// The result of a test at one look.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedComparison {
    /// The observations, in the order of the pairs.
    pub pairs: Vec<(Observation, Observation)>,
    /// Discarded pairs, in the order of their runs.
    pub discarded: Vec<DiscardedPair>,
    /// The numbers of pairs whose first run was the baseline's, and the candidate's.
    pub order: [usize; 2],
    /// One comparison for each declared metric, in their order.
    pub rows: Vec<ComparedMetric>,
    /// The verdict.
    pub verdict: ComparisonVerdict,
    /// What speaks against a pass, one line each, in order of rank.
    pub reasons: Vec<String>,
    /// Number of this look, from 1.
    pub look: usize,
    /// The numbers of pairs at all planned looks.
    pub looks: Vec<u32>,
    /// 1 minus twice the risk of a false regression, over all metrics and looks.
    pub confidence: Confidence,
    /// Whether the test is inconclusive and more pairs may help.
    pub needs_more: bool,
}

impl PairedComparison {
    /// What a reader must know about the verdict, one line each: what is computed, and how it is
    /// corrected.
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

    /// The confidence of each interval alone, from the least to the most.
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

/// What to do about pairs that the generator was too slow for.
fn slow_generator(pairs: &[(Observation, Observation)], discarded: &[DiscardedPair]) -> String {
    let invalid = |run: &Observation| run.verdict == judge::Verdict::Invalid;
    let spoiled = discarded.len() + pairs.iter().filter(|(a, b)| invalid(a) || invalid(b)).count();
    format!(
        "the generator was too slow in {} of {} pairs: in longer runs (--duration) a moment's delay weighs less, a machine with \
         nothing else to do has fewer of them, and --max-repeats allows more pairs to be run again",
        human::count(spoiled as u64),
        human::count((pairs.len() + discarded.len()) as u64),
    )
}

/// The verdict on the runs themselves, and the reasons.
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
