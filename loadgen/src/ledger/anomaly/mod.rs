//! Classifies events that do not hold the next message whole: the long path through a [`Ledger`].
//!
//! The rules, in this order:
//! 1. A single whole message. It is *unexpected* if it is of another run or was never sent,
//!    *misrouted* if another client sent it, *duplicated* if its fate is known, and *wrong type* if
//!    its kind is wrong. Else it matches, out of order. It is *late* if it had no answer when an
//!    earlier connection of the client ended.
//! 2. More than one whole message, or one and the beginning of another, is *coalesced*.
//! 3. The beginning of a message in flight is kept. If later events continue it, the message was
//!    *split*. If another beginning comes first, or the run ends, the event was *truncated*. An
//!    event that seemed to continue an incomplete message was truncated as well, if it may be a
//!    beginning itself.
//! 4. An event that resembles a message in flight is *corrupted*. The rest, and an empty event, is
//!    *unexpected*.
//!
//! A whole header identifies its message, even if bytes before it were removed or changed. With one
//! bit flipped anywhere, the message is found by its distance to those in flight.

mod beginning;
mod contents;
mod templates;
mod without_unexpected;

pub(super) use self::beginning::{AnomalyState, OverdueMessage};
use self::{beginning::MessageBeginning, contents::Remainder, without_unexpected::WithoutUnexpected};
use super::{Expectation, Finding, Ledger, LedgerSink, MessageEvent, Subject, effort::Effort, matcher::Matcher};
use crate::message::{self, MessageHeader, MessageKind, Source};

impl Ledger {
    /// Decides about an event that is not the oldest message in flight, whole.
    #[cold]
    pub(crate) fn classify(&mut self, expectation: &Expectation, event: MessageEvent<'_>, sink: &mut impl LedgerSink) {
        let effort = Effort::new(sink.effort(event.bytes.len()));
        self.classify_within(expectation, event, &effort, sink);
        sink.spend(effort.spent());
    }

    fn classify_within(
        &mut self,
        expectation: &Expectation,
        event: MessageEvent<'_>,
        effort: &Effort,
        sink: &mut impl LedgerSink,
    ) {
        if let Source::Templates(_) = expectation.source {
            return self.template_echo(expectation, event, effort, sink);
        }
        match message::leading(event.bytes) {
            Some((kind, header)) if header.length as usize == event.bytes.len() => {
                self.whole(expectation, event, kind, header, sink);
            }
            _ => self.broken(expectation, event.bytes, effort, sink),
        }
    }

    /// Looks into the message with which the server broke a rule of the protocol, or the part of it
    /// that came. Reports a finding if the message can be identified and is wrong. Reports nothing
    /// if it can't be identified, or if only its frame was wrong.
    #[cold]
    pub fn protocol_violation(
        &mut self,
        expectation: &Expectation,
        event: MessageEvent<'_>,
        sink: &mut impl LedgerSink,
    ) {
        let mut sink = WithoutUnexpected(sink);
        match &expectation.matcher {
            Matcher::Echo | Matcher::VariedEcho => {}
            Matcher::Reply(text) if event.kind == MessageKind::Text && event.bytes == text.as_bytes() => return,
            Matcher::Reply(_) => return self.received(expectation, event, &mut sink),
            _ => return,
        }
        let effort = Effort::new(sink.effort(event.bytes.len()));
        let claimed = message::parse(event.bytes)
            .filter(|(_, header)| header.run == expectation.payload().run() && header.client == self.client())
            .filter(|(_, header)| self.times(header.sequence).is_some());
        let mut made = Vec::new();
        match claimed {
            Some((kind, header)) if self.begins(expectation, header.sequence, event.bytes, &mut made, &effort) => {
                let size = expectation.source.payload_of(self.client(), header.sequence).size();
                let whole = event.bytes.len() == size;
                if event.kind != kind {
                    sink.finding(Finding::WrongType, self.subject(header.sequence), event.bytes);
                    self.damaged(header.sequence, &mut sink);
                } else if !whole {
                    self.broken(expectation, event.bytes, &effort, &mut sink);
                }
            }
            _ if event.bytes.is_empty() => {}
            _ => self.broken(expectation, event.bytes, &effort, &mut sink),
        }
        sink.spend(effort.spent());
    }

    /// Decides about a single whole message.
    fn whole(
        &mut self,
        expectation: &Expectation,
        event: MessageEvent<'_>,
        kind: MessageKind,
        header: MessageHeader,
        sink: &mut impl LedgerSink,
    ) {
        let known = Subject { sequence: Some(header.sequence), times: None };
        if header.run != expectation.payload().run() || header.client >= expectation.clients {
            return sink.finding(Finding::Unexpected, Subject::default(), event.bytes);
        }
        if header.client != self.client() {
            return sink.finding(Finding::Misrouted { owner: header.client }, known, event.bytes);
        }
        if !self.was_sent(header.sequence) {
            return sink.finding(Finding::Unexpected, known, event.bytes);
        }
        if self.times(header.sequence).is_none() {
            return self.again(header.sequence, event.kind == kind, event.bytes, sink);
        }
        if event.kind != kind {
            sink.finding(Finding::WrongType, self.subject(header.sequence), event.bytes);
            return self.damaged(header.sequence, sink);
        }
        self.matched(expectation, header.sequence, sink);
    }

    /// Decides about a message that has its fate. It came again, unless it had no answer when an
    /// earlier connection ended. Then it is late, if its kind `is_right`.
    fn again(&mut self, sequence: u64, is_right: bool, event: &[u8], sink: &mut impl LedgerSink) {
        let known = Subject { sequence: Some(sequence), times: None };
        match self.take_unanswered(sequence) {
            true if is_right => sink.late(sequence),
            true => sink.finding(Finding::WrongType, known, event),
            false => sink.finding(Finding::Duplicated, known, event),
        }
    }

    fn broken(&mut self, expectation: &Expectation, bytes: &[u8], effort: &Effort, sink: &mut impl LedgerSink) {
        if bytes.is_empty() {
            // No message in flight is empty, and nothing tells which one this may be.
            return sink.finding(Finding::Unexpected, Subject::default(), bytes);
        }
        if self.continues_partial(expectation, bytes, effort, sink) {
            return;
        }
        let contents = self.contents(expectation, bytes, effort);
        match contents.rest {
            Remainder::BeginningOf { sequence, .. } if contents.whole.is_empty() => {
                self.close_partial(expectation, effort, sink);
                self.open_partial(MessageBeginning::new(bytes, 1, sequence));
            }
            Remainder::BeginningOf { sequence, at } => {
                self.coalesced(&contents.whole, bytes, sink);
                self.close_partial(expectation, effort, sink);
                // The event has its finding. The partial message only waits for its rest.
                self.open_partial(MessageBeginning::new(&bytes[at..], 0, sequence));
            }
            _ if contents.whole.len() > 1 => self.coalesced(&contents.whole, bytes, sink),
            _ => self.corrupted(expectation, bytes, effort, sink),
        }
    }

    fn coalesced(&mut self, whole: &[u64], bytes: &[u8], sink: &mut impl LedgerSink) {
        sink.finding(Finding::Coalesced, self.subject(whole[0]), bytes);
        for &sequence in whole {
            self.damaged(sequence, sink);
        }
    }

    fn corrupted(&mut self, expectation: &Expectation, bytes: &[u8], effort: &Effort, sink: &mut impl LedgerSink) {
        match self.nearest_message(expectation, bytes, effort) {
            Some(sequence) => {
                sink.finding(Finding::Corrupted, self.subject(sequence), bytes);
                self.damaged(sequence, sink);
            }
            None => sink.finding(Finding::Unexpected, Subject::default(), bytes),
        }
    }
}
