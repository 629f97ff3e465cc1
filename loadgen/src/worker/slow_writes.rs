//! Remembers slow writes: their bytes may have reached the target only when the write ended. Pure.

use std::collections::VecDeque;

use crate::clock::Time;

/// A write that takes longer, in nanoseconds, is remembered. The longest of the others stands for
/// all of them.
const LONG: u64 = 20_000;

/// Slow writes that are remembered. Bounds memory at 24 KiB.
const KEPT: usize = 1024;

/// Slow writes, and when they ended.
#[derive(Debug, Default)]
pub(crate) struct SlowWrites {
    /// Length of the longest write that was not slow.
    short: u64,
    /// When they began and ended, in order.
    kept: VecDeque<(Time, Time)>,
    /// When the last of them began.
    last: Time,
    /// When the last forgotten write began, and the length of the longest one.
    forgotten: Time,
    longest: u64,
}

impl SlowWrites {
    /// Adds a write.
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

    /// When the bytes of a write that began at `began` had left, at the latest.
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
