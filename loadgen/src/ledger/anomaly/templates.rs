//! The echo of messages that were made of templates.
//!
//! They have no header, so an event is compared with the messages in flight, oldest first, then
//! with those that had no answer when earlier connections ended. Several may be equal. Then the
//! oldest counts.

use super::contents::CANDIDATES;
use crate::{
    ledger::{Expectation, Finding, Ledger, LedgerSink, MessageEvent, Subject, effort::Effort},
    message::{Marks, MessageHeader},
};

/// Messages that have come already and that an event is compared with, from the last that was sent
/// on.
const REPEATED: u64 = 256;

impl Ledger {
    /// Decides about an event where messages were made of templates.
    pub(super) fn template_echo(
        &mut self,
        expectation: &Expectation,
        event: MessageEvent<'_>,
        effort: &Effort,
        sink: &mut impl LedgerSink,
    ) {
        let in_flight = self.equal(self.candidates(CANDIDATES), expectation, event.bytes, effort);
        if let Some(sequence) = in_flight {
            if expectation.source.of(self.client()).kind_and_len(sequence).0 == event.kind {
                return self.matched(expectation, sequence, sink);
            }
            sink.finding(Finding::WrongType, self.subject(sequence), event.bytes);
            return self.damaged(sequence, sink);
        }
        if let Some(header) = named(expectation, event.bytes) {
            let known = Subject { sequence: Some(header.sequence), times: None };
            if header.client != self.client() {
                return sink.finding(Finding::Misrouted { owner: header.client }, known, event.bytes);
            }
            if !self.was_sent(header.sequence) {
                return sink.finding(Finding::Unexpected, known, event.bytes);
            }
        }
        let earlier = self.anomaly_state.iter().flat_map(|state| state.unanswered.iter()).take(CANDIDATES);
        if let Some(sequence) = self.equal(earlier, expectation, event.bytes, effort) {
            let is_right = expectation.source.of(self.client()).kind_and_len(sequence).0 == event.kind;
            return self.again(sequence, is_right, event.bytes, sink);
        }
        let next = self.next_sequence();
        let sent = (next.saturating_sub(REPEATED)..next).rev().filter(|sequence| self.was_sent(*sequence));
        match self.equal(sent, expectation, event.bytes, effort).filter(|_| !event.bytes.is_empty()) {
            Some(sequence) => {
                let known = Subject { sequence: Some(sequence), times: None };
                sink.finding(Finding::Duplicated, known, event.bytes);
            }
            None => self.broken(expectation, event.bytes, effort, sink),
        }
    }

    /// The first of these messages that is equal to an event, as far as effort is left.
    fn equal(
        &self,
        mut messages: impl Iterator<Item = u64>,
        expectation: &Expectation,
        event: &[u8],
        effort: &Effort,
    ) -> Option<u64> {
        messages.find(|&sequence| self.is_message(expectation, sequence, event, effort))
    }

    /// Whether `bytes` are message `sequence`, as far as effort is left.
    fn is_message(&self, expectation: &Expectation, sequence: u64, bytes: &[u8], effort: &Effort) -> bool {
        let source = expectation.source.of(self.client());
        let (_, len) = source.kind_and_len(sequence);
        effort.affords_a_look() && len == bytes.len() && effort.affords(len) && source.bytes(sequence) == bytes
    }

    /// The message in flight that `bytes` begin with, whole, and its length. None of `before`.
    pub(super) fn leading_template(
        &self,
        expectation: &Expectation,
        bytes: &[u8],
        before: &[u64],
        effort: &Effort,
    ) -> Option<(u64, usize)> {
        let source = expectation.source.of(self.client());
        let whole = |sequence: u64| {
            let (_, len) = source.kind_and_len(sequence);
            let leads = len > 0 && self.is_message(expectation, sequence, bytes.get(..len)?, effort);
            leads.then_some((sequence, len))
        };
        self.candidates(CANDIDATES).filter(|sequence| !before.contains(sequence)).find_map(whole)
    }

    /// Whether message `sequence` begins with `bytes` and is longer, as far as effort is left.
    pub(super) fn template_begins(
        &self,
        expectation: &Expectation,
        sequence: u64,
        bytes: &[u8],
        effort: &Effort,
    ) -> bool {
        let source = expectation.source.of(self.client());
        let (_, len) = source.kind_and_len(sequence);
        len > bytes.len() && effort.affords(len) && source.bytes(sequence).starts_with(bytes)
    }

    /// The message in flight that `bytes` resemble most: at most half of its bytes differ.
    pub(super) fn nearest_template(&self, expectation: &Expectation, bytes: &[u8], effort: &Effort) -> Option<u64> {
        let run = expectation.payload().run();
        let ours = |header: &MessageHeader| {
            header.run == run && header.client == self.client() && self.times(header.sequence).is_some()
        };
        if let Some(header) = Marks::of(bytes).whole().map(|mark| mark.header).find(ours) {
            return Some(header.sequence);
        }
        let source = expectation.source.of(self.client());
        let affordable = |sequence: &u64| effort.affords(source.kind_and_len(*sequence).1);
        let distance = |sequence| {
            let message = source.bytes(sequence);
            let differing = message.iter().zip(bytes).filter(|(a, b)| a != b).count();
            (differing + message.len().abs_diff(bytes.len()), message.len(), sequence)
        };
        let nearest = self.candidates(CANDIDATES).take_while(affordable).map(distance).min_by_key(|(bytes, ..)| *bytes);
        nearest.filter(|(bytes, len, _)| *bytes <= len / 2).map(|(_, _, sequence)| sequence)
    }
}

/// The message of this run that an event is, as its only mark says.
fn named(expectation: &Expectation, event: &[u8]) -> Option<MessageHeader> {
    let header = Marks::of(event).only()?.header;
    (header.run == expectation.payload().run() && header.client < expectation.clients).then_some(header)
}
