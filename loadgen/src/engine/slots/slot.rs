//! What a slot of the engine holds, and how its sockets are told from those it held before.

use std::{os::fd::AsFd, time::Duration};

use rustix::net::sockopt::set_socket_linger;

use crate::transport::{Opening, OpeningProgress};

/// A slot of the engine.
#[derive(Debug)]
pub(in crate::engine) struct Slot<C, S> {
    /// How often the slot was opened. Wraps around.
    opened: u32,
    pub(in crate::engine) state: SlotState<C, S>,
}

impl<C, S> Default for Slot<C, S> {
    fn default() -> Self {
        Self { opened: 0, state: SlotState::Idle }
    }
}

/// The life of a connection.
///
/// ```text
/// idle -> connecting -> handshaking -> open -> closing -> gone -> idle
///        '------ Opening ---------'   '----- Connected ------'
/// ```
///
/// A connection is gone once its end was reported. Its socket then waits for the server to close
/// TCP. The slot may be opened meanwhile, and the connection lingers.
#[derive(Debug, Default)]
pub(in crate::engine) enum SlotState<C, S> {
    #[default]
    Idle,
    /// Connecting, and then handshaking.
    Opening(Box<SlotOpening<S>>),
    /// Open, then closing, then gone.
    Connected(C),
}

/// A connection that is being opened.
#[derive(Debug)]
pub(in crate::engine) struct SlotOpening<S> {
    pub(super) opening: Opening<S>,
    /// What has become of it, until the worker asks.
    pub(super) outcome: Option<OpeningProgress<S>>,
    /// The kernel has reported the end of a stream, which it does once.
    pub(super) over: bool,
}

/// Names the sockets of one connection in the event queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) struct SocketKey {
    /// The number of the slot.
    pub(super) slot: u32,
    /// Tells it from older connections of the slot.
    opened: u32,
}

impl SocketKey {
    /// The key as the event queue keeps it.
    pub(in crate::engine) fn to_bits(self) -> u64 {
        (u64::from(self.slot) << 32) | u64::from(self.opened)
    }

    /// The key that [`Self::to_bits`] made this of.
    #[expect(clippy::cast_possible_truncation, reason = "the halves are meant")]
    pub(in crate::engine) fn from_bits(bits: u64) -> Self {
        Self { slot: (bits >> 32) as u32, opened: bits as u32 }
    }
}

impl<C, S> Slot<C, S> {
    /// The key of the sockets that the slot has now. `slot` is its number.
    pub(in crate::engine) fn key(&self, slot: usize) -> SocketKey {
        // A plan has fewer than 2^32 clients.
        SocketKey { slot: u32::try_from(slot).unwrap_or(u32::MAX), opened: self.opened }
    }

    /// Begins another connection with `state`. Returns what the slot held.
    pub(super) fn begin(&mut self, state: SlotState<C, S>) -> SlotState<C, S> {
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
    pub(in crate::engine) fn connection(&self) -> Option<&C> {
        match &self.state {
            SlotState::Connected(connection) => Some(connection),
            SlotState::Idle | SlotState::Opening(_) => None,
        }
    }

    /// The connection, if the slot holds one.
    #[inline]
    pub(in crate::engine) fn connection_mut(&mut self) -> Option<&mut C> {
        match &mut self.state {
            SlotState::Connected(connection) => Some(connection),
            SlotState::Idle | SlotState::Opening(_) => None,
        }
    }
}

impl<S: AsFd> SlotOpening<S> {
    /// The kernel has reported the end of a stream, which it does once.
    pub(in crate::engine) fn read_to_the_end(&mut self) {
        self.over = true;
    }

    /// Closes its sockets with a TCP reset.
    pub(super) fn reset(self) {
        match self.outcome {
            Some(OpeningProgress::Opened(mut opened)) => opened.stream.reset(),
            _ => {
                for socket in self.opening.sockets() {
                    // One that can't be set is closed in the ordinary way.
                    let _ = set_socket_linger(socket, Some(Duration::ZERO));
                }
            }
        }
    }
}
