//! Which client belongs to which group and to which worker.

mod share;

use std::{
    num::{NonZeroU32, NonZeroUsize},
    ops::Range,
    sync::Arc,
};

pub use self::share::Share;
use super::{Group, Plan, RoomBy, Rooms};

/// Which client belongs to which group and to which worker. Pure: equal plans and equal numbers of
/// workers give equal answers.
///
/// Client numbers run through all groups of a plan, in their order. A process has a contiguous
/// range of the clients, and deals them out to its workers in turn. So each worker has its share of
/// each group, and shares differ by one client at most. A worker has its clients in *slots* 0, 1,
/// 2, ..., in the order of their numbers. So the clients of a group lie side by side.
///
/// Clients in rooms are dealt out by rooms, if each worker can have one: room `r` is on worker
/// `r % workers`, in every group. So groups that share rooms have them on the same worker.
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
    groups: Arc<[Dealing]>,
    /// Clients of this process.
    clients: Range<u32>,
    workers: NonZeroU32,
    /// For each worker: where each group begins on it, and where the last one ends.
    begins: Arc<[Begin]>,
}

/// How the clients of a group are dealt out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dealing {
    /// Where its numbers end.
    end: u32,
    /// Clients in a row that stay together.
    block: NonZeroU32,
    /// The first block goes to worker 0, not to the one whose turn it is.
    from_first: bool,
}

/// Where a group begins on a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Begin {
    slot: u32,
    /// Clients of the group that the worker would have below this process's range.
    before: u32,
}

/// A client as a member of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Index of the group.
    pub group: usize,
    /// Index of the client within the group, counted over all processes. The schedule uses it.
    pub index: u32,
}

impl Partition {
    /// A partition of groups of so many clients, which are `u32::MAX` together at most. One process
    /// has all of them.
    pub fn new(groups: impl IntoIterator<Item = NonZeroU32>, workers: NonZeroU32) -> Self {
        Self::with_rooms(groups.into_iter().map(|clients| (clients, None)), workers)
    }

    /// A partition of groups of so many clients, some of which are in rooms of so many.
    pub fn with_rooms(groups: impl IntoIterator<Item = (NonZeroU32, Option<NonZeroU32>)>, workers: NonZeroU32) -> Self {
        let groups: Vec<_> = groups.into_iter().collect();
        let rooms =
            groups.iter().filter_map(|(clients, size)| Some(clients.get().div_ceil(size.as_ref()?.get()))).max();
        let whole = rooms.is_some_and(|rooms| rooms >= workers.get());
        let dealing = |end: &mut u32, (clients, size): &(NonZeroU32, Option<NonZeroU32>)| {
            *end = end.saturating_add(clients.get());
            let block = size.filter(|_| whole);
            Some(Dealing { end: *end, block: block.unwrap_or(NonZeroU32::MIN), from_first: block.is_some() })
        };
        let groups: Arc<[Dealing]> = groups.iter().scan(0, dealing).collect();
        let clients = 0..groups.last().map_or(0, |last| last.end);
        Self { groups, clients, workers, begins: Arc::default() }.dealt_out()
    }

    /// The partition of a plan with so many workers.
    pub fn of(plan: &Plan, workers: NonZeroUsize) -> Self {
        let workers = NonZeroU32::try_from(workers).unwrap_or(NonZeroU32::MAX);
        let room_size = |group: &Group| match group.rooms {
            Some(Rooms { by: RoomBy::Size(size), .. }) => Some(size),
            _ => None,
        };
        Self::with_rooms(plan.groups().iter().map(|group| (group.clients, room_size(group))), workers)
    }

    /// The partition of a process that has only these clients. Those beyond the last are left out.
    #[must_use]
    pub fn shard(self, clients: Range<u32>) -> Self {
        let end = clients.end.min(self.total());
        Self { clients: clients.start.min(end)..end, ..self }.dealt_out()
    }

    /// Counts where the groups begin on each worker.
    fn dealt_out(mut self) -> Self {
        let mut begins = Vec::with_capacity(self.workers.get() as usize * (self.groups.len() + 1));
        for worker in 0..self.workers() {
            let mut slot = 0;
            for group in 0..self.groups.len() {
                let before = self.dealt_below(worker, group, self.clients.start);
                begins.push(Begin { slot, before });
                slot += self.dealt_below(worker, group, self.clients.end) - before;
            }
            begins.push(Begin { slot, before: 0 });
        }
        self.begins = begins.into();
        self
    }

    /// Clients of all processes.
    pub fn total(&self) -> u32 {
        self.groups.last().map_or(0, |last| last.end)
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
        let group = self.groups.partition_point(|group| group.end <= client);
        assert!(group < self.groups.len(), "client {client} of {}", self.total());
        Member { group, index: client - self.first_of(group) }
    }

    /// The client with this place in a group.
    pub fn client_of(&self, Member { group, index }: Member) -> u32 {
        self.first_of(group) + index
    }

    /// The worker of one of this process's clients.
    pub fn worker(&self, client: u32) -> u32 {
        let Member { group, index } = self.member(client);
        let (block, turn) = (index / self.groups[group].block % self.workers, self.turn_of(group));
        let until_first = self.workers() - turn;
        if block >= until_first { block - until_first } else { block + turn }
    }

    /// The slot of one of this process's clients on its worker.
    pub fn slot(&self, client: u32) -> usize {
        let Member { group, index } = self.member(client);
        let Begin { slot, before } = self.begins_of(self.worker(client))[group];
        let block = self.groups[group].block;
        let nth = index / block / self.workers * block.get() + index % block;
        (slot + nth - before) as usize
    }

    /// The client in a slot of a worker.
    ///
    /// # Panics
    /// There are not as many clients.
    pub fn client(&self, worker: u32, slot: usize) -> u32 {
        assert!(slot < self.clients_of(worker), "slot {slot} of {}", self.clients_of(worker));
        let begins = self.begins_of(worker);
        let group = begins.partition_point(|begin| begin.slot as usize <= slot) - 1;
        let Begin { slot: begin, before } = begins[group];
        let nth = u32::try_from(slot).expect("there are u32::MAX clients at most") - begin + before;
        self.first_of(group) + self.dealt(worker, group, nth)
    }

    /// Number of clients of a worker.
    pub fn clients_of(&self, worker: u32) -> usize {
        self.begins_of(worker)[self.groups.len()].slot as usize
    }

    /// The clients of a group that a worker has.
    pub fn share(&self, worker: u32, group: usize) -> Share {
        let begins = self.begins_of(worker);
        let slots = begins[group].slot as usize..begins[group + 1].slot as usize;
        let first = if slots.is_empty() { 0 } else { self.dealt(worker, group, begins[group].before) };
        let block = self.groups[group].block;
        // It may only be too large for a number if there is no next block.
        Share { slots, first, block, step: block.saturating_mul(self.workers) }
    }

    /// The first client of a group.
    fn first_of(&self, group: usize) -> u32 {
        group.checked_sub(1).map_or(0, |before| self.groups[before].end)
    }

    fn begins_of(&self, worker: u32) -> &[Begin] {
        let groups = self.groups.len() + 1;
        &self.begins[worker as usize * groups..][..groups]
    }

    /// The worker that the first block of a group goes to.
    fn turn_of(&self, group: usize) -> u32 {
        if self.groups[group].from_first {
            return 0;
        }
        let since = i64::from(self.first_of(group)) - i64::from(self.clients.start);
        u32::try_from(since.rem_euclid(self.workers().into())).expect("it is below the number of workers")
    }

    /// Blocks of a group from the first to the first of a worker.
    fn first_block(&self, worker: u32, group: usize) -> u32 {
        let turn = self.turn_of(group);
        if worker >= turn { worker - turn } else { worker + (self.workers() - turn) }
    }

    /// Clients of a group below `client` that a worker would have, if the process had all.
    fn dealt_below(&self, worker: u32, group: usize, client: u32) -> u32 {
        let Dealing { end, block, .. } = self.groups[group];
        let first = self.first_of(group);
        let below = u64::from(client.clamp(first, end) - first);
        let [block, workers] = [block, self.workers].map(|n| u64::from(n.get()));
        let (rounds, rest) = (below / (block * workers), below % (block * workers));
        let begun = rest.saturating_sub(u64::from(self.first_block(worker, group)) * block).min(block);
        u32::try_from(rounds * block + begun).expect("there are u32::MAX clients at most")
    }

    /// Index within a group of its `nth` client that a worker would have, if the process had all.
    fn dealt(&self, worker: u32, group: usize, nth: u32) -> u32 {
        let block = self.groups[group].block;
        (nth / block * self.workers() + self.first_block(worker, group)) * block.get() + nth % block
    }
}

#[cfg(test)]
mod tests;
