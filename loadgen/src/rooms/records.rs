//! What workers tell each other of the senders in their rooms.

use crate::ledger::Ranges;

/// What a sender had to send, and what of it was never sent. Its worker knows that once the load is
/// over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderRecord {
    /// The client.
    pub sender: u32,
    /// Messages that were due, those that were dropped included. They have the numbers before it.
    pub due: u32,
    /// Numbers of those that were dropped.
    pub dropped: Ranges,
    /// Its sessions that ended, oldest first, without those in which nothing was due.
    pub ends: Vec<SenderEnd>,
}

/// A session of a sender that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderEnd {
    /// What was due in it has the numbers below, down to the end of the session before.
    pub before: u32,
    /// The plan ended it, or else the connection died.
    pub by_plan: bool,
}

/// What came of a sender to the receivers of one worker. Known once that has drained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalRecord {
    /// The client that sent.
    pub sender: u32,
    /// The highest number that came to a receiver.
    pub highest: Option<u32>,
    /// Of each session of [`SenderRecord::ends`] the end of what came to a receiver. Nothing came
    /// if it is the session's first number, or below.
    pub heard: Vec<u32>,
    /// The sender's last session, if that ended. Only its own worker knows that of one that ended
    /// in the drain.
    pub ended: Option<SenderEnd>,
}
