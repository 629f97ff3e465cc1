//! When slow readers may read again. Pure: time is an argument.
//!
//! A bucket of tokens, a byte each (RFC 2697 has the like): a read takes what it brought, if that
//! is more than there is. Then the client waits until the bucket is even. So it is never behind a
//! rate by more than one read, and a wait that ended late is made up for.

use std::{num::NonZeroU64, ops::Range};

use crate::clock::Time;

/// The bucket fills for this many nanoseconds. A client that waited for longer reads no more for
/// it.
const DEPTH: u64 = 100_000_000;

/// When the clients of a group on a worker may read again. A client takes eight bytes.
#[derive(Debug)]
pub(crate) struct ReadPacer {
    /// Bytes a second.
    rate: NonZeroU64,
    first_slot: usize,
    /// When the bucket of each is even, by slot.
    even: Box<[Time]>,
}

impl ReadPacer {
    /// Each of the clients in these slots reads `rate` bytes a second at most.
    pub(crate) fn new(rate: NonZeroU64, slots: Range<usize>) -> Self {
        Self { rate, first_slot: slots.start, even: vec![Time::default(); slots.len()].into() }
    }

    /// A client read so many bytes at `at`. Returns when it may read again.
    pub(crate) fn read(&mut self, slot: usize, bytes: u64, at: Time) -> Time {
        let even = &mut self.even[slot - self.first_slot];
        let full = Time::from_nanos(at.as_nanos().saturating_sub(DEPTH));
        let takes = (u128::from(bytes) * 1_000_000_000).div_ceil(self.rate.get().into());
        *even = (*even).max(full).plus(u64::try_from(takes).unwrap_or(u64::MAX));
        *even
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MILLI: u64 = 1_000_000;

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * MILLI)
    }

    fn pacer(rate: u64) -> ReadPacer {
        ReadPacer::new(NonZeroU64::new(rate).unwrap(), 5..8)
    }

    #[test]
    fn a_client_waits_for_what_it_has_read() {
        let mut pacer = pacer(1_000);
        // The bucket held 100 bytes.
        assert_eq!(pacer.read(5, 100, at(1_000)), at(1_000));
        assert_eq!(pacer.read(5, 50, at(1_000)), at(1_050));
        assert_eq!(pacer.read(5, 100, at(1_050)), at(1_150));
        // It was late by 40 ms, which the next wait makes up for.
        assert_eq!(pacer.read(5, 100, at(1_190)), at(1_250));
        // Each has a bucket of its own.
        assert_eq!(pacer.read(7, 200, at(1_190)), at(1_290));
        // After a long silence it may read at once what the bucket holds, and no more.
        assert_eq!(pacer.read(5, 200, at(60_000)), at(60_100));
        assert_eq!(pacer.read(5, 1, at(60_100)).as_nanos(), at(60_101).as_nanos());
    }

    #[test]
    fn a_loop_that_is_late_makes_no_client_slower() {
        let mut pacer = pacer(1_000);
        let mut now = at(1_000);
        for read in 1..=1_000 {
            let next = pacer.read(5, 100, now);
            assert_eq!(next, at(900 + 100 * read));
            now = next.max(now).plus(read % 90 * MILLI);
        }
    }

    #[test]
    fn parts_of_nanoseconds_and_long_waits_are_rounded_up() {
        assert_eq!(pacer(3).read(6, 1, at(100)).as_nanos(), 333_333_334);
        assert_eq!(pacer(1).read(6, u64::MAX, at(100)), Time::from_nanos(u64::MAX));
    }

    proptest! {
        /// Whatever a client reads, as soon as it may or later, no time brings more than the rate,
        /// what the bucket held, and the last read.
        #[test]
        fn no_time_brings_more_than_the_rate(
            rate in 100_u64..100_000,
            reads in proptest::collection::vec((1_u64..3_000, 0_u64..50 * MILLI), 1..200),
        ) {
            let mut pacer = pacer(rate);
            let mut now = at(1_000);
            let mut all = Vec::new();
            for (bytes, late) in reads {
                all.push((now.as_nanos(), bytes));
                now = pacer.read(6, bytes, now).max(now).plus(late);
            }
            for (first, &(from, _)) in all.iter().enumerate() {
                let mut sum = 0;
                for &(to, bytes) in &all[first..] {
                    sum += bytes;
                    let most = u128::from(rate) * u128::from(to - from + DEPTH) / 1_000_000_000;
                    prop_assert!(u128::from(sum - bytes) <= most + 1, "{sum} bytes in {} ns", to - from);
                }
            }
        }
    }
}
