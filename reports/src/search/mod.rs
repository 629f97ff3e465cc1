//! Searches the highest rate that holds: `loadgen search`.
//!
//! A search is a series of *steps*: runs in the open model that differ in nothing but their rate.
//! This module says which rate comes next, given the steps so far. It runs nothing, so its tests
//! need no server.
//!
//! ```text
//! mod.rs            the declared search, and which rate comes next
//! step.rs           what is kept of a run, and whether the rate holds
//! rate_tally.rs     the tries of one rate
//! conclusion.rs     how a search ends
//! search_record.rs  a whole search, ready to be shown
//! ```
//!
//! **Order.** As long as the rates hold, the next one is doubled. If the first rate does not hold,
//! the next one is a quarter, until one holds. From then on, the next rate is the geometric mean of
//! the highest that holds and the lowest that does not. That ends when both are as close as the
//! resolution.
//!
//! **Repeats.** On the way a single try decides, because the end finds a wrong turn. Only there are
//! the two rates of the edge tried again, the failing one first. They are tried until a majority of
//! the tries that a rate may have agrees. If a rate changes sides, the search goes on from there.
//! So one noisy step costs time but not the answer, and repeats happen long after what made the
//! first try noisy.
//!
//! Two things need no majority. Lost or damaged messages are no noise, so a single delivery
//! violation decides against a rate. And a try that the generator was too slow for says nothing
//! about the target, so it is repeated at once. If that fails too, the search goes on as if the
//! rate did not hold. At the edge, all tries of a rate must fail that way before the generator
//! counts as the limit.

mod conclusion;
mod rate_tally;
mod resolution;
#[cfg(test)]
pub(crate) mod sample;
mod search_record;
mod step;

pub use conclusion::Conclusion;
use rate_tally::RateTally;
pub use resolution::Resolution;
pub use search_record::SearchRecord;
pub use step::{FailureCause, Step, StepOutcome};

/// Factor from a rate that holds to the next. An overload is at most twofold if the first rate
/// holds.
const GROWTH: f64 = 2.0;
/// Divisor from a rate that does not hold to the next, as long as none has held.
const DESCENT: f64 = 4.0;

/// A search, declared before its first step. Rates are messages per second of all clients together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    from: f64,
    to: f64,
    least: f64,
    resolution: Resolution,
    tries: u32,
}

/// Why such a search is impossible.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SearchError {
    /// The range is empty, or not of positive numbers.
    #[error("the range from {from} to {to} messages/s has no rate in it")]
    NoRange {
        /// Where it begins.
        from: f64,
        /// Where it ends.
        to: f64,
    },
    /// An even number of tries may have no majority, and 0 tries decide nothing.
    #[error("{0} tries may have no majority; an odd number from 1 to {most} is accepted", most = Search::MOST_TRIES)]
    NoMajority(u32),
}

/// What a search does next.
#[derive(Clone, Debug, PartialEq)]
pub enum NextRate {
    /// A step at this rate.
    Rate(f64),
    /// No step: the search has ended.
    End(Conclusion),
}

impl Search {
    /// Most tries that a rate may have.
    pub const MOST_TRIES: u32 = 9;

    /// Declares a search that begins at `from`, goes up to `to` and down to `least` at most. It
    /// tries a rate at most `tries` times. More tries make a wrong answer less likely on a noisy
    /// machine, but take longer.
    ///
    /// # Errors
    /// `from` is over `to`, a rate is not a positive finite number, or `tries` is even, 0 or over
    /// [`Self::MOST_TRIES`].
    pub fn new(from: f64, to: f64, least: f64, resolution: Resolution, tries: u32) -> Result<Self, SearchError> {
        let positive = [from, to, least].into_iter().all(|rate| rate.is_finite() && rate > 0.0);
        if !positive || from > to {
            return Err(SearchError::NoRange { from, to });
        }
        if tries.is_multiple_of(2) || tries > Self::MOST_TRIES {
            return Err(SearchError::NoMajority(tries));
        }
        Ok(Self { from, to, least: least.min(from), resolution, tries })
    }

    /// Rate of the first step.
    pub fn from(&self) -> f64 {
        self.from
    }

    /// Highest rate that it may try.
    pub fn to(&self) -> f64 {
        self.to
    }

    /// Lowest rate that it may try.
    pub fn least(&self) -> f64 {
        self.least
    }

    /// How far apart the rates of the edge may be at the end.
    pub fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// The most often that a rate is tried.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// The next step, given the steps so far in any order.
    pub fn next(&self, steps: &[Step]) -> NextRate {
        let tallies = RateTally::all(steps, self.tries);
        if let Some(tie) = tallies.iter().find(|tally| tally.holds().is_none()) {
            return NextRate::Rate(tie.rate);
        }
        let (low, high) = edge(&tallies);
        // Repeats one side of the edge at a time: after that, the other may be another rate.
        let unconfirmed = |sides: &[&RateTally]| sides.iter().find(|side| !side.is_confirmed()).map(|side| side.rate);
        match (low, high) {
            (None, None) => NextRate::Rate(self.from),
            (Some(low), None) if low.rate < self.to => NextRate::Rate(rounded(low.rate * GROWTH).min(self.to)),
            (None, Some(high)) if high.rate > self.least => {
                NextRate::Rate(rounded(high.rate / DESCENT).max(self.least))
            }
            (Some(low), None) => {
                unconfirmed(&[low]).map_or(NextRate::End(Conclusion::Everything { holds: low.rate }), NextRate::Rate)
            }
            (None, Some(high)) => unconfirmed(&[high])
                .map_or(NextRate::End(Conclusion::Nothing { fails: high.rate, cause: high.cause() }), NextRate::Rate),
            (Some(low), Some(high)) => match self.between(low.rate, high.rate).or(unconfirmed(&[high, low])) {
                Some(rate) => NextRate::Rate(rate),
                None => NextRate::End(Conclusion::Edge { holds: low.rate, fails: high.rate, cause: high.cause() }),
            },
        }
    }

    /// The conclusion of a search that can't go on, and why.
    pub fn unfinished(&self, steps: &[Step], why: String) -> Conclusion {
        let mut tallies = RateTally::all(steps, self.tries);
        tallies.retain(|tally| tally.holds().is_some());
        let (low, high) = edge(&tallies);
        Conclusion::Unfinished { holds: low.map(|low| low.rate), fails: high.map(|high| high.rate), why }
    }

    /// A rate between two, if they are further apart than the resolution.
    fn between(&self, low: f64, high: f64) -> Option<f64> {
        // Rounded rates may lie a little further apart than the exact ones.
        let near = high / low <= (1.0 + self.resolution.share()) * (1.0 + 1e-9);
        let middle = rounded((low * high).sqrt());
        (!near && low < middle && middle < high).then_some(middle)
    }
}

/// The lowest rate that does not hold, and before it the highest one below that holds.
fn edge(tallies: &[RateTally]) -> (Option<&RateTally>, Option<&RateTally>) {
    let holds = |tally: &RateTally| tally.holds() == Some(true);
    match tallies.iter().position(|tally| !holds(tally)) {
        Some(first) => (first.checked_sub(1).map(|below| &tallies[below]), tallies.get(first)),
        None => (tallies.last(), None),
    }
}

/// Rounds to three significant digits. Such rates can be said and typed, and are finer than any
/// resolution.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.2e}").parse().unwrap_or(rate)
}

#[cfg(test)]
mod tests;
