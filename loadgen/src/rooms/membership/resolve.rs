//! Resolves the rooms of a plan's groups.

use std::{collections::HashMap, sync::Arc};

use reports::model::{Expect, Order};

use super::{Membership, NONE, Publisher, RoomEnds, RoomsOfGroup, count};
use crate::{
    message::{Place, Values},
    plan::{Group, Messages, PlanError, RoomBy},
};

/// The room of each client of these groups, [`NONE`] without one.
///
/// A room has a name for the whole run. With a size it is the room's number, so these keep their
/// numbers. Rooms with other names are numbered after them, in the order of their first members.
pub(super) fn room_numbers(groups: &[Group]) -> Result<Box<[u32]>, PlanError> {
    let by_size = |group: &Group| match group.rooms.as_ref()?.by {
        RoomBy::Size(size) => Some(group.clients.get().div_ceil(size.get())),
        RoomBy::Name(_) => None,
    };
    let sized = groups.iter().filter_map(by_size).max().unwrap_or(0);
    let mut named: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut rooms = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let (first, clients) = (count(rooms.len()), group.clients.get());
        match group.rooms.as_ref().map(|rooms| &rooms.by) {
            None => rooms.extend((0..clients).map(|_| NONE)),
            Some(RoomBy::Size(size)) => rooms.extend((0..clients).map(|client| client / size.get())),
            Some(RoomBy::Name(template)) => {
                let values = Arc::new(Values::new(0, clients, first, group.data.clone()));
                let name = values.bind(template, Place::Room);
                let name = name.map_err(|why| PlanError { group: Some(index), key: "room", value: None, why })?;
                for client in first..first + clients {
                    let name = name.encode_for(client, 0);
                    let next = sized + count(named.len());
                    let by_number = number_of(&name).filter(|&number| number < sized);
                    rooms.push(by_number.unwrap_or_else(|| *named.entry(name).or_insert(next)));
                }
            }
        }
    }
    Ok(rooms.into())
}

/// The number whose decimal digits are `name`.
fn number_of(name: &[u8]) -> Option<u32> {
    let number = std::str::from_utf8(name).ok()?.parse::<u32>().ok()?;
    (number.to_string().as_bytes() == name).then_some(number)
}

impl Membership {
    /// The membership of these groups, if each client is in this room. `rooms` has numbers without
    /// gaps.
    pub(super) fn with(groups: &[Group], rooms: Box<[u32]>) -> Self {
        let end = |end: &mut u32, group: &Group| {
            *end += group.clients.get();
            Some(*end)
        };
        let (numbers, members) = (vec![NONE; rooms.len()].into(), members(&rooms));
        let mut membership = Self {
            groups: groups.iter().map(rooms_of).collect(),
            ends: groups.iter().scan(0, end).collect(),
            rooms,
            publisher_numbers: numbers,
            members: members.0,
            publishers: Box::default(),
            room_ends: members.1,
        };
        membership.rank(groups);
        membership.number_publishers();
        membership
    }

    /// Puts the rank of each publisher where its number goes.
    fn rank(&mut self, groups: &[Group]) {
        let mut start = 0;
        for ((group, of), &end) in groups.iter().zip(&mut self.groups).zip(&self.ends) {
            let clients = start..end;
            start = end;
            let Some(of) = of else { continue };
            let most = match &group.rooms {
                Some(rooms) if group.load.sends() => rooms.publishers.unwrap_or(u32::MAX),
                _ => 0,
            };
            let mut in_room = vec![0; self.room_ends.len()];
            for client in clients {
                let here: &mut u32 = &mut in_room[self.rooms[client as usize] as usize];
                if *here < most {
                    *here += 1;
                    self.publisher_numbers[client as usize] = of.publishers;
                    of.publishers += 1;
                }
            }
        }
    }

    /// Lists publishers by room, and puts their numbers where their ranks are.
    fn number_publishers(&mut self) {
        let mut publishers = Vec::new();
        for room in 0..self.rooms() {
            let RoomEnds { members: start, .. } = self.start(room);
            for member in start..self.room_ends[room as usize].members {
                let client = self.members[member as usize];
                let rank = self.publisher_numbers[client as usize];
                if rank != NONE {
                    self.publisher_numbers[client as usize] = count(publishers.len());
                    publishers.push(Publisher { client, group: count(self.group(client)), rank });
                }
            }
            self.room_ends[room as usize].publishers = count(publishers.len());
        }
        self.publishers = publishers.into();
    }
}

/// The members of all rooms, room by room, and where those of each room end.
fn members(rooms: &[u32]) -> (Box<[u32]>, Box<[RoomEnds]>) {
    let with_room = || rooms.iter().enumerate().filter(|(_, room)| **room != NONE);
    let number = with_room().map(|(_, room)| *room as usize + 1).max().unwrap_or(0);
    let mut ends = vec![RoomEnds::default(); number];
    for (_, &room) in with_room() {
        ends[room as usize].members += 1;
    }
    // First where each begins, then, when it is filled, where it ends.
    let mut start = 0;
    for end in &mut ends {
        start += std::mem::replace(&mut end.members, start);
    }
    let mut members = vec![0; start as usize];
    for (client, &room) in with_room() {
        let end = &mut ends[room as usize].members;
        members[*end as usize] = count(client);
        *end += 1;
    }
    (members.into(), ends.into())
}

fn rooms_of(group: &Group) -> Option<RoomsOfGroup> {
    let rooms = group.rooms.as_ref().filter(|_| group.expect == Expect::Broadcast)?;
    Some(RoomsOfGroup {
        own: rooms.own,
        keeps_order: group.order != Some(Order::Any),
        batched: group.batched,
        durable: rooms.durable,
        slow: group.read.is_some(),
        generated: matches!(group.messages, Messages::Generated { .. }),
        publishers: 0,
    })
}
