//! Writes that took long: what they carried may have reached the target only at their end. Pure.

use std::collections::VecDeque;

use crate::clock::Time;

/// Nanoseconds that a write may take without being remembered by itself: of the others the longest counts.
const LONG: u64 = 20_000;

/// Long writes that are remembered one by one. A bound on memory: 24 KiB.
const KEPT: usize = 1024;

/// When writes ended, for those that took long.
#[derive(Debug, Default)]
pub(crate) struct SlowWrites {
    /// The longest of those that did not take long.
    short: u64,
    /// When they began and ended, in the order of time.
    kept: VecDeque<(Time, Time)>,
    /// When the last of them began.
    last: Time,
    /// The last that is forgotten began at this time, and none of those took longer than this.
    forgotten: Time,
    longest: u64,
}

impl SlowWrites {
    /// A write began and ended.
    #[inline]
    pub(crate) fn add(&mut self, began: Time, ended: Time) {
        let took = ended.since(began);
        if took > LONG {
            self.keep(began, ended);
        } else if took > self.short {
            self.short = took;
        }
    }

    #[cold]
    fn keep(&mut self, began: Time, ended: Time) {
        if self.kept.len() == KEPT
            && let Some((began, ended)) = self.kept.pop_front()
        {
            (self.forgotten, self.longest) = (began, self.longest.max(ended.since(began)));
        }
        self.kept.push_back((began, ended));
        self.last = began;
    }

    /// By when at the latest what was written from `began` on had left.
    #[inline]
    pub(crate) fn end(&self, began: Time) -> Time {
        if began > self.last { began.plus(self.short) } else { self.look_up(began) }
    }

    #[cold]
    fn look_up(&self, began: Time) -> Time {
        if began <= self.forgotten && self.longest > 0 {
            return began.plus(self.longest.max(self.short));
        }
        match self.kept.binary_search_by(|(other, _)| other.cmp(&began)) {
            Ok(at) => self.kept[at].1,
            Err(_) => began.plus(self.short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Time {
        Time::from_nanos(micros * 1000)
    }

    #[test]
    fn only_long_writes_are_told_apart() {
        let mut writes = SlowWrites::default();
        writes.add(at(1_000), at(1_010));
        writes.add(at(1_500), at(1_505));
        writes.add(at(2_000), at(9_000));
        writes.add(at(9_500), at(9_600));
        for (began, end) in
            [(1_000, 1_010), (1_500, 1_510), (2_000, 9_000), (9_500, 9_600), (9_550, 9_560), (12_000, 12_010)]
        {
            assert_eq!(writes.end(at(began)), at(end), "{began}");
        }
    }

    #[test]
    fn of_those_that_are_forgotten_the_longest_counts() {
        let mut writes = SlowWrites::default();
        writes.add(at(0), at(700));
        for write in 1..=KEPT as u64 {
            writes.add(at(write * 1_000), at(write * 1_000 + 100));
        }
        assert_eq!(writes.kept.len(), KEPT);
        assert_eq!(writes.end(at(0)), at(700));
        writes.add(at(2_000_000), at(2_000_100));
        assert_eq!(writes.end(at(1_000)), at(1_700), "which of the forgotten ones it was is not known");
        assert_eq!(writes.end(at(2_000)), at(2_100));
    }
}
