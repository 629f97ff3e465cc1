//! Which of a row of numbers came. Takes 16 bytes while they come in order.

use std::ops::Range;

use super::ranges::Ranges;

/// Which numbers came, counted from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// All numbers below it came, and it did not.
    contiguous_end: u32,
    /// The numbers above it that came.
    extra: Option<Box<Ranges>>,
}

/// What the coming of a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It came for the first time.
    New {
        /// A higher number came before it.
        overtaken: bool,
    },
    /// It had come before.
    Seen,
}

impl Received {
    /// Records that `number` came.
    #[inline]
    pub fn insert(&mut self, number: u32) -> Arrival {
        if number == self.contiguous_end && self.extra.is_none() && number < u32::MAX {
            self.contiguous_end += 1;
            return Arrival::New { overtaken: false };
        }
        self.insert_out_of_order(number)
    }

    #[cold]
    fn insert_out_of_order(&mut self, number: u32) -> Arrival {
        if number < self.contiguous_end {
            return Arrival::Seen;
        }
        let extra = self.extra.get_or_insert_default();
        let overtaken = extra.last().is_some_and(|highest| highest > number);
        if !extra.insert(number) {
            return Arrival::Seen;
        }
        self.join();
        Arrival::New { overtaken }
    }

    /// Takes all numbers below `end` as come. A gap that is forgotten so is no longer missing.
    pub fn forget_below(&mut self, end: u32) {
        if end > self.contiguous_end {
            self.extra.get_or_insert_default().insert_all(self.contiguous_end..end);
            self.join();
        }
    }

    /// Joins the lowest numbers above with the row below them.
    fn join(&mut self) {
        let Some(extra) = &mut self.extra else { return };
        let lowest = extra.iter().next().filter(|range| range.start == self.contiguous_end);
        // The row has an end, so the highest number stays above it.
        if let Some(range) = lowest.filter(|range| !extra.contains(range.end)) {
            self.contiguous_end = range.end;
            extra.pop_first();
        }
        if extra.is_empty() {
            self.extra = None;
        }
    }

    /// Whether `number` came.
    pub fn contains(&self, number: u32) -> bool {
        number < self.contiguous_end || self.extra.as_ref().is_some_and(|extra| extra.contains(number))
    }

    /// How many numbers came.
    pub fn numbers(&self) -> u64 {
        u64::from(self.contiguous_end) + self.extra.as_ref().map_or(0, |extra| extra.numbers())
    }

    /// The highest number that came.
    pub fn highest(&self) -> Option<u32> {
        let above = self.extra.as_ref().and_then(|extra| extra.last());
        above.or_else(|| self.contiguous_end.checked_sub(1))
    }

    /// The highest number of `within` that came.
    pub fn highest_in(&self, within: Range<u32>) -> Option<u32> {
        let above = self.extra.as_ref().and_then(|extra| extra.highest_below(within.end));
        let highest = above.or_else(|| self.contiguous_end.min(within.end).checked_sub(1));
        highest.filter(|&highest| highest >= within.start)
    }

    /// The number from which on the first is missing: all below it came.
    pub fn contiguous_end(&self) -> u32 {
        self.contiguous_end
    }

    /// Ranges above the first missing number. They take memory.
    pub fn ranges(&self) -> usize {
        self.extra.as_ref().map_or(0, |extra| extra.ranges())
    }

    /// The numbers of `within` that did not come, as ranges, ascending.
    pub fn missing(&self, within: Range<u32>) -> impl Iterator<Item = Range<u32>> {
        let within = within.start.max(self.contiguous_end)..within.end;
        let (above, whole) = match &self.extra {
            Some(extra) => (Some(extra.gaps(within)), None),
            None => (None, Some(within).filter(|within| !within.is_empty())),
        };
        above.into_iter().flatten().chain(whole)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const fn new(overtaken: bool) -> Arrival {
        Arrival::New { overtaken }
    }

    #[test]
    fn it_is_small() {
        assert_eq!(size_of::<Received>(), 16);
        let mut received = Received::default();
        assert!((0..1_000_000).all(|number| received.insert(number) == new(false)));
        assert!(received.extra.is_none());
    }

    #[test]
    fn a_gap_takes_memory_until_it_is_filled() {
        let mut received = Received::default();
        let arrivals: Vec<Arrival> = [0, 2, 3, 1, 1, 3, 4].into_iter().map(|number| received.insert(number)).collect();
        assert_eq!(arrivals, [new(false), new(false), new(false), new(true), Arrival::Seen, Arrival::Seen, new(false)]);
        assert_eq!((received.contiguous_end, received.extra.is_none()), (5, true));
    }

    #[test]
    fn the_highest_number_has_a_place() {
        let mut received = Received::default();
        received.forget_below(u32::MAX);
        assert_eq!((received.contiguous_end, received.extra.is_none()), (u32::MAX, true));
        assert_eq!(received.insert(u32::MAX), new(false));
        assert_eq!(received.insert(u32::MAX), Arrival::Seen);
        assert_eq!((received.numbers(), received.highest()), (1 << 32, Some(u32::MAX)));
        let mut received = Received::default();
        assert_eq!(received.insert(u32::MAX), new(false));
        assert_eq!(received.insert(u32::MAX - 1), new(true));
        received.forget_below(u32::MAX - 1);
        assert_eq!(received.insert(u32::MAX), Arrival::Seen);
    }

    #[test]
    fn what_is_forgotten_is_not_missing() {
        let mut received = Received::default();
        for number in [0, 3, 4, 8] {
            received.insert(number);
        }
        assert!(received.missing(0..10).eq([1..3, 5..8, 9..10]));
        received.forget_below(3);
        assert_eq!((received.contiguous_end(), received.ranges()), (5, 1));
        assert!(received.missing(0..9).eq(std::iter::once(5..8)));
        received.forget_below(2);
        received.forget_below(20);
        assert_eq!((received.contiguous_end(), received.ranges()), (20, 0));
    }

    proptest! {
        #[test]
        fn equals_a_set(numbers in prop::collection::vec(0..50_u32, 0..80), from in 0..60_u32, len in 0..60_u32) {
            let (mut received, mut set) = (Received::default(), BTreeSet::new());
            for number in numbers {
                let overtaken = set.last().is_some_and(|highest| *highest > number);
                let expected = if set.insert(number) { new(overtaken) } else { Arrival::Seen };
                prop_assert_eq!(received.insert(number), expected);
                prop_assert!(received.extra.as_ref().is_none_or(|extra| !extra.is_empty()));
            }
            prop_assert_eq!((received.numbers(), received.highest()), (set.len() as u64, set.last().copied()));
            prop_assert!((0..60).all(|number| received.contains(number) == set.contains(&number)));
            let missing: Vec<u32> = (from..from + len).filter(|number| !set.contains(number)).collect();
            prop_assert_eq!(received.missing(from..from + len).flatten().collect::<Vec<_>>(), missing);
            prop_assert_eq!(received.highest_in(from..from + len), set.range(from..from + len).next_back().copied());
        }
    }
}
