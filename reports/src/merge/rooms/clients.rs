//! Which shard and which group has a client.

use std::collections::BTreeMap;

use crate::model::{PlanRecord, ShardClients, ShardRecord};

/// The shards and the groups of all clients. Client numbers run through all groups.
#[derive(Debug, Default)]
pub(in crate::merge) struct ClientsOfShards {
    /// Where the clients of each group end.
    ends: Vec<u64>,
    /// Of each group, by the index of the first client: the one after the last, and the shard.
    groups: Vec<BTreeMap<u32, (u32, u32)>>,
}

impl ClientsOfShards {
    /// The clients of these shards of a plan.
    pub(in crate::merge) fn of(plan: &PlanRecord, shards: &[ShardRecord]) -> Self {
        let ends = plan.groups.iter().scan(0, |end, group| {
            *end += u64::from(group.clients);
            Some(*end)
        });
        let of_group = |group: usize| {
            let clients = shards.iter().filter_map(|shard| Some((shard.clients.get(group)?, shard.number)));
            let clients = clients.filter(|(clients, _)| clients.clients > 0);
            clients
                .map(|(&ShardClients { first, clients }, shard)| (first, (first.saturating_add(clients), shard)))
                .collect()
        };
        Self { ends: ends.collect(), groups: (0..plan.groups.len()).map(of_group).collect() }
    }

    /// Index of the group of a client; none if there is no such client.
    pub(super) fn group(&self, client: u32) -> Option<usize> {
        Some(self.ends.partition_point(|&end| end <= client.into())).filter(|&group| group < self.ends.len())
    }

    /// The shard of a client; none if that is not there.
    pub(super) fn shard(&self, client: u32) -> Option<u32> {
        let group = self.group(client)?;
        let first = group.checked_sub(1).map_or(0, |before| self.ends[before]);
        let index = u32::try_from(u64::from(client) - first).ok()?;
        let (_, &(end, shard)) = self.groups[group].range(..=index).next_back()?;
        (index < end).then_some(shard)
    }
}
