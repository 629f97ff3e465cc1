//! Per connection: each sent message gets exactly one fate, each event exactly one finding. Pure: time is an argument.
//!
//! Of what is in flight, due and write times of each burst and the checksum of each message are kept (`pending.rs`), and
//! nothing else, since a message's bytes can be computed again. The way of a message that comes back whole and in order is
//! short (`arrivals.rs`); everything else is sorted out in `anomaly.rs`.

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

/// When a message was due and when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendTimes {
    /// Intended time of the send.
    pub due: Time,
    /// When it was handed to the transport.
    pub written: Time,
}

/// A message event.
#[derive(Clone, Copy, Debug)]
pub struct MessageEvent<'a> {
    /// Text or binary.
    pub kind: MessageKind,
    /// Its payload.
    pub bytes: &'a [u8],
}

/// The books of one connection.
#[derive(Debug)]
pub struct Ledger {
    client: u32,
    /// Messages in flight, but for those that are overdue. The first is always in flight.
    pending: Pending,
    in_flight: u32,
    order: ArrivalOrder,
    /// What only connections with anomalies need.
    anomaly_state: Option<Box<AnomalyState>>,
}

/// Messages in line up to which an overtaken one may stay in it.
const SLACK: usize = 64;

impl Ledger {
    /// Empty books of `client`.
    pub fn new(client: u32) -> Self {
        Self { client, pending: Pending::default(), in_flight: 0, order: ArrivalOrder::default(), anomaly_state: None }
    }

    /// The client whose books these are.
    pub fn client(&self) -> u32 {
        self.client
    }

    /// Messages that were sent and have no fate yet.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Entries that the books take memory for. In proportion to [`Self::in_flight`] at its highest.
    pub fn capacity(&self) -> usize {
        self.pending.capacity() + self.anomaly_state.as_ref().map_or(0, |state| state.overdue.len())
    }

    /// Sequence of the next message.
    pub fn next_sequence(&self) -> u64 {
        self.pending.next()
    }

    /// Takes down that the next message was sent.
    pub fn sent(&mut self, times: SendTimes) {
        self.pending.push(times, [PendingState::InFlight].into_iter());
        self.in_flight += 1;
    }

    /// The same for messages that were sent together, one for each of `checksums`: what [`encode`](crate::message::ClientMessages::encode)
    /// returned for it.
    #[inline]
    pub fn sent_together(&mut self, times: SendTimes, checksums: &[u32]) {
        self.pending.push(times, checksums.iter().copied().map(PendingState::Checked));
        // Bursts are counted in 32 bits.
        self.in_flight += u32::try_from(checksums.len()).unwrap_or(u32::MAX);
    }

    /// Decides what an event is, and with it the fate of the messages that it is about.
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

    /// `--expect reply=TEXT`: the same, and its content is known.
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

    /// Gives every message that is still in flight its fate: undetermined if the connection died, else lost.
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

    /// As many of them as an event is compared with, found among the first places.
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

    /// Message `sequence` came back whole. Does nothing if it is not in flight.
    pub(crate) fn matched(&mut self, sequence: u64, sink: &mut impl LedgerSink) {
        if let Some(times) = self.take(sequence) {
            self.arrived(sequence, times, sink);
        }
    }

    /// Books message `sequence`, which is in flight no more.
    #[inline]
    fn arrived(&mut self, sequence: u64, times: SendTimes, sink: &mut impl LedgerSink) {
        let low = if self.anomaly_state.is_some() { self.oldest().unwrap_or(u64::MAX) } else { self.pending.base() };
        let overtaken = self.order.arrive(sequence, low);
        sink.matched(sequence, 1, times, overtaken);
    }

    /// Message `sequence` came other than whole. Does nothing if it is not in flight: its fate is known.
    pub(crate) fn damaged(&mut self, sequence: u64, sink: &mut impl LedgerSink) {
        if let Some(times) = self.take(sequence) {
            sink.fate(Fate::Damaged, sequence, times);
        }
    }

    /// Takes message `sequence` out of what is in flight.
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

    /// Drops what has its fate off the front, and moves what keeps a long line from shrinking to where it takes a place of
    /// its own: memory stays in proportion to what is in flight.
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
