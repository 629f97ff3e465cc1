//! What is recorded of the sessions of a group.

use reports::model::{EndRecord, SessionsMeasurement};

use super::recorder::LazyTimes;

/// What became of the sessions of a group's clients, and how long things took.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionRecord {
    pub(crate) counts: SessionsMeasurement,
    /// From the end of a connection until the client was open again.
    pub(crate) away: LazyTimes,
    /// From when a session began to its first reply.
    pub(crate) first_reply: LazyTimes,
    /// How connections ended, and how long they had been open.
    pub(crate) ends: Vec<EndRecord>,
}

impl SessionRecord {
    /// A connection ended that had been open for so many nanoseconds.
    pub(super) fn ended(&mut self, kind: &str, by_plan: bool, nanos: u64) {
        EndRecord::count(&mut self.ends, kind, by_plan, nanos);
    }
}
