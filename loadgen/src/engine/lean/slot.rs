//! What a slot of the engine holds, and how its sockets are told from those it held before.

use std::os::fd::OwnedFd;

use super::connection::LeanConnection;
use crate::transport::{Opening, OpeningProgress};

/// A slot of the engine.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// How often the slot was opened. Wraps around.
    opened: u32,
    pub(super) state: SlotState,
}

/// The life of a connection.
///
/// ```text
/// idle -> connecting -> handshaking -> open -> closing -> gone -> idle
///        '------ Opening ---------'   '----- Connected ------'
/// ```
///
/// A connection is gone once its end was reported. Its socket then waits for the server to close
/// TCP. The slot may be opened meanwhile, and the socket goes to the [`Lingering`] ones.
///
/// [`Lingering`]: super::lingering::Lingering
#[derive(Debug, Default)]
pub(super) enum SlotState {
    #[default]
    Idle,
    /// Connecting, and then handshaking.
    Opening(Box<SlotOpening>),
    /// Open, then closing, then gone: see [`LeanConnection`].
    Connected(LeanConnection),
}

/// A connection that is being opened.
#[derive(Debug)]
pub(super) struct SlotOpening {
    pub(super) opening: Opening<OwnedFd>,
    /// What has become of it, until the worker asks.
    pub(super) outcome: Option<OpeningProgress<OwnedFd>>,
    /// The kernel has reported the end of a stream, which it does once.
    pub(super) over: bool,
}

/// Names the sockets of one connection in the event queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SocketKey {
    /// The number of the connection.
    pub(super) slot: u32,
    /// Tells it from older connections of the slot.
    opened: u32,
}

impl SocketKey {
    /// The key as the event queue keeps it.
    pub(super) fn to_bits(self) -> u64 {
        (u64::from(self.slot) << 32) | u64::from(self.opened)
    }

    /// The key that [`Self::to_bits`] made this of.
    #[expect(clippy::cast_possible_truncation, reason = "the halves are meant")]
    pub(super) fn from_bits(bits: u64) -> Self {
        Self { slot: (bits >> 32) as u32, opened: bits as u32 }
    }
}

impl Slot {
    /// The key of the sockets that the slot has now. `slot` is its number.
    pub(super) fn key(&self, slot: usize) -> SocketKey {
        // A plan has fewer than 2^32 clients.
        SocketKey { slot: u32::try_from(slot).unwrap_or(u32::MAX), opened: self.opened }
    }

    /// Begins another connection with `state`. Returns what the slot held.
    pub(super) fn begin(&mut self, state: SlotState) -> SlotState {
        self.opened = self.opened.wrapping_add(1);
        std::mem::replace(&mut self.state, state)
    }

    /// Whether a socket is one that the slot has now.
    #[inline]
    pub(super) fn has(&self, key: SocketKey) -> bool {
        self.opened == key.opened
    }

    /// The connection, if the slot holds one.
    #[inline]
    pub(super) fn connection(&self) -> Option<&LeanConnection> {
        match &self.state {
            SlotState::Connected(connection) => Some(connection),
            SlotState::Idle | SlotState::Opening(_) => None,
        }
    }

    /// The connection, if the slot holds one.
    #[inline]
    pub(super) fn connection_mut(&mut self) -> Option<&mut LeanConnection> {
        match &mut self.state {
            SlotState::Connected(connection) => Some(connection),
            SlotState::Idle | SlotState::Opening(_) => None,
        }
    }

    /// Remembers that the kernel has reported the end of a stream.
    #[cold]
    pub(super) fn read_to_the_end(&mut self) {
        match &mut self.state {
            SlotState::Connected(connection) => connection.read_to_the_end(),
            SlotState::Opening(opening) => opening.over = true,
            SlotState::Idle => {}
        }
    }
}
