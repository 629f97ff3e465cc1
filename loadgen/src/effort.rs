//! How much work a worker may spend on telling what events are that are not the messages that must come. Pure: time is an
//! argument.
//!
//! An event whose header tells nothing is compared with the messages in flight, and each of those must be made for it. A
//! server that sends rubbish could keep a worker busy with that for good, so there is a budget. What is found when it is
//! spent is *unexpected*.

use std::cell::Cell;

use crate::clock::Time;

/// Bytes of messages that may be made at once, and more for each second: about a tenth and a fifth of a second of work.
const MOST: u64 = 256 << 20;
const EACH_SECOND: u64 = 512 << 20;

/// Bytes of messages that may be made for one event: so many, and more for each byte that it has.
const EVENT: u64 = 4 << 20;
const EVENT_BYTE: u64 = 64;

/// What making a message takes besides its bytes, in bytes.
const OVERHEAD: u64 = 64;

/// What it takes to tell how a message begins, in bytes.
const LOOK: u64 = 4;

/// The budget of a worker.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
    at: Time,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MOST, at: Time::default() }
    }
}

impl Budget {
    /// What may be spent at `at`.
    pub(crate) fn left(&mut self, at: Time) -> u64 {
        let earned = u128::from(at.since(self.at)) * u128::from(EACH_SECOND) / 1_000_000_000;
        self.left = self.left.saturating_add(u64::try_from(earned).unwrap_or(MOST)).min(MOST);
        self.at = self.at.max(at);
        self.left
    }

    /// Takes away what was spent.
    pub(crate) fn spend(&mut self, bytes: u64) {
        self.left = self.left.saturating_sub(bytes);
    }
}

/// What may be spent on one event.
#[derive(Debug)]
pub(crate) struct Effort {
    left: Cell<u64>,
    granted: u64,
}

impl Effort {
    /// For an event of `bytes` bytes, of a budget that holds `left`.
    pub(crate) fn new(left: u64, bytes: usize) -> Self {
        let granted = left.min(EVENT.saturating_add(EVENT_BYTE.saturating_mul(bytes as u64)));
        Self { left: Cell::new(granted), granted }
    }

    /// Whether a message of `bytes` bytes may still be made; if so, that is spent.
    pub(crate) fn affords(&self, bytes: usize) -> bool {
        self.pay(bytes as u64 + OVERHEAD)
    }

    /// The same for a look at how a message begins.
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

    /// What was spent.
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
        let mut budget = Budget::default();
        assert_eq!(budget.left(second(5)), MOST, "it does not grow beyond");
        budget.spend(MOST);
        assert_eq!(budget.left(second(5)), 0);
        assert_eq!(budget.left(second(4)), 0, "no time goes back");
        assert_eq!(budget.left(Time::from_nanos(5_250_000_000)), EACH_SECOND / 4);
        budget.spend(u64::MAX);
        assert_eq!(budget.left(second(60)), MOST);
    }

    #[test]
    fn an_event_has_a_share_by_its_bytes() {
        let short = Effort::new(u64::MAX, 1);
        let mut made = 0;
        while short.affords(64) {
            made += 1;
        }
        assert_eq!(made, (EVENT + EVENT_BYTE) / (64 + OVERHEAD));
        assert_eq!(short.spent(), made * (64 + OVERHEAD));
        let long = Effort::new(u64::MAX, 1 << 20);
        assert!((0..64).all(|_| long.affords(1 << 20)), "as many as that of its own size");
        assert!(!Effort::new(100, 1 << 20).affords(64), "no more than the budget holds");
    }
}
