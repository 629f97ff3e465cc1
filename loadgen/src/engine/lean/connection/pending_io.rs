//! State that most connections don't need most of the time.

use std::io;

#[derive(Debug, Default)]
pub(super) struct PendingIo {
    /// Frames that came with the opening handshake.
    pub(super) early: Vec<u8>,
    /// Bytes that the transport has not taken, from `taken` on.
    pub(super) unsent: Vec<u8>,
    pub(super) taken: usize,
    /// Payload of the last ping whose pong has to wait.
    pub(super) ping: Option<Vec<u8>>,
    /// Writes that the worker does not know of.
    pub(super) writes: u64,
    /// Why writing failed. What has arrived is still read first.
    pub(super) broken: Option<io::Error>,
}

impl PendingIo {
    pub(super) fn is_blocked(&self) -> bool {
        self.taken < self.unsent.len()
    }

    /// Whether nothing is left in it.
    pub(super) fn is_spent(&self) -> bool {
        let Self { early, unsent, taken: _, ping, writes, broken } = self;
        early.is_empty() && unsent.is_empty() && ping.is_none() && *writes == 0 && broken.is_none()
    }
}
