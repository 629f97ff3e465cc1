//! Messages in flight, by ordinal: see `skipped.rs`.

use std::collections::VecDeque;

use super::SendTimes;

/// One entry for each message from the first in flight to the last sent. Times are kept once a
/// burst: with a thousand connections, entries must be small to stay in the processor's caches.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Ordinal of the first entry.
    base: u64,
    /// The first `free` of them are no longer used. A slice is faster to scan than a ring buffer.
    places: Vec<PendingState>,
    free: usize,
    /// The last burst with entries, and those before it, in order. Most connections have one in
    /// flight.
    last: Option<SentBurst>,
    earlier: VecDeque<SentBurst>,
}

/// What is known of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PendingState {
    /// It has its fate.
    Gone,
    InFlight,
    /// It is in flight, and its checksum is known, so it need not be computed again.
    Checked(u32),
}

/// Messages that were sent together.
#[derive(Clone, Copy, Debug)]
struct SentBurst {
    first: u64,
    times: SendTimes,
}

impl Pending {
    /// Ordinal of the first entry, or of the next message if there are no entries.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Ordinal of the next message.
    pub(super) fn next(&self) -> u64 {
        self.base + self.len() as u64
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free
    }

    /// Entries and bursts that memory is allocated for.
    pub(super) fn capacity(&self) -> usize {
        self.places.capacity() + self.earlier.capacity()
    }

    /// Adds messages that were sent together.
    #[inline]
    pub(super) fn push(&mut self, times: SendTimes, places: impl Iterator<Item = PendingState>) {
        if self.last.is_none_or(|last| last.times != times) {
            let before = self.last.replace(SentBurst { first: self.next(), times });
            self.earlier.extend(before);
        }
        if self.free > self.places.len() / 2 {
            self.places.drain(..self.free);
            self.free = 0;
        }
        self.places.extend(places);
    }

    /// All entries.
    #[inline]
    pub(super) fn places(&self) -> &[PendingState] {
        &self.places[self.free..]
    }

    /// Entry `index`, counted from the first.
    #[inline]
    pub(super) fn place(&self, index: usize) -> Option<PendingState> {
        self.places().get(index).copied()
    }

    /// Removes the first `count` entries. Calls `each` for every burst with the first ordinal, the
    /// number of messages, and their times.
    #[inline]
    pub(super) fn take_front(&mut self, count: usize, mut each: impl FnMut(u64, u32, SendTimes)) {
        let end = self.base + count as u64;
        while let Some((burst, next)) = self.oldest().filter(|_| self.base < end) {
            let to = next.unwrap_or(end).min(end);
            // No more than are in flight, and those are counted in 32 bits.
            each(self.base, u32::try_from(to - self.base).unwrap_or(u32::MAX), burst.times);
            self.base = to;
            if next == Some(to) {
                self.earlier.pop_front();
            }
        }
        self.free += count;
        if self.free == self.places.len() {
            self.places.clear();
            self.free = 0;
            self.last = None;
        }
    }

    /// The oldest burst, and where the next one begins.
    #[inline]
    fn oldest(&self) -> Option<(SentBurst, Option<u64>)> {
        let Some(&oldest) = self.earlier.front() else { return Some((self.last?, None)) };
        let next = self.earlier.get(1).or(self.last.as_ref());
        Some((oldest, next.map(|next| next.first)))
    }

    /// Removes entries from the front while they have their fate.
    pub(super) fn drop_gone(&mut self) {
        while self.place(0) == Some(PendingState::Gone) {
            self.take_front(1, |_, _, _| {});
        }
    }

    /// Times of message `ordinal`, if it is in flight.
    pub(super) fn times(&self, ordinal: u64) -> Option<SendTimes> {
        self.place(self.index(ordinal)?).filter(|place| *place != PendingState::Gone)?;
        let last = self.last.filter(|last| last.first <= ordinal);
        let after = self.earlier.partition_point(|burst| burst.first <= ordinal);
        last.or_else(|| self.earlier.get(after.checked_sub(1)?).copied()).map(|burst| burst.times)
    }

    /// Marks message `ordinal` as having its fate, and returns its times. The entry remains.
    pub(super) fn take(&mut self, ordinal: u64) -> Option<SendTimes> {
        let times = self.times(ordinal)?;
        let index = self.index(ordinal)?;
        self.places[self.free + index] = PendingState::Gone;
        Some(times)
    }

    fn index(&self, ordinal: u64) -> Option<usize> {
        usize::try_from(ordinal.checked_sub(self.base)?).ok()
    }

    /// Messages in flight, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.iter_first(usize::MAX)
    }

    /// Messages in flight among the first `most` entries.
    pub(super) fn iter_first(&self, most: usize) -> impl Iterator<Item = u64> {
        let places = (self.base..).zip(self.places()).take(most);
        places.filter(|(_, place)| **place != PendingState::Gone).map(|(ordinal, _)| ordinal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;

    fn times(nanos: u64) -> SendTimes {
        SendTimes { due: Time::from_nanos(nanos), written: Time::from_nanos(nanos + 1) }
    }

    /// Bursts of 3, 1 and 2 messages at 10, 20 and 30.
    fn pending() -> Pending {
        let mut pending = Pending::default();
        for (at, messages) in [(10, 3), (20, 1), (30, 2)] {
            pending.push(times(at), (0..messages).map(PendingState::Checked));
        }
        pending
    }

    fn front(pending: &mut Pending, count: usize) -> Vec<(u64, u32, SendTimes)> {
        let mut taken = Vec::new();
        pending.take_front(count, |first, messages, times| taken.push((first, messages, times)));
        taken
    }

    #[test]
    fn messages_have_the_times_of_their_burst() {
        let pending = pending();
        let all: Vec<_> = (0..7).map(|ordinal| pending.times(ordinal)).collect();
        let expected = [10, 10, 10, 20, 30, 30].map(|nanos| Some(times(nanos)));
        assert_eq!(all[..6], expected);
        assert_eq!(all[6], None, "it was not sent");
    }

    #[test]
    fn places_and_bursts_take_memory() {
        assert!(pending().capacity() >= 6 + 3);
    }

    #[test]
    fn the_front_is_taken_burst_by_burst() {
        let mut pending = pending();
        assert_eq!(front(&mut pending, 2), [(0, 2, times(10))]);
        assert_eq!((pending.times(1), pending.times(2)), (None, Some(times(10))));
        assert_eq!(front(&mut pending, 3), [(2, 1, times(10)), (3, 1, times(20)), (4, 1, times(30))]);
        assert_eq!((pending.base(), pending.len(), pending.next()), (5, 1, 6));
        assert_eq!(front(&mut pending, 1), [(5, 1, times(30))]);
        assert!(pending.last.is_none());
        assert_eq!(pending.next(), 6);
        pending.push(times(40), [PendingState::InFlight].into_iter());
        assert_eq!(pending.times(6), Some(times(40)));
    }

    #[test]
    fn a_taken_message_keeps_its_place_until_it_is_the_first() {
        let mut pending = pending();
        assert_eq!(pending.take(3), Some(times(20)));
        assert_eq!(pending.take(3), None);
        assert_eq!(pending.iter().collect::<Vec<_>>(), [0, 1, 2, 4, 5]);
        pending.drop_gone();
        assert_eq!(pending.base(), 0);
        front(&mut pending, 3);
        pending.drop_gone();
        assert_eq!((pending.base(), pending.place(0)), (4, Some(PendingState::Checked(0))));
        assert_eq!(pending.times(4), Some(times(30)));
        assert!(pending.earlier.is_empty(), "bursts go with their messages");
    }

    #[test]
    fn messages_with_the_same_times_are_one_burst() {
        let mut pending = pending();
        pending.push(times(30), [PendingState::InFlight].into_iter());
        assert_eq!(pending.earlier.len(), 2);
        assert_eq!(front(&mut pending, 7).last(), Some(&(4, 3, times(30))));
    }
}
