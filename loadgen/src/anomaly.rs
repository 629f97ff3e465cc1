//! What an event is that does not hold the next message whole: the long way through a [`Ledger`].
//!
//! The rules, in this order:
//! 1. A whole message, alone: of another run or one never sent is *unexpected*; of another client is *misrouted*; one
//!    whose fate is known is *duplicated*; of the wrong kind is *wrong type*; else it matches, out of order.
//! 2. More than one whole message, or one and the beginning of another: *coalesced*.
//! 3. The beginning of a message in flight is kept open. If later events continue it, the message was *split*; if
//!    nothing does until another beginning comes or the run ends, the event was *truncated*.
//! 4. Anything that is closer to a message in flight than to nothing is *corrupted*; the rest is *unexpected*.
//!
//! With one bit flipped anywhere, the header included, a message is told by its distance to those in flight.

use crate::ledger::{Book, Event, Finding, Ledger, Piece, Subject, Terms};
use crate::payload::{self, Header, Kind};

/// Messages in flight, oldest first, that are compared with an event whose header tells nothing. A bound on the work
/// that a broken server can cause.
const CANDIDATES: usize = 4096;

/// Truncated events that are kept because they are too short to tell of which message. A bound on memory.
const UNPLACED: usize = 4096;

/// What the bytes of an event (with those of an open piece before them) consist of.
struct Parts {
    /// Whole messages of this connection, in order.
    whole: Vec<u64>,
    /// What follows them.
    rest: Rest,
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
        match payload::leading(event.bytes) {
            Some((kind, header)) if header.length as usize == event.bytes.len() => {
                self.whole(terms, event, kind, header, book);
            }
            _ => self.broken(terms, event.bytes, book),
        }
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

    fn broken(&mut self, terms: &Terms, bytes: &[u8], book: &mut impl Book) {
        if self.continues_piece(terms, bytes, book) {
            return;
        }
        let parts = self.parts(terms, bytes);
        match parts.rest {
            Rest::BeginningOf { sequence, .. } if parts.whole.is_empty() => {
                self.close_piece(book);
                self.open_piece(Piece { bytes: bytes.to_vec(), events: 1, sequence });
                if bytes.is_empty() {
                    self.close_piece(book); // Nothing can continue nothing.
                }
            }
            Rest::BeginningOf { sequence, at } => {
                self.coalesced(&parts.whole, bytes, book);
                self.close_piece(book);
                // The event has its finding; the piece only waits for the rest of its message.
                self.open_piece(Piece { bytes: bytes[at..].to_vec(), events: 0, sequence });
            }
            _ if parts.whole.len() > 1 => self.coalesced(&parts.whole, bytes, book),
            _ => self.corrupted(terms, bytes, book),
        }
    }

    fn coalesced(&mut self, whole: &[u64], bytes: &[u8], book: &mut impl Book) {
        book.finding(Finding::Coalesced, self.subject(whole[0]), bytes);
        for &sequence in whole {
            self.damaged(sequence, book);
        }
    }

    fn corrupted(&mut self, terms: &Terms, bytes: &[u8], book: &mut impl Book) {
        match self.most_like(terms, bytes) {
            Some(sequence) => {
                book.finding(Finding::Corrupted, self.subject(sequence), bytes);
                self.damaged(sequence, book);
            }
            None => book.finding(Finding::Unexpected, Subject::default(), bytes),
        }
    }

    /// Takes an event as the continuation of the open piece, if it is one.
    fn continues_piece(&mut self, terms: &Terms, bytes: &[u8], book: &mut impl Book) -> bool {
        let Some(mut piece) = self.irregular.as_mut().and_then(|irregular| irregular.piece.take()) else {
            return false;
        };
        let before = piece.bytes.len();
        piece.bytes.extend_from_slice(bytes);
        let parts = self.parts(terms, &piece.bytes);
        let continues = match (parts.whole.as_slice(), &parts.rest) {
            // Complete; more messages or the beginning of one may follow in the same event.
            ([_, ..], Rest::Nothing | Rest::BeginningOf { .. }) => true,
            ([], &Rest::BeginningOf { sequence, .. }) => {
                piece.sequence = sequence;
                piece.events += 1;
                self.open_piece(piece);
                return true;
            }
            _ => false,
        };
        if continues {
            let finding = Finding::Split { earlier: piece.events };
            book.finding(finding, self.subject(parts.whole[0]), &piece.bytes);
            for &sequence in &parts.whole {
                self.damaged(sequence, book);
            }
            if let Rest::BeginningOf { sequence, at } = parts.rest {
                self.open_piece(Piece { bytes: piece.bytes[at..].to_vec(), events: 0, sequence });
            }
        } else {
            piece.bytes.truncate(before);
            self.open_piece(piece);
        }
        continues
    }

    fn open_piece(&mut self, piece: Piece) {
        self.irregular.get_or_insert_default().piece = Some(piece);
    }

    /// The rest of the open piece, if there is one, never came.
    pub(crate) fn close_piece(&mut self, book: &mut impl Book) {
        let Some(piece) = self.irregular.as_mut().and_then(|irregular| irregular.piece.take()) else { return };
        let subject = piece.sequence.map(|sequence| self.subject(sequence)).unwrap_or_default();
        match piece.events {
            0 => {}
            1 => book.finding(Finding::Truncated, subject, &piece.bytes),
            events => book.finding(Finding::Split { earlier: events - 1 }, subject, &piece.bytes),
        }
        if let Some(sequence) = piece.sequence {
            return self.damaged(sequence, book);
        }
        let unplaced = &mut self.irregular.get_or_insert_default().unplaced;
        if unplaced.len() < UNPLACED {
            unplaced.push(piece.bytes);
        }
    }

    /// Everything has come that will: gives each truncated event that was too short to tell the oldest message in
    /// flight that it may be the beginning of.
    pub(crate) fn place_truncated(&mut self, terms: &Terms, book: &mut impl Book) {
        let Some(irregular) = &mut self.irregular else { return };
        for bytes in std::mem::take(&mut irregular.unplaced) {
            let oldest = self.beginning_with(terms, &bytes).next();
            if let Some(sequence) = oldest {
                self.damaged(sequence, book);
            }
        }
    }

    fn parts(&self, terms: &Terms, bytes: &[u8]) -> Parts {
        let (mut whole, mut at) = (Vec::new(), 0);
        while let Some((_, header)) = payload::leading(&bytes[at..])
            && header.run == terms.payload.run()
            && header.client == self.client()
            && header.sequence < self.next_sequence()
        {
            whole.push(header.sequence);
            at += header.length as usize;
        }
        let rest = match &bytes[at..] {
            [] if !whole.is_empty() => Rest::Nothing,
            rest => self.beginning(terms, rest, at),
        };
        Parts { whole, rest }
    }

    /// What `bytes`, which stand at `at` of an event, are the beginning of. They may be empty.
    fn beginning(&self, terms: &Terms, bytes: &[u8], at: usize) -> Rest {
        let sequence = match payload::parse(bytes) {
            _ if bytes.len() >= terms.payload.size() => return Rest::Foreign,
            Some((_, header)) => {
                let ours = header.client == self.client() && self.times(header.sequence).is_some();
                if !ours || !self.begins(terms, header.sequence, bytes) {
                    return Rest::Foreign;
                }
                Some(header.sequence)
            }
            None => {
                let mut candidates = self.beginning_with(terms, bytes);
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
    fn beginning_with(&self, terms: &Terms, bytes: &[u8]) -> impl Iterator<Item = u64> {
        self.pending().take(CANDIDATES).filter(move |&sequence| self.begins(terms, sequence, bytes))
    }

    /// True when message `sequence` begins with `bytes`.
    fn begins(&self, terms: &Terms, sequence: u64, bytes: &[u8]) -> bool {
        let mut expected = vec![0; terms.payload.size()];
        terms.payload.encode(self.client(), sequence, &mut expected);
        expected.starts_with(bytes)
    }

    /// The message in flight that `bytes` are most like, if they are like any.
    fn most_like(&self, terms: &Terms, bytes: &[u8]) -> Option<u64> {
        let payload = &terms.payload;
        let claimed = payload::parse(bytes)
            .filter(|(_, header)| header.run == payload.run() && header.client == self.client())
            .map(|(_, header)| header.sequence)
            .filter(|&sequence| self.times(sequence).is_some());
        let mut expected = vec![0; payload.size()];
        let mut distance = |sequence| {
            payload.encode(self.client(), sequence, &mut expected);
            let differing = expected.iter().zip(bytes).filter(|(a, b)| a != b).count();
            differing + expected.len().abs_diff(bytes.len())
        };
        let nearest = claimed
            .into_iter()
            .chain(self.pending().take(CANDIDATES))
            .map(|sequence| (distance(sequence), sequence))
            .min()?;
        // At most half of the bytes are wrong, or what there is of a header says that the message is one of ours.
        let alike = nearest.0 <= payload.size() / 2;
        let ours = claimed.or_else(|| bytes.starts_with(b"lg1").then_some(nearest.1));
        if alike { Some(nearest.1) } else { ours }
    }
}
