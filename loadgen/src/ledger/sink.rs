//! What a ledger decides, and the trait that receives it.

use super::SendTimes;

/// The fate of a sent message that did not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nothing of it came before the drain ended.
    Lost,
    /// It came back, but not whole or not right.
    Damaged,
    /// Its connection died while it was in flight.
    Undetermined,
    /// The plan cut its connection while it was in flight.
    UndeterminedByPlan,
}

/// Why a connection has no more to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// The client has waited for its replies. What is in flight is lost.
    Drained,
    /// It died, or the wait was cut short. What is in flight is undetermined.
    Died,
    /// The plan cut it. What is in flight is undetermined by plan.
    ByPlan,
}

impl CloseCause {
    /// The fate of what is in flight.
    pub fn fate(self) -> Fate {
        match self {
            Self::Drained => Fate::Lost,
            Self::Died => Fate::Undetermined,
            Self::ByPlan => Fate::UndeterminedByPlan,
        }
    }
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

/// A lawful event that is the reply to no message, or not the end of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherEvent {
    /// An event of a reply before its last.
    Partial,
    /// An event that the plan sets aside.
    Ignored,
    /// An event that the client answered.
    Answered,
    /// An event that ended a step of joining.
    Joined,
    /// An event that the server pushed, with the next number.
    Pushed,
    /// A copy of a message that was due before this receiver joined, or while it was away.
    History,
    /// A copy of the client's own message, where the server may send it or not.
    OwnCopy,
    /// A message that was in flight when an earlier connection of the client ended.
    Late,
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

    /// An event of the reply to a message before its last. `first` says that it is the first.
    fn partial(&mut self, _sequence: u64, _times: SendTimes, _first: bool) {}

    /// The last event of the reply to a message came, after `earlier` others.
    fn completed(&mut self, sequence: u64, times: SendTimes, overtaken: bool, _earlier: u32) {
        self.matched(sequence, 1, times, overtaken);
    }

    /// A sent message did not match, although `events` events of its reply came.
    fn unfinished(&mut self, fate: Fate, sequence: u64, times: SendTimes, _events: u32) {
        self.fate(fate, sequence, times);
    }

    /// The server pushed an event with a new number. `overtaken` says that a higher one came
    /// before.
    fn pushed(&mut self, _number: u64, _overtaken: bool) {}

    /// The server skipped so many numbers in what it pushed, from `first` on. There are too many
    /// gaps to say where if that is `None`.
    fn gap(&mut self, _first: Option<u64>, _numbers: u64) {}

    /// Message `sequence` came, which was in flight when an earlier connection of the client ended.
    fn late(&mut self, _sequence: u64) {}

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

    fn partial(&mut self, sequence: u64, times: SendTimes, first: bool) {
        (**self).partial(sequence, times, first);
    }

    fn completed(&mut self, sequence: u64, times: SendTimes, overtaken: bool, earlier: u32) {
        (**self).completed(sequence, times, overtaken, earlier);
    }

    fn unfinished(&mut self, fate: Fate, sequence: u64, times: SendTimes, events: u32) {
        (**self).unfinished(fate, sequence, times, events);
    }

    fn pushed(&mut self, number: u64, overtaken: bool) {
        (**self).pushed(number, overtaken);
    }

    fn gap(&mut self, first: Option<u64>, numbers: u64) {
        (**self).gap(first, numbers);
    }

    fn late(&mut self, sequence: u64) {
        (**self).late(sequence);
    }

    fn effort(&mut self, bytes: usize) -> u64 {
        (**self).effort(bytes)
    }

    fn spend(&mut self, bytes: u64) {
        (**self).spend(bytes);
    }
}
