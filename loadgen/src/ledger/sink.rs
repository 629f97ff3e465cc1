//! What a ledger decides, and who takes it.

use super::SendTimes;

/// What became of a sent message that did not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing of it came until the drain ended.
    Lost,
    /// It came other than whole.
    Damaged,
    /// Its connection died while it was in flight.
    Undetermined,
}

/// What an event that did not match was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A message that had come already.
    Duplicated,
    /// More than one message, or one and a part of another.
    Coalesced,
    /// The message came in pieces: this event, and `earlier` ones that had no finding yet.
    Split {
        /// Events before this one that hold it.
        earlier: u32,
    },
    /// The beginning of a message whose rest never came.
    Truncated,
    /// A message with wrong bytes.
    Corrupted,
    /// A whole message of the other kind.
    WrongType,
    /// A whole message of another connection of this run.
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

/// Takes what a ledger decides. Each call is about one message or one event.
pub trait LedgerSink {
    /// `messages` messages from `first` on, all with these times, came back whole in one read; `overtaken` if later ones
    /// came before them and each must count as reordered.
    fn matched(&mut self, first: u64, messages: u32, times: SendTimes, overtaken: bool);

    /// An event was something else. `received` are its bytes (for a split message, all of its pieces).
    fn finding(&mut self, finding: Finding, subject: Subject, received: &[u8]);

    /// A sent message ended otherwise than matched.
    fn fate(&mut self, fate: Fate, sequence: u64, times: SendTimes);

    /// Bytes of messages that may be made now to tell what an event of `bytes` bytes is.
    fn effort(&mut self, _bytes: usize) -> u64 {
        u64::MAX
    }

    /// So many were made.
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
