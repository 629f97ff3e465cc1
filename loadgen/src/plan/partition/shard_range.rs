//! The clients of each group that a shard has.

use std::{num::NonZeroU32, ops::Range};

use crate::plan::Shard;

/// The indices within each group of the clients that a shard has. `groups` has the clients of each
/// and, where they are in rooms of one size, how many are in a room.
///
/// Of a group of `C` clients, shard `K` of `N` has `C*(K-1)/N .. C*K/N`. Rooms are cut like that if
/// there are at least `N` of them, by their numbers over the run. So a room is on one shard, in
/// every group that shares it.
pub(super) fn ranges_of(groups: &[(NonZeroU32, Option<NonZeroU32>)], shard: Shard) -> Vec<Range<u32>> {
    let rooms = groups.iter().filter_map(|(clients, size)| Some(clients.get().div_ceil(size.as_ref()?.get()))).max();
    let rooms = rooms.filter(|&rooms| rooms >= shard.of().get()).map(|rooms| cut(rooms, shard));
    let of_group = |&(clients, size): &(NonZeroU32, Option<NonZeroU32>)| match (&rooms, size) {
        (Some(rooms), Some(size)) => {
            let first_of = |room: u32| room.saturating_mul(size.get()).min(clients.get());
            first_of(rooms.start)..first_of(rooms.end)
        }
        _ => cut(clients.get(), shard),
    };
    groups.iter().map(of_group).collect()
}

/// The part of `0..all` that a shard has.
fn cut(all: u32, shard: Shard) -> Range<u32> {
    let until = |number: u32| {
        let until = u64::from(all) * u64::from(number) / u64::from(shard.of().get());
        u32::try_from(until).expect("it is no more than all")
    };
    until(shard.number().get() - 1)..until(shard.number().get())
}
