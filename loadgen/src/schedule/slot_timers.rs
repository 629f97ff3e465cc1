//! When slots are to be looked at, each at one time at most. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Time;

/// A time for each of some slots. Takes memory for those alone.
#[derive(Debug, Default)]
pub(crate) struct SlotTimers {
    by_time: BTreeSet<(Time, usize)>,
    by_slot: BTreeMap<usize, Time>,
}

impl SlotTimers {
    /// Sets the time of a slot, instead of any earlier setting.
    pub(crate) fn set(&mut self, slot: usize, at: Time) {
        if let Some(before) = self.by_slot.insert(slot, at) {
            self.by_time.remove(&(before, slot));
        }
        self.by_time.insert((at, slot));
    }

    /// Removes the time of a slot, if it has one.
    pub(crate) fn clear(&mut self, slot: usize) {
        if let Some(at) = self.by_slot.remove(&slot) {
            self.by_time.remove(&(at, slot));
        }
    }

    /// The first time of all.
    pub(crate) fn next(&self) -> Option<Time> {
        self.by_time.first().map(|&(at, _)| at)
    }

    /// Removes a slot whose time has come at `now`, the first one first.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<usize> {
        let &(_, slot) = self.by_time.first().filter(|&&(at, _)| at <= now)?;
        self.clear(slot);
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Time {
        Time::from_nanos(nanos)
    }

    fn due(timers: &mut SlotTimers, now: u64) -> Vec<usize> {
        std::iter::from_fn(|| timers.pop_due(at(now))).collect()
    }

    #[test]
    fn slots_are_due_in_the_order_of_their_times_and_once() {
        let mut timers = SlotTimers::default();
        for (slot, time) in [(7, 30), (1, 10), (4, 20), (2, 10)] {
            timers.set(slot, at(time));
        }
        assert_eq!((timers.next(), due(&mut timers, 9)), (Some(at(10)), vec![]));
        assert_eq!(due(&mut timers, 20), [1, 2, 4]);
        assert_eq!((timers.next(), due(&mut timers, 29)), (Some(at(30)), vec![]));
        assert_eq!(due(&mut timers, 1000), [7]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_slot_has_one_time_the_last_that_was_set() {
        let mut timers = SlotTimers::default();
        for time in [10, 30, 20] {
            timers.set(3, at(time));
        }
        assert_eq!((due(&mut timers, 19), due(&mut timers, 40)), (vec![], vec![3]));
        timers.set(3, at(50));
        timers.clear(3);
        timers.clear(3);
        assert_eq!((timers.next(), due(&mut timers, 60)), (None, vec![]));
        assert!(timers.by_slot.is_empty());
    }
}
