//! What all workers of a run share of its rooms.

use std::sync::Arc;

use super::write_times::WriteTimes;
use crate::{
    plan::{Group, Load, Partition},
    rooms::Membership,
};

/// The rooms of a run. Its workers share it.
#[derive(Debug)]
pub(crate) struct RunRooms {
    pub(crate) membership: Arc<Membership>,
    pub(super) groups: Box<[Group]>,
    /// What marks name.
    pub(super) run: u32,
    pub(super) write_times: WriteTimes,
}

impl RunRooms {
    /// The rooms of these groups. Marks name `run`.
    pub(crate) fn new(membership: Membership, groups: &[Group], run: u32) -> Self {
        let write_times = WriteTimes::new(membership.all_publishers());
        Self { membership: Arc::new(membership), groups: groups.into(), run, write_times }
    }

    /// The publishers of a group that a worker has: the rank of each, and its slot.
    pub(in crate::worker) fn publishers(&self, partition: &Partition, worker: u32, group: usize) -> Vec<(u32, usize)> {
        let share = partition.share(worker, group);
        let publisher = |slot| {
            let client = partition.client(worker, slot);
            Some((self.membership.publisher(self.membership.publisher_number(client)?).rank, slot))
        };
        share.slots.filter_map(publisher).collect()
    }

    /// The burst that a message of a group's client is of.
    pub(super) fn burst(&self, group: usize, sequence: u64) -> u64 {
        match self.groups[group].load {
            Load::Open { burst, .. } => sequence / u64::from(burst.get()),
            _ => sequence,
        }
    }
}
