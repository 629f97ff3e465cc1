//! Ends sessions as the plan wants: with a handshake once all replies are there, or without one.

use super::state::ClientState;
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    ledger::CloseCause,
    worker::{Worker, phases::SURPLUS_SILENCE},
};

/// Longest wait for the answer to the closing handshake of one session, in nanoseconds.
const CLOSE_TIMEOUT: u64 = 2_000_000_000;

impl<E: Engine, C: Clock> Worker<E, C> {
    /// The session of a client is over at `now`. It closes once nothing is in flight, or the drain
    /// of the plan is over.
    pub(super) fn finish_session(&mut self, slot: usize, now: Time) {
        self.clients.enter(slot, ClientState::Finishing);
        self.deadlines.set(slot, now.plus(self.config.drain));
        self.close_if_done(slot, now);
    }

    /// Closes a session that is over, if nothing is in flight at `now`. Where replies do not name
    /// their message, waits a while for surplus ones.
    pub(super) fn close_if_done(&mut self, slot: usize, now: Time) {
        let client = &self.clients.all[slot];
        if client.state != ClientState::Finishing || client.ledger.in_flight() > 0 {
            return;
        }
        if self.groups[client.group as usize].config.expectation.hides_surplus() {
            let silence = SURPLUS_SILENCE.min(self.config.drain);
            return self.deadlines.set(slot, now.plus(silence));
        }
        self.close_session(slot, now);
    }

    /// Begins to close a session that is over. What is in flight is lost.
    pub(super) fn close_session(&mut self, slot: usize, now: Time) {
        self.count_closed(slot, now);
        self.begin_closing(slot, now, CloseCause::Drained);
        self.deadlines.set(slot, now.plus(CLOSE_TIMEOUT));
    }

    /// A client was read at `at`, and messages in flight got their fate.
    #[cold]
    pub(in crate::worker) fn replied_in_session(&mut self, slot: usize, at: Time) {
        let client = &mut self.clients.all[slot];
        if std::mem::take(&mut client.awaits_reply) {
            let outcome = &mut self.groups[client.group as usize].outcome;
            outcome.sessions.first_reply.add(at.since(client.since));
        }
        self.close_if_done(slot, at);
    }

    /// The plan cuts the connection of a client without a handshake.
    pub(super) fn cut_off(&mut self, slot: usize, now: Time) {
        self.engine.abort(slot);
        self.left_room(slot, now, true);
        self.count_cut(slot, now);
        self.settle(slot, now, CloseCause::ByPlan);
        self.not_open(slot, now, true);
    }

    /// The closing handshake of a client has ended, or has taken too long.
    pub(super) fn closed(&mut self, slot: usize, at: Time) {
        self.left_room(slot, at, true);
        self.settle(slot, at, CloseCause::Drained);
        self.not_open(slot, at, true);
    }
}
