//! The ledger of one connection: one fate for each sent message, one finding for each event. Pure:
//! time is an argument.
//!
//! The ledger keeps little of a message in flight: its checksum, and the times of its burst
//! (`pending.rs`). Its bytes can be generated again. Messages that come back whole and in order
//! take the short path (`arrivals.rs`). Everything else is classified in `anomaly/`.

mod anomaly;
mod arrivals;
pub(crate) mod effort;
mod expectation;
mod order;
mod pending;
mod sink;

use self::{
    anomaly::AnomalyState,
    order::ArrivalOrder,
    pending::{Pending, PendingState},
};
pub use self::{
    expectation::Expectation,
    sink::{Fate, Finding, LedgerSink, Subject},
};
use crate::{clock::Time, message::MessageKind, plan::Expect};

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

/// Accounts for the messages of one connection.
#[derive(Debug)]
pub struct Ledger {
    client: u32,
    /// Messages in flight, except those in [`AnomalyState::overdue`]. The first is always in
    /// flight.
    pending: Pending,
    in_flight: u32,
    order: ArrivalOrder,
    /// State that only connections with anomalies need.
    anomaly_state: Option<Box<AnomalyState>>,
}

/// Length of `pending` up to which an overtaken message may stay in it.
const SLACK: usize = 64;

impl Ledger {
    /// The empty ledger of `client`.
    pub fn new(client: u32) -> Self {
        Self { client, pending: Pending::default(), in_flight: 0, order: ArrivalOrder::default(), anomaly_state: None }
    }

    /// The client of this connection.
    pub fn client(&self) -> u32 {
        self.client
    }

    /// Messages that were sent and have no fate yet.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Entries that the ledger has memory for. In proportion to the highest [`Self::in_flight`].
    pub fn capacity(&self) -> usize {
        self.pending.capacity() + self.anomaly_state.as_ref().map_or(0, |state| state.overdue.len())
    }

    /// Sequence of the next message.
    pub fn next_sequence(&self) -> u64 {
        self.pending.next()
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

    /// Decides what an event is, and the fate of the messages that it is about.
    #[inline]
    pub fn received(&mut self, expectation: &Expectation, event: MessageEvent<'_>, sink: &mut impl LedgerSink) {
        match &expectation.expect {
            Expect::Echo => {
                if let Some(event) = self.received_in_order(expectation, std::iter::once(event), sink) {
                    self.classify(expectation, event, sink);
                }
            }
            Expect::Count => self.received_any(event, sink),
            Expect::Reply(text) => self.received_reply(text.as_bytes(), event, sink),
        }
    }

    /// `--expect count`: an event is the reply to the oldest message in flight.
    fn received_any(&mut self, event: MessageEvent<'_>, sink: &mut impl LedgerSink) {
        match self.oldest() {
            Some(sequence) => self.matched(sequence, sink),
            None => sink.finding(Finding::Unexpected, Subject::default(), event.bytes),
        }
    }

    /// `--expect reply=TEXT`: an event is the reply to the oldest message, and must be this text.
    fn received_reply(&mut self, text: &[u8], event: MessageEvent<'_>, sink: &mut impl LedgerSink) {
        let Some(sequence) = self.oldest() else {
            return sink.finding(Finding::Unexpected, Subject::default(), event.bytes);
        };
        if event.kind == MessageKind::Text && event.bytes == text {
            return self.matched(sequence, sink);
        }
        let repeats = event.bytes.len().checked_div(text.len()).filter(|&n| n > 1 && event.bytes == text.repeat(n));
        let finding = match repeats {
            Some(_) => Finding::Coalesced,
            None if event.bytes == text => Finding::WrongType,
            None => Finding::Corrupted,
        };
        sink.finding(finding, self.subject(sequence), event.bytes);
        for _ in 0..repeats.unwrap_or(1) {
            if let Some(sequence) = self.oldest() {
                self.damaged(sequence, sink);
            }
        }
    }

    /// Gives every message in flight its fate: undetermined if the connection died, else lost.
    pub fn close(&mut self, died: bool, expectation: &Expectation, sink: &mut impl LedgerSink) {
        self.end_partial_messages(expectation, sink);
        let fate = if died { Fate::Undetermined } else { Fate::Lost };
        while let Some((sequence, times)) = self.oldest().and_then(|oldest| Some((oldest, self.take(oldest)?))) {
            sink.fate(fate, sequence, times);
        }
    }

    /// The oldest message in flight.
    pub(crate) fn oldest(&self) -> Option<u64> {
        let overdue = self.anomaly_state.as_ref().and_then(|state| state.overdue.keys().next());
        overdue.copied().or_else(|| (self.pending.len() > 0).then_some(self.pending.base()))
    }

    /// Messages in flight, oldest first.
    pub(crate) fn pending(&self) -> impl Iterator<Item = u64> {
        let overdue = self.anomaly_state.iter().flat_map(|state| state.overdue.keys().copied());
        overdue.chain(self.pending.iter())
    }

    /// At most `most` messages in flight to compare an event with, oldest first. Only looks at the
    /// first entries.
    pub(crate) fn candidates(&self, most: usize) -> impl Iterator<Item = u64> {
        let overdue = self.anomaly_state.iter().flat_map(|state| state.overdue.keys().copied());
        overdue.chain(self.pending.iter_first(4 * most)).take(most)
    }

    /// The times of message `sequence` if it is in flight.
    pub(crate) fn times(&self, sequence: u64) -> Option<SendTimes> {
        if sequence >= self.pending.base() {
            return self.pending.times(sequence);
        }
        self.anomaly_state.as_ref()?.overdue.get(&sequence).copied()
    }

    pub(crate) fn subject(&self, sequence: u64) -> Subject {
        Subject { sequence: Some(sequence), times: self.times(sequence) }
    }

    /// Records that message `sequence` came back whole. Does nothing if it is not in flight.
    pub(crate) fn matched(&mut self, sequence: u64, sink: &mut impl LedgerSink) {
        if let Some(times) = self.take(sequence) {
            self.arrived(sequence, times, sink);
        }
    }

    /// Records the arrival of message `sequence`, which was just taken out of `pending`.
    #[inline]
    fn arrived(&mut self, sequence: u64, times: SendTimes, sink: &mut impl LedgerSink) {
        let low = if self.anomaly_state.is_some() { self.oldest().unwrap_or(u64::MAX) } else { self.pending.base() };
        let overtaken = self.order.arrive(sequence, low);
        sink.matched(sequence, 1, times, overtaken);
    }

    /// Records that message `sequence` came back damaged. Does nothing if it is not in flight.
    pub(crate) fn damaged(&mut self, sequence: u64, sink: &mut impl LedgerSink) {
        if let Some(times) = self.take(sequence) {
            sink.fate(Fate::Damaged, sequence, times);
        }
    }

    /// Takes message `sequence` out of the messages in flight.
    fn take(&mut self, sequence: u64) -> Option<SendTimes> {
        let times = if sequence >= self.pending.base() {
            self.pending.take(sequence)
        } else {
            self.anomaly_state.as_mut()?.overdue.remove(&sequence)
        }?;
        self.in_flight -= 1;
        self.trim();
        Some(times)
    }

    /// Drops messages with a fate from the front of `pending`. Moves old messages that keep it from
    /// shrinking to `overdue`, so memory stays in proportion to what is in flight.
    fn trim(&mut self) {
        self.pending.drop_gone();
        while self.pending.len() > SLACK && self.pending.len() > 2 * self.in_flight as usize {
            let overdue = &mut self.anomaly_state.get_or_insert_default().overdue;
            self.pending.take_front(1, |sequence, _, times| {
                overdue.insert(sequence, times);
            });
            self.pending.drop_gone();
        }
    }
}
