//! What the end of a connection means that the plan has not brought about. Most are deaths; some
//! are orderly.

use super::state::ClientState;
use crate::{
    clock::{Clock, Time},
    engine::{ConnectionEnd, Engine},
    ledger::CloseCause,
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
        if let Some((at, opened)) = opened {
            self.begin_pings(slot);
            self.opened(slot, at, &opened);
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

    /// Handles that the server has ended the connection of a client, or has answered its Close.
    fn ended(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        match self.clients.all[slot].state {
            ClientState::Joining => self.ended_while_joining(slot, at, cause),
            ClientState::Closing | ClientState::Settled => self.closed(slot, at),
            ClientState::Finishing if self.clients.all[slot].ledger.in_flight() == 0 => {
                self.count_closed(slot, at);
                self.closed(slot, at);
            }
            ClientState::Open if cause.is_orderly() && self.may_leave(slot, at) => self.leave(slot, at, cause),
            ClientState::Open | ClientState::Finishing => {
                self.left_room(slot, at, false);
                self.died(slot, at, cause);
            }
            // Nobody was there.
            _ => {}
        }
    }

    /// The server has ended a connection in an orderly way, and nothing is undone.
    fn leave(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        self.left_room(slot, at, false);
        self.settle(slot, at, CloseCause::Died);
        self.clients.enter(slot, ClientState::Left);
        self.clients.left.insert(slot, (at, cause));
        if let Some(sessions) = &mut self.groups[self.clients.group_of(slot)].sessions {
            sessions.schedule.ended(slot, at);
        }
    }

    /// Whether an end at `at` leaves nothing undone: no message is in flight, and no planned one is
    /// due yet. A run with a duration wants its connections until that is over. Where clients come
    /// back, they do as long as there is something to send.
    fn may_leave(&self, slot: usize, at: Time) -> bool {
        let over = at >= self.measured.window.to;
        let group = &self.groups[self.clients.group_of(slot)];
        if group.has_rooms {
            return over && self.has_heard_all(slot);
        }
        let comes_back = group.config.sessions.reconnect.is_some() && !group.driver.is_spent();
        self.clients.all[slot].ledger.in_flight() == 0
            && (over || matches!(self.config.until, Until::Messages(_)) && !comes_back)
    }

    /// A message is due on a connection that left in an orderly way, so its end was a death.
    pub(in crate::worker) fn missed(&mut self, slot: usize) {
        if let Some((at, cause)) = self.clients.left.remove(&slot) {
            self.died(slot, at, cause);
        }
    }

    /// A connection has ended although the plan wanted it open.
    fn died(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        self.count_death(slot, at, &cause.kind);
        let Client { ledger, local, group, .. } = &self.clients.all[slot];
        let group = &mut self.groups[*group as usize];
        let detail = group.route.without_captured(ledger.client(), cause.detail);
        let cause = ConnectionEnd { detail, ..cause };
        group.outcome.died(&group.config.expectation, ledger.client(), *local, at, cause);
        self.settle(slot, at, CloseCause::Died);
        self.not_open(slot, at, false);
    }

    /// Begins to close an open connection with a handshake. What is in flight gets its fate.
    /// What a slow reader has not read comes too late.
    pub(in crate::worker) fn begin_closing(&mut self, slot: usize, at: Time, cause: CloseCause) {
        let reads_slowly = self.groups[self.clients.group_of(slot)].config.read.is_some();
        if self.clients.all[slot].ledger.in_flight() > 0 || reads_slowly {
            self.clients.enter(slot, ClientState::Settled);
            self.settle(slot, at, cause);
        } else {
            self.clients.enter(slot, ClientState::Closing);
        }
        self.engine.close(slot);
    }
}
