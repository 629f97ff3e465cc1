//! What all workers of a run share of its rooms.

use std::sync::Arc;

use super::write_times::WriteTimes;
use crate::{
    ledger::Ranges,
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
    /// The clients of this shard, if there are others.
    pub(super) shard: Option<Arc<Ranges>>,
}

impl RunRooms {
    /// The rooms of these groups. Marks name `run`. The process has the clients of the partition.
    pub(crate) fn new(membership: Membership, groups: &[Group], run: u32, partition: &Partition) -> Self {
        let shard = clients_of_shard(partition, membership.clients()).map(Arc::new);
        let write_times = WriteTimes::new(membership.all_publishers());
        Self { membership: Arc::new(membership), groups: groups.into(), run, write_times, shard }
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

/// The clients of this process, if others have clients of the run.
fn clients_of_shard(partition: &Partition, all: u32) -> Option<Ranges> {
    if partition.clients_here() == all {
        return None;
    }
    let mut clients = Ranges::default();
    partition.clients().for_each(|client| _ = clients.insert(client));
    Some(clients)
}
