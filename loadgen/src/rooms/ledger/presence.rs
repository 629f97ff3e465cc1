//! When a receiver was in its room.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
};

use crate::{clock::Time, ledger::Ranges};

/// The sessions of a receiver that ended, and what came after the session in which it was due.
#[derive(Debug, Default)]
pub(super) struct PastSessions {
    /// Oldest first.
    pub(super) all: VecDeque<PastSession>,
    /// Numbers of messages that came later than in the session in which they were due, by the place
    /// of their sender in the room.
    late: BTreeMap<u32, Ranges>,
}

/// A session that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PastSession {
    pub(super) joined: Time,
    pub(super) ended: Time,
    /// The plan ended it, or else the connection died.
    pub(super) by_plan: bool,
}

/// Messages of one sender in a row that were due in one session of a receiver, or in one absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) numbers: Range<u32>,
    pub(super) kind: SpanKind,
}

/// Where a receiver was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanKind {
    /// In its room, and its session goes on.
    Present,
    /// In its room, in a session that ended.
    Ended {
        /// The plan ended it, or else the connection died.
        by_plan: bool,
    },
    Away,
}

impl PastSessions {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// When the receiver joined for the first time.
    pub(super) fn first_joined(&self) -> Time {
        self.all.front().map_or(Time::NEVER, |session| session.joined)
    }

    pub(super) fn last(&self) -> Option<PastSession> {
        self.all.back().copied()
    }

    /// The session in which something was due.
    pub(super) fn at(&self, due: Time) -> Option<PastSession> {
        let next = self.all.partition_point(|session| session.joined <= due);
        self.all.get(next.checked_sub(1)?).copied().filter(|session| due <= session.ended)
    }

    /// Forgets the oldest session and what came late of it: numbers below `end` of the sender in
    /// each place.
    pub(super) fn forget_oldest(&mut self, mut end: impl FnMut(u32) -> u32) {
        self.all.pop_front();
        self.late.retain(|&place, numbers| {
            let mut kept = Ranges::default();
            let end = end(place);
            numbers.iter().for_each(|range| kept.insert_all(range.start.max(end)..range.end));
            *numbers = kept;
            !numbers.is_empty()
        });
    }

    /// Takes the second session for a part of the absence after the first.
    pub(super) fn forget_second(&mut self) {
        self.all.remove(1);
    }

    /// A message of the sender in this place came after the session in which it was due.
    pub(super) fn came_late(&mut self, place: u32, number: u32) {
        self.late.entry(place).or_default().insert(number);
    }

    /// What came late of the sender in this place.
    pub(super) fn late(&self, place: u32) -> Option<&Ranges> {
        self.late.get(&place)
    }
}
