//! Messages that come in several events, or of which only a part comes.

use std::{cmp::Reverse, collections::BTreeMap};

use super::contents::{Contents, Remainder};
use crate::ledger::{
    Expectation, Finding, Ledger, LedgerSink, SendTimes, Subject, effort::Effort, unanswered::UnansweredMessages,
};

/// Truncated events that are kept without a known message. Bounds memory.
const UNATTRIBUTED: usize = 4096;

#[derive(Debug, Default)]
pub(in crate::ledger) struct AnomalyState {
    /// Messages in flight that many others have overtaken, by sequence. They would make `pending`
    /// grow without bound.
    pub(in crate::ledger) overdue: BTreeMap<u64, OverdueMessage>,
    /// What had no answer when earlier connections ended.
    pub(in crate::ledger) unanswered: UnansweredMessages,
    /// The beginning of a message whose rest may still come.
    pub(super) partial: Option<MessageBeginning>,
    /// Truncated events too short to tell which message they belong to. When the connection ends,
    /// each is attributed to a message in flight.
    pub(super) unattributed: Vec<Vec<u8>>,
}

/// A message that many others have overtaken.
#[derive(Clone, Copy, Debug)]
pub(in crate::ledger) struct OverdueMessage {
    pub(in crate::ledger) ordinal: u64,
    pub(in crate::ledger) times: SendTimes,
}

/// The beginning of a message.
#[derive(Debug)]
pub(super) struct MessageBeginning {
    pub(super) bytes: Vec<u8>,
    /// Where each event after the first begins in `bytes`.
    pub(super) later: Vec<usize>,
    /// Events that hold it and have no finding yet.
    pub(super) events: u32,
    /// The message that it begins, if it is long enough to tell.
    pub(super) sequence: Option<u64>,
}

impl MessageBeginning {
    pub(super) fn new(bytes: &[u8], events: u32, sequence: Option<u64>) -> Self {
        Self { bytes: bytes.to_vec(), later: Vec::new(), events, sequence }
    }
}

impl Ledger {
    /// Takes an event as the continuation of the partial message, if it is one.
    pub(super) fn continues_partial(
        &mut self,
        expectation: &Expectation,
        bytes: &[u8],
        effort: &Effort,
        sink: &mut impl LedgerSink,
    ) -> bool {
        let Some(mut partial) = self.anomaly_state.as_mut().and_then(|state| state.partial.take()) else {
            return false;
        };
        let before = partial.bytes.len();
        partial.bytes.extend_from_slice(bytes);
        let contents = self.contents(expectation, &partial.bytes, effort);
        if contents.continue_partial() {
            partial.later.push(before);
            partial.events += 1;
            self.continued(partial, contents, sink);
            return true;
        }
        partial.bytes.truncate(before);
        let mistaken = self.mistaken_continuation(expectation, &mut partial, bytes, effort);
        self.open_partial(partial);
        let Some(beginning) = mistaken else { return false };
        self.close_partial(expectation, effort, sink);
        self.open_partial(MessageBeginning::new(&beginning, 1, None));
        self.continues_partial(expectation, bytes, effort, sink)
    }

    /// Decides about `partial`, which now holds `contents`.
    fn continued(&mut self, mut partial: MessageBeginning, contents: Contents, sink: &mut impl LedgerSink) {
        let rest = match contents.rest {
            Remainder::BeginningOf { sequence, at } => Some((sequence, at)),
            Remainder::Nothing | Remainder::Foreign => None,
        };
        let Some(&first) = contents.whole.first() else {
            partial.sequence = rest.and_then(|(sequence, _)| sequence);
            return self.open_partial(partial);
        };
        // The message is complete. More messages, or the beginning of one, may follow in the same
        // event.
        sink.finding(Finding::Split { earlier: partial.events - 1 }, self.subject(first), &partial.bytes);
        for &sequence in &contents.whole {
            self.damaged(sequence, sink);
        }
        if let Some((sequence, at)) = rest {
            self.open_partial(MessageBeginning::new(&partial.bytes[at..], 0, sequence));
        }
    }

    /// Takes the last event out of `partial` if it was a beginning rather than a continuation, and
    /// `bytes` continue it. Then the message before was truncated, and this one is split. Both
    /// readings are possible when an event is very short.
    fn mistaken_continuation(
        &self,
        expectation: &Expectation,
        partial: &mut MessageBeginning,
        bytes: &[u8],
        effort: &Effort,
    ) -> Option<Vec<u8>> {
        let at = *partial.later.last()?;
        self.beginning_with(expectation, &partial.bytes[at..], effort).next()?;
        if !self.contents(expectation, &[&partial.bytes[at..], bytes].concat(), effort).continue_partial() {
            return None;
        }
        partial.later.pop();
        partial.events -= 1;
        Some(partial.bytes.split_off(at))
    }

    pub(super) fn open_partial(&mut self, partial: MessageBeginning) {
        self.anomaly_state.get_or_insert_default().partial = Some(partial);
    }

    /// Decides about the partial message and the unattributed events, as nothing more will come.
    pub(crate) fn end_partial_messages(&mut self, expectation: &Expectation, sink: &mut impl LedgerSink) {
        if self.anomaly_state.is_some() {
            let effort = Effort::new(sink.effort(0));
            self.close_partial(expectation, &effort, sink);
            self.attribute_truncated(expectation, &effort, sink);
            sink.spend(effort.spent());
        }
    }

    /// Decides about the partial message, as its rest never came.
    pub(super) fn close_partial(&mut self, expectation: &Expectation, effort: &Effort, sink: &mut impl LedgerSink) {
        let Some(mut partial) = self.anomaly_state.as_mut().and_then(|state| state.partial.take()) else {
            return;
        };
        for bytes in self.take_beginnings(expectation, &mut partial, effort) {
            self.truncated(Subject::default(), bytes, sink);
        }
        let subject = partial.sequence.map(|sequence| self.subject(sequence)).unwrap_or_default();
        match partial.events {
            0 => {}
            1 => return self.truncated(subject, partial.bytes, sink),
            events => sink.finding(Finding::Split { earlier: events - 1 }, subject, &partial.bytes),
        }
        match partial.sequence {
            Some(sequence) => self.damaged(sequence, sink),
            None => self.unattributed(partial.bytes),
        }
    }

    /// Takes events out of an incomplete message that may be beginnings themselves. Several
    /// truncated messages are likelier than one message in three events that lost its last.
    fn take_beginnings(
        &self,
        expectation: &Expectation,
        partial: &mut MessageBeginning,
        effort: &Effort,
    ) -> Vec<Vec<u8>> {
        let mut taken = Vec::new();
        while let Some(at) = partial.later.pop() {
            let begins = self.beginning_with(expectation, &partial.bytes[at..], effort).next().is_some();
            if !begins {
                break;
            }
            taken.push(partial.bytes.split_off(at));
            partial.events -= 1;
        }
        taken
    }

    /// Records that an event was the beginning of a message and no more.
    fn truncated(&mut self, subject: Subject, bytes: Vec<u8>, sink: &mut impl LedgerSink) {
        sink.finding(Finding::Truncated, subject, &bytes);
        match subject.sequence {
            Some(sequence) => self.damaged(sequence, sink),
            None => self.unattributed(bytes),
        }
    }

    fn unattributed(&mut self, bytes: Vec<u8>) {
        // There can't be more than messages in flight.
        let most = UNATTRIBUTED.min(self.in_flight() as usize);
        let unattributed = &mut self.anomaly_state.get_or_insert_default().unattributed;
        if unattributed.len() < most {
            unattributed.push(bytes);
        }
    }

    /// Attributes each truncated event to the oldest message in flight that it may begin.
    fn attribute_truncated(&mut self, expectation: &Expectation, effort: &Effort, sink: &mut impl LedgerSink) {
        let Some(anomaly_state) = &mut self.anomaly_state else { return };
        let mut unattributed = std::mem::take(&mut anomaly_state.unattributed);
        // A longer event fits fewer messages, so the longest choose first.
        unattributed.sort_by_key(|bytes| Reverse(bytes.len()));
        for bytes in unattributed {
            // An empty event fits any message, so none needs to be generated.
            let oldest =
                if bytes.is_empty() { self.oldest() } else { self.beginning_with(expectation, &bytes, effort).next() };
            if let Some(sequence) = oldest {
                self.damaged(sequence, sink);
            }
        }
    }
}
