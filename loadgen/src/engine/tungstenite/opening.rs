//! Opens, abandons and resets connections.

use std::{net::IpAddr, rc::Rc};

use super::{CountedStream, NextStep, Tungstenite, TungsteniteConnection};
use crate::{
    clock::Clock as _,
    engine::{
        EventSink,
        held_bytes::SMALL,
        slots::{NobodyListens, SlotState, SocketKey, SocketOwner},
    },
    transport::{OpenedStream, OpeningProgress, Route},
};

impl Tungstenite {
    /// Begins to open the connection of a slot. The one that it held lingers, unless it holds much
    /// that nobody would count.
    pub(super) fn begin_opening(&mut self, slot: usize, route: &Rc<Route>, client: u32, source: Option<IpAddr>) {
        self.held_bytes.limit(route.limits.memory);
        self.forget(slot);
        if self.slots[slot].connection().is_some_and(|gone| gone.held() >= SMALL) {
            self.slots[slot].state = SlotState::Idle;
        }
        self.slots.begin_opening(slot, route, client, source, self.clock.now());
        if self.advance(slot) {
            self.revisit.push(slot);
        }
    }

    /// Gets on with opening a connection. True if that is settled.
    fn advance(&mut self, slot: usize) -> bool {
        self.slots.advance(slot, &self.clock, |socket, key| self.poller.add(socket, key))
    }

    /// Gets on with opening a connection. Tells the sink once it is open or has failed.
    pub(super) fn receive_opening(&mut self, slot: usize, sink: &mut impl EventSink) {
        if !self.advance(slot) {
            return;
        }
        let Some((outcome, over)) = self.slots.take_settled(slot) else { return };
        let at = self.clock.now();
        match outcome {
            OpeningProgress::Opened(stream) => {
                let OpenedStream { stream, early_bytes, limits, opened } = *stream;
                let stream = CountedStream::new(stream, limits.read_at_most, self.clock);
                let mut connection = TungsteniteConnection::new(stream, early_bytes, limits);
                if over {
                    connection.read_to_the_end();
                }
                self.slots[slot].state = SlotState::Connected(Box::new(connection));
                // mio does not report again what came with the answer.
                self.unread_since.leave_slot(slot, self.unread_since.since());
                self.revisit.push(slot);
                sink.opened(at, opened);
            }
            OpeningProgress::Failed(error) => sink.failed(at, error),
            OpeningProgress::Pending => {}
        }
    }

    /// The slot whose socket is ready. Those that linger are served here.
    pub(super) fn ready_slot(&mut self, key: SocketKey, over: bool) -> Option<usize> {
        match self.slots.owner(key) {
            SocketOwner::Slot(slot) => {
                match &mut self.slots[slot].state {
                    SlotState::Connected(connection) if over => connection.read_to_the_end(),
                    SlotState::Opening(opening) if over => opening.read_to_the_end(),
                    _ => {}
                }
                return Some(slot);
            }
            SocketOwner::Lingering(connection) => {
                if over {
                    connection.read_to_the_end();
                }
                // One that still sends much does not close.
                if connection.receive(self.clock, &mut NobodyListens) != NextStep::Wait {
                    self.slots.close_lingering(key);
                }
            }
            SocketOwner::Nobody => {}
        }
        None
    }

    /// Resets the connection of a slot, or gives up opening it.
    pub(super) fn reset(&mut self, slot: usize) {
        self.forget(slot);
        self.slots.abort(slot, |connection| connection.reset());
    }

    /// Forgets what is known of the connection of a slot.
    fn forget(&mut self, slot: usize) {
        self.held_bytes.update(slot, 0);
        self.unread_since.slot_is_read(slot);
        self.unreported_ends.retain(|&(of, _)| of != slot);
    }
}
