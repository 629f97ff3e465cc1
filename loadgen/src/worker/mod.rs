//! A worker is one thread with its clients, its engine and its recorders. Workers share no state.
//!
//! It is one loop ([`Worker::run`]). A turn begins with a look at the clock, does what is due,
//! receives, and waits ([`turn`]). Between work and wait the worker decides whether its phase goes
//! on ([`phases`]): connecting, waiting for the start, the load, drain, closing.
//!
//! ```text
//! drivers (crate::schedule) ── commands ──> commands.rs ──> engine
//!        ^                                                    │ what connections bring
//!        └──────── replies, what was sent ── turn.rs <── client_sink.rs ──> ledger ──> recorder
//! ```

mod agreements;
mod burst;
mod client_sink;
mod clients;
mod commands;
mod config;
mod control;
mod dialogue;
pub(crate) mod evidence;
mod group;
mod lifecycle;
mod measured_phase;
mod outcome;
mod phases;
mod pings;
pub mod recorder;
mod rooms;
mod session_record;
#[cfg(test)]
mod simulation;
mod slow_readers;
mod slow_writes;
mod so_far;
mod stops;
#[cfg(test)]
mod tests;
mod turn;

use std::sync::{Arc, atomic::Ordering, mpsc::Sender};

use reports::model::{SessionsMeasurement, Tally};

use self::{
    clients::{Client, Clients},
    control::RunLink,
    group::WorkerGroup,
    lifecycle::Openings,
    measured_phase::MeasuredPhase,
    phases::Phase,
    pings::WorkerPings,
    rooms::WorkerRooms,
    slow_readers::SlowReaders,
    stops::StopDetector,
};
pub(crate) use self::{
    config::{GroupConfig, WorkerConfig},
    control::{Control, LiveCounters, WorkerEvent},
    lifecycle::JOIN,
    outcome::{GroupOutcome, MissingMessage, WorkerOutcome},
    rooms::{RoomsOutcome, run_rooms::RunRooms},
    stops::StopTotals,
};
use crate::{
    clock::{Clock, RealClock, Time},
    engine::{BuildEngine, Engine},
    schedule::{pacer::Pacer, slot_timers::SlotTimers},
    transport::Route,
};

pub(crate) struct Worker<E, C> {
    config: WorkerConfig,
    clock: C,
    engine: E,
    clients: Clients,
    groups: Vec<WorkerGroup>,
    /// None without rooms.
    rooms: Option<Box<WorkerRooms>>,
    openings: Openings,
    /// None if nobody pings.
    pings: Option<Box<WorkerPings>>,
    /// None if all clients read what comes.
    slow_readers: Option<Box<SlowReaders>>,
    /// When clients must have joined, or have closed.
    deadlines: SlotTimers,
    measured: MeasuredPhase,
    link: RunLink,
    pacer: Pacer,
    stops: StopDetector,
    /// Checksums of the burst that is being sent.
    checksums: Vec<u32>,
    /// Connections that were read together, and when. Empty between turns.
    read_together: Vec<(usize, Time)>,
}

/// Runs one worker on the calling thread. `routes` has the route of each group.
pub(crate) fn run(
    config: WorkerConfig,
    routes: Vec<Route>,
    build: impl BuildEngine,
    clock: RealClock,
    control: Arc<Control>,
    progress: Arc<LiveCounters>,
    events: Sender<WorkerEvent>,
) -> std::io::Result<WorkerOutcome> {
    let link = RunLink::new(control, progress, events);
    let engine = build(config.partition.clients_of(config.worker), clock)?;
    Ok(Worker::new(config, routes, engine, clock, link).run())
}

impl<E: Engine, C: Clock> Worker<E, C> {
    fn new(config: WorkerConfig, routes: Vec<Route>, engine: E, clock: C, link: RunLink) -> Self {
        let (partition, worker) = (&config.partition, config.worker);
        let shares: Vec<_> = (0..config.groups.len()).map(|group| partition.share(worker, group)).collect();
        let counts: Vec<_> = shares.iter().map(|share| share.slots.len()).collect();
        let outcomes = GroupOutcome::of_groups(&counts, partition.workers());
        let client = |(group, slot)| Client::new(partition.client(worker, slot), group);
        let slots =
            shares.iter().enumerate().flat_map(|(group, share)| share.slots.clone().map(move |slot| (group, slot)));
        let clients = Clients::new(slots.map(client).collect());
        let (pings, slow_readers) = (WorkerPings::of(&config, &shares), SlowReaders::of(&config, &shares));
        let parts = shares.into_iter().enumerate().zip(routes).zip(outcomes);
        let groups =
            parts.map(|(((group, share), route), outcome)| WorkerGroup::new(&config, group, share, route, outcome));
        Self {
            groups: groups.collect(),
            rooms: WorkerRooms::of(&config, &clients),
            clients,
            openings: Openings::new(&config),
            pings,
            slow_readers,
            deadlines: SlotTimers::default(),
            measured: MeasuredPhase::new(),
            pacer: Pacer::new(config.may_spin),
            stops: StopDetector::default(),
            checksums: Vec::new(),
            read_together: Vec::new(),
            config,
            clock,
            engine,
            link,
        }
    }

    /// Runs all phases.
    fn run(mut self) -> WorkerOutcome {
        self.openings.begin(self.clock.now());
        let mut phase = Phase::Connecting;
        while phase != Phase::Over {
            self.begin_load(&mut phase);
            let now = self.begin_turn();
            self.work(now);
            self.go_on(&mut phase, now);
        }
        self.finish()
    }

    /// Hands over the last second, and what was recorded.
    fn finish(mut self) -> WorkerOutcome {
        self.hand_over_seconds(self.clock.now());
        // Where all clients stay, there is nothing to say of their sessions.
        let is_plain = self.groups.iter().all(|group| group.sessions.is_none());
        for (group, WorkerGroup { outcome, config, route, .. }) in self.groups.iter_mut().enumerate() {
            if config.sessions.opens_later() {
                outcome.count_untried(self.link.stopped.is_some());
            }
            if is_plain {
                outcome.sessions.counts = SessionsMeasurement::default();
            }
            outcome.recorder.evidence.change(|client, text| route.without_captured(client, text));
            if let Some(row) = outcome.recorder.last_row() {
                self.link.tell(WorkerEvent::Second { group, row });
            }
        }
        self.tell_connections();
        self.report_progress();
        let used = self.measured.used.unwrap_or_default();
        WorkerOutcome {
            groups: self.groups.into_iter().map(|group| group.outcome).collect(),
            window: self.measured.window,
            cpu: used.cpu,
            spun: used.spun,
            stopped: self.stops.measured,
            rooms: self.rooms.map(|rooms| rooms.finish()),
        }
    }

    /// Stops sending at `now`, and ends the measured phase if it has not ended.
    fn cut(&mut self, now: Time) {
        self.cut_load(now);
        if self.measured.is_planned_after(now) {
            self.end_measured_phase(now);
        }
    }

    /// Stops sending at `now`.
    fn cut_load(&mut self, now: Time) {
        for group in &mut self.groups {
            group.driver.cut(now);
        }
        if let Some(pings) = &mut self.pings {
            pings.cut(now);
        }
    }

    fn end_measured_phase(&mut self, to: Time) {
        self.measured.end(to);
        for group in &mut self.groups {
            group.outcome.recorder.end_window(self.measured.window);
        }
    }

    /// Whether nobody is left to send to or is away as planned, and messages are planned or a
    /// connection died. Where messages are due all the same, the worker goes on while another one
    /// has connections, and drops them.
    fn is_deserted(&mut self) -> bool {
        if self.clients.counts.open() + self.clients.counts.away() > 0 || self.somebody_comes() {
            return false;
        }
        let nowhere = self.link.is_without_connections(self.config.partition.workers());
        if !self.groups.iter().any(|group| group.driver.drops()) {
            return true;
        }
        let spent = self.groups.iter().all(|group| group.driver.is_spent());
        let died = self.groups.iter().any(|group| group.outcome.connections.died > 0);
        nowhere && (!spent || died)
    }

    /// Ends the load at `now`, as nobody is left to send to. What is not due yet is not dropped,
    /// but the clients with planned messages have died.
    fn desert(&mut self, now: Time) {
        for group in 0..self.groups.len() {
            for slot in self.groups[group].driver.planned() {
                self.missed(slot);
            }
        }
        self.cut(now);
    }

    /// Messages without a fate, and after the load, deliveries in rooms without one.
    fn in_flight(&self) -> u64 {
        let outstanding = self.rooms.as_ref().map_or(0, |rooms| rooms.outstanding());
        self.groups.iter().map(|group| group.progress.in_flight).sum::<u64>() + outstanding
    }

    /// The last read that gave a message in flight its fate.
    fn last_reply(&self) -> Time {
        self.groups.iter().map(|group| group.progress.last_reply).max().unwrap_or_default()
    }

    /// Tells that all connections that open before the load were tried, and how many clients may
    /// have something to do in it.
    fn tell_connected(&mut self) {
        self.tell_connections();
        let opened: u64 = self.groups.iter().map(|group| group.outcome.connections.opened).sum();
        self.link.tell(WorkerEvent::Connected(opened + u64::from(self.somebody_comes())));
    }

    /// Tells what has become of the connections, if that has changed.
    fn tell_connections(&mut self) {
        for (group, WorkerGroup { outcome, .. }) in self.groups.iter_mut().enumerate() {
            if let Some(connections) = outcome.changed_connections() {
                self.link.tell(WorkerEvent::Connections { worker: self.config.worker, group, connections });
            }
        }
    }

    /// Hands over the seconds of each group that were over at `now`. Then notes who is present.
    fn hand_over_seconds(&mut self, now: Time) {
        for (group, WorkerGroup { outcome, .. }) in self.groups.iter_mut().enumerate() {
            for row in outcome.recorder.take_rows(now) {
                self.link.tell(WorkerEvent::Second { group, row });
            }
            outcome.recorder.present(self.clients.counts_of(group).presence());
        }
    }

    /// Clients that close now, as the run is over, do not go away.
    fn keep_presence(&mut self) {
        for (group, WorkerGroup { outcome, .. }) in self.groups.iter_mut().enumerate() {
            outcome.recorder.present(self.clients.counts_of(group).presence());
            outcome.recorder.keep_presence();
        }
    }

    fn report_progress(&self) {
        let recorders = || self.groups.iter().map(|group| &group.outcome.recorder);
        let tallies = || recorders().flat_map(|recorder| [&recorder.warmup, &recorder.measured]);
        let sum = |field: fn(&Tally) -> u64| tallies().map(field).sum::<u64>();
        let progress = &self.link.progress;
        for (shared, value) in [
            (&progress.opened, self.clients.counts.open() as u64),
            (&progress.joining, self.clients.counts.joining() as u64),
            (&progress.opening, self.clients.counts.opening() as u64),
            (&progress.away, self.clients.counts.presence().away),
            (&progress.attempts, recorders().map(|recorder| recorder.attempts).sum()),
            (&progress.sent, sum(|tally| tally.counts.sent)),
            (&progress.matched, sum(|tally| tally.counts.matched + tally.deliveries.matched)),
            (&progress.anomalies, sum(|tally| tally.anomalies.by_name().iter().map(|(_, count)| count).sum())),
            (&progress.events, sum(|tally| tally.counts.events)),
            (&progress.in_flight, self.in_flight()),
        ] {
            shared.store(value, Ordering::Relaxed);
        }
    }
}
