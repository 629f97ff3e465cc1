//! When publishers wrote their last messages. Receivers on all workers look it up.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Time;

/// Bursts of each publisher that are remembered. Messages to a room arrive soon, or their times
/// hardly matter.
const KEPT: usize = 4;

/// Bits of a lag in an entry: up to 19 hours in nanoseconds. The rest names the burst.
const LAG_BITS: u32 = 46;
const LAG: u64 = (1 << LAG_BITS) - 1;

/// How long after they were due the last bursts of each publisher were written. Shared by the
/// workers of a run, since a room's receivers may be on others. Takes 64 bytes a publisher.
///
/// A receiver knows from the message which burst it is of, and when it was due. What is no longer
/// remembered is unknown.
#[derive(Debug)]
pub(crate) struct WriteTimes {
    /// For each publisher its entries, by burst in turn. 0 says nothing.
    publishers: Box<[[Entry; KEPT]]>,
}

#[derive(Debug, Default)]
struct Entry {
    /// The burst, and the lags of the first moment and the last of its write.
    began: AtomicU64,
    ended: AtomicU64,
}

/// When a message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// When its write began.
    pub(crate) began: Time,
    /// When its write had ended, if it has.
    pub(crate) ended: Option<Time>,
}

impl WriteTimes {
    pub(crate) fn new(publishers: u32) -> Self {
        Self { publishers: std::iter::repeat_with(Default::default).take(publishers as usize).collect() }
    }

    /// The write of a burst that was due at `due` begins at `at`. The first write of a burst counts
    /// for all of it.
    pub(crate) fn begin(&self, publisher: u32, burst: u64, due: Time, at: Time) {
        let entry = self.entry(publisher, burst);
        if lag(burst, entry.began.load(Ordering::Relaxed)).is_none() {
            entry.began.store(packed(burst, at.since(due)), Ordering::Release);
        }
    }

    /// The write has ended at `at`. The last write of a burst counts for all of it.
    pub(crate) fn end(&self, publisher: u32, burst: u64, due: Time, at: Time) {
        self.entry(publisher, burst).ended.store(packed(burst, at.since(due)), Ordering::Release);
    }

    /// When a burst that was due at `due` was written, if that is remembered.
    #[inline]
    pub(crate) fn of(&self, publisher: u32, burst: u64, due: Time) -> Option<Written> {
        let entry = self.entry(publisher, burst);
        let began = lag(burst, entry.began.load(Ordering::Acquire))?;
        let ended = lag(burst, entry.ended.load(Ordering::Acquire));
        Some(Written { began: due.plus(began), ended: ended.map(|lag| due.plus(lag)) })
    }

    fn entry(&self, publisher: u32, burst: u64) -> &Entry {
        &self.publishers[publisher as usize][usize::try_from(burst % KEPT as u64).unwrap_or(0)]
    }
}

/// The lag in an entry, if it is of this burst.
fn lag(burst: u64, packed: u64) -> Option<u64> {
    (packed >> LAG_BITS == name(burst)).then_some(packed & LAG)
}

fn packed(burst: u64, lag: u64) -> u64 {
    name(burst) << LAG_BITS | lag.min(LAG)
}

/// Names a burst among those that share an entry within a long time. Never 0.
fn name(burst: u64) -> u64 {
    let most = u64::MAX >> LAG_BITS;
    burst / KEPT as u64 % most + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Time {
        Time::from_nanos(nanos)
    }

    #[test]
    fn the_last_bursts_are_remembered() {
        let times = WriteTimes::new(2);
        assert_eq!(times.of(1, 0, at(100)), None);
        for burst in 0..6 {
            times.begin(1, burst, at(burst * 100), at(burst * 100 + 5));
        }
        times.end(1, 5, at(500), at(520));
        let of = |burst: u64| times.of(1, burst, at(burst * 100));
        assert_eq!([of(0), of(1)], [None, None], "others took their places");
        assert_eq!(of(2), Some(Written { began: at(205), ended: None }));
        assert_eq!(of(5), Some(Written { began: at(505), ended: Some(at(520)) }));
        assert_eq!((of(6), times.of(0, 5, at(500))), (None, None));
    }

    #[test]
    fn of_several_writes_the_first_begins_and_the_last_ends() {
        let times = WriteTimes::new(1);
        for (began, ended) in [(10, 15), (20, 25)] {
            times.begin(0, 9, at(5), at(began));
            times.end(0, 9, at(5), at(ended));
        }
        assert_eq!(times.of(0, 9, at(5)), Some(Written { began: at(10), ended: Some(at(25)) }));
    }
}
