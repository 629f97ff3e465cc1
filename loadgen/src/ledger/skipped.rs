//! Sequences that were skipped because their messages were dropped.
//!
//! A message has a *sequence*, which counts what was due, and an *ordinal*, which counts what was
//! sent. They are equal until a message is dropped. Ordinals have no holes, so messages in flight
//! and their order are kept by ordinal.

use std::collections::VecDeque;

/// Ranges that are remembered once all messages before them have their fate. Bounds memory at 2 KiB
/// a client. A message with a sequence that was forgotten counts as one that was sent.
const KEPT: usize = 64;

/// The skipped sequences of one connection, oldest first. There is at least one range.
///
/// Few connections have any. So what looks them up is cold, and stays out of the short path.
#[derive(Debug)]
pub(super) struct SkippedSequences {
    ranges: VecDeque<SkippedRange>,
}

/// Sequences in a row that were skipped.
#[derive(Clone, Copy, Debug)]
struct SkippedRange {
    first: u64,
    /// The sequence after the last.
    end: u64,
    /// The ordinal of the message after it.
    ordinal: u64,
}

impl SkippedSequences {
    /// Sequences from `first` to `end` are skipped. The next message that is sent is `ordinal`.
    pub(super) fn new(first: u64, end: u64, ordinal: u64) -> Self {
        Self { ranges: VecDeque::from([SkippedRange { first, end, ordinal }]) }
    }

    /// Skips more sequences, from `first` to `end`, which are the highest so far. `oldest` is the
    /// ordinal of the oldest message in flight that may be asked for.
    pub(super) fn add(&mut self, first: u64, end: u64, ordinal: u64, oldest: u64) {
        if let Some(last) = self.ranges.back_mut().filter(|last| last.end == first) {
            last.end = end;
            return;
        }
        while self.ranges.len() >= KEPT && self.ranges[0].ordinal <= oldest {
            self.ranges.pop_front();
        }
        self.ranges.push_back(SkippedRange { first, end, ordinal });
    }

    /// Number of ranges that memory is allocated for.
    pub(super) fn capacity(&self) -> usize {
        self.ranges.capacity()
    }

    /// Whether `sequence` was skipped, as far as that is remembered.
    #[cold]
    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.last_to(sequence).is_some_and(|range| sequence < range.end)
    }

    /// The ordinal of the message with `sequence`, or a lower one if a range after it is forgotten.
    /// None if it was skipped.
    #[cold]
    pub(super) fn ordinal(&self, sequence: u64) -> Option<u64> {
        match self.last_to(sequence) {
            Some(range) => Some(range.ordinal + sequence.checked_sub(range.end)?),
            None => sequence.checked_sub(self.before()),
        }
    }

    /// The sequence of message `ordinal`, which is in flight or the next.
    #[cold]
    pub(super) fn sequence(&self, ordinal: u64) -> u64 {
        match self.index_after(ordinal).checked_sub(1) {
            Some(at) => self.ranges[at].end + (ordinal - self.ranges[at].ordinal),
            None => ordinal + self.before(),
        }
    }

    /// How many messages from `ordinal` on have sequences in a row. At least one.
    #[cold]
    pub(super) fn in_a_row(&self, ordinal: u64) -> usize {
        let next = self.ranges.get(self.index_after(ordinal));
        next.map_or(usize::MAX, |range| usize::try_from(range.ordinal - ordinal).unwrap_or(usize::MAX))
    }

    /// The last range that begins at `sequence` or before it.
    fn last_to(&self, sequence: u64) -> Option<&SkippedRange> {
        self.ranges.get(self.ranges.partition_point(|range| range.first <= sequence).checked_sub(1)?)
    }

    /// Index of the first range with later messages only.
    fn index_after(&self, ordinal: u64) -> usize {
        self.ranges.partition_point(|range| range.ordinal <= ordinal)
    }

    /// How many sequences were skipped before the first range.
    fn before(&self) -> u64 {
        self.ranges.front().map_or(0, |range| range.first - range.ordinal)
    }
}
