//! What the tries of one rate amount to.

use std::cmp::Ordering;

use super::step::{FailureCause, Step, StepOutcome};

/// After so many invalid tries, the search goes on as if the rate did not hold.
const SECOND_LOOK: usize = 2;

/// The tries of a rate so far.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RateTally {
    pub(super) rate: f64,
    held: usize,
    /// Causes of the valid tries that failed.
    failed: Vec<FailureCause>,
    /// Invalid tries: the generator was too slow for them.
    invalid: usize,
    /// Most tries that a rate may have. More than half of them are a majority.
    tries: usize,
}

impl RateTally {
    /// Tallies of every rate that was tried, from the lowest to the highest. A rate may have
    /// `tries`.
    pub(super) fn all(steps: &[Step], tries: u32) -> Vec<Self> {
        let mut rates: Vec<f64> = steps.iter().map(|step| step.rate).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        let of = |rate: f64| {
            let mut tally = Self { rate, held: 0, failed: Vec::new(), invalid: 0, tries: tries as usize };
            for step in steps.iter().filter(|step| step.rate.total_cmp(&rate).is_eq()) {
                match step.outcome {
                    StepOutcome::Holds => tally.held += 1,
                    StepOutcome::Fails(FailureCause::Generator) => tally.invalid += 1,
                    StepOutcome::Fails(cause) => tally.failed.push(cause),
                }
            }
            tally
        };
        rates.into_iter().map(of).collect()
    }

    /// Whether the rate holds, as far as known. `None` asks for another try. Only valid tries count
    /// for or against it. If most tries that a rate may have are used up without a majority of
    /// valid ones, it counts as not holding.
    pub(super) fn holds(&self) -> Option<bool> {
        match self.held.cmp(&self.failed.len()) {
            _ if self.is_violated() => Some(false),
            Ordering::Greater => Some(true),
            Ordering::Less => Some(false),
            // This may change: the machine may be busy for longer than two steps.
            Ordering::Equal if self.held == 0 => (self.invalid >= self.tries.min(SECOND_LOOK)).then_some(false),
            Ordering::Equal => self.is_out_of_tries().then_some(false),
        }
    }

    /// Whether the rate needs no further tries.
    pub(super) fn is_confirmed(&self) -> bool {
        self.held.max(self.failed.len()) > self.tries / 2 || self.is_violated() || self.is_out_of_tries()
    }

    fn is_violated(&self) -> bool {
        self.failed.contains(&FailureCause::Delivery)
    }

    fn is_out_of_tries(&self) -> bool {
        self.invalid >= self.tries
    }

    /// Why the rate does not hold. It is the most frequent cause, and in a tie the one of higher
    /// rank. A delivery violation always wins. It is the generator if fewer than half of the tries
    /// that a rate may have are valid and failed: only a majority may blame the target.
    pub(super) fn cause(&self) -> FailureCause {
        if self.failed.len() <= self.tries / 2 && !self.is_violated() {
            return FailureCause::Generator;
        }
        let times = |cause: &FailureCause| self.failed.iter().filter(|other| *other == cause).count();
        let by_rank = FailureCause::ALL.into_iter().filter(|cause| times(cause) > 0);
        let most = by_rank.clone().map(|cause| times(&cause)).max();
        let mut candidates = by_rank.filter(|cause| *cause == FailureCause::Delivery || Some(times(cause)) == most);
        candidates.next().unwrap_or(FailureCause::Generator)
    }
}

#[cfg(test)]
mod tests {
    use FailureCause::{Connections, Delivery, Generator, Threshold};
    use StepOutcome::{Fails, Holds};

    use super::*;

    fn tally(outcomes: &[StepOutcome]) -> RateTally {
        let steps: Vec<_> = outcomes.iter().map(|outcome| Step::bare(100.0, *outcome)).collect();
        RateTally::all(&steps, 3).remove(0)
    }

    #[test]
    fn the_majority_decides() {
        let table: [(&[StepOutcome], Option<bool>, bool); 14] = [
            (&[Holds], Some(true), false),
            (&[Fails(Threshold)], Some(false), false),
            (&[Holds, Fails(Threshold)], None, false),
            (&[Holds, Holds], Some(true), true),
            (&[Fails(Threshold), Fails(Threshold)], Some(false), true),
            (&[Fails(Threshold), Holds, Holds], Some(true), true),
            (&[Fails(Generator)], None, false),
            (&[Fails(Generator), Holds], Some(true), false),
            (&[Fails(Generator), Fails(Generator)], Some(false), false),
            (&[Fails(Generator), Fails(Generator), Fails(Generator)], Some(false), true),
            // The little that is known of the target speaks for it.
            (&[Holds, Fails(Generator), Fails(Generator), Fails(Generator)], Some(true), true),
            // Only valid tries break a tie, as long as there may be any.
            (&[Holds, Fails(Threshold), Fails(Generator), Fails(Generator)], None, false),
            (&[Holds, Fails(Threshold), Fails(Generator), Fails(Generator), Fails(Generator)], Some(false), true),
            (&[Holds, Holds, Fails(Delivery)], Some(false), true),
        ];
        for (outcomes, holds, confirmed) in table {
            let tally = tally(outcomes);
            assert_eq!((tally.holds(), tally.is_confirmed()), (holds, confirmed), "{outcomes:?}");
        }
    }

    #[test]
    fn the_most_frequent_cause_is_told_and_a_violation_always() {
        let table: [(&[FailureCause], FailureCause); 7] = [
            (&[Connections, Threshold, Threshold], Threshold),
            (&[Threshold, Generator, Generator], Generator),
            (&[Threshold, Threshold, Generator, Generator], Threshold),
            (&[Generator, Generator], Generator),
            (&[Connections, Threshold], Connections),
            // One valid try is no majority of three.
            (&[Threshold, Generator, Generator, Generator], Generator),
            (&[Threshold, Threshold, Delivery], Delivery),
        ];
        for (causes, cause) in table {
            let outcomes: Vec<_> = causes.iter().map(|cause| Fails(*cause)).collect();
            assert_eq!(tally(&outcomes).cause(), cause, "{causes:?}");
        }
        assert_eq!(tally(&[Holds, Holds, Fails(Delivery)]).cause(), Delivery);
        assert_eq!(tally(&[Holds, Fails(Threshold)]).cause(), Generator);
        assert_eq!(tally(&[Fails(Threshold), Holds, Fails(Generator)]).cause(), Generator);
    }

    #[test]
    fn rates_are_told_apart_and_sorted() {
        let steps = [(200.0, Holds), (100.0, Holds), (200.0, Fails(Threshold))];
        let steps: Vec<_> = steps.into_iter().map(|(rate, outcome)| Step::bare(rate, outcome)).collect();
        let rates: Vec<_> = RateTally::all(&steps, 3).iter().map(|tally| tally.rate).collect();
        assert_eq!(rates, [100.0, 200.0]);
    }
}
