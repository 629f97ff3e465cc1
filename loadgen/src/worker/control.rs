//! What a run and its workers tell each other while the run goes on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    mpsc::Sender,
};

use reports::model::Connections;

use super::{WorkerOutcome, recorder::SecondRow, rooms::Exchange};
use crate::{
    clock::Time,
    rooms::{ArrivalRecord, SenderRecord},
};

/// What the run tells its workers.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// Start of the warm-up in nanoseconds since the clock's origin; 0 until it is set.
    pub(super) start: AtomicU64,
    pub(super) stop: AtomicBool,
    /// The load is over before its time. Unlike with `stop`, the drain is as planned.
    load_is_over: AtomicBool,
    /// Number of workers that have no connection left.
    pub(super) without_connections: AtomicU32,
    /// Number of workers with rooms that know when messages are due.
    pub(super) begun: AtomicU32,
    /// What was sent in rooms, and what came. Empty in runs without rooms.
    pub(super) sent: Exchange<SenderRecord>,
    pub(super) arrived: Exchange<ArrivalRecord>,
}

impl Control {
    /// Lets the workers begin at `start`.
    pub(crate) fn begin(&self, start: Time) {
        self.start.store(start.as_nanos().max(1), Ordering::Release);
    }

    /// Lets the workers stop sending, drain and finish.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Lets the workers end the load now, and drain as planned. Only workers that tell what they
    /// have so far look at it.
    pub(crate) fn end_load(&self) {
        self.load_is_over.store(true, Ordering::Release);
    }

    pub(super) fn load_is_over(&self) -> bool {
        self.load_is_over.load(Ordering::Acquire)
    }

    pub(super) fn started(&self) -> Option<Time> {
        Some(self.start.load(Ordering::Acquire)).filter(|&start| start > 0).map(Time::from_nanos)
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// How far a worker is, for a progress line. Written once a tick.
#[derive(Debug, Default)]
pub(crate) struct LiveCounters {
    pub(crate) opened: AtomicU64,
    pub(crate) joining: AtomicU64,
    pub(crate) opening: AtomicU64,
    pub(crate) away: AtomicU64,
    pub(crate) attempts: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) matched: AtomicU64,
    pub(crate) anomalies: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) in_flight: AtomicU64,
}

/// What a worker tells the run.
#[derive(Debug)]
pub(crate) enum WorkerEvent {
    /// It has tried all connections that open before the load. So many opened, or may open later;
    /// some may have ended since.
    Connected(u64),
    /// What has become of the connections of a group so far, if that has changed.
    Connections {
        worker: u32,
        /// Index of the group in the plan.
        group: usize,
        connections: Connections,
    },
    /// What there is at the end of a second of the measured phase, if the run asks for it.
    SoFar { worker: u32, outcome: Box<WorkerOutcome> },
    /// A second of a group is over. A worker tells that of every group.
    Second {
        /// Index of the group in the plan.
        group: usize,
        row: SecondRow,
    },
}

/// How often a worker hands over finished seconds and reports its progress, and the longest it
/// takes to notice a signal to stop.
pub(super) const TICK: u64 = 50_000_000;

/// The worker's end of what connects it to the run.
#[derive(Debug)]
pub(super) struct RunLink {
    pub(super) control: Arc<Control>,
    pub(super) progress: Arc<LiveCounters>,
    events: Sender<WorkerEvent>,
    /// When the signal to stop was noticed.
    pub(super) stopped: Option<Time>,
    /// When to report next.
    pub(super) next_tick: Time,
    /// When to tell next what there is so far. Never, unless the run asks for it.
    pub(super) next_so_far: Time,
    /// The run has ended the load, and that was noticed.
    pub(super) load_ended: bool,
    /// No connection is open here, and the other workers know it.
    without_connections: bool,
    /// All workers know when messages in rooms are due.
    all_begun: bool,
    told: ToldOfRooms,
}

/// What this worker has told the others about rooms.
#[derive(Clone, Copy, Debug, Default)]
struct ToldOfRooms {
    /// That it knows when messages are due.
    begun: bool,
    /// What it sent.
    sent: bool,
    /// What came.
    arrived: bool,
}

impl RunLink {
    pub(crate) fn new(control: Arc<Control>, progress: Arc<LiveCounters>, events: Sender<WorkerEvent>) -> Self {
        let next_tick = Time::default();
        Self {
            control,
            progress,
            events,
            stopped: None,
            next_tick,
            next_so_far: Time::NEVER,
            load_ended: false,
            without_connections: false,
            all_begun: false,
            told: ToldOfRooms::default(),
        }
    }

    /// What all workers share.
    pub(super) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    /// Tells that this worker knows when messages in rooms are due. Once only.
    pub(super) fn tell_begun(&mut self) {
        if !std::mem::replace(&mut self.told.begun, true) {
            self.control.begun.fetch_add(1, Ordering::Release);
        }
    }

    /// Whether each of so many workers knows when messages in rooms are due.
    #[inline]
    pub(super) fn have_all_begun(&mut self, workers: u32) -> bool {
        self.all_begun = self.all_begun || self.control.begun.load(Ordering::Acquire) >= workers;
        self.all_begun
    }

    /// Whether each of so many workers has told what it sent in rooms.
    pub(super) fn have_all_sent(&self, workers: u32) -> bool {
        self.control.sent.is_complete(workers)
    }

    /// Whether each of so many workers has told what came in rooms.
    pub(super) fn have_all_arrived(&self, workers: u32) -> bool {
        self.control.arrived.is_complete(workers)
    }

    /// Tells what was sent in rooms. Once only.
    pub(super) fn tell_sent(&mut self, records: Vec<SenderRecord>) {
        if !std::mem::replace(&mut self.told.sent, true) {
            self.control.sent.publish(records);
        }
    }

    /// Tells what came in rooms. Once only.
    pub(super) fn tell_arrived(&mut self, records: Vec<ArrivalRecord>) {
        if !std::mem::replace(&mut self.told.arrived, true) {
            self.control.arrived.publish(records);
        }
    }

    /// When the warm-up begins, once that is set.
    pub(super) fn started(&self) -> Option<Time> {
        self.control.started()
    }

    /// Whether the run was told to stop since the last call. Remembers when.
    #[inline]
    pub(super) fn notices_stop(&mut self, now: Time) -> bool {
        let new = self.stopped.is_none() && self.control.stopped();
        if new {
            self.stopped = Some(now);
        }
        new
    }

    /// Whether it is time to report.
    #[inline]
    pub(super) fn is_tick(&mut self, now: Time) -> bool {
        let tick = now >= self.next_tick;
        if tick {
            self.next_tick = now.plus(TICK);
        }
        tick
    }

    /// Tells the run of something. It may be gone.
    pub(super) fn tell(&self, told: WorkerEvent) {
        let _ = self.events.send(told);
    }

    /// Says that no connection is open here. True if no worker of `workers` has one.
    pub(super) fn is_without_connections(&mut self, workers: u32) -> bool {
        if !std::mem::replace(&mut self.without_connections, true) {
            self.control.without_connections.fetch_add(1, Ordering::AcqRel);
        }
        self.control.without_connections.load(Ordering::Acquire) >= workers
    }
}

/// The others need not wait for a worker that is gone.
impl Drop for RunLink {
    fn drop(&mut self) {
        self.tell_begun();
        self.tell_sent(Vec::new());
        self.tell_arrived(Vec::new());
    }
}
