//! Opens the connections of a worker, before the load and in it.

use std::collections::HashMap;

use reports::judge::OwnFailure;

use super::state::ClientState;
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    schedule::{opening_queue::OpeningQueue, pacer::SLICE},
    transport::{ConnectError, Opened, Phases},
    worker::{Worker, config::WorkerConfig, group::WorkerGroup},
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
        let WorkerConfig { connect_rate, partition, worker, .. } = config;
        let queue = OpeningQueue::new(*connect_rate, partition.clone(), *worker, None);
        Self { queue, under_way: HashMap::new(), most: (UNDER_WAY / partition.workers()).max(1) as usize }
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
        !self.openings.queue.has_first() && self.clients.counts.opening() == 0
    }

    /// Begins to open the connections that are due, for about a [`SLICE`]. True if there was one.
    pub(super) fn open_due(&mut self, now: Time) -> bool {
        let (mut any, mut at) = (false, now);
        while let Some(slot) = self.openings.next(at) {
            any = true;
            self.clients.enter(slot, ClientState::Opening);
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
        any
    }

    /// The connection of a client is open. It may have to join.
    pub(super) fn opened(&mut self, slot: usize, opened: &Opened) {
        if self.openings.under_way.remove(&slot).is_none() {
            return;
        }
        let WorkerGroup { outcome, dialogue, route, .. } = &mut self.groups[self.clients.group_of(slot)];
        outcome.peer.get_or_insert(opened.peer);
        if let Some(dialogue) = dialogue.as_mut().filter(|dialogue| dialogue.joins()) {
            let timeout = u64::try_from(route.timeout.as_nanos()).unwrap_or(u64::MAX);
            if let Some(began) = dialogue.began(slot, self.stops.all) {
                self.deadlines.set(slot, began.plus(timeout));
            }
            self.clients.enter(slot, ClientState::Joining);
            return;
        }
        self.is_open(slot, opened.phases);
    }

    /// A client is open and has joined.
    pub(super) fn is_open(&mut self, slot: usize, phases: Phases) {
        self.deadlines.clear(slot);
        self.clients.enter(slot, ClientState::Open);
        self.groups[self.clients.group_of(slot)].outcome.opened(phases);
    }

    /// The connection of a client did not open.
    pub(super) fn failed(&mut self, slot: usize, at: Time, error: &ConnectError) {
        let Some(Attempt { began, stopped }) = self.openings.under_way.remove(&slot) else { return };
        self.watch_for_stops(self.clock.now());
        let stood_still = (self.stops.all - stopped).saturating_mul(STANDSTILL) >= at.since(began);
        // Nobody knows whether the answer would have been in time.
        let own = error.kind == "timeout" && stood_still;
        let kind = if own { OwnFailure::TimeoutStopped.name() } else { error.kind.as_str() };
        self.attempt_failed(slot, kind, &error.detail);
    }

    /// A client did not open, or did not join.
    pub(super) fn attempt_failed(&mut self, slot: usize, kind: &str, detail: &str) {
        self.deadlines.clear(slot);
        self.clients.enter(slot, ClientState::Gone);
        self.groups[self.clients.group_of(slot)].outcome.failed(kind, detail);
    }

    /// Gives up a client that is being opened, or is joining.
    fn give_up(&mut self, slot: usize) {
        self.deadlines.clear(slot);
        self.openings.under_way.remove(&slot);
        if let Some(dialogue) = &mut self.groups[self.clients.group_of(slot)].dialogue {
            dialogue.take(slot);
        }
        self.engine.abort(slot);
        self.clients.enter(slot, ClientState::Gone);
    }

    /// Opens nothing from now on, and gives up what is under way.
    pub(in crate::worker) fn end_openings(&mut self) {
        self.openings.queue.cancel().for_each(drop);
        if self.clients.counts.opening() == 0 {
            return;
        }
        for slot in 0..self.clients.all.len() {
            if matches!(self.clients.all[slot].state, ClientState::Opening | ClientState::Joining) {
                self.give_up(slot);
            }
        }
    }

    /// Counts the clients that did not open before the load. If the run was stopped, the rest
    /// counts as failed.
    pub(in crate::worker) fn count_untried(&mut self) {
        for group in &mut self.groups {
            // Nothing is added from now on, so it need not take memory for the whole run.
            group.outcome.openings.pack();
            let connections = &mut group.outcome.connections;
            let untried = connections.requested - connections.opened - connections.failed;
            connections.failed += untried;
            if untried > 0 {
                *connections.errors.entry(OwnFailure::Interrupted.name().to_owned()).or_default() += untried;
            }
        }
    }
}
