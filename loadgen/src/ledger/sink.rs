//! What a ledger decides, and the trait that receives it.

use super::SendTimes;

/// The fate of a sent message that did not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing of it came before the drain ended.
    Lost,
    /// It came back, but not whole or not right.
    Damaged,
    /// Its connection died while it was in flight.
    Undetermined,
}

/// What an event was that did not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A message that had already come.
    Duplicated,
    /// More than one message, or one and a part of another.
    Coalesced,
    /// A message in parts: this event, and `earlier` ones without a finding of their own.
    Split {
        /// Earlier events that hold parts of it.
        earlier: u32,
    },
    /// The beginning of a message. The rest never came.
    Truncated,
    /// A message with wrong bytes.
    Corrupted,
    /// A whole message of the wrong kind: text for binary, or the reverse.
    WrongType,
    /// A whole message of another connection in this run.
    Misrouted {
        /// The client that sent it.
        owner: u32,
    },
    /// Nothing that was sent in this run.
    Unexpected,
}

/// The message that a finding is about, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its sequence.
    pub sequence: Option<u64>,
    /// Its times, if it was in flight.
    pub times: Option<SendTimes>,
}

/// Receives what a ledger decides. Each call is about one message or one event.
pub trait LedgerSink {
    /// `messages` messages from `first` on came back whole in one read. All have the same times. If
    /// they were `overtaken`, each counts as reordered.
    fn matched(&mut self, first: u64, messages: u32, times: SendTimes, overtaken: bool);

    /// An event did not match. `received` are its bytes, or all parts of a split message.
    fn finding(&mut self, finding: Finding, subject: Subject, received: &[u8]);

    /// A sent message did not match.
    fn fate(&mut self, fate: Fate, sequence: u64, times: SendTimes);

    /// Bytes of messages that may be generated now to classify an event of `bytes` bytes.
    fn effort(&mut self, _bytes: usize) -> u64 {
        u64::MAX
    }

    /// This many bytes were generated.
    fn spend(&mut self, _bytes: u64) {}
}

impl<B: LedgerSink> LedgerSink for &mut B {
    fn matched(&mut self, first: u64, messages: u32, times: SendTimes, overtaken: bool) {
        (**self).matched(first, messages, times, overtaken);
    }

    fn finding(&mut self, finding: Finding, subject: Subject, received: &[u8]) {
        (**self).finding(finding, subject, received);
    }

    fn fate(&mut self, fate: Fate, sequence: u64, times: SendTimes) {
        (**self).fate(fate, sequence, times);
    }

    fn effort(&mut self, bytes: usize) -> u64 {
        (**self).effort(bytes)
    }

    fn spend(&mut self, bytes: u64) {
        (**self).spend(bytes);
    }
}
