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
//! A message whose header is whole is told by it, also where what was before the header was taken off or changed. With one bit
//! flipped anywhere, the header included, it is told by its distance to those in flight.

use std::cmp::Reverse;

use super::effort::Effort;
use super::{Book, Event, Fate, Finding, Ledger, Piece, Subject, Terms, Times};
use crate::message::{self, Header, Kind};
use crate::plan::Expect;

/// Messages in flight, oldest first, that are compared with an event whose header tells nothing. A bound on the work
/// that a broken server can cause.
const CANDIDATES: usize = 4096;

/// Bytes that are looked at for the beginning of a text's header. What a server makes of the at most four bytes that are before it
/// may be longer: an escape each.
const BEFORE_HEADER: usize = 32;

/// Truncated events that are kept because they are too short to tell of which message. A bound on memory.
const UNPLACED: usize = 4096;

/// Takes what can be told of an event: not that it is nothing that was sent.
struct Told<'a, B>(&'a mut B);

impl<B: Book> Book for Told<'_, B> {
    fn matched(&mut self, first: u64, messages: u32, times: Times, overtaken: bool) {
        self.0.matched(first, messages, times, overtaken);
    }

    fn finding(&mut self, finding: Finding, subject: Subject, received: &[u8]) {
        if finding != Finding::Unexpected {
            self.0.finding(finding, subject, received);
        }
    }

    fn fate(&mut self, fate: Fate, sequence: u64, times: Times) {
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
    rest: Rest,
}

impl Parts {
    /// Whether these, if they begin with an open piece, are more of it.
    fn continue_a_piece(&self) -> bool {
        !matches!(self.rest, Rest::Foreign)
    }
}

enum Rest {
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
    pub(crate) fn sort_out(&mut self, terms: &Terms, event: Event<'_>, book: &mut impl Book) {
        let effort = Effort::new(book.effort(event.bytes.len()));
        self.sort_out_within(terms, event, &effort, book);
        book.spend(effort.spent());
    }

    fn sort_out_within(&mut self, terms: &Terms, event: Event<'_>, effort: &Effort, book: &mut impl Book) {
        match message::leading(event.bytes) {
            Some((kind, header)) if header.length as usize == event.bytes.len() => {
                self.whole(terms, event, kind, header, book);
            }
            _ => self.broken(terms, event.bytes, effort, book),
        }
    }

    /// Looks into a message, or the beginning of one, with which the server broke a rule of the protocol: if it can be told which
    /// of those in flight it was to be and what is wrong with it, that is found. Else nothing is, and nothing is if it is whole
    /// and right: then only its frame was wrong.
    #[cold]
    pub fn offended(&mut self, terms: &Terms, event: Event<'_>, book: &mut impl Book) {
        let mut told = Told(book);
        match &terms.expect {
            Expect::Echo => {}
            Expect::Count => return,
            Expect::Reply(text) if event.kind == Kind::Text && event.bytes == text.as_bytes() => return,
            Expect::Reply(_) => return self.received(terms, event, &mut told),
        }
        let effort = Effort::new(told.effort(event.bytes.len()));
        let claimed = message::parse(event.bytes)
            .filter(|(_, header)| header.run == terms.payload.run() && header.client == self.client())
            .filter(|(_, header)| self.times(header.sequence).is_some());
        let mut made = Vec::new();
        match claimed {
            Some((kind, header)) if self.begins(terms, header.sequence, event.bytes, &mut made, &effort) => {
                let whole = event.bytes.len() == terms.payload.size();
                if event.kind != kind {
                    told.finding(Finding::WrongType, self.subject(header.sequence), event.bytes);
                    self.damaged(header.sequence, &mut told);
                } else if !whole {
                    self.broken(terms, event.bytes, &effort, &mut told);
                }
            }
            _ if event.bytes.is_empty() => {}
            _ => self.broken(terms, event.bytes, &effort, &mut told),
        }
        told.spend(effort.spent());
    }

    /// A whole message and nothing else.
    fn whole(&mut self, terms: &Terms, event: Event<'_>, kind: Kind, header: Header, book: &mut impl Book) {
        let known = Subject { sequence: Some(header.sequence), times: None };
        if header.run != terms.payload.run() || header.client >= terms.clients {
            return book.finding(Finding::Unexpected, Subject::default(), event.bytes);
        }
        if header.client != self.client() {
            return book.finding(Finding::Misrouted { owner: header.client }, known, event.bytes);
        }
        if header.sequence >= self.next_sequence() {
            return book.finding(Finding::Unexpected, known, event.bytes);
        }
        if self.times(header.sequence).is_none() {
            return book.finding(Finding::Duplicated, known, event.bytes);
        }
        if event.kind != kind {
            book.finding(Finding::WrongType, self.subject(header.sequence), event.bytes);
            return self.damaged(header.sequence, book);
        }
        self.matched(header.sequence, book);
    }

    fn broken(&mut self, terms: &Terms, bytes: &[u8], effort: &Effort, book: &mut impl Book) {
        if bytes.is_empty() {
            // No message is empty, and nothing of this one says of which it may be.
            return book.finding(Finding::Unexpected, Subject::default(), bytes);
        }
        if self.continues_piece(terms, bytes, effort, book) {
            return;
        }
        let parts = self.parts(terms, bytes, effort);
        match parts.rest {
            Rest::BeginningOf { sequence, .. } if parts.whole.is_empty() => {
                self.close_piece(terms, effort, book);
                self.open_piece(Piece::new(bytes, 1, sequence));
            }
            Rest::BeginningOf { sequence, at } => {
                self.coalesced(&parts.whole, bytes, book);
                self.close_piece(terms, effort, book);
                // The event has its finding; the piece only waits for the rest of its message.
                self.open_piece(Piece::new(&bytes[at..], 0, sequence));
            }
            _ if parts.whole.len() > 1 => self.coalesced(&parts.whole, bytes, book),
            _ => self.corrupted(terms, bytes, effort, book),
        }
    }

    fn coalesced(&mut self, whole: &[u64], bytes: &[u8], book: &mut impl Book) {
        book.finding(Finding::Coalesced, self.subject(whole[0]), bytes);
        for &sequence in whole {
            self.damaged(sequence, book);
        }
    }

    fn corrupted(&mut self, terms: &Terms, bytes: &[u8], effort: &Effort, book: &mut impl Book) {
        match self.most_like(terms, bytes, effort) {
            Some(sequence) => {
                book.finding(Finding::Corrupted, self.subject(sequence), bytes);
                self.damaged(sequence, book);
            }
            None => book.finding(Finding::Unexpected, Subject::default(), bytes),
        }
    }

    /// Takes an event as the continuation of the open piece, if it is one.
    fn continues_piece(&mut self, terms: &Terms, bytes: &[u8], effort: &Effort, book: &mut impl Book) -> bool {
        let Some(mut piece) = self.irregular.as_mut().and_then(|irregular| irregular.piece.take()) else {
            return false;
        };
        let before = piece.bytes.len();
        piece.bytes.extend_from_slice(bytes);
        let parts = self.parts(terms, &piece.bytes, effort);
        if parts.continue_a_piece() {
            piece.later.push(before);
            piece.events += 1;
            self.continued(piece, parts, book);
            return true;
        }
        piece.bytes.truncate(before);
        let mistaken = self.beginning_taken_for_more(terms, &mut piece, bytes, effort);
        self.open_piece(piece);
        let Some(beginning) = mistaken else { return false };
        self.close_piece(terms, effort, book);
        self.open_piece(Piece::new(&beginning, 1, None));
        self.continues_piece(terms, bytes, effort, book)
    }

    /// `piece` has grown to `parts`.
    fn continued(&mut self, mut piece: Piece, parts: Parts, book: &mut impl Book) {
        let rest = match parts.rest {
            Rest::BeginningOf { sequence, at } => Some((sequence, at)),
            Rest::Nothing | Rest::Foreign => None,
        };
        let Some(&first) = parts.whole.first() else {
            piece.sequence = rest.and_then(|(sequence, _)| sequence);
            return self.open_piece(piece);
        };
        // Complete; more messages or the beginning of one may follow in the same event.
        book.finding(Finding::Split { earlier: piece.events - 1 }, self.subject(first), &piece.bytes);
        for &sequence in &parts.whole {
            self.damaged(sequence, book);
        }
        if let Some((sequence, at)) = rest {
            self.open_piece(Piece::new(&piece.bytes[at..], 0, sequence));
        }
    }

    /// The last event of `piece`, taken out of it, if it was not a continuation but a beginning, which `bytes` continue.
    /// So short that it could be both: the message before was truncated, and this one is split.
    fn beginning_taken_for_more(
        &self,
        terms: &Terms,
        piece: &mut Piece,
        bytes: &[u8],
        effort: &Effort,
    ) -> Option<Vec<u8>> {
        let at = *piece.later.last()?;
        self.beginning_with(terms, &piece.bytes[at..], effort).next()?;
        if !self.parts(terms, &[&piece.bytes[at..], bytes].concat(), effort).continue_a_piece() {
            return None;
        }
        piece.later.pop();
        piece.events -= 1;
        Some(piece.bytes.split_off(at))
    }

    fn open_piece(&mut self, piece: Piece) {
        self.irregular.get_or_insert_default().piece = Some(piece);
    }

    /// Everything has come that will: decides about the open piece and what was too short to tell.
    pub(crate) fn end_pieces(&mut self, terms: &Terms, book: &mut impl Book) {
        if self.irregular.is_some() {
            let effort = Effort::new(book.effort(0));
            self.close_piece(terms, &effort, book);
            self.place_truncated(terms, &effort, book);
            book.spend(effort.spent());
        }
    }

    /// The rest of the open piece, if there is one, never came.
    fn close_piece(&mut self, terms: &Terms, effort: &Effort, book: &mut impl Book) {
        let Some(mut piece) = self.irregular.as_mut().and_then(|irregular| irregular.piece.take()) else { return };
        for bytes in self.take_beginnings(terms, &mut piece, effort) {
            self.truncated(Subject::default(), bytes, book);
        }
        let subject = piece.sequence.map(|sequence| self.subject(sequence)).unwrap_or_default();
        match piece.events {
            0 => {}
            1 => return self.truncated(subject, piece.bytes, book),
            events => book.finding(Finding::Split { earlier: events - 1 }, subject, &piece.bytes),
        }
        match piece.sequence {
            Some(sequence) => self.damaged(sequence, book),
            None => self.unplaced(piece.bytes),
        }
    }

    /// Takes the events out of an incomplete piece that may as well be beginnings themselves: truncated one after the
    /// other is likelier than one message in three events of which the last was lost.
    fn take_beginnings(&self, terms: &Terms, piece: &mut Piece, effort: &Effort) -> Vec<Vec<u8>> {
        let mut taken = Vec::new();
        while let Some(at) = piece.later.pop() {
            let begins = self.beginning_with(terms, &piece.bytes[at..], effort).next().is_some();
            if !begins {
                break;
            }
            taken.push(piece.bytes.split_off(at));
            piece.events -= 1;
        }
        taken
    }

    /// An event was the beginning of a message and no more.
    fn truncated(&mut self, subject: Subject, bytes: Vec<u8>, book: &mut impl Book) {
        book.finding(Finding::Truncated, subject, &bytes);
        match subject.sequence {
            Some(sequence) => self.damaged(sequence, book),
            None => self.unplaced(bytes),
        }
    }

    fn unplaced(&mut self, bytes: Vec<u8>) {
        // No more than there are messages that they may be of.
        let most = UNPLACED.min(self.in_flight() as usize);
        let unplaced = &mut self.irregular.get_or_insert_default().unplaced;
        if unplaced.len() < most {
            unplaced.push(bytes);
        }
    }

    /// Gives each truncated event that was too short to tell the oldest message in flight that it may be the beginning of.
    fn place_truncated(&mut self, terms: &Terms, effort: &Effort, book: &mut impl Book) {
        let Some(irregular) = &mut self.irregular else { return };
        let mut unplaced = std::mem::take(&mut irregular.unplaced);
        // The longer, the fewer messages it can be of: the short ones take what is left.
        unplaced.sort_by_key(|bytes| Reverse(bytes.len()));
        for bytes in unplaced {
            // An empty one may be of any, which is told without making them.
            let oldest =
                if bytes.is_empty() { self.oldest() } else { self.beginning_with(terms, &bytes, effort).next() };
            if let Some(sequence) = oldest {
                self.damaged(sequence, book);
            }
        }
    }

    /// What `bytes`, which are not empty, consist of.
    fn parts(&self, terms: &Terms, bytes: &[u8], effort: &Effort) -> Parts {
        let (mut whole, mut at) = (Vec::new(), 0);
        while let Some((_, header)) = message::leading(&bytes[at..])
            && header.run == terms.payload.run()
            && header.client == self.client()
            && header.sequence < self.next_sequence()
        {
            whole.push(header.sequence);
            at += header.length as usize;
        }
        let rest = match &bytes[at..] {
            [] => Rest::Nothing,
            rest => self.beginning(terms, rest, at, effort),
        };
        Parts { whole, rest }
    }

    /// What `bytes`, which stand at `at` of an event, are the beginning of.
    fn beginning(&self, terms: &Terms, bytes: &[u8], at: usize, effort: &Effort) -> Rest {
        let sequence = match message::parse(bytes) {
            _ if bytes.len() >= terms.payload.size() => return Rest::Foreign,
            Some((_, header)) => {
                let ours = header.client == self.client() && self.times(header.sequence).is_some();
                let mut made = Vec::new();
                if !ours || !self.begins(terms, header.sequence, bytes, &mut made, effort) {
                    return Rest::Foreign;
                }
                Some(header.sequence)
            }
            None => {
                let mut candidates = self.beginning_with(terms, bytes, effort);
                match (candidates.next(), candidates.next()) {
                    (None, _) => return Rest::Foreign,
                    (only, None) => only,
                    (Some(_), Some(_)) => None,
                }
            }
        };
        Rest::BeginningOf { sequence, at }
    }

    /// Messages in flight that begin with `bytes`, oldest first.
    fn beginning_with(&self, terms: &Terms, bytes: &[u8], effort: &Effort) -> impl Iterator<Item = u64> {
        let mut made = Vec::new();
        self.candidates(CANDIDATES).filter(move |&sequence| self.begins(terms, sequence, bytes, &mut made, effort))
    }

    /// True when message `sequence` begins with `bytes`, as far as there is effort left to tell. It is made in `made`.
    fn begins(&self, terms: &Terms, sequence: u64, bytes: &[u8], made: &mut Vec<u8>, effort: &Effort) -> bool {
        // Most messages are ruled out by how they begin, and many pieces are as short as that.
        if !effort.affords_a_look() {
            return false;
        }
        let (opening, len) = terms.payload.opening(self.client(), sequence);
        let common = len.min(bytes.len());
        if opening[..common] != bytes[..common] || common == bytes.len() {
            return opening[..common] == bytes[..common];
        }
        let size = terms.payload.size();
        if !effort.affords(size) {
            return false;
        }
        made.resize(size, 0);
        terms.payload.encode(self.client(), sequence, made);
        made.starts_with(bytes)
    }

    /// The message in flight that `bytes` are most like, if they are like any, as far as there is effort left to tell.
    fn most_like(&self, terms: &Terms, bytes: &[u8], effort: &Effort) -> Option<u64> {
        let payload = &terms.payload;
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
