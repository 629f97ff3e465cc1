//! Messages in flight, in the order of their sequences.

use std::collections::VecDeque;

use super::SendTimes;

/// A place for each message from the first in flight to the last that was sent. What the messages of a burst have in common
/// is kept once: with a thousand connections, what is kept of each does not stay in the processor's nearest caches.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Sequence of the first place.
    base: u64,
    /// Behind `free` that are done with: to look at those that follow takes no longer than in a list of nothing else.
    places: Vec<PendingState>,
    free: usize,
    /// The last burst of which there are places, and those before it, in order. Most connections have one in flight.
    last: Option<SentBurst>,
    earlier: VecDeque<SentBurst>,
}

/// What is known of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PendingState {
    /// It has its fate.
    Gone,
    InFlight,
    /// The same, and the sender has known its checksum: it need not be computed again.
    Checked(u32),
}

/// Messages that were sent together.
#[derive(Clone, Copy, Debug)]
struct SentBurst {
    first: u64,
    times: SendTimes,
}

impl Pending {
    /// Sequence of the first place: of the next message, if there are no places.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Sequence of the next message.
    pub(super) fn next(&self) -> u64 {
        self.base + self.len() as u64
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free
    }

    /// What memory is taken for, in places and bursts.
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

    /// All places.
    #[inline]
    pub(super) fn places(&self) -> &[PendingState] {
        &self.places[self.free..]
    }

    /// Place `index`, counted from the first.
    #[inline]
    pub(super) fn place(&self, index: usize) -> Option<PendingState> {
        self.places().get(index).copied()
    }

    /// Removes the first `count` places. `each` takes them, as the first sequence, how many, and their times.
    #[inline]
    pub(super) fn take_front(&mut self, count: usize, mut each: impl FnMut(u64, u32, SendTimes)) {
        let end = self.base + count as u64;
        while let Some((burst, next)) = self.oldest().filter(|_| self.base < end) {
            let to = next.unwrap_or(end).min(end);
            // No more than are in flight, which are counted in 32 bits.
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

    /// The oldest burst, and where the next begins.
    #[inline]
    fn oldest(&self) -> Option<(SentBurst, Option<u64>)> {
        let Some(&oldest) = self.earlier.front() else { return Some((self.last?, None)) };
        let next = self.earlier.get(1).or(self.last.as_ref());
        Some((oldest, next.map(|next| next.first)))
    }

    /// The first place, if the message has its fate, is removed.
    pub(super) fn drop_gone(&mut self) {
        while self.place(0) == Some(PendingState::Gone) {
            self.take_front(1, |_, _, _| {});
        }
    }

    /// Times of message `sequence`, if it has a place and no fate.
    pub(super) fn times(&self, sequence: u64) -> Option<SendTimes> {
        self.place(self.index(sequence)?).filter(|place| *place != PendingState::Gone)?;
        let last = self.last.filter(|last| last.first <= sequence);
        let after = self.earlier.partition_point(|burst| burst.first <= sequence);
        last.or_else(|| self.earlier.get(after.checked_sub(1)?).copied()).map(|burst| burst.times)
    }

    /// The same, and it has its fate from here on. Its place remains.
    pub(super) fn take(&mut self, sequence: u64) -> Option<SendTimes> {
        let times = self.times(sequence)?;
        let index = self.index(sequence)?;
        self.places[self.free + index] = PendingState::Gone;
        Some(times)
    }

    fn index(&self, sequence: u64) -> Option<usize> {
        usize::try_from(sequence.checked_sub(self.base)?).ok()
    }

    /// Messages without a fate, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.iter_first(usize::MAX)
    }

    /// Those of the first `most` places.
    pub(super) fn iter_first(&self, most: usize) -> impl Iterator<Item = u64> {
        let places = (self.base..).zip(self.places()).take(most);
        places.filter(|(_, place)| **place != PendingState::Gone).map(|(sequence, _)| sequence)
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
        let all: Vec<_> = (0..7).map(|sequence| pending.times(sequence)).collect();
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
