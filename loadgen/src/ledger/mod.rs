//! The ledger of one client: one fate for each sent message, one finding for each event. Pure:
//! time is an argument.
//!
//! The ledger keeps little of a message in flight: its checksum, and the times of its burst
//! (`pending.rs`). Its bytes can be generated again. Messages that come back whole and in order
//! take the short path (`arrivals.rs`). Everything else is classified in `anomaly/`.
//!
//! What an event must be is for `matcher/` to say.
//!
//! A client may have several connections, one after the other. Sequences go on, and what was in
//! flight at the end of one may come on a later one: see `unanswered.rs`.
//!
//! Sequences count what was due, so a message that is dropped takes its number. What was sent is
//! numbered without holes inside: see `skipped.rs`.

mod anomaly;
mod arrivals;
pub(crate) mod effort;
mod expectation;
mod matcher;
mod order;
mod pending;
mod ranges;
mod received;
mod sink;
mod skipped;
mod unanswered;

use self::{
    anomaly::{AnomalyState, OverdueMessage},
    matcher::{PushedNumbers, Replies},
    order::ArrivalOrder,
    pending::{Pending, PendingState},
    skipped::SkippedSequences,
};
pub use self::{
    expectation::Expectation,
    ranges::Ranges,
    received::{Arrival, Received},
    sink::{CloseCause, Fate, Finding, LedgerSink, OtherEvent, Subject},
};
use crate::{clock::Time, message::MessageKind};

/// When a message was due, and when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendTimes {
    /// When the message should have been sent.
    pub due: Time,
    /// When it was handed to the transport.
    pub written: Time,
}

/// A message that the server sent.
#[derive(Clone, Copy, Debug)]
pub struct MessageEvent<'a> {
    /// Text or binary.
    pub kind: MessageKind,
    /// Its payload.
    pub bytes: &'a [u8],
}

/// Accounts for the messages of one client, on one connection after the other.
#[derive(Debug)]
pub struct Ledger {
    client: u32,
    /// Messages in flight, except those in [`AnomalyState::overdue`]. The first is always in
    /// flight.
    pending: Pending,
    in_flight: u32,
    order: ArrivalOrder,
    /// Only connections with dropped messages have it.
    skipped: Option<Box<SkippedSequences>>,
    /// State that only clients with anomalies need, or with several connections.
    anomaly_state: Option<Box<AnomalyState>>,
    /// Replies that began and have not ended. Only where a reply is several events.
    replies: Option<Box<Replies>>,
    /// Only where the server numbers what it pushes.
    pushed: Option<Box<PushedNumbers>>,
}

/// Length of `pending` up to which an overtaken message may stay in it.
const SLACK: usize = 64;

impl Ledger {
    /// The empty ledger of `client`.
    pub fn new(client: u32) -> Self {
        let (pending, order) = (Pending::default(), ArrivalOrder::default());
        let (skipped, anomaly_state, replies, pushed) = (None, None, None, None);
        Self { client, pending, in_flight: 0, order, skipped, anomaly_state, replies, pushed }
    }

    /// The client of this connection.
    pub fn client(&self) -> u32 {
        self.client
    }

    /// Messages that were sent and have no fate yet.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Entries that the ledger has memory for. In proportion to the highest [`Self::in_flight`],
    /// and bounded however many connections there were.
    pub fn capacity(&self) -> usize {
        let skipped = self.skipped.as_ref().map_or(0, |skipped| skipped.capacity());
        let rare = |state: &AnomalyState| state.overdue.len() + state.unanswered.capacity();
        self.pending.capacity() + skipped + self.anomaly_state.as_deref().map_or(0, rare)
    }

    /// Sequence of the next message.
    #[inline]
    pub fn next_sequence(&self) -> u64 {
        self.sequence(self.pending.next())
    }

    /// Records that the next `messages` messages were due and dropped. They take their sequences.
    /// An event with one of them was never sent. Takes the same time for one and for a million.
    pub fn skip(&mut self, messages: u64) {
        let first = self.next_sequence();
        let end = first.saturating_add(messages);
        let (base, next) = (self.pending.base(), self.pending.next());
        match &mut self.skipped {
            _ if end == first => {}
            Some(skipped) => skipped.add(first, end, next, base),
            None => self.skipped = Some(Box::new(SkippedSequences::new(first, end, next))),
        }
    }

    /// Records that the next message was sent.
    pub fn sent(&mut self, times: SendTimes) {
        self.pending.push(times, [PendingState::InFlight].into_iter());
        self.in_flight += 1;
    }

    /// Records that messages were sent together, one for each of `checksums`.
    /// [`encode`](crate::message::ClientMessages::encode) returns the checksum of a message.
    #[inline]
    pub fn sent_together(&mut self, times: SendTimes, checksums: &[u32]) {
        self.pending.push(times, checksums.iter().copied().map(PendingState::Checked));
        // Bursts are counted in 32 bits.
        self.in_flight += u32::try_from(checksums.len()).unwrap_or(u32::MAX);
    }

    /// Gives every message in flight its fate, as the connection has no more to bring. The client
    /// may have another connection after it.
    pub fn close(&mut self, cause: CloseCause, expectation: &Expectation, sink: &mut impl LedgerSink) {
        self.end_partial_messages(expectation, sink);
        self.end_pushes(sink);
        let fate = cause.fate();
        while let Some(sequence) = self.oldest() {
            let events = self.events_so_far(sequence);
            let Some((_, times)) = self.take(sequence) else { return };
            if expectation.reconnects {
                self.anomaly_state.get_or_insert_default().unanswered.add(sequence);
            }
            match events {
                0 => sink.fate(fate, sequence, times),
                _ => sink.unfinished(fate, sequence, times, events),
            }
        }
    }

    /// The oldest message in flight.
    pub(crate) fn oldest(&self) -> Option<u64> {
        let overdue = self.anomaly_state.as_ref().and_then(|state| state.overdue.keys().next());
        overdue.copied().or_else(|| (self.pending.len() > 0).then(|| self.sequence(self.pending.base())))
    }

    /// Whether message `sequence` was sent, as far as that is known.
    pub(crate) fn was_sent(&self, sequence: u64) -> bool {
        sequence < self.next_sequence() && !self.skipped.as_ref().is_some_and(|skipped| skipped.contains(sequence))
    }

    /// The sequence of message `ordinal`, which is in `pending` or the next.
    #[inline]
    fn sequence(&self, ordinal: u64) -> u64 {
        self.skipped.as_ref().map_or(ordinal, |skipped| skipped.sequence(ordinal))
    }

    /// The ordinal of message `sequence`, if it may be in `pending`.
    #[inline]
    fn ordinal(&self, sequence: u64) -> Option<u64> {
        let ordinal = match &self.skipped {
            Some(skipped) => skipped.ordinal(sequence)?,
            None => sequence,
        };
        (ordinal >= self.pending.base()).then_some(ordinal)
    }

    /// Messages in flight, oldest first.
    pub(crate) fn pending(&self) -> impl Iterator<Item = u64> {
        let overdue = self.anomaly_state.iter().flat_map(|state| state.overdue.keys().copied());
        overdue.chain(self.pending.iter().map(|ordinal| self.sequence(ordinal)))
    }

    /// At most `most` messages in flight to compare an event with, oldest first. Only looks at the
    /// first entries.
    pub(crate) fn candidates(&self, most: usize) -> impl Iterator<Item = u64> {
        let overdue = self.anomaly_state.iter().flat_map(|state| state.overdue.keys().copied());
        overdue.chain(self.pending.iter_first(4 * most).map(|ordinal| self.sequence(ordinal))).take(most)
    }

    /// The times of message `sequence` if it is in flight.
    pub(crate) fn times(&self, sequence: u64) -> Option<SendTimes> {
        match self.ordinal(sequence) {
            Some(ordinal) => self.pending.times(ordinal),
            None => self.anomaly_state.as_ref()?.overdue.get(&sequence).map(|overdue| overdue.times),
        }
    }

    pub(crate) fn subject(&self, sequence: u64) -> Subject {
        Subject { sequence: Some(sequence), times: self.times(sequence) }
    }

    /// Records that message `sequence` came back whole, or has its reply. Does nothing if it is not
    /// in flight.
    fn matched(&mut self, expectation: &Expectation, sequence: u64, sink: &mut impl LedgerSink) {
        if let Some((times, overtaken)) = self.arrived(expectation, sequence) {
            sink.matched(sequence, 1, times, overtaken);
        }
    }

    /// Takes message `sequence` out of the messages in flight, as it has its reply. Returns its
    /// times, and whether it was overtaken although order is kept.
    fn arrived(&mut self, expectation: &Expectation, sequence: u64) -> Option<(SendTimes, bool)> {
        let (ordinal, times) = self.take(sequence)?;
        if !expectation.keeps_order {
            return Some((times, false));
        }
        let overdue = self.anomaly_state.as_ref().and_then(|state| state.overdue.values().next());
        let low = overdue.map_or(self.pending.base(), |oldest| oldest.ordinal);
        Some((times, self.order.arrive(ordinal, low)))
    }

    /// Whether message `sequence` had no answer when an earlier connection ended, and has not come
    /// since.
    fn is_unanswered(&self, sequence: u64) -> bool {
        self.anomaly_state.as_ref().is_some_and(|state| state.unanswered.contains(sequence))
    }

    /// Takes message `sequence` out of those without an answer from earlier connections. False if
    /// it is none of them.
    fn take_unanswered(&mut self, sequence: u64) -> bool {
        self.anomaly_state.as_mut().is_some_and(|state| state.unanswered.take(sequence))
    }

    /// Records that message `sequence` came back damaged. Does nothing if it is not in flight.
    pub(crate) fn damaged(&mut self, sequence: u64, sink: &mut impl LedgerSink) {
        if let Some((_, times)) = self.take(sequence) {
            sink.fate(Fate::Damaged, sequence, times);
        }
    }

    /// Takes message `sequence` out of the messages in flight. Returns its ordinal and its times.
    fn take(&mut self, sequence: u64) -> Option<(u64, SendTimes)> {
        let taken = if let Some(ordinal) = self.ordinal(sequence) {
            (ordinal, self.pending.take(ordinal)?)
        } else {
            let OverdueMessage { ordinal, times } = self.anomaly_state.as_mut()?.overdue.remove(&sequence)?;
            (ordinal, times)
        };
        if let Some(replies) = &mut self.replies {
            replies.end(sequence);
        }
        self.in_flight -= 1;
        self.trim();
        Some(taken)
    }

    /// Drops messages with a fate from the front of `pending`. Moves old messages that keep it from
    /// shrinking to `overdue`, so memory stays in proportion to what is in flight.
    fn trim(&mut self) {
        self.pending.drop_gone();
        while self.pending.len() > SLACK && self.pending.len() > 2 * self.in_flight as usize {
            let sequence = self.sequence(self.pending.base());
            let overdue = &mut self.anomaly_state.get_or_insert_default().overdue;
            self.pending.take_front(1, |ordinal, _, times| {
                overdue.insert(sequence, OverdueMessage { ordinal, times });
            });
            self.pending.drop_gone();
        }
    }
}
