//! Both directions of an open connection, and the memory that they take.

use frames::Decoder;

use super::{send_buffer::SendBuffer, socket::TrackedSocket};

/// Bytes of answers that a Close may have to wait for where the peer must give back memory.
const MOST_BEFORE_CLOSE: usize = 64 * 1024;

/// An open WebSocket.
#[derive(Debug)]
pub(super) struct WebSocket {
    pub(super) socket: TrackedSocket,
    pub(super) decoder: Decoder,
    /// What was read, and waits until the peer has taken more of its answers. Mostly nothing.
    pub(super) unread: Vec<u8>,
    pub(super) send_buffer: SendBuffer,
}

impl WebSocket {
    /// Tells the registry how much memory the connection holds for its peer. Returns whether that
    /// is more than before.
    #[inline]
    pub(super) fn report_memory(&self) -> bool {
        self.socket.tracked().holds(self.held_bytes())
    }

    /// Bytes of memory that depend on the peer.
    #[inline]
    pub(super) fn held_bytes(&self) -> usize {
        self.send_buffer.held_bytes() + self.socket.unsent_bytes() + self.decoder.held() + self.unread.len()
    }

    /// Gives back memory: what is not needed to send a Close, or everything if that is still a lot.
    ///
    /// Returns whether a Close can be sent.
    pub(super) fn give_back(&mut self) -> bool {
        self.decoder = Decoder::new(self.decoder.settings());
        self.unread = Vec::new();
        let can_close = self.send_buffer.held_bytes() <= MOST_BEFORE_CLOSE;
        if !can_close {
            self.send_buffer = SendBuffer::default();
        }
        // The rest does not count any more: it is little, and soon gone.
        self.socket.tracked().holds(0);
        can_close
    }
}
