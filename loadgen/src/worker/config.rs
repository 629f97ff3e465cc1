//! What a worker has to do.

use descriptors::Table;

use crate::{
    ledger::Expectation,
    plan::{Load, Rate, Until},
    transport::source_addresses::SourceAddresses,
};

/// What a worker has to do.
#[derive(Clone, Debug)]
pub(crate) struct WorkerConfig {
    /// Number of this worker, and how many there are. Client `c` belongs to worker `c % workers`.
    pub(crate) worker: u32,
    pub(crate) workers: u32,
    pub(crate) clients: u32,
    pub(crate) load: Load,
    pub(crate) warmup: u64,
    pub(crate) until: Until,
    pub(crate) drain: u64,
    pub(crate) expectation: Expectation,
    pub(crate) connect_rate: Rate,
    pub(crate) source: SourceAddresses,
    pub(crate) may_spin: bool,
    pub(crate) table: Table,
}
