//! A client as a receiver.

use super::{
    NOWHERE,
    presence::{PastSession, PastSessions, Span, SpanKind},
    sender::Sender,
};
use crate::{
    clock::Time,
    ledger::Ranges,
    plan::OwnCopy,
    rooms::{Membership, Timetable},
};

/// How long messages took to one receiver, in the measured phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverResponses {
    /// The client.
    pub receiver: u32,
    /// Deliveries that came.
    pub deliveries: u64,
    /// The sum of their response times, in nanoseconds.
    pub sum: u64,
}

/// A client of the worker.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them goes with any other")]
pub(super) struct Receiver {
    pub(super) client: u32,
    /// Index of its room here, or [`NOWHERE`].
    pub(super) room: u32,
    /// Index of itself as a sender, or [`NOWHERE`].
    pub(super) sender: u32,
    pub(super) state: ReceiverState,
    pub(super) keeps_order: bool,
    pub(super) batched: bool,
    /// It must hear what was due while it was away.
    pub(super) durable: bool,
    /// It reads so slowly that something may remain unread.
    pub(super) slow: bool,
    /// When it joined. Never if it is away.
    pub(super) joined: Time,
    /// Index of what came to it of the first publisher of its room.
    pub(super) first: usize,
    pub(super) deliveries: u64,
    pub(super) response: u64,
    /// None as long as it has never been away.
    pub(super) past: Option<Box<PastSessions>>,
}

/// What a receiver hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiverState {
    /// Nothing yet: it has not joined.
    Absent,
    /// Everything.
    Present,
    /// Nothing, unless it comes back: its connection ended.
    Ended,
    /// Each delivery to it has its fate, and some had not come. What comes is too late.
    Settled,
}

impl Receiver {
    pub(super) fn new(membership: &Membership, client: u32, room: Option<usize>) -> Self {
        let group = membership.group(client);
        Self {
            client,
            room: room.and_then(|room| u32::try_from(room).ok()).unwrap_or(NOWHERE),
            sender: NOWHERE,
            state: ReceiverState::Absent,
            keeps_order: membership.keeps_order(group),
            batched: membership.is_batched(group),
            durable: membership.is_durable(group),
            slow: membership.is_slow(group),
            joined: Time::NEVER,
            first: 0,
            deliveries: 0,
            response: 0,
            past: None,
        }
    }

    /// Whether messages of a sender of its room must come to it.
    #[inline]
    pub(super) fn must_hear(&self, sender: &Sender) -> bool {
        self.client != sender.client || sender.own == OwnCopy::Expect
    }

    /// When it joined for the first time. Never if it has not.
    pub(super) fn first_joined(&self) -> Time {
        self.past.as_ref().map_or(self.joined, |past| past.first_joined())
    }

    /// It joined, at `at` or just after its last session.
    pub(super) fn begin_session(&mut self, at: Time) {
        let last = self.past.as_ref().and_then(|past| past.last());
        let at = last.map_or(at, |last| at.max(last.ended.plus(1)));
        (self.state, self.joined) = (ReceiverState::Present, at);
    }

    /// Its connection ended.
    pub(super) fn end_session(&mut self, at: Time, by_plan: bool) {
        let joined = std::mem::replace(&mut self.joined, Time::NEVER);
        self.past.get_or_insert_default().all.push_back(PastSession { joined, ended: at.max(joined), by_plan });
        self.state = ReceiverState::Ended;
    }

    /// What came late of the sender in this place.
    pub(super) fn late(&self, place: u32) -> Option<&Ranges> {
        self.past.as_ref()?.late(place)
    }

    /// Messages of a sender that were due by the end of the last session.
    pub(super) fn due_in_past(&self, sender: &Sender, timetable: &Timetable) -> u32 {
        let last = self.past.as_ref().and_then(|past| past.last());
        last.map_or(0, |last| sender.due_before(timetable, last.ended.plus(1)))
    }

    /// Where it was while the messages of a sender were due, from its first session on. A session
    /// whose connection died has no end as long as the client is not back.
    pub(super) fn spans(&self, sender: &Sender, timetable: &Timetable) -> impl Iterator<Item = Span> {
        let before = |time| sender.due_before(timetable, time);
        let is_back = self.joined < Time::NEVER;
        let past = self.past.iter().flat_map(|past| past.all.iter().zip(1..));
        let past = past.flat_map(move |(session, next)| {
            let after = self.past.as_ref().and_then(|past| past.all.get(next));
            let back = after.map(|session| session.joined).or(Some(self.joined).filter(|_| is_back));
            let by_plan = session.by_plan;
            let end = if back.is_none() && !by_plan { u32::MAX } else { before(session.ended.plus(1)) };
            let back = back.map_or(u32::MAX, before);
            let session = Span { numbers: before(session.joined)..end, kind: SpanKind::Ended { by_plan } };
            [session, Span { numbers: end..back, kind: SpanKind::Away }]
        });
        let current = is_back.then(|| Span { numbers: before(self.joined)..u32::MAX, kind: SpanKind::Present });
        past.chain(current)
    }

    /// Why what was due then can't come any more: the plan ended it or not. `None` if it should
    /// have come. The drain may have been `cut_short`.
    pub(super) fn end_of(&self, kind: SpanKind, cut_short: bool) -> Option<bool> {
        let now = if cut_short { Some(false) } else { Some(true).filter(|_| self.slow) };
        match kind {
            SpanKind::Ended { by_plan } if !self.durable => Some(by_plan),
            // What is durable may still have come after a session that ended.
            _ if self.joined < Time::NEVER => now,
            _ => self.past.as_ref().and_then(|past| past.last()).map(|last| last.by_plan),
        }
    }

    /// Where it was in so far as it must hear what was due then: see [`Self::spans`].
    pub(super) fn hearing(&self, sender: &Sender, timetable: &Timetable) -> impl Iterator<Item = Span> {
        self.spans(sender, timetable).filter(|span| self.durable || span.kind != SpanKind::Away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_as_small_as_the_documents_say() {
        assert_eq!((size_of::<Receiver>(), size_of::<Sender>()), (64, 104));
    }
}
