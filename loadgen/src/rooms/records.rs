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
}

/// What came of a sender to the receivers of one worker. Known once that has drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrivalRecord {
    /// The client that sent.
    pub sender: u32,
    /// The highest number that came to a receiver.
    pub highest: Option<u32>,
    /// The sender's connection ended. Only its own worker knows that.
    pub ended: bool,
}
