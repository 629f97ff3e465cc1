//! How connections end before the generator closes them. Most ends are deaths; some are orderly.

use super::state::ClientState;
use crate::{
    clock::{Clock, Time},
    engine::{ConnectionEnd, Engine},
    plan::Until,
    worker::{Worker, client_sink::ConnectionChange, clients::Client},
};

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Handles that a connection opened, did not open, or ended. `last` is when it was read last in
    /// this turn.
    #[cold]
    pub(in crate::worker) fn changed(&mut self, slot: usize, last: Option<Time>, change: ConnectionChange) {
        let ConnectionChange { opened, joined, failed, ended, pongs } = change;
        for (at, payload) in &pongs {
            self.ponged(slot, *at, payload);
        }
        if let Some(opened) = opened {
            self.begin_pings(slot);
            self.opened(slot, &opened);
        }
        if let Some(at) = joined {
            self.joined(slot, at);
        }
        if let Some((at, error)) = failed {
            self.failed(slot, at, &error);
        }
        if let Some(cause) = ended {
            self.ended(slot, last.unwrap_or_else(|| self.clock.now()), cause);
        }
    }

    /// Handles the end of a client's connection.
    fn ended(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        let before = self.clients.all[slot].state;
        self.left_room(slot, at, false);
        match before {
            ClientState::Gone | ClientState::Opening | ClientState::Left => return,
            ClientState::Joining => return self.ended_while_joining(slot, cause),
            ClientState::Closing | ClientState::Settled => {
                self.clients.enter(slot, ClientState::Gone);
            }
            ClientState::Open if cause.is_orderly() && self.may_leave(slot, at) => {
                self.clients.enter(slot, ClientState::Left);
                self.clients.left.insert(slot, (at, cause));
            }
            ClientState::Open => {
                self.clients.enter(slot, ClientState::Gone);
                self.died(slot, at, cause);
            }
        }
        self.settle(slot, at, before == ClientState::Open);
    }

    /// Begins to close an open connection with a handshake. What is in flight gets its fate.
    /// `cut_short` says that it might still have come. What a slow reader has not read comes too
    /// late.
    pub(in crate::worker) fn begin_closing(&mut self, slot: usize, at: Time, cut_short: bool) {
        let reads_slowly = self.groups[self.clients.group_of(slot)].config.read.is_some();
        if self.clients.all[slot].ledger.in_flight() > 0 || reads_slowly {
            self.clients.enter(slot, ClientState::Settled);
            self.settle(slot, at, cut_short);
        } else {
            self.clients.enter(slot, ClientState::Closing);
        }
        self.engine.close(slot);
    }

    /// Whether an end at `at` leaves nothing undone: no message is in flight, and no planned one is
    /// due yet. A run with a duration wants its connections until that is over.
    fn may_leave(&self, slot: usize, at: Time) -> bool {
        let over = at >= self.measured.window.to;
        if self.groups[self.clients.group_of(slot)].has_rooms {
            return over && self.has_heard_all(slot);
        }
        self.clients.all[slot].ledger.in_flight() == 0 && (over || matches!(self.config.until, Until::Messages(_)))
    }

    /// A message is due on a connection that left in an orderly way, so its end was a death.
    pub(in crate::worker) fn missed(&mut self, slot: usize) {
        if let Some((at, cause)) = self.clients.left.remove(&slot) {
            self.clients.enter(slot, ClientState::Gone);
            self.died(slot, at, cause);
        }
    }

    fn died(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        let Client { ledger, local, group, .. } = &self.clients.all[slot];
        let group = &mut self.groups[*group as usize];
        group.outcome.died(&group.config.expectation, ledger.client(), *local, at, cause);
    }
}
