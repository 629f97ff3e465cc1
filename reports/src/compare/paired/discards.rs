//! Discarded pairs: the generator was too slow in one of their runs.
//!
//! Such pairs run again. If chance alone slows the generator, it hits both sides equally often. But
//! a candidate that burns the processor at times slows the generator in its own runs. Then the
//! discarded runs are those that speak against the candidate, and the rest is no fair sample. So
//! discarded runs are counted by side, and a sign test compares the counts.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::Observation;
use crate::{
    judge,
    text::human::{count, percent_apart},
};

/// Level of the sign test. Five runs of the candidate and none of the baseline are too many.
const LEVEL: f64 = 0.05;

/// A pair that does not count.
#[derive(Clone, Debug, PartialEq)]
pub struct DiscardedPair {
    /// Number of the pair that it was run for, from 1.
    pub pair: usize,
    /// The baseline's run.
    pub a: Observation,
    /// The candidate's run.
    pub b: Observation,
}

/// Numbers of discarded pairs, by the side whose run the generator was too slow in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscardCounts {
    /// Too slow in the baseline's run alone.
    pub baseline: u64,
    /// Too slow in the candidate's run alone.
    pub candidate: u64,
    /// Too slow in both runs, which speaks against neither side.
    pub both: u64,
}

impl DiscardCounts {
    /// Counts discarded pairs.
    pub fn of(discarded: &[DiscardedPair]) -> Self {
        let mut discards = Self::default();
        for pair in discarded {
            let spoiled = |run: &Observation| run.verdict == judge::Verdict::Invalid;
            match (spoiled(&pair.a), spoiled(&pair.b)) {
                (true, false) => discards.baseline += 1,
                (false, true) => discards.candidate += 1,
                _ => discards.both += 1,
            }
        }
        discards
    }

    /// One-sided p-value of the sign test. It is the chance that at least as many of the pairs with
    /// one discarded run would be the candidate's, if either side were equally likely.
    pub fn p_value(self) -> f64 {
        let Some(fewer) = self.candidate.checked_sub(1) else { return 1.0 };
        let of = self.baseline + self.candidate;
        Binomial::new(0.5, of).map_or(1.0, |tosses| tosses.sf(fewer))
    }

    /// Why the discarded pairs keep a candidate from passing. `None` if chance explains them.
    pub(super) fn surplus(self) -> Option<String> {
        (self.p_value() <= LEVEL).then(|| {
            format!(
                "{} runs of the candidate were discarded and {} of the baseline, because the generator was too slow in them: \
                 more than chance explains (sign test, p = {}), so what slows it down may be the candidate",
                count(self.candidate),
                count(self.baseline),
                percent_apart(self.p_value(), LEVEL),
            )
        })
    }

    /// What was discarded, in one line. `None` if nothing was.
    pub(super) fn note(self) -> Option<String> {
        let pairs = self.baseline + self.candidate + self.both;
        (pairs > 0).then(|| {
            format!(
                "discarded and run again: {} {}, in which the generator was too slow with the baseline alone ({}), the candidate \
                 alone ({}) or both ({}); a surplus of the candidate's (sign test, 5 %) keeps it from passing",
                count(pairs),
                if pairs == 1 { "pair" } else { "pairs" },
                count(self.baseline),
                count(self.candidate),
                count(self.both),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(verdict: judge::Verdict) -> Observation {
        Observation { values: Vec::new(), verdict, reasons: Vec::new() }
    }

    #[test]
    fn discarded_pairs_are_counted_by_the_run_that_was_spoiled() {
        let (fine, slow) = (judge::Verdict::Pass, judge::Verdict::Invalid);
        let pairs = [(slow, fine), (fine, slow), (fine, slow), (slow, slow)];
        let discarded = pairs.map(|(a, b)| DiscardedPair { pair: 1, a: run(a), b: run(b) });
        assert_eq!(DiscardCounts::of(&discarded), DiscardCounts { baseline: 1, candidate: 2, both: 1 });
        assert_eq!(DiscardCounts::of(&[]).note(), None);
    }

    #[test]
    fn the_sign_test_by_hand() {
        // (baseline, candidate): 1; 1/2; 2^-4; 2^-5; 1 + 6 of 64; 1 + 8 of 256; 2^-15; the other
        // side's surplus.
        let table = [
            (0, 0, 1.0),
            (0, 1, 0.5),
            (0, 4, 1.0 / 16.0),
            (0, 5, 1.0 / 32.0),
            (1, 5, 7.0 / 64.0),
            (1, 7, 9.0 / 256.0),
            (0, 15, 1.0 / 32_768.0),
            (5, 0, 1.0),
        ];
        for (baseline, candidate, p) in table {
            let discards = DiscardCounts { baseline, candidate, both: 9 };
            assert!((discards.p_value() - p).abs() < 1e-9, "{discards:?}: {}", discards.p_value());
            assert_eq!(discards.surplus().is_some(), p <= 0.05, "{discards:?}");
        }
    }
}
