//! Attempts to open connections, before the load and in it.

use std::collections::HashMap;

use reports::judge::OwnFailure;

use super::state::ClientState;
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    schedule::{opening_queue::OpeningQueue, pacer::SLICE},
    transport::{ConnectError, Opened, Phases},
    worker::{Worker, agreements::Asked, clients::Trouble, config::WorkerConfig, group::WorkerGroup},
};

/// Connections that all workers together are opening at once, at most. As many fit the queue of a
/// listener on Linux (`net.core.somaxconn`). More would not open sooner, and those beyond the queue
/// try again after a second.
const UNDER_WAY: u32 = 4096;

/// A time-out says nothing about the target if the worker was stopped for at least this fraction of
/// the time: one in `STANDSTILL`.
pub(super) const STANDSTILL: u64 = 10;

/// Connections that are being opened, and those that will be.
#[derive(Debug)]
pub(in crate::worker) struct Openings {
    pub(super) queue: OpeningQueue,
    under_way: HashMap<usize, Attempt>,
    /// Attempts at once, at most.
    most: usize,
    /// Clients that open before the load, and whose first attempt is under way.
    first: usize,
}

/// An attempt to open a connection.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    began: Time,
    /// How long the worker had been stopped in all when the attempt began, in nanoseconds.
    stopped: u64,
}

impl Openings {
    /// Those of a worker.
    pub(in crate::worker) fn new(config: &WorkerConfig) -> Self {
        let WorkerConfig { connect_rate, partition, worker, groups, .. } = config;
        let numbers = groups.iter().scan(0, |end, group| {
            let first = *end;
            *end += group.clients.get();
            Some((first..*end, group))
        });
        let later = numbers.filter(|(_, group)| group.sessions.opens_later()).map(|(numbers, _)| numbers);
        let queue = OpeningQueue::new(*connect_rate, partition.clone(), *worker, later);
        Self { queue, under_way: HashMap::new(), most: (UNDER_WAY / partition.workers()).max(1) as usize, first: 0 }
    }

    pub(in crate::worker) fn begin(&mut self, now: Time) {
        self.queue.begin(now);
    }

    /// When the next attempt is due, if there is room for it.
    pub(super) fn wake(&self) -> Option<Time> {
        if self.has_room() { self.queue.wake() } else { None }
    }

    fn has_room(&self) -> bool {
        self.under_way.len() < self.most
    }

    fn next(&mut self, now: Time) -> Option<usize> {
        if self.has_room() { self.queue.next(now) } else { None }
    }
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Whether each client that opens before the load was tried.
    pub(in crate::worker) fn has_connected(&self) -> bool {
        !self.openings.queue.has_first() && self.openings.first == 0
    }

    /// Begins to open the connections that are due, for about a [`SLICE`].
    pub(super) fn open_due(&mut self, now: Time) {
        let mut at = now;
        while let Some(slot) = self.openings.next(at) {
            if self.clients.enter(slot, ClientState::Opening) == ClientState::Before {
                self.openings.first += 1;
            }
            self.count_attempt(slot, at);
            let client = &self.clients.all[slot];
            let group = &self.groups[client.group as usize];
            let number = client.ledger.client();
            let source = group.config.source.address(number);
            self.openings.under_way.insert(slot, Attempt { began: at, stopped: self.stops.all });
            self.engine.open(slot, &group.route, number, source);
            at = self.clock.now();
            if at >= now.plus(SLICE) {
                break;
            }
        }
    }

    /// The connection of a client is open. It may have to join.
    pub(super) fn opened(&mut self, slot: usize, at: Time, opened: &Opened) {
        if self.openings.under_way.remove(&slot).is_none() {
            return;
        }
        let WorkerGroup { config, outcome, dialogue, route, .. } = &mut self.groups[self.clients.group_of(slot)];
        let (compression, subprotocol) = (route.compression.is_some(), route.demands_subprotocol);
        outcome.agreed(opened, Asked { compression, insecure: config.insecure, subprotocol });
        if let Some(dialogue) = dialogue.as_mut().filter(|dialogue| dialogue.joins()) {
            let timeout = u64::try_from(route.timeout.as_nanos()).unwrap_or(u64::MAX);
            if let Some(began) = dialogue.began(slot, self.stops.all) {
                self.deadlines.set(slot, began.plus(timeout));
            }
            self.clients.enter(slot, ClientState::Joining);
            return;
        }
        self.begin_session(slot, at, opened.phases);
    }

    /// A client is open and has joined.
    pub(super) fn begin_session(&mut self, slot: usize, at: Time, phases: Phases) {
        self.tried(slot);
        self.clients.enter(slot, ClientState::Open);
        let client = &mut self.clients.all[slot];
        let WorkerGroup { outcome, sessions, driver, .. } = &mut self.groups[client.group as usize];
        outcome.opened(phases);
        driver.joined(slot);
        let trouble = std::mem::take(&mut client.trouble);
        if client.was_open() {
            outcome.sessions.away.add(at.since(client.since));
            outcome.sessions.counts.returned += u64::from(trouble == Trouble::Died);
        } else {
            outcome.first_opened(trouble != Trouble::None);
        }
        client.since = at;
        if let Some(sessions) = sessions {
            client.awaits_reply = true;
            sessions.schedule.opened(slot, at);
        }
    }

    /// The connection of a client did not open.
    pub(super) fn failed(&mut self, slot: usize, at: Time, error: &ConnectError) {
        let Some(Attempt { began, stopped }) = self.openings.under_way.remove(&slot) else { return };
        self.watch_for_stops(self.clock.now());
        let stood_still = (self.stops.all - stopped).saturating_mul(STANDSTILL) >= at.since(began);
        // Nobody knows whether the answer would have been in time.
        let own = error.kind == "timeout" && stood_still;
        let kind = if own { OwnFailure::TimeoutStopped.name() } else { error.kind.as_str() };
        self.attempt_failed(slot, at, kind, &error.detail);
    }

    /// A client did not open, or did not join.
    pub(super) fn attempt_failed(&mut self, slot: usize, at: Time, kind: &str, detail: &str) {
        self.tried(slot);
        let client = &mut self.clients.all[slot];
        let WorkerGroup { outcome, sessions, .. } = &mut self.groups[client.group as usize];
        outcome.attempt_failed(at, kind, detail);
        if client.trouble == Trouble::None {
            client.trouble = Trouble::Failed;
            outcome.connections.failed += u64::from(!client.was_open());
        }
        let returns = sessions.as_mut().is_some_and(|sessions| {
            sessions.schedule.failed(slot, at);
            sessions.schedule.returns(slot)
        });
        self.clients.enter(slot, if returns { ClientState::Away } else { ClientState::Gone });
    }

    /// An attempt has come to an end.
    fn tried(&mut self, slot: usize) {
        self.deadlines.clear(slot);
        let client = &self.clients.all[slot];
        let is_first = !client.was_open() && client.trouble == Trouble::None;
        if is_first && !self.groups[client.group as usize].config.sessions.opens_later() {
            self.openings.first -= 1;
        }
    }

    /// Gives up a client that is being opened, or is joining.
    fn give_up(&mut self, slot: usize) {
        self.tried(slot);
        self.openings.under_way.remove(&slot);
        let group = &mut self.groups[self.clients.group_of(slot)];
        group.outcome.sessions.counts.given_up += 1;
        if let Some(dialogue) = &mut group.dialogue {
            dialogue.take(slot);
        }
        self.engine.abort(slot);
        self.clients.enter(slot, ClientState::Away);
    }

    /// Opens nothing from now on, and gives up what is under way.
    pub(in crate::worker) fn end_openings(&mut self) {
        for slot in self.openings.queue.cancel() {
            self.clients.enter(slot, ClientState::Away);
        }
        if self.clients.counts.opening() == 0 {
            return;
        }
        for slot in 0..self.clients.all.len() {
            if matches!(self.clients.all[slot].state, ClientState::Opening | ClientState::Joining) {
                self.give_up(slot);
            }
        }
    }

    /// Clients connect no more before the load. Those that were not tried, because the run was
    /// stopped, count as failed.
    pub(in crate::worker) fn end_connecting(&mut self) {
        for WorkerGroup { outcome, config, .. } in &mut self.groups {
            // Most runs add nothing from now on, so it need not take memory for the whole run.
            outcome.openings.pack();
            if !config.sessions.opens_later() {
                outcome.count_untried(true);
            }
        }
    }
}
