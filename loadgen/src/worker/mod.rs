//! A worker is one thread with its runtime, its clients, its engine and its recorder. Workers share
//! no state.
//!
//! Its stages are those of the run: [`connect`], then [`load`] (warm-up and measured phase), then
//! [`finish`] (drain and close).

mod client_sink;
mod closed;
mod config;
mod connect;
mod control;
mod ends;
pub(crate) mod evidence;
mod finish;
mod load;
mod outcome;
pub mod recorder;
#[cfg(test)]
mod simulation;
mod slow_writes;
mod stops;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering, mpsc::Sender},
};

use tokio::runtime::{Builder, LocalOptions};

use self::{client_sink::ClientSink, recorder::Recorder, stops::StopDetector};
pub(crate) use self::{
    config::{GroupConfig, WorkerConfig},
    control::{Control, LiveCounters, WorkerEvent},
    outcome::{GroupOutcome, MissingMessage, WorkerOutcome},
    stops::StopTotals,
};
use crate::{
    clock::{Clock, RealClock, Time},
    engine::{BuildEngine, ConnectionEnd, Engine},
    ledger::Ledger,
    schedule::pacer::{Pacer, SLICE, Wait},
    transport::Dialer,
};

/// How often a worker checks for a signal to stop, hands over finished seconds and reports its
/// progress.
const TICK: u64 = 50_000_000;

/// One client of the run.
#[derive(Debug)]
struct Client {
    ledger: Ledger,
    local: SocketAddr,
    state: ClientState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientState {
    /// It never connected, or its connection is over.
    Gone,
    /// The server closed in an orderly way while nothing was in flight, and nothing was due since.
    Left,
    Open,
    /// The closing handshake has begun.
    Closing,
    /// The closing handshake has begun, and the messages in flight have their fate. What comes now
    /// comes too late.
    Settled,
}

pub(crate) struct Worker<E, C> {
    config: WorkerConfig,
    clock: C,
    control: Arc<Control>,
    progress: Arc<LiveCounters>,
    events: Sender<WorkerEvent>,
    engine: E,
    clients: Vec<Client>,
    /// Since when the worker only waits for replies.
    draining: Option<Time>,
    /// The last read that gave a message in flight its fate. Nothing else counts as progress.
    last_reply: Time,
    /// When the signal to stop was noticed.
    stopped: Option<Time>,
    /// A signal cut the drain short, so what is in flight might still have come.
    cut_short: bool,
    /// Clients in state `Open`, and in `Closing` or `Settled`.
    open: usize,
    closing: usize,
    in_flight: u64,
    /// When each client in state `Left` did, and what the server said.
    left: BTreeMap<usize, (Time, ConnectionEnd)>,
    /// No connection is open here, and the other workers know it.
    without_connections: bool,
    /// Checksums of the burst that is being sent.
    checksums: Vec<u32>,
    pacer: Pacer,
    stops: StopDetector,
    spun: u64,
    next_tick: Time,
    outcome: WorkerOutcome,
}

/// Runs one worker on the calling thread.
pub(crate) fn run(
    config: WorkerConfig,
    dialer: impl FnOnce() -> Dialer,
    build: impl BuildEngine,
    clock: RealClock,
    control: Arc<Control>,
    progress: Arc<LiveCounters>,
    events: Sender<WorkerEvent>,
) -> std::io::Result<WorkerOutcome> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let dialer = dialer();
    // A task of its own. Waking the future of `block_on` takes a system call; waking a task does
    // not.
    let task = runtime.spawn_local(async move {
        let clients: Vec<_> =
            (config.worker..config.clients).step_by(config.workers as usize).map(Client::new).collect();
        let worker = Worker {
            engine: build(clients.len(), clock)?,
            draining: None,
            last_reply: Time::default(),
            stopped: None,
            cut_short: false,
            open: 0,
            closing: 0,
            in_flight: 0,
            left: BTreeMap::new(),
            without_connections: false,
            checksums: Vec::new(),
            pacer: Pacer::new(config.may_spin),
            stops: StopDetector::default(),
            spun: 0,
            next_tick: clock.now(),
            outcome: WorkerOutcome::new(&[clients.len()], config.workers),
            clients,
            config,
            clock,
            control,
            progress,
            events,
        };
        // Without tokio's budget, which would postpone reads and writes of a busy turn. The loop
        // yields once a turn, and the engine lets no peer hold it.
        Ok(tokio::task::unconstrained(worker.run(dialer)).await)
    });
    runtime.block_on(task).map_err(std::io::Error::other)?
}

impl Client {
    fn new(client: u32) -> Self {
        Self { ledger: Ledger::new(client), local: SocketAddr::new(IpAddr::from([0; 4]), 0), state: ClientState::Gone }
    }
}

impl<E: Engine, C: Clock> Worker<E, C> {
    async fn run(mut self, dialer: Dialer) -> WorkerOutcome {
        self.connect(dialer).await;
        self.engine.own_thread();
        self.tell_connections();
        let _ = self.events.send(WorkerEvent::Connected(self.outcome.groups[0].connections.opened));
        if let Some(start) = self.wait_for_start().await {
            self.load(start).await;
            self.drain().await;
        }
        self.close().await;
        self.outcome.stopped = self.stops.measured;
        self.outcome
    }

    /// Serves the connections until the run begins; none if it is stopped before.
    async fn wait_for_start(&mut self) -> Option<Time> {
        loop {
            if self.is_stopped(self.clock.now()) {
                return None;
            }
            if let Some(start) = self.control.started() {
                return Some(start);
            }
            self.receive_ready(None);
            self.engine.wait_async(Wait::Until(self.clock.now().plus(2_000_000))).await;
        }
    }

    /// Whether the run is to stop. Remembers when that was first noticed.
    fn is_stopped(&mut self, now: Time) -> bool {
        if self.stopped.is_none() && self.control.stopped() {
            self.stopped = Some(now);
        }
        self.stopped.is_some()
    }

    /// Receives on the connections that are ready now. Ends after about a [`SLICE`], or after a
    /// read at or past `due`; the others stay ready. True if there was one.
    fn receive_ready(&mut self, due: Option<Time>) -> bool {
        let (mut any, mut until) = (false, None);
        self.engine.begin_turn();
        while let Some(slot) = self.engine.next_ready() {
            any = true;
            let Some(last) = self.receive(slot) else { continue };
            let slice = *until.get_or_insert_with(|| last.plus(SLICE));
            if last >= slice || due.is_some_and(|due| last >= due) {
                break;
            }
        }
        any
    }

    /// Receives on one connection. Returns when its last read was, if there was one.
    fn receive(&mut self, slot: usize) -> Option<Time> {
        let client = &mut self.clients[slot];
        let before = client.ledger.in_flight();
        let recorder = &mut self.outcome.groups[0].recorder;
        recorder.unread_since(self.engine.unread_since());
        let mut client_sink = ClientSink::new(client, recorder, &self.config.expectation);
        self.engine.receive(slot, &mut client_sink);
        let ClientSink { last, cause, .. } = client_sink;
        if self.clients[slot].ledger.in_flight() < before {
            self.last_reply = last.unwrap_or(self.last_reply);
        }
        if let Some(cause) = cause {
            self.ended(slot, last.unwrap_or_else(|| self.clock.now()), cause);
        }
        self.in_flight -= u64::from(before - self.clients[slot].ledger.in_flight());
        last
    }

    /// Gives every message that a client still has in flight its fate.
    fn settle(&mut self, slot: usize, at: Time, died: bool) {
        let Client { ledger, local, .. } = &mut self.clients[slot];
        self.outcome.groups[0].settle(&self.config.expectation, ledger, *local, at, died);
    }

    /// Waits, from `now` on. Watches the time up to the next turn, and within a turn, for stops.
    async fn rest(&mut self, now: Time, wait: Wait) {
        self.watch_for_stops(now);
        if let Wait::Until(until) = wait {
            self.stops.wait(until);
        }
        self.engine.wait_async(wait).await;
    }

    #[inline]
    fn watch_for_stops(&mut self, now: Time) {
        if let Some(expected) = self.stops.turn(now) {
            self.stops.late(expected, now, self.clock.processor_time(), self.outcome.window);
        }
    }

    /// Begins a turn at `now`. Now and then reports to the run.
    fn tick(&mut self, now: Time) {
        self.watch_for_stops(now);
        if now < self.next_tick {
            return;
        }
        self.next_tick = now.plus(TICK);
        self.stops.worked(self.clock.processor_time());
        self.hand_over_seconds(now);
        self.tell_connections();
        self.report_progress();
    }

    /// Tells what has become of the connections, if that has changed.
    fn tell_connections(&mut self) {
        for (group, outcome) in self.outcome.groups.iter_mut().enumerate() {
            if let Some(connections) = outcome.changed_connections() {
                let worker = self.config.worker;
                let _ = self.events.send(WorkerEvent::Connections { worker, group, connections });
            }
        }
    }

    /// Hands over the seconds of each group that were over at `now`.
    fn hand_over_seconds(&mut self, now: Time) {
        for (group, outcome) in self.outcome.groups.iter_mut().enumerate() {
            for row in outcome.recorder.take_rows(now) {
                let _ = self.events.send(WorkerEvent::Second { group, row });
            }
        }
    }

    fn report_progress(&self) {
        let recorders = || self.outcome.groups.iter().map(|group| &group.recorder);
        let tallies = || recorders().flat_map(|Recorder { warmup, measured, .. }| [warmup, measured]);
        let sum = |field: fn(&reports::model::Tally) -> u64| tallies().map(field).sum::<u64>();
        let anomalies = |tally: &reports::model::Tally| tally.anomalies.by_name().iter().map(|(_, count)| count).sum();
        for (shared, value) in [
            (&self.progress.opened, self.open as u64),
            (&self.progress.sent, sum(|tally| tally.counts.sent)),
            (&self.progress.matched, sum(|tally| tally.counts.matched)),
            (&self.progress.anomalies, sum(anomalies)),
            (&self.progress.in_flight, self.in_flight),
        ] {
            shared.store(value, Ordering::Relaxed);
        }
    }
}
