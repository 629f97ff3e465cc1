//! What a worker has to do.

use std::{
    num::{NonZeroU32, NonZeroU64},
    sync::Arc,
    time::Duration,
};

use descriptors::Table;

use super::rooms::run_rooms::RunRooms;
use crate::{
    dialogue::Script,
    ledger::Expectation,
    plan::{Load, Partition, Rate, Sessions, Until},
    transport::source_addresses::SourceAddresses,
};

/// What a worker has to do.
#[derive(Clone, Debug)]
pub(crate) struct WorkerConfig {
    /// Number of this worker.
    pub(crate) worker: u32,
    /// Which clients of which group it has.
    pub(crate) partition: Partition,
    /// What the clients of each group do.
    pub(crate) groups: Arc<[GroupConfig]>,
    /// Who hears whom; none without rooms.
    pub(crate) rooms: Option<Arc<RunRooms>>,
    /// Seed of all that is drawn: gaps, jitter.
    pub(crate) seed: u64,
    pub(crate) warmup: u64,
    pub(crate) until: Until,
    pub(crate) drain: u64,
    pub(crate) connect_rate: Rate,
    pub(crate) may_spin: bool,
    /// The run asks each second for what there is so far.
    pub(crate) tells_so_far: bool,
    /// The load begins at a planned instant, so open clients may wait long for it.
    pub(crate) waits_for_start: bool,
    pub(crate) table: Table,
}

/// What the clients of a group do.
#[derive(Clone, Debug)]
pub(crate) struct GroupConfig {
    /// Clients of the group in the whole run.
    pub(crate) clients: NonZeroU32,
    pub(crate) load: Load,
    pub(crate) expectation: Expectation,
    /// What they say besides their messages.
    pub(crate) script: Option<Arc<Script>>,
    /// Bytes of the largest message.
    pub(crate) largest_message: usize,
    /// How its clients come and go.
    pub(crate) sessions: Sessions,
    /// Each client sends a ping this often.
    pub(crate) ping: Option<Duration>,
    /// Slow readers: bytes per second that each client reads at most. What they don't read in time,
    /// and that the server gives them up, is by plan.
    pub(crate) read: Option<NonZeroU64>,
    /// Any certificate is accepted.
    pub(crate) insecure: bool,
    /// Addresses to connect from, by the client's number in the run.
    pub(crate) source: SourceAddresses,
}
