//! Which client is in which room, over all groups of a run.

mod check;
mod resolve;

use std::{num::NonZeroU32, ops::Range};

use crate::plan::OwnCopy;

/// Stands for no room and for no publisher.
const NONE: u32 = u32::MAX;

/// Which client is in which room, and who publishes there. Rooms, publishers and clients are
/// numbered over the whole run, so groups can share rooms, and all workers agree.
///
/// Takes 12 bytes a client and 12 a publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    groups: Box<[Option<RoomsOfGroup>]>,
    /// Where the clients of each group end.
    ends: Box<[u32]>,
    /// The room of each client.
    rooms: Box<[u32]>,
    /// The publisher that each client is.
    publisher_numbers: Box<[u32]>,
    /// The members of room 0, of room 1, and so on, each in the order of their numbers.
    members: Box<[u32]>,
    publishers: Box<[Publisher]>,
    /// For each room where its members and its publishers end.
    room_ends: Box<[RoomEnds]>,
}

/// A client that sends to its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Its number in the run.
    pub client: u32,
    /// Index of its group in the plan.
    pub group: u32,
    /// How many publishers of the group are before it. The schedule spreads a group's publishers,
    /// so it is what the schedule knows a publisher by.
    pub rank: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RoomEnds {
    members: u32,
    publishers: u32,
}

/// What the rooms of one group's clients are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "any of them goes with any other")]
struct RoomsOfGroup {
    own: OwnCopy,
    keeps_order: bool,
    batched: bool,
    durable: bool,
    /// Its clients read slowly, as the plan has it.
    slow: bool,
    /// Sends generated messages.
    generated: bool,
    publishers: u32,
}

impl Membership {
    /// Clients of the run, those without a room included.
    pub fn clients(&self) -> u32 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Number of rooms. Each has a member.
    pub fn rooms(&self) -> u32 {
        count(self.room_ends.len())
    }

    /// The group of a client.
    pub fn group(&self, client: u32) -> usize {
        self.ends.partition_point(|&end| end <= client)
    }

    /// The room of a client; none if there is no such client or its group has no rooms.
    #[inline]
    pub fn room(&self, client: u32) -> Option<u32> {
        self.rooms.get(client as usize).copied().filter(|&room| room != NONE)
    }

    /// The members of a room, in the order of their numbers.
    pub fn members(&self, room: u32) -> &[u32] {
        let RoomEnds { members: start, .. } = self.start(room);
        &self.members[start as usize..self.room_ends[room as usize].members as usize]
    }

    /// The publishers of a room, as indices of [`Self::publisher`], in the order of their clients.
    pub fn publishers(&self, room: u32) -> Range<u32> {
        self.start(room).publishers..self.room_ends[room as usize].publishers
    }

    /// A publisher. They are numbered room by room.
    pub fn publisher(&self, number: u32) -> Publisher {
        self.publishers[number as usize]
    }

    /// The number of a client as a publisher; none if it does not publish.
    #[inline]
    pub fn publisher_number(&self, client: u32) -> Option<u32> {
        self.publisher_numbers.get(client as usize).copied().filter(|&number| number != NONE)
    }

    /// Publishers of all rooms.
    pub fn all_publishers(&self) -> u32 {
        count(self.publishers.len())
    }

    /// How many publishers a group has; none if it has none.
    pub fn publishers_of(&self, group: usize) -> Option<NonZeroU32> {
        NonZeroU32::new(self.groups.get(group)?.as_ref()?.publishers)
    }

    /// Whether the clients of a group are in rooms.
    pub fn has_rooms(&self, group: usize) -> bool {
        self.groups[group].is_some()
    }

    /// What the server does with own copies of a publisher of this group.
    pub(super) fn own(&self, group: usize) -> OwnCopy {
        self.groups[group].map_or(OwnCopy::Refuse, |rooms| rooms.own)
    }

    /// Whether overtaking is an anomaly at receivers of this group.
    pub(super) fn keeps_order(&self, group: usize) -> bool {
        self.groups[group].is_some_and(|rooms| rooms.keeps_order)
    }

    /// Whether an event that comes to a client of this group may hold several messages.
    pub(super) fn is_batched(&self, group: usize) -> bool {
        self.groups[group].is_some_and(|rooms| rooms.batched)
    }

    /// Whether clients of this group must hear what was due while they were away.
    pub(super) fn is_durable(&self, group: usize) -> bool {
        self.groups[group].is_some_and(|rooms| rooms.durable)
    }

    /// Whether clients of this group read so slowly that something may remain unread.
    pub(super) fn is_slow(&self, group: usize) -> bool {
        self.groups[group].is_some_and(|rooms| rooms.slow)
    }

    /// Whether a group publishes generated messages, which have no mark but a header.
    pub(super) fn any_generated(&self) -> bool {
        self.groups.iter().flatten().any(|rooms| rooms.generated && rooms.publishers > 0)
    }

    fn start(&self, room: u32) -> RoomEnds {
        room.checked_sub(1).map_or(RoomEnds::default(), |before| self.room_ends[before as usize])
    }
}

/// A number of clients or rooms. There are fewer than `u32::MAX` clients.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
