//! A set of numbers, kept as ranges.

use std::ops::Range;

/// A set of numbers, kept as ranges. Takes 8 bytes a range, so it is small where numbers come in
/// rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// Ascending, with a number missing between each and the next.
    ranges: Vec<NumberRange>,
}

/// Numbers in a row, both ends included. So the highest number has a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NumberRange {
    first: u32,
    last: u32,
}

impl Ranges {
    /// Whether there is no number.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many numbers there are.
    pub fn numbers(&self) -> u64 {
        self.ranges.iter().map(|range| u64::from(range.last - range.first) + 1).sum()
    }

    /// How many ranges there are.
    pub fn ranges(&self) -> usize {
        self.ranges.len()
    }

    /// Ranges that memory is allocated for.
    pub fn capacity(&self) -> usize {
        self.ranges.capacity()
    }

    /// The lowest number.
    pub fn first(&self) -> Option<u32> {
        self.ranges.first().map(|range| range.first)
    }

    /// The highest number.
    pub fn last(&self) -> Option<u32> {
        self.ranges.last().map(|range| range.last)
    }

    /// The highest number below `end`.
    pub fn highest_below(&self, end: u32) -> Option<u32> {
        let last = end.checked_sub(1)?;
        let before = self.ranges.partition_point(|range| range.first <= last);
        self.ranges[..before].last().map(|range| range.last.min(last))
    }

    /// The ranges, ascending, without their ends. The number 2^32 - 1 is left out of the last.
    pub fn iter(&self) -> impl Iterator<Item = Range<u32>> {
        self.ranges.iter().map(|range| range.first..range.last.saturating_add(1))
    }

    /// Whether `number` is there.
    pub fn contains(&self, number: u32) -> bool {
        self.ranges.get(self.reaching(number)).is_some_and(|range| range.first <= number)
    }

    /// Adds `number`. False if it was there.
    pub fn insert(&mut self, number: u32) -> bool {
        // Most come at the end.
        match self.ranges.last_mut() {
            Some(last) if last.last.checked_add(1) == Some(number) => {
                last.last = number;
                return true;
            }
            Some(last) if last.last >= number => {}
            _ => {
                self.ranges.push(NumberRange { first: number, last: number });
                return true;
            }
        }
        let new = !self.contains(number);
        if new {
            self.add(NumberRange { first: number, last: number });
        }
        new
    }

    /// Adds all numbers of a range. Some may be there.
    pub fn insert_all(&mut self, numbers: Range<u32>) {
        if let Some(last) = numbers.end.checked_sub(1).filter(|last| *last >= numbers.start) {
            self.add(NumberRange { first: numbers.start, last });
        }
    }

    /// Takes `number` out. False if it was not there.
    pub fn remove(&mut self, number: u32) -> bool {
        let at = self.reaching(number);
        let Some(range) = self.ranges.get_mut(at).filter(|range| range.first <= number) else { return false };
        let NumberRange { first, last } = *range;
        match (first == number, last == number) {
            (true, true) => {
                self.ranges.remove(at);
            }
            (true, false) => range.first += 1,
            (false, true) => range.last -= 1,
            (false, false) => {
                range.last = number - 1;
                self.ranges.insert(at + 1, NumberRange { first: number + 1, last });
            }
        }
        true
    }

    /// Takes the lowest range out.
    pub fn pop_first(&mut self) -> Option<Range<u32>> {
        let range = self.iter().next()?;
        self.ranges.remove(0);
        Some(range)
    }

    /// The numbers of `within` that are not there, as ranges, ascending.
    pub fn gaps(&self, within: Range<u32>) -> impl Iterator<Item = Range<u32>> {
        let from = self.reaching(within.start);
        // The end of the range before, and the beginning of the one after it.
        let starts =
            std::iter::once(within.start).chain(self.ranges[from..].iter().map(|range| range.last.saturating_add(1)));
        let ends = self.ranges[from..].iter().map(|range| range.first).chain([within.end]);
        let within_end = within.end;
        starts
            .zip(ends)
            .take_while(move |(start, _)| *start < within_end)
            .map(move |(start, end)| start..end.min(within_end))
            .filter(|gap| !gap.is_empty())
    }

    /// Index of the first range that ends at `number` or behind it.
    fn reaching(&self, number: u32) -> usize {
        self.ranges.partition_point(|range| range.last < number)
    }

    /// Adds a range, and joins it with those that it touches.
    fn add(&mut self, added: NumberRange) {
        let from = self.reaching(added.first.saturating_sub(1));
        let beyond = added.last.saturating_add(1);
        let touched = self.ranges[from..].partition_point(|range| range.first <= beyond);
        let joined = match &self.ranges[from..from + touched] {
            [] => added,
            [first, ..] => {
                let last = self.ranges[from + touched - 1].last;
                NumberRange { first: added.first.min(first.first), last: added.last.max(last) }
            }
        };
        self.ranges.splice(from..from + touched, [joined]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of(ranges: &[(u32, u32)]) -> Ranges {
        let mut all = Ranges::default();
        for &(start, end) in ranges {
            all.insert_all(start..end);
        }
        all
    }

    fn pairs(ranges: impl Iterator<Item = Range<u32>>) -> Vec<(u32, u32)> {
        ranges.map(|range| (range.start, range.end)).collect()
    }

    fn gaps(ranges: &[(u32, u32)], within: Range<u32>) -> Vec<(u32, u32)> {
        pairs(of(ranges).gaps(within))
    }

    #[test]
    fn ranges_that_touch_are_one() {
        assert_eq!(pairs(of(&[(1, 3), (3, 5)]).iter()), [(1, 5)]);
        assert_eq!(pairs(of(&[(3, 5), (1, 3)]).iter()), [(1, 5)]);
        assert_eq!(pairs(of(&[(1, 3), (6, 8), (2, 7)]).iter()), [(1, 8)]);
        assert_eq!(pairs(of(&[(1, 3), (4, 5)]).iter()), [(1, 3), (4, 5)]);
        assert!(of(&[(4, 4)]).is_empty());
    }

    #[test]
    fn the_highest_number_has_a_place() {
        let mut ranges = Ranges::default();
        assert!(ranges.insert(u32::MAX) && !ranges.insert(u32::MAX) && ranges.insert(u32::MAX - 1));
        assert!(ranges.contains(u32::MAX));
        assert_eq!((ranges.numbers(), ranges.ranges(), ranges.last()), (2, 1, Some(u32::MAX)));
        assert!(ranges.remove(u32::MAX) && !ranges.remove(u32::MAX) && ranges.remove(u32::MAX - 1));
        assert!(ranges.is_empty());
    }

    #[test]
    fn gaps_are_what_is_between() {
        assert_eq!(gaps(&[], 2..5), [(2, 5)]);
        assert_eq!(gaps(&[(0, 9)], 2..5), []);
        assert_eq!(gaps(&[(3, 4)], 2..5), [(2, 3), (4, 5)]);
        assert_eq!(gaps(&[(0, 3), (4, 6), (8, 9)], 2..12), [(3, 4), (6, 8), (9, 12)]);
        assert_eq!(gaps(&[(7, 8)], 2..5), [(2, 5)]);
        assert_eq!(gaps(&[(0, 1)], 2..5), [(2, 5)]);
        assert_eq!(gaps(&[(0, 1)], 2..2), []);
    }

    proptest! {
        #[test]
        fn equals_a_set(steps in prop::collection::vec((0..60_u32, 0..11_u32), 0..60), from in 0..70_u32, len in 0..70_u32) {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for (at, len) in steps {
                if len < 5 {
                    prop_assert_eq!(ranges.insert(at), set.insert(at));
                } else if len > 7 {
                    prop_assert_eq!(ranges.remove(at), set.remove(&at));
                } else {
                    ranges.insert_all(at..at + len);
                    set.extend(at..at + len);
                }
                prop_assert_eq!(ranges.numbers(), set.len() as u64);
            }
            prop_assert!(ranges.ranges.windows(2).all(|pair| pair[0].last + 1 < pair[1].first));
            prop_assert!((0..80).all(|number| ranges.contains(number) == set.contains(&number)));
            prop_assert_eq!((ranges.first(), ranges.last()), (set.first().copied(), set.last().copied()));
            prop_assert_eq!(ranges.highest_below(from), set.range(..from).next_back().copied());
            let missing: Vec<u32> = (from..from + len).filter(|number| !set.contains(number)).collect();
            prop_assert_eq!(ranges.gaps(from..from + len).flatten().collect::<Vec<_>>(), missing);
            prop_assert!(ranges.gaps(from..from + len).all(|gap| !gap.is_empty()));
        }
    }
}
