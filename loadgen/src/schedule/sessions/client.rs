//! The sessions of one client.

use super::AttemptCause;
use crate::clock::Time;

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientState {
    /// Its first attempt is to come.
    Before,
    /// An attempt is under way, or is to be made as soon as possible.
    Opening,
    Open,
    /// It is being closed or was cut; the next attempt comes after this.
    Ending(AttemptCause),
    /// It waits for the next attempt.
    Away(AttemptCause),
    /// It stays away.
    Gone,
}

/// The sessions of one client. 24 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientSessions {
    pub(super) state: ClientState,
    /// Waits since the last connection that was open for long enough.
    pub(super) failures: u8,
    /// All waits.
    pub(super) waits: u32,
    /// Messages that the session has room for.
    pub(super) left: u32,
    /// When it opened, while it is open or ending; when it opens again, while it is away.
    pub(super) at: Time,
}

impl ClientSessions {
    pub(super) fn new(state: ClientState) -> Self {
        Self { state, failures: 0, waits: 0, left: u32::MAX, at: Time::NEVER }
    }

    /// Whether an attempt is to come that nobody has been told of.
    pub(super) fn is_expected(&self) -> bool {
        matches!(self.state, ClientState::Before | ClientState::Away(_))
    }
}
