//! Opens, abandons and resets connections, at any time and on the engine's own event queue.

use std::{net::IpAddr, os::fd::OwnedFd, rc::Rc, time::Duration};

use rustix::net::sockopt::set_socket_linger;

use super::{
    Lean,
    connection::LeanConnection,
    slot::{SlotOpening, SlotState},
};
use crate::{
    clock::Clock as _,
    engine::EventSink,
    transport::{OpenedStream, Opening, OpeningProgress, Route},
};

impl Lean {
    /// Begins to open the connection of a slot. What it held goes on without it.
    pub(super) fn begin_opening(&mut self, slot: usize, route: &Rc<Route>, source: Option<IpAddr>) {
        self.held_bytes.limit(route.limits.memory);
        let now = self.shared.clock.now();
        let old_key = self.slots[slot].key(slot);
        let opening = Opening::new(route, source, now);
        let opening = Box::new(SlotOpening { opening, outcome: None, over: false });
        match self.slots[slot].begin(SlotState::Opening(opening)) {
            SlotState::Connected(gone) => self.lingering.add(old_key, gone, now),
            SlotState::Opening(_) | SlotState::Idle => {}
        }
        if self.advance(slot) {
            self.revisit.push(slot);
        }
    }

    /// Does what can be done now to open a connection, and sets its timer. True if that settled it.
    fn advance(&mut self, slot: usize) -> bool {
        let key = self.slots[slot].key(slot);
        let SlotState::Opening(under_way) = &mut self.slots[slot].state else { return false };
        let SlotOpening { opening, outcome, .. } = &mut **under_way;
        let mut watch = |socket: OwnedFd| self.event_queue.add(&socket, key).map(|()| socket);
        match opening.advance(&self.shared.clock, &mut watch) {
            OpeningProgress::Pending => {
                self.timers.set(slot, opening.wake());
                false
            }
            settled => {
                self.timers.clear(slot);
                *outcome = Some(settled);
                true
            }
        }
    }

    /// Gets on with opening a connection. Tells the sink once it is open or has failed.
    #[cold]
    pub(super) fn receive_opening(&mut self, slot: usize, sink: &mut impl EventSink) {
        let settled = matches!(&self.slots[slot].state, SlotState::Opening(opening) if opening.outcome.is_some());
        if !settled && !self.advance(slot) {
            return;
        }
        let SlotState::Opening(under_way) = std::mem::take(&mut self.slots[slot].state) else { return };
        let at = self.shared.clock.now();
        match under_way.outcome {
            Some(OpeningProgress::Opened(stream)) => {
                let OpenedStream { stream, early_bytes, limits, opened } = *stream;
                let mut connection = LeanConnection::new(stream, early_bytes, limits);
                if under_way.over {
                    connection.read_to_the_end();
                }
                self.slots[slot].state = SlotState::Connected(connection);
                // The kernel does not report again what came with the answer.
                self.unread_since.leave_unread();
                self.revisit.push(slot);
                sink.opened(at, opened);
            }
            Some(OpeningProgress::Failed(error)) => sink.failed(at, error),
            Some(OpeningProgress::Pending) | None => {}
        }
    }

    /// Lists the openings whose time has come, and closes old sockets.
    #[cold]
    pub(super) fn look_at_timers(&mut self) {
        let now = self.shared.clock.now();
        while let Some(slot) = self.timers.pop_due(now) {
            self.revisit.push(slot);
        }
        self.lingering.close_old(now);
    }

    /// Resets the connection of a slot, or gives up opening it.
    pub(super) fn reset(&mut self, slot: usize) {
        if self.burst_of == slot {
            self.burst.clear();
        }
        self.timers.clear(slot);
        self.held_bytes.update(slot, 0);
        self.unreported_ends.retain(|&(of, _)| of != slot);
        match self.slots[slot].begin(SlotState::Idle) {
            SlotState::Connected(connection) => connection.reset(),
            SlotState::Opening(under_way) => under_way.reset(),
            SlotState::Idle => {}
        }
    }
}

impl SlotOpening {
    /// Closes its sockets with a TCP reset.
    fn reset(self) {
        match self.outcome {
            Some(OpeningProgress::Opened(opened)) => opened.stream.reset(),
            _ => {
                for socket in self.opening.sockets() {
                    // One that can't be set is closed in the ordinary way.
                    let _ = set_socket_linger(socket, Some(Duration::ZERO));
                }
            }
        }
    }
}
