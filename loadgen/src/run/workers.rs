//! The workers of a run, as its own thread sees them.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use reports::model::StoppedOnMiss;

use super::{
    connection_counts::ConnectionCounts,
    miss_watch::MissWatch,
    observer::Observer,
    snapshot::{LastSecond, Snapshot, Stage},
    start::{ClockReading, RunStart, StartStep},
    stop::Stop,
    timeline::{RunSeconds, Timeline},
};
use crate::{
    clock::{Clock as _, RealClock, Time},
    engine::BuildEngine,
    transport::Route,
    worker::{self, Control, LiveCounters, WorkerConfig, WorkerEvent, WorkerOutcome},
};

/// How late a stop is noticed, at most.
const TURN: Duration = Duration::from_millis(100);

/// Least time from one look of the observer to the next, in nanoseconds.
const LOOK: u64 = 90_000_000;

/// The worker threads, and the channels to them.
#[derive(Debug)]
pub(crate) struct RunWorkers {
    clock: RealClock,
    stop: Stop,
    control: Arc<Control>,
    progress: Vec<Arc<LiveCounters>>,
    events: Receiver<WorkerEvent>,
    threads: Vec<JoinHandle<io::Result<WorkerOutcome>>>,
    timeline: Timeline,
    connections: ConnectionCounts,
    /// None if no threshold can stop the run.
    watch: Option<MissWatch>,
    /// When the observer is shown the run next.
    next_look: Time,
}

impl RunWorkers {
    /// Starts the workers. They connect at once.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub(crate) fn start(
        config: &WorkerConfig,
        routes: &[Route],
        build: &impl BuildEngine,
        stop: &Stop,
        watch: Option<MissWatch>,
    ) -> io::Result<Self> {
        let workers = config.partition.workers() as usize;
        let (sender, events) = channel();
        let mut workers = Self {
            clock: RealClock::start(),
            stop: stop.clone(),
            control: Arc::default(),
            progress: std::iter::repeat_with(Arc::default).take(workers).collect(),
            events,
            threads: Vec::new(),
            timeline: Timeline::new(workers, config.groups.len()),
            connections: ConnectionCounts::new(workers, config.groups.len()),
            watch,
            next_look: Time::default(),
        };
        for worker in 0..config.partition.workers() {
            match workers.spawn(worker, config, routes, build, &sender) {
                Ok(thread) => workers.threads.push(thread),
                Err(error) => {
                    workers.control.stop();
                    return workers.finish(&mut ()).and(Err(error));
                }
            }
        }
        Ok(workers)
    }

    fn spawn(
        &self,
        worker: u32,
        config: &WorkerConfig,
        routes: &[Route],
        build: &impl BuildEngine,
        sender: &Sender<WorkerEvent>,
    ) -> io::Result<JoinHandle<io::Result<WorkerOutcome>>> {
        let (clock, control) = (self.clock, Arc::clone(&self.control));
        let progress = Arc::clone(&self.progress[worker as usize]);
        let (config, routes, sender) = (WorkerConfig { worker, ..config.clone() }, routes.to_vec(), sender.clone());
        let build = build.clone();
        // Only plain memory crosses to the worker and back, as it may have descriptors of its own.
        descriptors::spawn(&format!("worker-{worker}"), config.table, [], move |[]| {
            worker::run(config, routes, build, clock, control, progress, sender)
        })
    }

    /// Waits until every connection was tried. Returns how many opened, or 0 if a worker failed.
    pub(crate) fn connect(&mut self, observer: &mut impl Observer) -> u64 {
        let (mut told, mut open) = (0, 0);
        while told < self.threads.len() {
            match self.next_event(TURN) {
                Ok(Some(WorkerEvent::Connected(connections))) => {
                    told += 1;
                    open += connections;
                }
                // No worker ends before it is told to begin or to stop. If one did, it failed, and
                // `finish` says why.
                Ok(_) if !self.stop.is_stopped() && self.threads.iter().any(JoinHandle::is_finished) => break,
                Ok(next_event) => self.take(next_event, observer),
                Err(()) => break,
            }
            self.show(observer, Stage::Connecting, 0.0, None);
        }
        if told < self.threads.len() {
            open = 0;
        }
        if open == 0 {
            self.control.stop();
        }
        open
    }

    /// Waits until the load may begin, while the workers serve their connections. Returns when it
    /// begins; none if the run is stopped before, or a worker failed.
    pub(crate) fn await_start(&mut self, start: &mut RunStart, observer: &mut impl Observer) -> Option<Time> {
        start.connected(self.read_clocks());
        while !self.stop.is_stopped() && !self.threads.iter().any(JoinHandle::is_finished) {
            let left = match start.next(self.read_clocks()) {
                StartStep::Begin(begun) => return Some(begun),
                StartStep::Wait { left, look } => {
                    let Ok(next_event) = self.next_event(Duration::from_nanos(look).min(TURN)) else { break };
                    self.take(next_event, observer);
                    left
                }
            };
            self.show(observer, Stage::Waiting, -Duration::from_nanos(left).as_secs_f64(), None);
        }
        self.control.stop();
        None
    }

    /// Lets the workers send from `begun` on, and waits until they are done. `total` is the length
    /// of the load, if it is known, and begins with `warmup`. Returns what the clocks said shortly
    /// after the start.
    pub(crate) fn load(
        &mut self,
        begun: Time,
        total: Option<Duration>,
        warmup: Duration,
        observer: &mut impl Observer,
    ) -> ClockReading {
        self.control.begin(begun);
        let mut reading = None;
        while let Ok(next_event) = self.next_event(TURN) {
            self.take(next_event, observer);
            let now = self.clock.now();
            if now >= begun && reading.is_none() {
                reading = Some(self.read_clocks());
            }
            let elapsed = now.seconds_from(begun).max(0.0);
            let stage = match total {
                _ if elapsed < warmup.as_secs_f64() => Stage::Warmup,
                Some(total) if elapsed >= total.as_secs_f64() => Stage::Draining,
                _ => Stage::Measuring,
            };
            self.show(observer, stage, elapsed, total);
        }
        reading.unwrap_or_else(|| self.read_clocks())
    }

    /// The run's clock and the system's clock.
    pub(crate) fn read_clocks(&self) -> ClockReading {
        ClockReading::now(&self.clock)
    }

    /// The threshold that stopped the run, if one did.
    pub(crate) fn stopped_on_miss(&self) -> Option<StoppedOnMiss> {
        self.watch.as_ref()?.stopped.clone()
    }

    /// Waits for the workers. Returns their outcomes, and the seconds of the run.
    ///
    /// # Errors
    /// A worker could not set up its event loop, or panicked.
    pub(crate) fn finish(mut self, observer: &mut impl Observer) -> io::Result<(Vec<WorkerOutcome>, RunSeconds)> {
        if self.stop.is_stopped() {
            self.control.stop();
        }
        let mut outcomes = Vec::new();
        for thread in std::mem::take(&mut self.threads) {
            outcomes.push(thread.join().unwrap_or_else(|_| Err(io::Error::other("it panicked")))?);
        }
        while let Ok(next_event) = self.events.try_recv() {
            self.take(Some(next_event), observer);
        }
        self.connections.show(observer);
        Ok((outcomes, self.timeline.finish(observer)))
    }

    /// The next event of a worker; none after `longest`; an error once the workers are gone. Passes
    /// a stop on to them.
    fn next_event(&self, longest: Duration) -> Result<Option<WorkerEvent>, ()> {
        if self.stop.is_stopped() {
            self.control.stop();
        }
        match self.events.recv_timeout(longest) {
            Ok(next_event) => Ok(Some(next_event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    /// Keeps what a worker tells.
    fn take(&mut self, next_event: Option<WorkerEvent>, observer: &mut impl Observer) {
        match next_event {
            Some(WorkerEvent::Second { group, row }) => self.timeline.add(group, row, observer),
            Some(WorkerEvent::Connections { worker, group, connections }) => {
                self.connections.take(worker, group, connections);
            }
            Some(WorkerEvent::SoFar { worker, outcome }) => {
                if self.watch.as_mut().is_some_and(|watch| watch.take(worker, *outcome)) {
                    self.control.end_load();
                }
            }
            Some(WorkerEvent::Connected(_)) | None => {}
        }
    }

    /// Shows how far the run is, now and then.
    fn show(&mut self, observer: &mut impl Observer, stage: Stage, elapsed_s: f64, total: Option<Duration>) {
        let now = self.clock.now();
        if now >= self.next_look {
            self.next_look = now.plus(LOOK);
            self.connections.show(observer);
            observer.progress(&self.snapshot(stage, elapsed_s, total));
        }
    }

    fn snapshot(&self, stage: Stage, elapsed_s: f64, total: Option<Duration>) -> Snapshot {
        let sum = |field: fn(&LiveCounters) -> &AtomicU64| {
            self.progress.iter().map(|progress| field(progress).load(Ordering::Relaxed)).sum()
        };
        Snapshot {
            stage,
            elapsed_s,
            total_s: total.map(|total| total.as_secs_f64()),
            open: sum(|progress| &progress.opened),
            joining: sum(|progress| &progress.joining),
            opening: sum(|progress| &progress.opening),
            away: sum(|progress| &progress.away),
            attempts: sum(|progress| &progress.attempts),
            sent: sum(|progress| &progress.sent),
            matched: sum(|progress| &progress.matched),
            anomalies: sum(|progress| &progress.anomalies),
            events: sum(|progress| &progress.events),
            in_flight: sum(|progress| &progress.in_flight),
            last_second: self.timeline.last().map(|second| LastSecond {
                matched: second.matched,
                response_p50_ns: second.response_p50_ns,
                response_p99_ns: second.response_p99_ns,
            }),
        }
    }
}
