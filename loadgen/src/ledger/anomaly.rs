//! What an event is that does not hold the next message whole: the long way through a [`Ledger`].
//!
//! The rules, in this order:
//! 1. A whole message, alone: of another run or one never sent is *unexpected*; of another client is *misrouted*; one
//!    whose fate is known is *duplicated*; of the wrong kind is *wrong type*; else it matches, out of order.
//! 2. More than one whole message, or one and the beginning of another: *coalesced*.
//! 3. The beginning of a message in flight is kept open. If later events continue it, the message was *split*; if
//!    nothing does until another beginning comes or the run ends, the event was *truncated*. So was one that seemed to
//!    continue a message which then stayed incomplete, if it may be the beginning of another.
//! 4. Anything that is closer to a message in flight than to nothing is *corrupted*; the rest, and an empty event, is
//!    *unexpected*.
//!
//! A message whose header is whole is known by it, also where what was before the header was taken off or changed. With one bit
//! flipped anywhere, the header included, it is known by its distance to those in flight.

use std::cmp::Reverse;

use super::effort::Effort;
use super::{Expectation, Fate, Finding, Ledger, LedgerSink, MessageEvent, PartialMessage, SendTimes, Subject};
use crate::message::{self, MessageHeader, MessageKind};
use crate::plan::Expect;

/// Messages in flight, oldest first, that are compared with an event whose header tells nothing. A bound on the work
/// that a broken server can cause.
const CANDIDATES: usize = 4096;

/// Bytes that are looked at for the beginning of a text's header. What a server makes of the at most four bytes that are before it
/// may be longer: an escape each.
const BEFORE_HEADER: usize = 32;

/// Truncated events that are kept because they are too short to tell of which message. A bound on memory.
const UNATTRIBUTED: usize = 4096;

/// Takes what can be known of an event: not that it is nothing that was sent.
struct WithoutUnexpected<'a, B>(&'a mut B);

impl<B: LedgerSink> LedgerSink for WithoutUnexpected<'_, B> {
    fn matched(&mut self, first: u64, messages: u32, times: SendTimes, overtaken: bool) {
        self.0.matched(first, messages, times, overtaken);
    }

    fn finding(&mut self, finding: Finding, subject: Subject, received: &[u8]) {
        if finding != Finding::Unexpected {
            self.0.finding(finding, subject, received);
        }
    }

    fn fate(&mut self, fate: Fate, sequence: u64, times: SendTimes) {
        self.0.fate(fate, sequence, times);
    }

    fn effort(&mut self, bytes: usize) -> u64 {
        self.0.effort(bytes)
    }

    fn spend(&mut self, bytes: u64) {
        self.0.spend(bytes);
    }
}

/// What the bytes of an event (with those of an open piece before them) consist of.
struct Parts {
    /// Whole messages of this connection, in order.
    whole: Vec<u64>,
    /// What follows them.
    rest: Remainder,
}

impl Parts {
    /// Whether these, if they begin with an open piece, are more of it.
    fn continue_a_piece(&self) -> bool {
        !matches!(self.rest, Remainder::Foreign)
    }
}

enum Remainder {
    Nothing,
    /// From `at` on, the beginning of a message in flight, known where there is enough of it to tell.
    BeginningOf {
        sequence: Option<u64>,
        at: usize,
    },
    Foreign,
}

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
        match message::leading(event.bytes) {
            Some((kind, header)) if header.length as usize == event.bytes.len() => {
                self.whole(expectation, event, kind, header, sink);
            }
            _ => self.broken(expectation, event.bytes, effort, sink),
        }
    }

    /// Looks into a message, or the beginning of one, with which the server broke a rule of the protocol: if it can be known which
    /// of those in flight it was to be and what is wrong with it, that is found. Else nothing is, and nothing is if it is whole
    /// and right: then only its frame was wrong.
    #[cold]
    pub fn protocol_violation(
        &mut self,
        expectation: &Expectation,
        event: MessageEvent<'_>,
        sink: &mut impl LedgerSink,
    ) {
        let mut known = WithoutUnexpected(sink);
        match &expectation.expect {
            Expect::Echo => {}
            Expect::Count => return,
            Expect::Reply(text) if event.kind == MessageKind::Text && event.bytes == text.as_bytes() => return,
            Expect::Reply(_) => return self.received(expectation, event, &mut known),
        }
        let effort = Effort::new(known.effort(event.bytes.len()));
        let claimed = message::parse(event.bytes)
            .filter(|(_, header)| header.run == expectation.payload.run() && header.client == self.client())
            .filter(|(_, header)| self.times(header.sequence).is_some());
        let mut made = Vec::new();
        match claimed {
            Some((kind, header)) if self.begins(expectation, header.sequence, event.bytes, &mut made, &effort) => {
                let whole = event.bytes.len() == expectation.payload.size();
                if event.kind != kind {
                    known.finding(Finding::WrongType, self.subject(header.sequence), event.bytes);
                    self.damaged(header.sequence, &mut known);
                } else if !whole {
                    self.broken(expectation, event.bytes, &effort, &mut known);
                }
            }
            _ if event.bytes.is_empty() => {}
            _ => self.broken(expectation, event.bytes, &effort, &mut known),
        }
        known.spend(effort.spent());
    }

    /// A whole message and nothing else.
    fn whole(
        &mut self,
        expectation: &Expectation,
        event: MessageEvent<'_>,
        kind: MessageKind,
        header: MessageHeader,
        sink: &mut impl LedgerSink,
    ) {
        let known = Subject { sequence: Some(header.sequence), times: None };
        if header.run != expectation.payload.run() || header.client >= expectation.clients {
            return sink.finding(Finding::Unexpected, Subject::default(), event.bytes);
        }
        if header.client != self.client() {
            return sink.finding(Finding::Misrouted { owner: header.client }, known, event.bytes);
        }
        if header.sequence >= self.next_sequence() {
            return sink.finding(Finding::Unexpected, known, event.bytes);
        }
        if self.times(header.sequence).is_none() {
            return sink.finding(Finding::Duplicated, known, event.bytes);
        }
        if event.kind != kind {
            sink.finding(Finding::WrongType, self.subject(header.sequence), event.bytes);
            return self.damaged(header.sequence, sink);
        }
        self.matched(header.sequence, sink);
    }

    fn broken(&mut self, expectation: &Expectation, bytes: &[u8], effort: &Effort, sink: &mut impl LedgerSink) {
        if bytes.is_empty() {
            // No message is empty, and nothing of this one says of which it may be.
            return sink.finding(Finding::Unexpected, Subject::default(), bytes);
        }
        if self.continues_piece(expectation, bytes, effort, sink) {
            return;
        }
        let parts = self.parts(expectation, bytes, effort);
        match parts.rest {
            Remainder::BeginningOf { sequence, .. } if parts.whole.is_empty() => {
                self.close_piece(expectation, effort, sink);
                self.open_piece(PartialMessage::new(bytes, 1, sequence));
            }
            Remainder::BeginningOf { sequence, at } => {
                self.coalesced(&parts.whole, bytes, sink);
                self.close_piece(expectation, effort, sink);
                // The event has its finding; the piece only waits for the rest of its message.
                self.open_piece(PartialMessage::new(&bytes[at..], 0, sequence));
            }
            _ if parts.whole.len() > 1 => self.coalesced(&parts.whole, bytes, sink),
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
        match self.most_like(expectation, bytes, effort) {
            Some(sequence) => {
                sink.finding(Finding::Corrupted, self.subject(sequence), bytes);
                self.damaged(sequence, sink);
            }
            None => sink.finding(Finding::Unexpected, Subject::default(), bytes),
        }
    }

    /// Takes an event as the continuation of the open piece, if it is one.
    fn continues_piece(
        &mut self,
        expectation: &Expectation,
        bytes: &[u8],
        effort: &Effort,
        sink: &mut impl LedgerSink,
    ) -> bool {
        let Some(mut piece) = self.anomaly_state.as_mut().and_then(|anomaly_state| anomaly_state.piece.take()) else {
            return false;
        };
        let before = piece.bytes.len();
        piece.bytes.extend_from_slice(bytes);
        let parts = self.parts(expectation, &piece.bytes, effort);
        if parts.continue_a_piece() {
            piece.later.push(before);
            piece.events += 1;
            self.continued(piece, parts, sink);
            return true;
        }
        piece.bytes.truncate(before);
        let mistaken = self.beginning_taken_for_more(expectation, &mut piece, bytes, effort);
        self.open_piece(piece);
        let Some(beginning) = mistaken else { return false };
        self.close_piece(expectation, effort, sink);
        self.open_piece(PartialMessage::new(&beginning, 1, None));
        self.continues_piece(expectation, bytes, effort, sink)
    }

    /// `piece` has grown to `parts`.
    fn continued(&mut self, mut piece: PartialMessage, parts: Parts, sink: &mut impl LedgerSink) {
        let rest = match parts.rest {
            Remainder::BeginningOf { sequence, at } => Some((sequence, at)),
            Remainder::Nothing | Remainder::Foreign => None,
        };
        let Some(&first) = parts.whole.first() else {
            piece.sequence = rest.and_then(|(sequence, _)| sequence);
            return self.open_piece(piece);
        };
        // Complete; more messages or the beginning of one may follow in the same event.
        sink.finding(Finding::Split { earlier: piece.events - 1 }, self.subject(first), &piece.bytes);
        for &sequence in &parts.whole {
            self.damaged(sequence, sink);
        }
        if let Some((sequence, at)) = rest {
            self.open_piece(PartialMessage::new(&piece.bytes[at..], 0, sequence));
        }
    }

    /// The last event of `piece`, taken out of it, if it was not a continuation but a beginning, which `bytes` continue.
    /// So short that it could be both: the message before was truncated, and this one is split.
    fn beginning_taken_for_more(
        &self,
        expectation: &Expectation,
        piece: &mut PartialMessage,
        bytes: &[u8],
        effort: &Effort,
    ) -> Option<Vec<u8>> {
        let at = *piece.later.last()?;
        self.beginning_with(expectation, &piece.bytes[at..], effort).next()?;
        if !self.parts(expectation, &[&piece.bytes[at..], bytes].concat(), effort).continue_a_piece() {
            return None;
        }
        piece.later.pop();
        piece.events -= 1;
        Some(piece.bytes.split_off(at))
    }

    fn open_piece(&mut self, piece: PartialMessage) {
        self.anomaly_state.get_or_insert_default().piece = Some(piece);
    }

    /// Everything has come that will: decides about the open piece and what was too short to tell.
    pub(crate) fn end_partial_messages(&mut self, expectation: &Expectation, sink: &mut impl LedgerSink) {
        if self.anomaly_state.is_some() {
            let effort = Effort::new(sink.effort(0));
            self.close_piece(expectation, &effort, sink);
            self.attribute_truncated(expectation, &effort, sink);
            sink.spend(effort.spent());
        }
    }

    /// The rest of the open piece, if there is one, never came.
    fn close_piece(&mut self, expectation: &Expectation, effort: &Effort, sink: &mut impl LedgerSink) {
        let Some(mut piece) = self.anomaly_state.as_mut().and_then(|anomaly_state| anomaly_state.piece.take()) else {
            return;
        };
        for bytes in self.take_beginnings(expectation, &mut piece, effort) {
            self.truncated(Subject::default(), bytes, sink);
        }
        let subject = piece.sequence.map(|sequence| self.subject(sequence)).unwrap_or_default();
        match piece.events {
            0 => {}
            1 => return self.truncated(subject, piece.bytes, sink),
            events => sink.finding(Finding::Split { earlier: events - 1 }, subject, &piece.bytes),
        }
        match piece.sequence {
            Some(sequence) => self.damaged(sequence, sink),
            None => self.unattributed(piece.bytes),
        }
    }

    /// Takes the events out of an incomplete piece that may as well be beginnings themselves: truncated one after the
    /// other is likelier than one message in three events of which the last was lost.
    fn take_beginnings(&self, expectation: &Expectation, piece: &mut PartialMessage, effort: &Effort) -> Vec<Vec<u8>> {
        let mut taken = Vec::new();
        while let Some(at) = piece.later.pop() {
            let begins = self.beginning_with(expectation, &piece.bytes[at..], effort).next().is_some();
            if !begins {
                break;
            }
            taken.push(piece.bytes.split_off(at));
            piece.events -= 1;
        }
        taken
    }

    /// An event was the beginning of a message and no more.
    fn truncated(&mut self, subject: Subject, bytes: Vec<u8>, sink: &mut impl LedgerSink) {
        sink.finding(Finding::Truncated, subject, &bytes);
        match subject.sequence {
            Some(sequence) => self.damaged(sequence, sink),
            None => self.unattributed(bytes),
        }
    }

    fn unattributed(&mut self, bytes: Vec<u8>) {
        // No more than there are messages that they may be of.
        let most = UNATTRIBUTED.min(self.in_flight() as usize);
        let unattributed = &mut self.anomaly_state.get_or_insert_default().unattributed;
        if unattributed.len() < most {
            unattributed.push(bytes);
        }
    }

    /// Gives each truncated event that was too short to tell the oldest message in flight that it may be the beginning of.
    fn attribute_truncated(&mut self, expectation: &Expectation, effort: &Effort, sink: &mut impl LedgerSink) {
        let Some(anomaly_state) = &mut self.anomaly_state else { return };
        let mut unattributed = std::mem::take(&mut anomaly_state.unattributed);
        // The longer, the fewer messages it can be of: the short ones take what is left.
        unattributed.sort_by_key(|bytes| Reverse(bytes.len()));
        for bytes in unattributed {
            // An empty one may be of any, which is known without making them.
            let oldest =
                if bytes.is_empty() { self.oldest() } else { self.beginning_with(expectation, &bytes, effort).next() };
            if let Some(sequence) = oldest {
                self.damaged(sequence, sink);
            }
        }
    }

    /// What `bytes`, which are not empty, consist of.
    fn parts(&self, expectation: &Expectation, bytes: &[u8], effort: &Effort) -> Parts {
        let (mut whole, mut at) = (Vec::new(), 0);
        while let Some((_, header)) = message::leading(&bytes[at..])
            && header.run == expectation.payload.run()
            && header.client == self.client()
            && header.sequence < self.next_sequence()
        {
            whole.push(header.sequence);
            at += header.length as usize;
        }
        let rest = match &bytes[at..] {
            [] => Remainder::Nothing,
            rest => self.beginning(expectation, rest, at, effort),
        };
        Parts { whole, rest }
    }

    /// What `bytes`, which stand at `at` of an event, are the beginning of.
    fn beginning(&self, expectation: &Expectation, bytes: &[u8], at: usize, effort: &Effort) -> Remainder {
        let sequence = match message::parse(bytes) {
            _ if bytes.len() >= expectation.payload.size() => return Remainder::Foreign,
            Some((_, header)) => {
                let ours = header.client == self.client() && self.times(header.sequence).is_some();
                let mut made = Vec::new();
                if !ours || !self.begins(expectation, header.sequence, bytes, &mut made, effort) {
                    return Remainder::Foreign;
                }
                Some(header.sequence)
            }
            None => {
                let mut candidates = self.beginning_with(expectation, bytes, effort);
                match (candidates.next(), candidates.next()) {
                    (None, _) => return Remainder::Foreign,
                    (only, None) => only,
                    (Some(_), Some(_)) => None,
                }
            }
        };
        Remainder::BeginningOf { sequence, at }
    }

    /// Messages in flight that begin with `bytes`, oldest first.
    fn beginning_with(&self, expectation: &Expectation, bytes: &[u8], effort: &Effort) -> impl Iterator<Item = u64> {
        let mut made = Vec::new();
        self.candidates(CANDIDATES)
            .filter(move |&sequence| self.begins(expectation, sequence, bytes, &mut made, effort))
    }

    /// True when message `sequence` begins with `bytes`, as far as there is effort left to tell. It is made in `made`.
    fn begins(
        &self,
        expectation: &Expectation,
        sequence: u64,
        bytes: &[u8],
        made: &mut Vec<u8>,
        effort: &Effort,
    ) -> bool {
        // Most messages are ruled out by how they begin, and many pieces are as short as that.
        if !effort.affords_a_look() {
            return false;
        }
        let (opening, len) = expectation.payload.opening(self.client(), sequence);
        let common = len.min(bytes.len());
        if opening[..common] != bytes[..common] || common == bytes.len() {
            return opening[..common] == bytes[..common];
        }
        let size = expectation.payload.size();
        if !effort.affords(size) {
            return false;
        }
        made.resize(size, 0);
        expectation.payload.encode(self.client(), sequence, made);
        made.starts_with(bytes)
    }

    /// The message in flight that `bytes` are most like, if they are like any, as far as there is effort left to tell.
    fn most_like(&self, expectation: &Expectation, bytes: &[u8], effort: &Effort) -> Option<u64> {
        let payload = &expectation.payload;
        let header = message::text_header(bytes, BEFORE_HEADER);
        let claim = header
            .map_or_else(|| message::parse(bytes).map(|(_, header)| header), |at| message::parse_text(&bytes[at..]));
        let claimed = claim
            .filter(|header| header.run == payload.run() && header.client == self.client())
            .map(|header| header.sequence)
            .filter(|&sequence| self.times(sequence).is_some());
        let mut expected = vec![0; payload.size()];
        let mut distance = |sequence| {
            payload.encode(self.client(), sequence, &mut expected);
            message::distance(&expected, bytes, header)
        };
        // Two messages differ in far more places than this: what the header claims needs no comparison with the others.
        let few = payload.size() / 32;
        if let Some(sequence) = claimed.filter(|_| effort.affords(payload.size()))
            && distance(sequence) <= few
        {
            return Some(sequence);
        }
        let nearest = claimed
            .into_iter()
            .chain(self.candidates(CANDIDATES))
            .take_while(|_| effort.affords(payload.size()))
            .map(|sequence| (distance(sequence), sequence))
            .min()?;
        // At most half of the bytes are wrong, or what there is of a header says that the message is one of ours.
        let alike = nearest.0 <= payload.size() / 2;
        let begins = bytes.windows(3).take(BEFORE_HEADER + 1).any(|magic| magic == b"lg1");
        let ours = claimed.or_else(|| begins.then_some(nearest.1));
        if alike { Some(nearest.1) } else { ours }
    }
}
