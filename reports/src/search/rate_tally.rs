//! What the tries of one rate come to.

use std::cmp::Ordering;

use super::step::{FailureCause, Step, StepOutcome};

/// Invalid tries of a rate after which the search goes on as if it did not hold.
const SECOND_LOOK: usize = 2;

/// The tries of a rate so far.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RateTally {
    pub(super) rate: f64,
    held: usize,
    /// Causes of the tries that say something of the target.
    failed: Vec<FailureCause>,
    /// Tries that say nothing of it, because the generator was too slow.
    invalid: usize,
    /// How many there may be: more than half of them of one opinion have the majority, and all of them invalid are enough.
    tries: usize,
}

impl RateTally {
    /// Of every rate that was tried, from the lowest to the highest. A rate may have `tries`.
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

    /// Whether the rate holds, as far as can be told; `None` where another try must tell. Only tries that say something of the
    /// target count for or against it; where most of those that a rate may have are used up without a majority of the valid
    /// ones, it counts as one that does not hold.
    pub(super) fn holds(&self) -> Option<bool> {
        match self.held.cmp(&self.failed.len()) {
            _ if self.is_violated() => Some(false),
            Ordering::Greater => Some(true),
            Ordering::Less => Some(false),
            // For the time being: the machine may be busy for longer than two steps.
            Ordering::Equal if self.held == 0 => (self.invalid >= self.tries.min(SECOND_LOOK)).then_some(false),
            Ordering::Equal => self.is_out_of_tries().then_some(false),
        }
    }

    /// Whether further tries are not needed.
    pub(super) fn is_confirmed(&self) -> bool {
        self.held.max(self.failed.len()) > self.tries / 2 || self.is_violated() || self.is_out_of_tries()
    }

    fn is_violated(&self) -> bool {
        self.failed.contains(&FailureCause::Delivery)
    }

    fn is_out_of_tries(&self) -> bool {
        self.invalid >= self.tries
    }

    /// Why it does not hold: the most frequent cause, in a tie the one that outranks; but a delivery violation always, and
    /// the generator where the other tries decide nothing: the target is blamed only by more than half of the tries that a
    /// rate may have, all of them valid.
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
    use super::*;
    use FailureCause::{Connections, Delivery, Generator, Threshold};
    use StepOutcome::{Fails, Holds};

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
            // What little is known of the target speaks for it.
            (&[Holds, Fails(Generator), Fails(Generator), Fails(Generator)], Some(true), true),
            // A tie is for the target to break, as long as there are tries.
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
