//! Sessions as the plan wants them: who opens, closes and is cut while the load goes on.

use super::state::ClientState;
use crate::{
    clock::{Clock, Time, nanos},
    engine::Engine,
    plan::Share,
    schedule::{
        pacer::SLICE,
        sessions::{AttemptCause, SessionCommand, SessionSchedule},
    },
    worker::{Worker, config::WorkerConfig},
};

/// The sessions of a group whose clients come and go.
#[derive(Debug)]
pub(in crate::worker) struct GroupSessions {
    pub(in crate::worker) schedule: SessionSchedule,
    /// When the group stops.
    pub(super) stop: Time,
}

impl GroupSessions {
    /// None if all clients open before the load and stay.
    pub(in crate::worker) fn of(worker: &WorkerConfig, index: usize, share: &Share) -> Option<Box<Self>> {
        let group = &worker.groups[index];
        if group.sessions.is_plain() {
            return None;
        }
        // Groups that do the same do it at other times.
        let seed = worker.seed.wrapping_add((index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let schedule = SessionSchedule::new(&group.sessions, share, group.clients, seed);
        Some(Box::new(Self { schedule, stop: Time::NEVER }))
    }
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// The measured phase begins at `measured_from`.
    pub(in crate::worker) fn begin_sessions(&mut self, measured_from: Time) {
        for group in &mut self.groups {
            if let Some(sessions) = &mut group.sessions {
                sessions.schedule.begin(measured_from);
                sessions.stop = group.config.sessions.stop.map_or(Time::NEVER, |stop| measured_from.plus(nanos(stop)));
            }
        }
    }

    /// When a session begins or ends next, as far as the plan says so.
    #[inline]
    pub(super) fn next_session_command(&self) -> Time {
        let sessions = self.groups.iter().filter_map(|group| group.sessions.as_ref());
        sessions.map(|sessions| sessions.schedule.wake()).min().unwrap_or(Time::NEVER)
    }

    /// Does what the plan wants of sessions at `now`, for about a [`SLICE`].
    #[cold]
    pub(super) fn begin_and_end_sessions(&mut self, now: Time) {
        if now >= self.measured.window.to {
            return self.end_sessions();
        }
        for group in 0..self.groups.len() {
            while let Some(sessions) = &mut self.groups[group].sessions
                && let Some(command) = sessions.schedule.next(now)
            {
                match command {
                    SessionCommand::Open { slot, after } => self.ask_to_open(slot, after, now),
                    SessionCommand::Close(slot) => self.finish_session(slot, now),
                    SessionCommand::Cut(slot) => self.cut_off(slot, now),
                }
                if self.clock.now() >= now.plus(SLICE) {
                    return;
                }
            }
        }
    }

    /// A client is to open as soon as the connect rate admits it.
    fn ask_to_open(&mut self, slot: usize, after: AttemptCause, now: Time) {
        if self.clients.all[slot].state == ClientState::Left {
            self.count_left(slot);
        }
        self.clients.all[slot].after = after;
        self.clients.enter(slot, ClientState::Due);
        self.openings.queue.ask(slot, now);
    }

    /// Whether a client that is not open may be.
    pub(in crate::worker) fn somebody_comes(&self) -> bool {
        let counts = &self.clients.counts;
        let sessions = || self.groups.iter().filter_map(|group| group.sessions.as_ref());
        // Who closes may come back.
        counts.coming() > 0
            || sessions().any(|sessions| sessions.schedule.somebody_returns())
            || (counts.closing() > 0 && sessions().next().is_some())
    }

    /// The load is over: nobody comes, and what ends now ends by itself.
    pub(in crate::worker) fn end_sessions(&mut self) {
        for sessions in self.groups.iter_mut().filter_map(|group| group.sessions.as_mut()) {
            sessions.schedule.end();
        }
        self.end_openings();
    }

    /// The connection of a client is over at `at`. `planned` says that the plan ended it. It comes
    /// back if the schedule says so.
    pub(super) fn not_open(&mut self, slot: usize, at: Time, planned: bool) {
        self.deadlines.clear(slot);
        self.clients.all[slot].since = at;
        let sessions = &mut self.groups[self.clients.group_of(slot)].sessions;
        let returns = sessions.as_mut().is_some_and(|sessions| {
            sessions.schedule.ended(slot, at);
            planned || sessions.schedule.returns(slot)
        });
        self.clients.enter(slot, if returns { ClientState::Away } else { ClientState::Gone });
    }
}
