//! Which client belongs to which group and to which worker.

mod shard_range;
mod share;

use std::{
    num::{NonZeroU32, NonZeroUsize},
    ops::Range,
    sync::Arc,
};

use self::shard_range::ranges_of;
pub use self::share::Share;
use super::{Group, Plan, RoomBy, Rooms, Shard};

/// Which client belongs to which group and to which worker. Pure: equal plans and equal numbers of
/// workers give equal answers.
///
/// Client numbers run through all groups of a plan, in their order. A process has a contiguous
/// range of the clients of each group: all of them, or those of its [`Shard`]. It deals them out to
/// its workers in turn. So each worker has its share of each group, and shares differ by one client
/// at most. A worker has its clients in *slots* 0, 1, 2, ..., in the order of their numbers. So the
/// clients of a group lie side by side.
///
/// Of a group of `C` clients, shard `K` of `N` has those with the indices `C*(K-1)/N .. C*K/N`.
/// Groups in rooms of one size are cut between rooms, if there are at least `N` rooms: by the
/// numbers of rooms over the run, alike in every group.
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
    workers: NonZeroU32,
    /// For each worker: where each group begins on it, and where the last one ends.
    begins: Arc<[Begin]>,
}

/// How the clients of a group are dealt out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Dealing {
    /// Where its numbers end.
    end: u32,
    /// Clients in a room, if they are in rooms of one size.
    room_size: Option<NonZeroU32>,
    /// Indices of this process's clients within the group.
    here: Range<u32>,
    /// Clients of this process in the groups before.
    here_before: u32,
    /// Clients in a row that stay together.
    block: NonZeroU32,
    /// The worker that the first block of the group goes to, if the process has it.
    turn: u32,
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

    /// A partition of groups of so many clients, some of which are in rooms of so many. One process
    /// has all of them.
    pub fn with_rooms(groups: impl IntoIterator<Item = (NonZeroU32, Option<NonZeroU32>)>, workers: NonZeroU32) -> Self {
        let groups: Vec<_> = groups.into_iter().collect();
        let all = groups.iter().map(|(clients, _)| 0..clients.get()).collect();
        Self::of_ranges(groups, all, workers)
    }

    /// The partition of a plan with so many workers, as the process has it that runs the plan.
    pub fn of(plan: &Plan, workers: NonZeroUsize) -> Self {
        let workers = NonZeroU32::try_from(workers).unwrap_or(NonZeroU32::MAX);
        let room_size = |group: &Group| match group.rooms {
            Some(Rooms { by: RoomBy::Size(size), .. }) => Some(size),
            _ => None,
        };
        let whole = Self::with_rooms(plan.groups().iter().map(|group| (group.clients, room_size(group))), workers);
        match plan.run().shard {
            Some(shard) => whole.shard(shard),
            None => whole,
        }
    }

    /// The partition of a process that is a shard. It has no clients of groups that have fewer
    /// clients, or rooms, than there are shards, or few of them.
    #[must_use]
    pub fn shard(self, shard: Shard) -> Self {
        // A group has clients.
        let clients = |end: u32, first| NonZeroU32::new(end - first).unwrap_or(NonZeroU32::MIN);
        let of_group =
            |(group, dealing): (usize, &Dealing)| (clients(dealing.end, self.first_of(group)), dealing.room_size);
        let groups: Vec<_> = self.groups.iter().enumerate().map(of_group).collect();
        let ranges = ranges_of(&groups, shard);
        Self::of_ranges(groups, ranges, self.workers)
    }

    /// A partition in which the process has the clients with these indices of each group.
    fn of_ranges(groups: Vec<(NonZeroU32, Option<NonZeroU32>)>, ranges: Vec<Range<u32>>, workers: NonZeroU32) -> Self {
        let rooms_here = groups.iter().zip(&ranges).filter_map(|((_, size), here)| {
            let size = size.as_ref()?.get();
            Some(here.end.div_ceil(size).saturating_sub(here.start / size))
        });
        let whole = rooms_here.max().is_some_and(|rooms| rooms >= workers.get());
        let (mut end, mut here_before) = (0_u32, 0_u32);
        let dealing = |((clients, room_size), here): ((NonZeroU32, Option<NonZeroU32>), Range<u32>)| {
            end = end.saturating_add(clients.get());
            let block = room_size.filter(|_| whole);
            let turn = match block {
                Some(_) => 0,
                None => turn_of_first(here_before, here.start, workers),
            };
            let before = here_before;
            here_before += here.end - here.start;
            Dealing { end, room_size, here, here_before: before, block: block.unwrap_or(NonZeroU32::MIN), turn }
        };
        let groups = groups.into_iter().zip(ranges).map(dealing).collect();
        Self { groups, workers, begins: Arc::default() }.dealt_out()
    }

    /// Counts where the groups begin on each worker.
    fn dealt_out(mut self) -> Self {
        let mut begins = Vec::with_capacity(self.workers.get() as usize * (self.groups.len() + 1));
        for worker in 0..self.workers() {
            let mut slot = 0;
            for (group, Dealing { here, .. }) in self.groups.iter().enumerate() {
                let before = self.dealt_below(worker, group, here.start);
                begins.push(Begin { slot, before });
                slot += self.dealt_below(worker, group, here.end) - before;
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

    /// How many clients this process has.
    pub fn clients_here(&self) -> u32 {
        self.here_below(self.total())
    }

    /// Numbers of this process's clients, in order.
    pub fn clients(&self) -> impl Iterator<Item = u32> {
        (0..self.groups.len()).flat_map(|group| {
            let first = self.first_of(group);
            self.clients_of_group(group).map(move |index| first + index)
        })
    }

    /// Whether this process has a client.
    pub fn has(&self, client: u32) -> bool {
        let group = self.groups.partition_point(|group| group.end <= client);
        self.groups.get(group).is_some_and(|dealing| dealing.here.contains(&(client - self.first_of(group))))
    }

    /// Indices of this process's clients within a group.
    pub fn clients_of_group(&self, group: usize) -> Range<u32> {
        self.groups[group].here.clone()
    }

    /// How many of this process's clients have numbers below `client`.
    pub fn here_below(&self, client: u32) -> u32 {
        let group = self.groups.partition_point(|group| group.end <= client);
        match (self.groups.get(group), self.groups.last()) {
            (Some(Dealing { here, here_before, .. }), _) => {
                here_before + ((client - self.first_of(group)).clamp(here.start, here.end) - here.start)
            }
            (None, Some(Dealing { here, here_before, .. })) => here_before + (here.end - here.start),
            (None, None) => 0,
        }
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
        let Dealing { block, turn, .. } = self.groups[group];
        let block = index / block % self.workers;
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

    /// Blocks of a group from the first to the first of a worker.
    fn first_block(&self, worker: u32, group: usize) -> u32 {
        let turn = self.groups[group].turn;
        if worker >= turn { worker - turn } else { worker + (self.workers() - turn) }
    }

    /// Clients of a group with an index below `index` that a worker would have, if the process had
    /// all.
    fn dealt_below(&self, worker: u32, group: usize, index: u32) -> u32 {
        let below = u64::from(index);
        let [block, workers] = [self.groups[group].block, self.workers].map(|n| u64::from(n.get()));
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

/// The worker that the first client of a group would go to, if the process's clients are dealt out
/// singly. Its own begin at index `first`, after `before` clients of other groups.
fn turn_of_first(before: u32, first: u32, workers: NonZeroU32) -> u32 {
    let since = i64::from(before) - i64::from(first);
    u32::try_from(since.rem_euclid(workers.get().into())).expect("it is below the number of workers")
}

#[cfg(test)]
mod tests;
