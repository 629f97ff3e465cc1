//! Counts what becomes of attempts and sessions.

use super::state::ClientState;
use crate::{
    clock::{Clock, Time},
    engine::{ConnectionEnd, Engine},
    schedule::sessions::AttemptCause,
    worker::{Worker, clients::Trouble},
};

/// Ends that the plan wants. What the server ends has the kind of that end.
const SESSION: &str = "session";
const STOP: &str = "stop";
const DROP: &str = "drop";
const STORM: &str = "storm";
const OPEN_AT_END: &str = "open_at_end";

impl<E: Engine, C: Clock> Worker<E, C> {
    /// An attempt to open a client begins at `at`.
    pub(super) fn count_attempt(&mut self, slot: usize, at: Time) {
        let client = &self.clients.all[slot];
        let outcome = &mut self.groups[client.group as usize].outcome;
        outcome.recorder.attempted(at);
        let counts = &mut outcome.sessions.counts;
        counts.attempts += 1;
        let after = &mut counts.after;
        *match client.after {
            AttemptCause::Start => &mut after.start,
            AttemptCause::Session => &mut after.session,
            AttemptCause::Drop => &mut after.drop,
            AttemptCause::Storm => &mut after.storm,
            AttemptCause::Death => &mut after.death,
            AttemptCause::Failure => &mut after.failure,
        } += 1;
    }

    /// A session that is over is closed with a handshake.
    pub(super) fn count_closed(&mut self, slot: usize, at: Time) {
        let group = &mut self.groups[self.clients.group_of(slot)];
        group.outcome.sessions.counts.closed_by_plan += 1;
        let has_stopped = group.sessions.as_ref().is_some_and(|sessions| at >= sessions.stop);
        self.count_end(slot, at, if has_stopped { STOP } else { SESSION }, true);
    }

    /// A session was cut.
    pub(super) fn count_cut(&mut self, slot: usize, at: Time) {
        let group = &mut self.groups[self.clients.group_of(slot)];
        group.outcome.sessions.counts.cut_by_plan += 1;
        let cause = group.sessions.as_ref().and_then(|sessions| sessions.schedule.ending(slot));
        self.count_end(slot, at, if cause == Some(AttemptCause::Storm) { STORM } else { DROP }, true);
    }

    /// A connection died.
    pub(super) fn count_death(&mut self, slot: usize, at: Time, kind: &str) {
        self.clients.all[slot].trouble = Trouble::Died;
        self.count_end(slot, at, kind, false);
    }

    /// A client that left in an orderly way has no more to do.
    pub(super) fn count_left(&mut self, slot: usize) {
        if let Some((at, ConnectionEnd { kind, .. })) = self.clients.left.remove(&slot) {
            self.groups[self.clients.group_of(slot)].outcome.sessions.counts.left += 1;
            self.count_end(slot, at, &kind, false);
        }
    }

    /// The run ends at `at`: counts who is open, and who is not.
    pub(in crate::worker) fn count_the_rest(&mut self, at: Time) {
        for slot in 0..self.clients.all.len() {
            let client = &self.clients.all[slot];
            let group = &mut self.groups[client.group as usize];
            let counts = &mut group.outcome.sessions.counts;
            match client.state {
                ClientState::Open => {
                    counts.open_at_end += 1;
                    self.count_end(slot, at, OPEN_AT_END, true);
                }
                ClientState::Finishing => {
                    counts.waiting_at_end += 1;
                    self.count_closed(slot, at);
                }
                ClientState::Left => self.count_left(slot),
                ClientState::Closing | ClientState::Settled => counts.waiting_at_end += 1,
                _ if client.trouble == Trouble::None => counts.waiting_at_end += 1,
                _ => counts.away_at_end += 1,
            }
        }
    }

    fn count_end(&mut self, slot: usize, at: Time, kind: &str, by_plan: bool) {
        let client = &self.clients.all[slot];
        self.groups[client.group as usize].outcome.sessions.ended(kind, by_plan, at.since(client.since));
    }
}
