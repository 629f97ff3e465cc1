//! The phases of a worker. Each says after a turn whether it goes on, and how long to wait.

use super::{Worker, lifecycle::ClientState, recorder::Window};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    ledger::CloseCause,
};

/// How late a worker learns of the start. Nothing wakes it, and there is a head start.
const START_CHECK: u64 = 2_000_000;

/// Longest wait for the next peer to answer the closing handshake. Many together take their time.
const CLOSE_TIMEOUT: u64 = 2_000_000_000;

/// Longest wait for all peers: a base, and more for each client of the run.
const LONGEST_CLOSE: u64 = 6_000_000_000;
const CLOSE_EACH: u64 = 10_000;

/// Silence to wait for after the last reply, where replies do not name their message.
pub(super) const SURPLUS_SILENCE: u64 = 200_000_000;

/// Longest wait for that silence.
const LONGEST_SURPLUS: u64 = 2_000_000_000;

/// After a signal, the longest wait for messages in flight, and for closing handshakes. The report
/// comes within two seconds.
const STOPPED_DRAIN: u64 = 750_000_000;
const STOPPED_CLOSE: u64 = 500_000_000;

/// After a signal, the longest wait for what other workers have to say of their rooms.
const STOPPED_EXCHANGE: u64 = 200_000_000;

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Each connection is tried once. Then it is open, and its client has joined, or it is counted
    /// as failed.
    Connecting,
    /// The connections are open, and the run has not begun.
    Waiting,
    /// Warm-up and measured phase.
    Loading,
    /// Waits until each worker has said what it sent to rooms.
    AwaitingSent,
    /// Waits for messages in flight.
    Draining {
        /// When it ends, unless a signal cuts it short.
        planned: Time,
    },
    /// Waits until each worker has drained and said what came in rooms. Until then none closes. A
    /// drain that was `cut_short` might have brought more.
    AwaitingArrived { cut_short: bool },
    /// Waits until no more replies come. A surplus reply is taken for the reply to the next
    /// message, so it shows only once all messages have theirs. Many servers send nothing more
    /// after a Close.
    AwaitingSurplus { since: Time },
    /// Waits for the answers to the closing handshakes. Messages before the peer's Close still
    /// count: a duplicate of the last message would come there.
    Closing(ClosingWait),
    /// All is done.
    Over,
}

/// How long to wait for peers to answer closing handshakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClosingWait {
    began: Time,
    /// Answers that were missing when the last one came.
    missing: usize,
    /// Latest time for the next one, and for all.
    next: Time,
    all: Time,
}

/// How a phase goes on.
enum Step {
    /// With another turn, by then at the latest.
    Rest(Time),
    /// With another phase.
    Enter(Phase),
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Goes on after the turn that began at `now`. Waits, or enters the next phase.
    pub(super) fn go_on(&mut self, phase: &mut Phase, now: Time) {
        loop {
            let step = match phase {
                Phase::Connecting => self.connecting(now),
                Phase::Waiting => self.waiting(now),
                Phase::Loading => self.loading(now),
                Phase::AwaitingSent => self.awaiting_sent(now),
                Phase::Draining { planned } => self.draining(*planned, now),
                Phase::AwaitingArrived { cut_short } => self.awaiting_arrived(*cut_short, now),
                Phase::AwaitingSurplus { since } => self.awaiting_surplus(*since, now),
                Phase::Closing(wait) => self.closing(wait, now),
                Phase::Over => return,
            };
            match step {
                Step::Rest(until) => return self.rest(until),
                Step::Enter(next) => *phase = next,
            }
        }
    }

    fn connecting(&mut self, now: Time) -> Step {
        match self.link.stopped {
            None if !self.has_connected() => return Step::Rest(Time::NEVER),
            None => {}
            Some(_) => self.end_sessions(),
        }
        self.end_connecting();
        self.tell_connected();
        self.ping_while_waiting(now);
        Step::Enter(Phase::Waiting)
    }

    /// Serves the connections until the run begins.
    fn waiting(&mut self, now: Time) -> Step {
        if self.link.stopped.is_some() {
            return self.close(now, false);
        }
        Step::Rest(now.plus(START_CHECK))
    }

    /// Begins the load once its start is set. With rooms, nobody sends before all workers have
    /// begun: who receives a message must know when it was due.
    pub(super) fn begin_load(&mut self, phase: &mut Phase) {
        let start = self.link.started().filter(|_| *phase == Phase::Waiting && self.link.stopped.is_none());
        let Some(start) = start else { return };
        self.begin_rooms(start);
        self.begin_sessions(start.plus(self.config.warmup));
        for group in &mut self.groups {
            group.driver.begin(start, self.config.warmup);
            group.progress.last_reply = start;
        }
        // The phase ends with the load that takes longest.
        let end = self.groups.iter().map(|group| group.driver.end().unwrap_or(Time::NEVER)).max();
        self.measured.window = Window { from: start.plus(self.config.warmup), to: end.unwrap_or(Time::NEVER) };
        if let Some(pings) = &mut self.pings {
            pings.begin(start, self.measured.window.to);
        }
        for group in &mut self.groups {
            group.outcome.recorder.begin(self.measured.window);
        }
        self.receive_early_in_rooms();
        self.begin_telling_so_far();
        if self.rooms.is_some() {
            self.link.tell_begun();
        }
        *phase = Phase::Loading;
    }

    fn loading(&mut self, now: Time) -> Step {
        let over = self.groups.iter().all(|group| group.driver.is_over(now, group.progress));
        if !over && self.is_deserted() {
            self.desert(now);
        } else if !over {
            return Step::Rest(Time::NEVER);
        }
        self.measured.over(&self.clock);
        self.drop_what_is_left();
        self.end_sessions();
        // Where loads end with their last reply, what is in flight has been waited for since then.
        let ends = || self.groups.iter().map(|group| group.driver.end());
        let since = if ends().all(|end| end.is_none()) { self.last_reply() } else { now };
        if self.measured.window.to == Time::NEVER {
            let last = self.groups.iter().map(|group| group.driver.end().unwrap_or(group.progress.last_reply)).max();
            self.end_measured_phase(last.unwrap_or(now).max(self.measured.window.from));
        }
        self.cut_load(now);
        if self.rooms.is_some() {
            self.tell_sent();
            return Step::Enter(Phase::AwaitingSent);
        }
        Step::Enter(Phase::Draining { planned: since.plus(self.config.drain) })
    }

    /// Waits for what the other workers sent to rooms. After a signal, only for a moment.
    fn awaiting_sent(&mut self, now: Time) -> Step {
        let workers = self.config.partition.workers();
        if !self.link.have_all_sent(workers) && !self.is_long_since_stop(now, STOPPED_EXCHANGE) {
            return Step::Rest(now.plus(START_CHECK));
        }
        self.begin_drain();
        Step::Enter(Phase::Draining { planned: now.plus(self.config.drain) })
    }

    /// Waits until all workers have drained. After a signal, only for a moment.
    fn awaiting_arrived(&mut self, cut_short: bool, now: Time) -> Step {
        let workers = self.config.partition.workers();
        if !self.link.have_all_arrived(workers) && !self.is_long_since_stop(now, STOPPED_DRAIN + STOPPED_EXCHANGE) {
            return Step::Rest(now.plus(START_CHECK));
        }
        self.settle_rooms(cut_short);
        self.drained(now, cut_short)
    }

    fn is_long_since_stop(&self, now: Time, nanos: u64) -> bool {
        self.link.stopped.is_some_and(|stopped| now >= stopped.plus(nanos))
    }

    /// Waits for messages in flight and for pongs, as long as the plan says. After a signal, only
    /// for a moment.
    fn draining(&mut self, planned: Time, now: Time) -> Step {
        let in_flight = self.in_flight() > 0;
        if (in_flight || self.awaits_pongs()) && self.clients.counts.open() > 0 {
            let until = self.link.stopped.map_or(planned, |at| planned.min(at.plus(STOPPED_DRAIN)));
            if now < until {
                return Step::Rest(until);
            }
            if now < planned && in_flight {
                // What is in flight might still have come.
                return self.leave_drain(now, true);
            }
        }
        self.leave_drain(now, false)
    }

    /// The drain is over here. Workers with rooms wait for each other.
    fn leave_drain(&mut self, now: Time, cut_short: bool) -> Step {
        if self.rooms.is_some() {
            self.tell_arrived();
            return Step::Enter(Phase::AwaitingArrived { cut_short });
        }
        self.drained(now, cut_short)
    }

    /// Goes on after the drain.
    fn drained(&mut self, now: Time, cut_short: bool) -> Step {
        if cut_short {
            return self.close(now, true);
        }
        if self.groups.iter().any(|group| group.config.expectation.hides_surplus()) {
            return Step::Enter(Phase::AwaitingSurplus { since: now });
        }
        self.close(now, false)
    }

    fn awaiting_surplus(&mut self, since: Time, now: Time) -> Step {
        let silence = SURPLUS_SILENCE.min(self.config.drain);
        let until = self.last_reply().max(since).plus(silence).min(since.plus(LONGEST_SURPLUS.min(self.config.drain)));
        if self.clients.counts.open() == 0 || now >= until || self.link.stopped.is_some() {
            return self.close(now, false);
        }
        Step::Rest(until)
    }

    /// Begins to close every connection with a handshake. `cut_short` says that messages in flight
    /// might still have come.
    fn close(&mut self, now: Time, cut_short: bool) -> Step {
        self.end_sessions();
        self.count_the_rest(now);
        self.keep_presence();
        let cause = if cut_short { CloseCause::Died } else { CloseCause::Drained };
        for slot in 0..self.clients.all.len() {
            if matches!(self.clients.all[slot].state, ClientState::Open | ClientState::Finishing) {
                self.begin_closing(slot, now, cause);
            }
        }
        let all = LONGEST_CLOSE + CLOSE_EACH * u64::from(self.config.partition.clients_here());
        let (began, missing) = (self.clock.now(), self.clients.counts.closing());
        let (next, all) = (began.plus(CLOSE_TIMEOUT), began.plus(all));
        Step::Enter(Phase::Closing(ClosingWait { began, missing, next, all }))
    }

    fn closing(&mut self, wait: &mut ClosingWait, now: Time) -> Step {
        if let Some(stopped) = self.link.stopped {
            wait.all = wait.all.min(stopped.max(wait.began).plus(STOPPED_CLOSE));
        }
        if self.clients.counts.closing() < wait.missing {
            (wait.missing, wait.next) = (self.clients.counts.closing(), now.plus(CLOSE_TIMEOUT));
        }
        let until = wait.next.min(wait.all);
        if self.clients.counts.closing() > 0 && now < until {
            return Step::Rest(until);
        }
        for slot in 0..self.clients.all.len() {
            self.settle(slot, until, CloseCause::Drained);
        }
        Step::Enter(Phase::Over)
    }
}
