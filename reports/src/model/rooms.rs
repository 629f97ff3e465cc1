//! Who hears whom, and what became of the deliveries, room by room.

use std::{borrow::Cow, cmp::Reverse, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Deliveries;

/// Who hears whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomsRecord {
    /// Clients of the group in each room; null where a template names the room of a client.
    pub size: Option<u32>,
    /// Clients of the group that publish, in each room; null if all do.
    pub publishers: Option<u32>,
    /// What the server does with a sender's own copy.
    pub own: OwnCopy,
    /// A receiver that was away must still hear what was due meanwhile.
    pub durable: bool,
}

/// What the server does with a sender's own copy of its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnCopy {
    /// It must come.
    #[default]
    Expect,
    /// It must not come.
    Refuse,
    /// It may come.
    Allow,
}

/// What became of the deliveries of the measured phase, room by room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomsMeasurement {
    /// Rooms with a member in the group, or in any group.
    pub count: u64,
    /// The worst rooms: most violations first, then by number.
    #[schemars(length(max = 1000))]
    pub kept: Vec<RoomRecord>,
    /// How many more there are.
    pub cut: u64,
    /// Deliveries that came whole to a client of another shard than their sender's. They have no
    /// latency, because two clocks can't tell it.
    pub across_shards: u64,
}

/// A room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoomRecord {
    /// Number of the room, from 0.
    pub number: u32,
    /// Clients in it.
    pub members: u32,
    /// Fates of its deliveries.
    pub deliveries: Deliveries,
    /// Deliveries that came again.
    pub duplicated: u64,
    /// Deliveries that a later message of their sender overtook.
    pub reordered: u64,
    /// Messages of other rooms that came to its members.
    pub misrouted: u64,
}

impl RoomsRecord {
    /// How many of a group's clients publish. `None` if templates name the rooms and not all
    /// publish, because then nobody knows.
    pub fn publishers_of(&self, clients: u64) -> Option<u64> {
        let Some(publishers) = self.publishers else { return Some(clients) };
        let (size, publishers) = (u64::from(self.size.filter(|size| *size > 0)?), u64::from(publishers));
        Some(clients / size * publishers.min(size) + publishers.min(clients % size))
    }
}

impl OwnCopy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Expect, Self::Refuse, Self::Allow];

    /// Its name on the command line, in a plan file and in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expect => "expect",
            Self::Refuse => "refuse",
            Self::Allow => "allow",
        }
    }
}

/// One word of several, so that plan files describe it by their key.
impl JsonSchema for OwnCopy {
    fn schema_name() -> Cow<'static, str> {
        "OwnCopy".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::name) })
    }
}

impl fmt::Display for OwnCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl RoomsMeasurement {
    /// Rooms that a result keeps.
    pub const KEPT: usize = 1000;

    /// Keeps the worst of all rooms, which are in any order.
    pub fn of(mut rooms: Vec<RoomRecord>) -> Self {
        rooms.sort_unstable_by_key(|room| (Reverse(room.violations()), room.number));
        let cut = rooms.len().saturating_sub(Self::KEPT) as u64;
        let count = rooms.len() as u64;
        rooms.truncate(Self::KEPT);
        Self { count, kept: rooms, cut, across_shards: 0 }
    }
}

impl RoomRecord {
    /// Everything that must not be.
    pub fn violations(&self) -> u64 {
        let Self { deliveries: Deliveries { lost, damaged, .. }, duplicated, reordered, misrouted, .. } = *self;
        [lost, damaged, duplicated, reordered, misrouted].into_iter().fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_room_may_be_smaller() {
        let rooms = |size, publishers| RoomsRecord { size, publishers, ..RoomsRecord::default() };
        assert_eq!(rooms(Some(10), Some(3)).publishers_of(42), Some(4 * 3 + 2));
        assert_eq!(rooms(Some(10), Some(12)).publishers_of(42), Some(42));
        assert_eq!(rooms(Some(10), Some(0)).publishers_of(42), Some(0));
        assert_eq!(rooms(None, None).publishers_of(42), Some(42));
        assert_eq!(rooms(None, Some(1)).publishers_of(42), None);
    }

    #[test]
    fn the_worst_rooms_are_kept() {
        let room = |number, lost| RoomRecord {
            number,
            deliveries: Deliveries { lost, ..Deliveries::default() },
            ..RoomRecord::default()
        };
        let rooms = RoomsMeasurement::of((0..1500).map(|number| room(number, u64::from(number == 1400))).collect());
        assert_eq!((rooms.count, rooms.kept.len(), rooms.cut), (1500, RoomsMeasurement::KEPT, 500));
        let numbers: Vec<_> = rooms.kept.iter().take(3).map(|room| room.number).collect();
        assert_eq!(numbers, [1400, 0, 1]);
        let mut last = rooms.kept[999];
        assert_eq!(last.number, 998);
        (last.duplicated, last.reordered, last.misrouted, last.deliveries.damaged) = (1, 2, 3, 4);
        assert_eq!(last.violations(), 10);
        last.deliveries.undetermined = 9;
        assert_eq!(last.violations(), 10, "nobody knows of these");
    }
}
