//! Gives the deliveries of rooms that shards cut their fates.
//!
//! A shard leaves open what did not come of a publisher on another shard, since that may never have
//! sent it. All shards together know what each publisher sent, and how far it was heard.
//!
//! ```text
//! mod.rs       takes what shards know, and resolves it
//! clients.rs   which shard and which group has a client
//! senders.rs   what became of a message on its way to the server
//! fates.rs     messages by the worst fate of their deliveries
//! ```

mod clients;
mod fates;
mod senders;

use std::collections::BTreeMap;

pub(super) use self::clients::ClientsOfShards;
use self::{
    fates::{FateCounts, MessageFates},
    senders::Senders,
};
use super::sum::Sum;
use crate::model::{
    CutRooms, Deliveries, Evidence, EvidenceKind, MissingFate, OpenDeliveries, RoomsMeasurement, Tally,
};

/// What shards know of rooms that they cut.
#[derive(Debug, Default)]
pub(super) struct CutRoomsOfShards {
    shards: Vec<ShardRooms>,
    /// Rooms of all shards. Those that are cut are counted once for each shard.
    count: u64,
}

/// What one shard knows.
#[derive(Debug)]
struct ShardRooms {
    /// The shard's number.
    number: u32,
    /// How many seconds its measured phase began after an instant that all shards have in common.
    shift_s: i64,
    rooms: CutRooms,
}

/// What resolving changes.
struct Resolution<'a> {
    clients: &'a ClientsOfShards,
    /// The groups of the plan.
    groups: &'a mut [Sum],
    /// Changes of rooms, by their numbers.
    rooms: BTreeMap<u32, RoomChange>,
    /// What became of the messages of each publisher, by what all shards know.
    fates: BTreeMap<u32, MessageFates>,
    left: CutRooms,
}

#[derive(Clone, Copy, Debug, Default)]
struct RoomChange {
    deliveries: Deliveries,
    /// Messages that did not come whole to everyone after all.
    not_whole: i64,
}

impl CutRoomsOfShards {
    /// Adds what shard `number` knows, which may be nothing. Its measured phase began `shift_s`
    /// after an instant that all shards have in common. `count` is its number of rooms.
    pub(super) fn add(&mut self, number: u32, shift_s: i64, rooms: Option<Box<CutRooms>>, count: u64) {
        self.count = self.count.saturating_add(count);
        self.shards.extend(rooms.map(|rooms| ShardRooms { number, shift_s, rooms: *rooms }));
    }

    /// Gives open deliveries their fates: in the groups, in the rooms, and in the messages of their
    /// publishers. Returns what nobody can tell, because a shard is missing or its lists are cut.
    pub(super) fn resolve(
        self,
        clients: &ClientsOfShards,
        groups: &mut [Sum],
        rooms: &mut RoomsMeasurement,
    ) -> Option<Box<CutRooms>> {
        if self.shards.is_empty() {
            return None;
        }
        self.count_rooms(rooms);
        let left = CutRooms::default();
        let mut resolution = Resolution { clients, groups, rooms: BTreeMap::new(), fates: BTreeMap::new(), left };
        {
            let senders = Senders::of(clients, self.shards.iter().map(|shard| (shard.number, &shard.rooms)));
            for ShardRooms { number, shift_s, rooms } in &self.shards {
                resolution.left.open_not_kept += rooms.open_not_kept;
                resolution.counted(*number, rooms, &senders);
                rooms.open.iter().for_each(|open| resolution.open(open, *shift_s, &senders));
            }
        }
        resolution.count_messages();
        let Resolution { rooms: changes, left, .. } = resolution;
        change_rooms(rooms, &changes);
        left.is_open().then(|| Box::new(left))
    }

    /// Counts each room once.
    fn count_rooms(&self, rooms: &mut RoomsMeasurement) {
        let mut ranges: Vec<_> =
            self.shards.iter().flat_map(|shard| &shard.rooms.rooms).map(|room| room.range()).collect();
        let not_kept = self.shards.iter().any(|shard| shard.rooms.rooms_not_kept > 0);
        if not_kept {
            return;
        }
        ranges.sort_unstable_by_key(|range| range.start);
        let (mut again, mut end) = (0_u64, 0);
        for range in ranges {
            again += u64::from(end.min(range.end).saturating_sub(range.start));
            end = end.max(range.end);
        }
        rooms.count = self.count.saturating_sub(again);
        rooms.cut = rooms.count.saturating_sub(rooms.kept.len() as u64);
    }
}

impl Resolution<'_> {
    /// Takes the fates of messages that a shard counted at its receivers.
    fn counted(&mut self, shard: u32, rooms: &CutRooms, senders: &Senders<'_>) {
        for record in &rooms.fates {
            let is_own = self.clients.shard(record.sender) == Some(shard);
            let fates = self.fates.entry(record.sender).or_default();
            fates.room = record.room;
            if is_own {
                fates.add_counted(record.sequences.range(), record.measured, record.fate);
            }
            for part in senders.sent(record.sender, record.sequences.range()) {
                fates.add(part, record.measured, record.fate);
            }
        }
    }

    /// Gives deliveries their fates, if the shard of their publisher tells what it sent.
    fn open(&mut self, open: &OpenDeliveries, shift_s: i64, senders: &Senders<'_>) {
        if !senders.is_known(open.sender) {
            self.left.open.push(*open);
            return;
        }
        let Some(group) = self.groups.get_mut(open.group as usize) else { return };
        let fates = self.fates.entry(open.sender).or_default();
        fates.room = open.room;
        for part in senders.parts(open) {
            let number = u64::from(part.numbers.end - part.numbers.start);
            let deliveries = number.saturating_mul(open.receivers.into());
            let measurement = group.measurement();
            let tally = if open.measured { &mut measurement.measured } else { &mut measurement.warmup };
            count(&mut tally.deliveries, part.fate, deliveries);
            if open.measured {
                count(&mut self.rooms.entry(open.room).or_default().deliveries, part.fate, deliveries);
            }
            group.add_evidence(shift_s, evidence(open, part.numbers.start, part.fate).into_iter().collect());
            fates.add(part.numbers, open.measured, part.fate);
        }
    }

    /// Counts the messages of each publisher by what all shards know, instead of what its own does.
    fn count_messages(&mut self) {
        for (&sender, fates) in &self.fates {
            let (Some(group), Some(_)) = (self.clients.group(sender), self.clients.shard(sender)) else { continue };
            let Some(measurement) = self.groups.get_mut(group).map(Sum::measurement) else { continue };
            for measured in [false, true] {
                let (counted, known) = (fates.counted(measured), fates.known(measured));
                let tally = if measured { &mut measurement.measured } else { &mut measurement.warmup };
                worsen(tally, counted, known);
                if measured {
                    self.rooms.entry(fates.room).or_default().not_whole += signed(known.all()) - signed(counted.all());
                }
            }
        }
    }
}

/// Counts deliveries with this fate.
fn count(deliveries: &mut Deliveries, fate: MissingFate, number: u64) {
    deliveries.expected += number;
    *match fate {
        MissingFate::Lost => &mut deliveries.lost,
        MissingFate::Damaged => &mut deliveries.damaged,
        MissingFate::Undetermined => &mut deliveries.undetermined,
        MissingFate::UndeterminedByPlan => &mut deliveries.undetermined_by_plan,
    } += number;
}

/// Messages of a publisher were `counted` by its own shard, and all shards know them otherwise.
fn worsen(tally: &mut Tally, counted: FateCounts, known: FateCounts) {
    let Tally { counts, deliveries, .. } = tally;
    let change = |count: &mut u64, before: u64, after: u64| *count = count.saturating_sub(before).saturating_add(after);
    change(&mut counts.lost, counted.lost, known.lost);
    change(&mut counts.damaged, counted.damaged, known.damaged);
    change(&mut counts.undetermined, counted.undetermined, known.undetermined);
    change(&mut counts.undetermined_by_plan, counted.undetermined_by_plan, known.undetermined_by_plan);
    change(&mut counts.matched, known.all(), counted.all());
    change(&mut deliveries.messages, known.all(), counted.all());
}

/// The first of deliveries that did not come.
fn evidence(open: &OpenDeliveries, sequence: u32, fate: MissingFate) -> Option<Evidence> {
    let kind = match fate {
        MissingFate::Lost => EvidenceKind::Lost,
        MissingFate::Undetermined => EvidenceKind::Undetermined,
        MissingFate::Damaged | MissingFate::UndeterminedByPlan => return None,
    };
    let others = open.receivers.saturating_sub(1);
    let receivers = if others == 1 { "receiver" } else { "receivers" };
    Some(Evidence {
        kind,
        client: open.receiver,
        sender: Some(open.sender),
        sequence: Some(sequence.into()),
        at_s: open.due_ns as f64 / 1e9,
        detail: (others > 0).then(|| format!("and {others} other {receivers} of the group")),
        ..Evidence::default()
    })
}

fn change_rooms(rooms: &mut RoomsMeasurement, changes: &BTreeMap<u32, RoomChange>) {
    for room in &mut rooms.kept {
        let Some(change) = changes.get(&room.number) else { continue };
        room.deliveries += change.deliveries;
        room.deliveries.messages = room.deliveries.messages.saturating_add_signed(-change.not_whole);
    }
    let RoomsMeasurement { count, cut, across_shards, .. } = *rooms;
    let kept = RoomsMeasurement::of(std::mem::take(&mut rooms.kept)).kept;
    *rooms = RoomsMeasurement { count, kept, cut, across_shards };
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
