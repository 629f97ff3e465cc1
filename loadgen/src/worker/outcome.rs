//! The result of a worker.

use std::net::SocketAddr;

use reports::model::{Connections, PackedHistogram};

use super::{
    StopTotals,
    recorder::{Recorder, Window},
};
use crate::clock::Time;

/// The result of a worker.
#[derive(Debug)]
pub(crate) struct WorkerOutcome {
    pub(crate) recorder: Recorder,
    pub(crate) connections: Connections,
    pub(crate) peer: Option<SocketAddr>,
    /// How long connections took to open, once all have been tried.
    pub(crate) connect: Option<PackedHistogram>,
    /// Messages that ended lost or undetermined. Misrouted ones are among them.
    pub(crate) missing: Vec<MissingMessage>,
    /// The measured phase, as it turned out.
    pub(crate) window: Window,
    /// Processor time of the thread in the window, and the part spent spinning, in nanoseconds.
    pub(crate) cpu: u64,
    pub(crate) spun: u64,
    /// Times when the thread should have run and did not.
    pub(crate) stopped: StopTotals,
}

impl WorkerOutcome {
    /// The outcome of a worker that has not begun. It is one of `workers` and has `clients`
    /// clients.
    pub(crate) fn new(clients: usize, workers: u32) -> Self {
        let window = Window { from: Time::from_nanos(u64::MAX), to: Time::from_nanos(u64::MAX) };
        Self {
            recorder: Recorder::new().one_of(workers),
            connections: Connections { requested: clients as u64, ..Connections::default() },
            peer: None,
            connect: None,
            missing: Vec::new(),
            window,
            cpu: 0,
            spun: 0,
            stopped: StopTotals::default(),
        }
    }
}

/// A message that did not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MissingMessage {
    pub(crate) client: u32,
    pub(crate) sequence: u64,
    pub(crate) measured: bool,
    pub(crate) died: bool,
    /// It counts as damaged by a guess: a truncated event was attributed to it.
    pub(crate) guessed: bool,
}
