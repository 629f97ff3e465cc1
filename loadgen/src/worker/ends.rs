//! How connections end before the generator closes them. Most ends are deaths; some are orderly.

use super::{Client, ClientState, Worker};
use crate::{
    clock::{Clock, Time},
    engine::{ConnectionEnd, Engine},
    plan::Until,
};

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Handles the end of a client's connection.
    pub(super) fn ended(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        let before = self.clients[slot].state;
        self.clients[slot].state = ClientState::Gone;
        match before {
            ClientState::Gone | ClientState::Left => return,
            ClientState::Closing | ClientState::Settled => self.closing -= 1,
            ClientState::Open => {
                self.open -= 1;
                if cause.is_orderly() && self.may_leave(slot, at) {
                    self.clients[slot].state = ClientState::Left;
                    self.left.insert(slot, (at, cause));
                } else {
                    self.died(slot, at, cause);
                }
            }
        }
        self.settle(slot, at, before == ClientState::Open);
    }

    /// Whether an end at `at` leaves nothing undone: no message is in flight, and no planned one is
    /// due yet. A run with a duration wants its connections until that is over.
    fn may_leave(&self, slot: usize, at: Time) -> bool {
        let over = at >= self.outcome.window.to;
        self.clients[slot].ledger.in_flight() == 0 && (over || matches!(self.config.until, Until::Messages(_)))
    }

    /// A message is due on a connection that left in an orderly way, so its end was a death.
    pub(super) fn missed(&mut self, slot: usize) {
        if let Some((at, cause)) = self.left.remove(&slot) {
            self.clients[slot].state = ClientState::Gone;
            self.died(slot, at, cause);
        }
    }

    fn died(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        let Client { ledger, local, .. } = &self.clients[slot];
        self.outcome.groups[0].died(&self.config.expectation, ledger.client(), *local, at, cause);
    }
}
