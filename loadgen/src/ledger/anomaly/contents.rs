//! Finds out which messages the bytes of an event hold.

use crate::{
    ledger::{Expectation, Ledger, effort::Effort},
    message::{self, Source},
};

/// How many messages in flight an event with an unreadable header is compared with. Bounds the work
/// that a broken server can cause.
pub(super) const CANDIDATES: usize = 4096;

/// Bytes searched for the beginning of a text's header. At most four bytes stand before it, but a
/// server may have escaped each of them.
const BEFORE_HEADER: usize = 32;

/// What an event holds, together with the partial message before it.
pub(super) struct Contents {
    /// Whole messages of this connection, in order.
    pub(super) whole: Vec<u64>,
    /// What follows them.
    pub(super) rest: Remainder,
}

impl Contents {
    /// Whether an event that was appended to a partial message continues it.
    pub(super) fn continue_partial(&self) -> bool {
        !matches!(self.rest, Remainder::Foreign)
    }
}

pub(super) enum Remainder {
    Nothing,
    /// The beginning of a message in flight, from `at` on. The sequence is known if the beginning
    /// is long enough.
    BeginningOf {
        sequence: Option<u64>,
        at: usize,
    },
    Foreign,
}

impl Ledger {
    /// What `bytes` hold. They are not empty.
    pub(super) fn contents(&self, expectation: &Expectation, bytes: &[u8], effort: &Effort) -> Contents {
        let (mut whole, mut at) = (Vec::new(), 0);
        while let Some((sequence, len)) = self.leading(expectation, &bytes[at..], &whole, effort) {
            whole.push(sequence);
            at += len;
        }
        let rest = match &bytes[at..] {
            [] => Remainder::Nothing,
            rest => self.beginning(expectation, rest, at, effort),
        };
        Contents { whole, rest }
    }

    /// The message of this connection that `bytes` begin with, whole, and its length. None of
    /// `before`, which stand before it in the event, as templates may make equal messages.
    fn leading(
        &self,
        expectation: &Expectation,
        bytes: &[u8],
        before: &[u64],
        effort: &Effort,
    ) -> Option<(u64, usize)> {
        if let Source::Templates(_) = expectation.source {
            return self.leading_template(expectation, bytes, before, effort);
        }
        let (_, header) = message::leading(bytes)?;
        let is_ours = header.run == expectation.payload().run()
            && header.client == self.client()
            && self.was_sent(header.sequence);
        is_ours.then_some((header.sequence, header.length as usize))
    }

    /// What `bytes` are the beginning of. They stand at `at` of an event.
    fn beginning(&self, expectation: &Expectation, bytes: &[u8], at: usize, effort: &Effort) -> Remainder {
        let generated = match expectation.source {
            Source::Generated(_) | Source::Varied(_) => Some(expectation.payload()),
            Source::Templates(_) => None,
        };
        let sequence = match generated.and_then(|_| message::parse(bytes)) {
            _ if generated.is_some_and(|payload| bytes.len() >= payload.size()) => return Remainder::Foreign,
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
    pub(super) fn beginning_with(
        &self,
        expectation: &Expectation,
        bytes: &[u8],
        effort: &Effort,
    ) -> impl Iterator<Item = u64> {
        let mut made = Vec::new();
        self.candidates(CANDIDATES)
            .filter(move |&sequence| self.begins(expectation, sequence, bytes, &mut made, effort))
    }

    /// Whether message `sequence` begins with `bytes`, as far as effort is left. Uses `made` as a
    /// buffer.
    pub(super) fn begins(
        &self,
        expectation: &Expectation,
        sequence: u64,
        bytes: &[u8],
        made: &mut Vec<u8>,
        effort: &Effort,
    ) -> bool {
        // The first bytes rule out most messages, and many pieces are no longer than that.
        if !effort.affords_a_look() {
            return false;
        }
        if let Source::Templates(_) = expectation.source {
            return self.template_begins(expectation, sequence, bytes, effort);
        }
        let payload = expectation.source.payload_of(self.client(), sequence);
        let (opening, len) = payload.opening(self.client(), sequence);
        let common = len.min(bytes.len());
        if opening[..common] != bytes[..common] || common == bytes.len() {
            return opening[..common] == bytes[..common];
        }
        if !effort.affords(payload.size()) {
            return false;
        }
        made.resize(payload.size(), 0);
        payload.encode(self.client(), sequence, made);
        made.starts_with(bytes)
    }

    /// The message in flight that `bytes` resemble most, if they resemble any and effort is left.
    pub(super) fn nearest_message(&self, expectation: &Expectation, bytes: &[u8], effort: &Effort) -> Option<u64> {
        if let Source::Templates(_) = expectation.source {
            return self.nearest_template(expectation, bytes, effort);
        }
        let payload = |sequence| expectation.source.payload_of(self.client(), sequence);
        let header = message::text_header(bytes, BEFORE_HEADER);
        let claim = header
            .map_or_else(|| message::parse(bytes).map(|(_, header)| header), |at| message::parse_text(&bytes[at..]));
        let claimed = claim
            .filter(|header| header.run == expectation.payload().run() && header.client == self.client())
            .map(|header| header.sequence)
            .filter(|&sequence| self.times(sequence).is_some());
        let mut expected = Vec::new();
        // The bytes that differ, and the size of the message.
        let mut distance = |sequence| {
            let payload = payload(sequence);
            expected.resize(payload.size(), 0);
            payload.encode(self.client(), sequence, &mut expected);
            (message::distance(&expected, bytes, header), payload.size())
        };
        // Two messages differ in far more places. If the claimed one is this close, no other is
        // compared.
        if let Some(sequence) = claimed.filter(|&sequence| effort.affords(payload(sequence).size()))
            && let (differing, size) = distance(sequence)
            && differing <= size / 32
        {
            return Some(sequence);
        }
        let ((differing, size), nearest) = claimed
            .into_iter()
            .chain(self.candidates(CANDIDATES))
            .take_while(|&sequence| effort.affords(payload(sequence).size()))
            .map(|sequence| (distance(sequence), sequence))
            .min()?;
        // At most half of the bytes are wrong, or what is left of a header says that the message is
        // ours.
        let alike = differing <= size / 2;
        let begins = bytes.windows(3).take(BEFORE_HEADER + 1).any(|magic| magic == b"lg1");
        let ours = claimed.or_else(|| begins.then_some(nearest));
        if alike { Some(nearest) } else { ours }
    }
}
