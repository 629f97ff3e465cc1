//! `--expect mark`: an event is the reply to the message whose mark is in it.
//!
//! A whole mark says for certain which message it is. Everything else in the event is the server's
//! own business, and so are broken marks beside a whole one. Without a whole one, a broken one may
//! still resemble the mark of a message in flight: cut short, or with a few bytes changed.

use crate::{
    ledger::{Expectation, Finding, Ledger, LedgerSink, MessageEvent, Subject, effort::Effort},
    message::{BrokenMark, ClientMessages, MARK, Marks, MessageHeader, Mix, Payload},
};

/// Messages in flight whose marks a broken mark is compared with.
const CANDIDATES: usize = 4096;

/// Bytes of a mark up to the end of its checksum and the colon after it. No other mark in flight
/// begins so.
const NAMED: usize = 13;

/// Most bytes in which a broken mark may differ from the mark that it was. Two marks differ in
/// their checksums and numbers, in eight bytes or so.
const FEW: usize = 4;

/// Finds marks of one run.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct MarkMatcher {
    marks: Payload,
}

impl MarkMatcher {
    pub(super) fn new(run: u32) -> Self {
        let len = u32::try_from(MARK).unwrap_or_default();
        Self { marks: Payload::new(run, len, Mix::Text) }
    }

    /// The marks of `client`.
    #[inline]
    pub(in crate::ledger) fn marks_of(&self, client: u32) -> ClientMessages<'_> {
        self.marks.of(client)
    }

    /// The mark of message `sequence` of `client`.
    pub(in crate::ledger) fn mark_of(&self, client: u32, sequence: u64) -> [u8; MARK] {
        let mut mark = [0; MARK];
        self.marks.encode(client, sequence, &mut mark);
        mark
    }
}

/// The messages of this run that an event names.
enum Named {
    None,
    One(MessageHeader),
    Several(Vec<MessageHeader>),
}

impl Named {
    fn in_run(marks: &Marks, expectation: &Expectation) -> Self {
        let run = expectation.payload().run();
        let ours = |header: &MessageHeader| header.run == run && header.client < expectation.clients;
        let mut headers = marks.whole().map(|mark| mark.header).filter(ours);
        match (headers.next(), headers.next()) {
            (None, _) => Self::None,
            (Some(only), None) => Self::One(only),
            (Some(first), Some(second)) => Self::Several([first, second].into_iter().chain(headers).collect()),
        }
    }
}

impl Ledger {
    pub(super) fn received_marks(
        &mut self,
        expectation: &Expectation,
        matcher: &MarkMatcher,
        event: MessageEvent<'_>,
        sink: &mut impl LedgerSink,
    ) {
        let marks = Marks::of(event.bytes);
        match Named::in_run(&marks, expectation) {
            Named::One(message) => self.named(expectation, message, event.bytes, sink),
            Named::Several(messages) if expectation.batched => {
                for message in messages {
                    self.named(expectation, message, event.bytes, sink);
                }
            }
            Named::Several(messages) => {
                let ours = messages.iter().filter(|message| message.client == self.client());
                let sequences: Vec<u64> = ours.map(|message| message.sequence).collect();
                self.named_together(&sequences, event.bytes, sink);
            }
            Named::None => self.broken_marks(matcher, marks.broken(), event.bytes, sink),
        }
    }

    /// Decides about a message of this run that an event names.
    fn named(&mut self, expectation: &Expectation, message: MessageHeader, event: &[u8], sink: &mut impl LedgerSink) {
        if message.client == self.client() {
            self.belongs(expectation, message.sequence, event, sink);
        } else {
            let known = Subject { sequence: Some(message.sequence), times: None };
            sink.finding(Finding::Misrouted { owner: message.client }, known, event);
        }
    }

    /// Decides about messages that came in one event although each must have one of its own.
    pub(super) fn named_together(&mut self, sequences: &[u64], event: &[u8], sink: &mut impl LedgerSink) {
        let first = sequences.iter().find(|sequence| self.times(**sequence).is_some()).or(sequences.first());
        sink.finding(Finding::Coalesced, first.map(|first| self.subject(*first)).unwrap_or_default(), event);
        for &sequence in sequences {
            self.damaged(sequence, sink);
        }
    }

    /// Decides about an event without a whole mark.
    #[cold]
    fn broken_marks(&mut self, matcher: &MarkMatcher, broken: &[BrokenMark], event: &[u8], sink: &mut impl LedgerSink) {
        let effort = Effort::new(sink.effort(event.len()));
        let resembled = broken.iter().find_map(|broken| self.resembled(matcher, broken, &effort));
        sink.spend(effort.spent());
        match resembled {
            Some(sequence) => {
                sink.finding(Finding::Corrupted, self.subject(sequence), event);
                self.damaged(sequence, sink);
            }
            None => sink.finding(Finding::Unexpected, Subject::default(), event),
        }
    }

    /// The message in flight whose mark `broken` was, as far as effort is left.
    fn resembled(&self, matcher: &MarkMatcher, broken: &BrokenMark, effort: &Effort) -> Option<u64> {
        let claimed = broken.sequence().filter(|_| broken.client() == Some(self.client()));
        let claimed = claimed.filter(|&sequence| self.times(sequence).is_some());
        let nearest = claimed
            .into_iter()
            .chain(self.candidates(CANDIDATES))
            .take_while(|_| effort.affords(MARK))
            .map(|sequence| (differing(&matcher.mark_of(self.client(), sequence), broken.bytes()), sequence))
            .min();
        nearest.filter(|(bytes, _)| *bytes <= FEW).map(|(_, sequence)| sequence).or(claimed)
    }
}

/// In how many bytes `bytes` differ from `mark`. In none if they name it and are cut behind that.
fn differing(mark: &[u8; MARK], bytes: &[u8]) -> usize {
    let common = mark.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    if common >= NAMED {
        return 0;
    }
    mark.iter().zip(bytes).filter(|(a, b)| a != b).count() + MARK.saturating_sub(bytes.len())
}
