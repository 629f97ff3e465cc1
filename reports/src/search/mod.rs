//! The highest rate that holds: `loadgen search`.
//!
//! A search is a series of *steps*, runs in the open model that differ in their rate and in nothing else. This module says
//! which rate comes next, from the steps so far; it runs nothing, so its tests need no server.
//!
//! ```text
//! mod.rs           the search as it was declared, and which rate comes next
//! step.rs        what is kept of a run, and whether the rate holds
//! rate_tally.rs what the tries of one rate come to
//! conclusion.rs  how a search ends
//! search_record.rs all of it, to be shown
//! ```
//!
//! **Order.** From the first rate on, each rate that holds is doubled, until one does not hold; where the first does not, it
//! is quartered until one does. Between the highest that holds and the lowest that does not, the next rate is the geometric
//! mean, until these two are no further apart than the resolution.
//!
//! **Repeats.** On the way one try decides, because a wrong turn is found at its end: only then are the two rates of the
//! edge tried again, the one that fails first, until one opinion has the majority of the tries that a rate may have. If that
//! turns an opinion over, the search goes on from there, upwards or downwards. So a single noisy step costs time and not the
//! answer, and repeats are apart in time from what made the first try noisy. Two things are no matter of majorities. A message
//! that was lost or damaged is no noise, so a single try with a delivery violation decides against its rate. And a try for
//! which the generator was too slow says nothing of the target, so it is repeated at once. If that is no better, the search
//! goes on as if the rate did not hold; but at the edge all the tries that a rate may have must be so before the generator is
//! the limit, unless others say more.

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

/// What a rate that holds is multiplied by. An overload is then at most twofold, as long as the first rate holds.
const GROWTH: f64 = 2.0;
/// What a rate that does not hold is divided by while none has held yet.
const DESCENT: f64 = 4.0;

/// A search as it was declared, before the first step. Rates are messages a second, of all clients together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    from: f64,
    to: f64,
    least: f64,
    resolution: Resolution,
    tries: u32,
}

/// Why there is no such search.
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
    /// An even number of tries may have no majority, and none decides nothing.
    #[error("{0} tries may have no majority; an odd number from 1 to {most} is accepted", most = Search::MOST_TRIES)]
    NoMajority(u32),
}

/// What a search does next.
#[derive(Clone, Debug, PartialEq)]
pub enum NextStep {
    /// A step at this rate.
    Rate(f64),
    /// Nothing: it has ended.
    End(Conclusion),
}

impl Search {
    /// Most tries that a rate may have.
    pub const MOST_TRIES: u32 = 9;

    /// A search that begins at `from`, goes up to `to` at most, and down to `least` at least. `tries` is how often a rate is
    /// tried at most; more make a wrong answer less likely on a noisy machine, and take longer.
    ///
    /// # Errors
    /// `from` is over `to`, a rate is not a positive finite number, or `tries` is even, 0 or over [`Self::MOST_TRIES`].
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

    /// How often a rate is tried at most.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// What follows from the steps so far, in any order.
    pub fn next(&self, steps: &[Step]) -> NextStep {
        let tallies = RateTally::all(steps, self.tries);
        if let Some(tie) = tallies.iter().find(|tally| tally.holds().is_none()) {
            return NextStep::Rate(tie.rate);
        }
        let (low, high) = edge(&tallies);
        // The tries of one side of the edge at a time: the other may be another rate after them.
        let unconfirmed = |sides: &[&RateTally]| sides.iter().find(|side| !side.is_confirmed()).map(|side| side.rate);
        match (low, high) {
            (None, None) => NextStep::Rate(self.from),
            (Some(low), None) if low.rate < self.to => NextStep::Rate(rounded(low.rate * GROWTH).min(self.to)),
            (None, Some(high)) if high.rate > self.least => {
                NextStep::Rate(rounded(high.rate / DESCENT).max(self.least))
            }
            (Some(low), None) => {
                unconfirmed(&[low]).map_or(NextStep::End(Conclusion::Everything { holds: low.rate }), NextStep::Rate)
            }
            (None, Some(high)) => unconfirmed(&[high])
                .map_or(NextStep::End(Conclusion::Nothing { fails: high.rate, cause: high.cause() }), NextStep::Rate),
            (Some(low), Some(high)) => match self.between(low.rate, high.rate).or(unconfirmed(&[high, low])) {
                Some(rate) => NextStep::Rate(rate),
                None => NextStep::End(Conclusion::Edge { holds: low.rate, fails: high.rate, cause: high.cause() }),
            },
        }
    }

    /// How a search ends that can't go on, and why it can't.
    pub fn unfinished(&self, steps: &[Step], why: String) -> Conclusion {
        let mut tallies = RateTally::all(steps, self.tries);
        tallies.retain(|tally| tally.holds().is_some());
        let (low, high) = edge(&tallies);
        Conclusion::Unfinished { holds: low.map(|low| low.rate), fails: high.map(|high| high.rate), why }
    }

    /// A rate between two that are further apart than the resolution.
    fn between(&self, low: f64, high: f64) -> Option<f64> {
        // Rounded rates may be a little further apart than what they were rounded from.
        let near = high / low <= (1.0 + self.resolution.share()) * (1.0 + 1e-9);
        let middle = rounded((low * high).sqrt());
        (!near && low < middle && middle < high).then_some(middle)
    }
}

/// The highest rate that holds of those below the lowest that does not, and that one.
fn edge(tallies: &[RateTally]) -> (Option<&RateTally>, Option<&RateTally>) {
    let holds = |tally: &RateTally| tally.holds() == Some(true);
    match tallies.iter().position(|tally| !holds(tally)) {
        Some(first) => (first.checked_sub(1).map(|below| &tallies[below]), tallies.get(first)),
        None => (tallies.last(), None),
    }
}

/// To three significant digits: rates that can be said and typed, and finer than any resolution.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.2e}").parse().unwrap_or(rate)
}

#[cfg(test)]
mod tests;
