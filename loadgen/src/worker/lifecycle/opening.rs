//! Opens the connections of a worker at the rate of the plan.

use std::collections::HashMap;

use reports::judge::OwnFailure;

use crate::{
    clock::{Clock, Time},
    engine::Engine,
    schedule::{connect_schedule::ConnectSchedule, pacer::SLICE},
    transport::{ConnectError, Opened},
    worker::{Worker, clients::ClientState, group::WorkerGroup},
};

/// Connections that all workers together are opening at once, at most. As many fit the queue of a
/// listener on Linux (`net.core.somaxconn`). More would not open sooner, and those beyond the queue
/// try again after a second.
const UNDER_WAY: u32 = 4096;

/// A time-out says nothing about the target if the worker was stopped for at least this fraction of
/// the time: one in `STANDSTILL`.
pub(in crate::worker) const STANDSTILL: u64 = 10;

/// Connections that are being opened, and those that will be.
#[derive(Debug)]
pub(in crate::worker) struct Openings {
    schedule: ConnectSchedule,
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
    /// Those of one of `workers`.
    pub(in crate::worker) fn new(schedule: ConnectSchedule, workers: u32) -> Self {
        Self { schedule, under_way: HashMap::new(), most: (UNDER_WAY / workers).max(1) as usize }
    }

    pub(in crate::worker) fn begin(&mut self, now: Time) {
        self.schedule.begin(now);
    }

    /// Whether each client was tried.
    pub(in crate::worker) fn are_done(&self) -> bool {
        self.under_way.is_empty() && self.schedule.wake().is_none()
    }

    /// When the next attempt is due, if there is room for it.
    pub(in crate::worker) fn wake(&self) -> Option<Time> {
        if self.has_room() { self.schedule.wake() } else { None }
    }

    fn has_room(&self) -> bool {
        self.under_way.len() < self.most
    }

    fn next(&mut self, now: Time) -> Option<usize> {
        if self.has_room() { self.schedule.next(now) } else { None }
    }
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Begins to open the connections that are due, for about a [`SLICE`]. True if there was one.
    pub(in crate::worker) fn open_due(&mut self, now: Time) -> bool {
        let (mut any, mut at) = (false, now);
        while let Some(slot) = self.openings.next(at) {
            any = true;
            let client = &mut self.clients.all[slot];
            client.state = ClientState::Opening;
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

    pub(in crate::worker) fn opened(&mut self, slot: usize, opened: &Opened) {
        if self.openings.under_way.remove(&slot).is_none() {
            return;
        }
        let WorkerGroup { outcome, dialogue, route, .. } = &mut self.groups[self.clients.group_of(slot)];
        outcome.peer.get_or_insert(opened.peer);
        if let Some(dialogue) = dialogue.as_mut().filter(|dialogue| dialogue.joins()) {
            let timeout = u64::try_from(route.timeout.as_nanos()).unwrap_or(u64::MAX);
            return dialogue.bound(slot, timeout, self.stops.all);
        }
        outcome.opened(opened.phases);
        self.clients.all[slot].state = ClientState::Open;
        self.clients.open += 1;
    }

    pub(in crate::worker) fn failed(&mut self, slot: usize, at: Time, error: &ConnectError) {
        let Some(Attempt { began, stopped }) = self.openings.under_way.remove(&slot) else { return };
        self.watch_for_stops(self.clock.now());
        let stood_still = (self.stops.all - stopped).saturating_mul(STANDSTILL) >= at.since(began);
        // Nobody knows whether the answer would have been in time.
        let own = error.kind == "timeout" && stood_still;
        let kind = if own { OwnFailure::TimeoutStopped.name() } else { error.kind.as_str() };
        self.groups[self.clients.group_of(slot)].outcome.failed(kind, &error.detail);
        self.clients.all[slot].state = ClientState::Gone;
    }

    /// Ends connecting. If the run was stopped, the rest counts as failed.
    pub(in crate::worker) fn end_openings(&mut self) {
        self.openings.schedule.cancel();
        self.stop_joining();
        for (slot, _) in self.openings.under_way.drain() {
            self.engine.abort(slot);
            self.clients.all[slot].state = ClientState::Gone;
        }
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
