//! What a connection writes, and what it keeps until the transport takes it.

use std::io::{self, ErrorKind};

use super::{ConnectionState, LeanConnection};
use crate::engine::lean::EngineState;

impl LeanConnection {
    /// Writes `bytes` after what is unsent. Returns the number of writes. Keeps what the transport
    /// does not take.
    #[inline]
    pub(in crate::engine::lean) fn write(&mut self, bytes: &[u8]) -> u64 {
        if self.pending_io.is_some() && (self.unsent() > 0 || self.is_broken()) {
            self.keep(bytes);
            return 0;
        }
        match self.stream.write(bytes) {
            Ok(taken) if taken == bytes.len() && !self.stream.holds() => self.stream.writes(),
            Ok(taken) => {
                self.keep(&bytes[taken..]);
                self.stream.writes()
            }
            Err(error) => {
                self.not_written(error, bytes);
                0
            }
        }
    }

    #[cold]
    fn keep(&mut self, bytes: &[u8]) {
        let pending_io = self.pending_io.get_or_insert_default();
        if pending_io.broken.is_none() {
            if pending_io.taken > pending_io.unsent.len() / 2 {
                pending_io.unsent.drain(..pending_io.taken);
                pending_io.taken = 0;
            }
            pending_io.unsent.extend_from_slice(bytes);
        }
    }

    #[cold]
    fn not_written(&mut self, error: io::Error, bytes: &[u8]) {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::Interrupted => self.keep(bytes),
            _ => {
                let pending_io = self.pending_io.get_or_insert_default();
                pending_io.unsent = Vec::new();
                pending_io.taken = 0;
                pending_io.broken.get_or_insert(error);
            }
        }
    }

    /// Writes what is unsent, as far as the transport takes it. Then sends the pong that waited.
    #[cold]
    pub(super) fn write_rest(&mut self, shared: &mut EngineState) {
        while let Some(pending_io) =
            self.pending_io.as_mut().filter(|pending_io| pending_io.taken < pending_io.unsent.len())
        {
            match self.stream.write(&pending_io.unsent[pending_io.taken..]) {
                Ok(taken) => {
                    pending_io.taken += taken;
                    pending_io.writes += self.stream.writes();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    if error.kind() != ErrorKind::WouldBlock {
                        self.not_written(error, &[]);
                    }
                    return;
                }
            }
        }
        if let Err(error) = self.stream.push() {
            return self.not_written(error, &[]);
        }
        let Some(pending_io) = &mut self.pending_io else { return };
        pending_io.unsent = Vec::new();
        pending_io.taken = 0;
        if let Some(payload) = pending_io.ping.take().filter(|_| self.state == ConnectionState::Open) {
            shared.replies.pong(Some(shared.masks.draw()), &payload);
            self.reply(shared);
        }
    }

    /// Sends a ping. No memory is taken to count the write, which no message needed.
    pub(in crate::engine::lean) fn ping(&mut self, payload: &[u8], shared: &mut EngineState) {
        shared.replies.ping(Some(shared.masks.draw()), payload);
        self.write(shared.replies.bytes());
        shared.replies.clear();
    }

    /// Writes the control frames that were encoded.
    pub(super) fn reply(&mut self, shared: &mut EngineState) {
        let writes = self.write(shared.replies.bytes());
        shared.replies.clear();
        if writes > 0 {
            self.pending_io.get_or_insert_default().writes += writes;
        }
    }
}
