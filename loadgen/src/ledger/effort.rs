//! Bounds the work that a worker spends on classifying anomalies. Pure: time is an argument.
//!
//! An event with an unreadable header is compared with the messages in flight, and each of them
//! must be generated for that. A server that sends garbage could keep a worker busy forever, so
//! there is a budget. An event that comes when the budget is spent is *unexpected*.

use std::cell::Cell;

use crate::clock::Time;

/// Bytes of messages that may be generated at once, and per second. They take about a tenth and a
/// fifth of a second.
const MOST: u64 = 256 << 20;
const EACH_SECOND: u64 = 512 << 20;

/// Bytes of messages that may be generated for one read: a fixed part, and more for each byte read.
/// They take a fraction of a millisecond.
const READ: u64 = 512 << 10;
const READ_BYTE: u64 = 64;

/// What generating a message costs besides its bytes, in bytes.
const OVERHEAD: u64 = 64;

/// What comparing the beginning of a message costs, in bytes.
const LOOK: u64 = 4;

/// The budget of one worker.
#[derive(Debug)]
pub(crate) struct EffortBudget {
    left: u64,
    /// What is left for the read that returned at `at`.
    of_read: u64,
    at: Time,
}

impl Default for EffortBudget {
    fn default() -> Self {
        Self { left: MOST, of_read: READ, at: Time::default() }
    }
}

impl EffortBudget {
    /// What may be spent on an event of `bytes` bytes, from a read that returned at `at`.
    pub(crate) fn left(&mut self, at: Time, bytes: usize) -> u64 {
        if at > self.at {
            let earned = u128::from(at.since(self.at)) * u128::from(EACH_SECOND) / 1_000_000_000;
            self.left = self.left.saturating_add(u64::try_from(earned).unwrap_or(MOST)).min(MOST);
            (self.of_read, self.at) = (READ, at);
        }
        self.of_read = self.of_read.saturating_add(READ_BYTE.saturating_mul(bytes as u64));
        self.left.min(self.of_read)
    }

    /// Subtracts what was spent.
    pub(crate) fn spend(&mut self, bytes: u64) {
        self.left = self.left.saturating_sub(bytes);
        self.of_read = self.of_read.saturating_sub(bytes);
    }
}

/// What may be spent on one event.
#[derive(Debug)]
pub(crate) struct Effort {
    left: Cell<u64>,
    granted: u64,
}

impl Effort {
    pub(crate) fn new(granted: u64) -> Self {
        Self { left: Cell::new(granted), granted }
    }

    /// Whether a message of `bytes` bytes may still be generated. If so, its cost is subtracted.
    pub(crate) fn affords(&self, bytes: usize) -> bool {
        self.pay(bytes as u64 + OVERHEAD)
    }

    /// Whether the beginning of a message may still be compared. If so, the cost is subtracted.
    pub(crate) fn affords_a_look(&self) -> bool {
        self.pay(LOOK)
    }

    fn pay(&self, bytes: u64) -> bool {
        match self.left.get().checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                true
            }
            None => false,
        }
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> u64 {
        self.granted - self.left.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_earned_with_time_up_to_its_bound() {
        let second = |n: u64| Time::from_nanos(n * 1_000_000_000);
        let mut budget = EffortBudget::default();
        assert_eq!(budget.left(second(5), usize::MAX), MOST, "it does not grow beyond");
        budget.spend(MOST);
        assert_eq!(budget.left(second(5), usize::MAX), 0);
        assert_eq!(budget.left(second(4), usize::MAX), 0, "no time goes back");
        assert_eq!(budget.left(Time::from_nanos(5_250_000_000), usize::MAX), EACH_SECOND / 4);
        budget.spend(u64::MAX);
        assert_eq!(budget.left(second(60), usize::MAX), MOST);
    }

    #[test]
    fn the_events_of_a_read_share_what_there_is_for_it() {
        let (mut budget, first, second) = (EffortBudget::default(), Time::from_nanos(1), Time::from_nanos(2));
        assert_eq!(budget.left(first, 1), READ + READ_BYTE);
        budget.spend(READ);
        assert_eq!(budget.left(first, 10), 11 * READ_BYTE);
        budget.spend(11 * READ_BYTE);
        assert_eq!(budget.left(first, 0), 0);
        assert_eq!(budget.left(second, 0), READ, "another read");
    }

    #[test]
    fn effort_ends() {
        let effort = Effort::new(1000);
        let mut made = 0;
        while effort.affords(64) {
            made += 1;
        }
        assert_eq!((made, effort.spent()), (7, 7 * (64 + OVERHEAD)));
    }
}
