//! What a run and its workers tell each other while the run goes on.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use reports::model::Connections;

use super::recorder::SecondRow;
use crate::clock::Time;

/// What the run tells its workers.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// Start of the warm-up in nanoseconds since the clock's origin; 0 until it is set.
    pub(super) start: AtomicU64,
    pub(super) stop: AtomicBool,
    /// Number of workers that have no connection left.
    pub(super) without_connections: AtomicU32,
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
    pub(crate) sent: AtomicU64,
    pub(crate) matched: AtomicU64,
    pub(crate) anomalies: AtomicU64,
    pub(crate) in_flight: AtomicU64,
}

/// What a worker tells the run.
#[derive(Debug)]
pub(crate) enum WorkerEvent {
    /// It has tried all its connections, and this many opened. Some may have ended since.
    Connected(u64),
    /// What has become of the connections of a group so far, if that has changed.
    Connections {
        worker: u32,
        /// Index of the group in the plan.
        group: usize,
        connections: Connections,
    },
    /// A second of a group is over. A worker tells that of every group.
    Second {
        /// Index of the group in the plan.
        group: usize,
        row: SecondRow,
    },
}
