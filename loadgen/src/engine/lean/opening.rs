//! Opens, abandons and resets connections, at any time and on the engine's own event queue.

use std::{net::IpAddr, rc::Rc};

use super::{
    Lean,
    connection::{LeanConnection, NextStep},
};
use crate::{
    clock::Clock as _,
    engine::{
        EventSink,
        held_bytes::SMALL,
        slots::{NobodyListens, SlotState, SocketKey, SocketOwner},
    },
    transport::{OpenedStream, OpeningProgress, Route},
};

impl Lean {
    /// Begins to open the connection of a slot. The one that it held lingers, unless it holds much
    /// that nobody would count.
    pub(super) fn begin_opening(&mut self, slot: usize, route: &Rc<Route>, client: u32, source: Option<IpAddr>) {
        self.held_bytes.limit(route.limits.memory);
        self.forget(slot);
        if self.slots[slot].connection().is_some_and(|gone| gone.held() >= SMALL) {
            self.slots[slot].state = SlotState::Idle;
        }
        self.slots.begin_opening(slot, route, client, source, self.shared.clock.now());
        if self.advance(slot) {
            self.revisit.push(slot);
        }
    }

    /// Gets on with opening a connection. True if that is settled.
    fn advance(&mut self, slot: usize) -> bool {
        self.slots.advance(slot, &self.shared.clock, |socket, key| {
            self.event_queue.add(&socket, key)?;
            Ok(socket)
        })
    }

    /// Gets on with opening a connection. Tells the sink once it is open or has failed.
    #[cold]
    pub(super) fn receive_opening(&mut self, slot: usize, sink: &mut impl EventSink) {
        if !self.advance(slot) {
            return;
        }
        let Some((outcome, over)) = self.slots.take_settled(slot) else { return };
        let at = self.shared.clock.now();
        match outcome {
            OpeningProgress::Opened(stream) => {
                let OpenedStream { stream, early_bytes, limits, opened } = *stream;
                let mut connection = LeanConnection::new(stream, early_bytes, limits, opened.answer.compression);
                if over {
                    connection.read_to_the_end();
                }
                self.slots[slot].state = SlotState::Connected(connection);
                // The kernel does not report again what came with the answer.
                self.unread_since.leave_slot(slot, self.unread_since.since());
                self.revisit.push(slot);
                sink.opened(at, opened);
            }
            OpeningProgress::Failed(error) => sink.failed(at, error),
            OpeningProgress::Pending => {}
        }
    }

    /// The slot whose socket is ready. Those that linger are served here.
    #[inline]
    pub(super) fn ready_slot(&mut self, key: SocketKey, over: bool) -> Option<usize> {
        match self.slots.owner(key) {
            SocketOwner::Slot(slot) => {
                if over {
                    self.stream_is_over(slot);
                }
                return Some(slot);
            }
            SocketOwner::Lingering(connection) => {
                if over {
                    connection.read_to_the_end();
                }
                // One that still sends much does not close.
                if connection.receive(&mut self.buffer, &mut self.shared, &mut NobodyListens) != NextStep::Wait {
                    self.slots.close_lingering(key);
                }
            }
            SocketOwner::Nobody => {}
        }
        None
    }

    #[cold]
    fn stream_is_over(&mut self, slot: usize) {
        match &mut self.slots[slot].state {
            SlotState::Connected(connection) => connection.read_to_the_end(),
            SlotState::Opening(opening) => opening.read_to_the_end(),
            SlotState::Idle => {}
        }
    }

    /// Resets the connection of a slot, or gives up opening it.
    pub(super) fn reset(&mut self, slot: usize) {
        self.forget(slot);
        self.slots.abort(slot, LeanConnection::reset);
    }

    /// Forgets what is known of the connection of a slot.
    fn forget(&mut self, slot: usize) {
        if self.burst_of == slot {
            self.burst.clear();
        }
        self.held_bytes.update(slot, 0);
        self.unread_since.slot_is_read(slot);
        self.unreported_ends.retain(|&(of, _)| of != slot);
    }
}
