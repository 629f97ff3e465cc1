//! Which client belongs to which group and to which worker.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    ops::Range,
    sync::Arc,
};

use super::Plan;

/// Which client belongs to which group and to which worker. Pure: equal plans and equal numbers of
/// workers give equal answers.
///
/// Client numbers run through all groups of a plan, in their order. A process has a contiguous
/// range of the clients, and deals them out to its workers in turn. So each worker has its share of
/// each group, and shares differ by one client at most. A worker has its clients in *slots* 0, 1,
/// 2, ..., in the order of their numbers. So the clients of a group lie side by side.
///
/// ```
/// use std::num::NonZeroU32;
///
/// use loadgen::plan::{Member, Partition};
///
/// let n = |n| NonZeroU32::new(n).unwrap();
/// // Clients 0, 1, 2 and 3, 4, on two workers.
/// let partition = Partition::new([n(3), n(2)], n(2));
/// assert_eq!(partition.member(4), Member { group: 1, index: 1 });
/// assert_eq!((partition.worker(4), partition.slot(4)), (0, 2));
/// assert_eq!(partition.share(0, 1).slots, 2..3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Where the numbers of each group end.
    ends: Arc<[u32]>,
    /// Clients of this process.
    clients: Range<u32>,
    workers: NonZeroU32,
}

/// A client as a member of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Index of the group.
    pub group: usize,
    /// Index of the client within the group, counted over all processes. The schedule uses it.
    pub index: u32,
}

/// The clients of one group that one worker has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Their slots on the worker.
    pub slots: Range<usize>,
    /// Index within the group of the first of them.
    pub first: u32,
    /// From one index to the next.
    pub step: NonZeroU32,
}

impl Partition {
    /// A partition of groups of so many clients, which are `u32::MAX` together at most. One process
    /// has all of them.
    pub fn new(groups: impl IntoIterator<Item = NonZeroU32>, workers: NonZeroU32) -> Self {
        let end = |end: &mut u32, clients: NonZeroU32| {
            *end = end.saturating_add(clients.get());
            Some(*end)
        };
        let ends: Arc<[u32]> = groups.into_iter().scan(0, end).collect();
        let clients = 0..ends.last().copied().unwrap_or(0);
        Self { ends, clients, workers }
    }

    /// The partition of a plan with so many workers.
    pub fn of(plan: &Plan, workers: NonZeroUsize) -> Self {
        let workers = NonZeroU32::try_from(workers).unwrap_or(NonZeroU32::MAX);
        Self::new(plan.groups().iter().map(|group| group.clients), workers)
    }

    /// The partition of a process that has only these clients. Those beyond the last are left out.
    #[must_use]
    pub fn shard(self, clients: Range<u32>) -> Self {
        let end = clients.end.min(self.total());
        Self { clients: clients.start.min(end)..end, ..self }
    }

    /// Clients of all processes.
    pub fn total(&self) -> u32 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Clients of this process.
    pub fn clients(&self) -> Range<u32> {
        self.clients.clone()
    }

    /// Workers of this process.
    pub fn workers(&self) -> u32 {
        self.workers.get()
    }

    /// The group of a client, and its index there.
    ///
    /// # Panics
    /// There is no such client.
    pub fn member(&self, client: u32) -> Member {
        let group = self.ends.partition_point(|&end| end <= client);
        assert!(group < self.ends.len(), "client {client} of {}", self.total());
        Member { group, index: client - self.first_of(group) }
    }

    /// The client with this place in a group.
    pub fn client_of(&self, Member { group, index }: Member) -> u32 {
        self.first_of(group) + index
    }

    /// The worker of one of this process's clients.
    pub fn worker(&self, client: u32) -> u32 {
        (client - self.clients.start) % self.workers
    }

    /// The slot of one of this process's clients on its worker.
    pub fn slot(&self, client: u32) -> usize {
        ((client - self.clients.start) / self.workers) as usize
    }

    /// The client in a slot of a worker.
    ///
    /// # Panics
    /// There are not as many clients.
    pub fn client(&self, worker: u32, slot: usize) -> u32 {
        let offset = u32::try_from(slot).ok().and_then(|slot| slot.checked_mul(self.workers()));
        let client = offset.and_then(|offset| offset.checked_add(worker)?.checked_add(self.clients.start));
        client.expect("there are u32::MAX clients at most")
    }

    /// Number of clients of a worker.
    pub fn clients_of(&self, worker: u32) -> usize {
        self.slots_below(worker, self.clients.end)
    }

    /// The clients of a group that a worker has.
    pub fn share(&self, worker: u32, group: usize) -> Share {
        let begin = self.first_of(group);
        let slots = self.slots_below(worker, begin)..self.slots_below(worker, self.ends[group]);
        let first = if slots.is_empty() { 0 } else { self.client(worker, slots.start) - begin };
        Share { slots, first, step: self.workers }
    }

    /// The first client of a group.
    fn first_of(&self, group: usize) -> u32 {
        group.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    /// Slots of a worker that hold clients below this one.
    fn slots_below(&self, worker: u32, client: u32) -> usize {
        let before = client.clamp(self.clients.start, self.clients.end) - self.clients.start;
        // Clients `worker`, `worker + workers`, ... below `before`, counted from the shard's first.
        before.saturating_sub(worker).div_ceil(self.workers()) as usize
    }
}

impl Share {
    /// Whether the worker has no client of the group.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Index within the group of the client in a slot of the share.
    pub fn index(&self, slot: usize) -> u32 {
        let nth = u32::try_from(slot - self.slots.start).unwrap_or(u32::MAX);
        self.first + nth * self.step.get()
    }

    /// Slot of the client with this index, which is one of the share.
    pub fn slot(&self, index: u32) -> usize {
        self.slots.start + ((index - self.first) / self.step) as usize
    }

    /// Indices within the group of its clients.
    pub fn indices(&self) -> impl Iterator<Item = u32> {
        self.slots.clone().map(|slot| self.index(slot))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn n(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    fn partition(groups: &[u32], workers: u32) -> Partition {
        Partition::new(groups.iter().copied().map(n), n(workers))
    }

    #[test]
    fn one_group_is_dealt_out_in_turn() {
        let partition = partition(&[5], 2);
        assert_eq!((0..5).map(|client| partition.worker(client)).collect::<Vec<_>>(), [0, 1, 0, 1, 0]);
        assert_eq!(partition.share(0, 0), Share { slots: 0..3, first: 0, step: n(2) });
        assert_eq!(partition.share(1, 0), Share { slots: 0..2, first: 1, step: n(2) });
        assert_eq!(partition.share(1, 0).indices().collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn more_workers_than_clients_leave_some_without() {
        let partition = partition(&[1], 3);
        assert_eq!([0, 1, 2].map(|worker| partition.clients_of(worker)), [1, 0, 0]);
        assert!(partition.share(2, 0).is_empty());
    }

    #[test]
    fn a_shard_begins_within_a_group() {
        // Clients 0..3 and 3..7; the process has 2..6.
        let partition = partition(&[3, 4], 2).shard(2..6);
        assert_eq!(partition.share(0, 0), Share { slots: 0..1, first: 2, step: n(2) });
        assert_eq!(partition.share(0, 1), Share { slots: 1..2, first: 1, step: n(2) });
        assert_eq!(partition.share(1, 1), Share { slots: 0..2, first: 0, step: n(2) });
        assert_eq!(partition.client(1, 1), 5);
        assert_eq!(partition.clone().shard(6..99).clients(), 6..7);
        assert_eq!((partition.total(), partition.clients()), (7, 2..6));
    }

    #[test]
    fn numbers_may_go_up_to_the_last() {
        let partition = partition(&[u32::MAX - 1, 1], 1);
        let last = u32::MAX - 1;
        assert_eq!(partition.member(last), Member { group: 1, index: 0 });
        assert_eq!(partition.client(0, partition.slot(last)), last);
    }

    proptest! {
        #[test]
        fn each_client_has_one_slot_and_one_place(
            groups in prop::collection::vec(1_u32..40, 1..6), workers in 1_u32..9,
            cut in (0_u32..240, 0_u32..240),
        ) {
            let whole = partition(&groups, workers);
            let shard = whole.clone().shard(cut.0.min(cut.1)..cut.0.max(cut.1));
            for partition in [whole, shard] {
                let mut seen = Vec::new();
                let mut of_workers = Vec::new();
                for worker in 0..workers {
                    let before = seen.len();
                    for group in 0..groups.len() {
                        let share = partition.share(worker, group);
                        for (slot, index) in share.slots.clone().zip(share.indices()) {
                            let client = partition.client_of(Member { group, index });
                            prop_assert_eq!(partition.member(client), Member { group, index });
                            prop_assert_eq!(partition.client(worker, slot), client);
                            prop_assert_eq!((partition.worker(client), partition.slot(client)), (worker, slot));
                            prop_assert_eq!((share.index(slot), share.slot(index)), (index, slot));
                            seen.push(client);
                        }
                    }
                    of_workers.push(seen.len() - before);
                    prop_assert_eq!(partition.clients_of(worker), seen.len() - before);
                }
                seen.sort_unstable();
                prop_assert_eq!(seen, partition.clients().collect::<Vec<_>>());
                prop_assert!(of_workers.iter().max().unwrap() - of_workers.iter().min().unwrap() <= 1);
                for group in 0..groups.len() {
                    let shares = || (0..workers).map(|worker| partition.share(worker, group).slots.len());
                    prop_assert!(shares().max().unwrap() - shares().min().unwrap() <= 1);
                }
            }
        }

        #[test]
        fn a_client_is_the_same_in_every_shard(clients in 1_u32..50, others in 1_u32..50, cut in 0_u32..100) {
            let whole = partition(&[clients, others], 1);
            for shard in [whole.clone().shard(0..cut), whole.clone().shard(cut..u32::MAX)] {
                for client in shard.clients() {
                    prop_assert_eq!(shard.member(client), whole.member(client));
                }
            }
        }
    }
}
