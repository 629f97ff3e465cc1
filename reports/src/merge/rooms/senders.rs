//! What became of a publisher's messages on their way to the server.

use std::{collections::HashMap, ops::Range};

use super::ClientsOfShards;
use crate::model::{CutRooms, MissingFate, OpenDeliveries, SenderDeviation, SenderEndRecord};

/// What all shards know of publishers.
#[derive(Debug)]
pub(super) struct Senders<'a> {
    clients: &'a ClientsOfShards,
    /// What shards know of rooms, by their numbers.
    shards: HashMap<u32, &'a CutRooms>,
    deviations: HashMap<u32, &'a SenderDeviation>,
    heard: HashMap<(u32, u32), u32>,
}

/// Deliveries of messages in a row that have a fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FatePart {
    pub(super) numbers: Range<u32>,
    pub(super) fate: MissingFate,
}

impl<'a> Senders<'a> {
    /// What shards with these numbers know.
    pub(super) fn of(clients: &'a ClientsOfShards, shards: impl Iterator<Item = (u32, &'a CutRooms)>) -> Self {
        let shards: HashMap<_, _> = shards.collect();
        let deviations =
            shards.values().flat_map(|rooms| &rooms.senders).map(|sender| (sender.sender, sender)).collect();
        let heard = |(&shard, rooms): (&u32, &&'a CutRooms)| {
            rooms.heard.iter().map(move |heard| ((shard, heard.sender), heard.end)).collect::<Vec<_>>()
        };
        let heard = shards.iter().flat_map(heard).collect();
        Self { clients, shards, deviations, heard }
    }

    /// Whether it is known what a publisher sent.
    pub(super) fn is_known(&self, sender: u32) -> bool {
        let Some(shard) = self.clients.shard(sender) else { return false };
        let Some(rooms) = self.shards.get(&shard) else { return true };
        rooms.senders_not_kept == 0 || self.deviations.contains_key(&sender)
    }

    /// The parts of a range that a publisher sent.
    pub(super) fn sent(&self, sender: u32, range: Range<u32>) -> Vec<Range<u32>> {
        let Some(deviation) = self.deviations.get(&sender) else { return vec![range] };
        let end = range.end.min(deviation.due);
        let (mut sent, mut start) = (Vec::new(), range.start);
        for dropped in deviation.dropped.iter().map(|dropped| dropped.range()) {
            if dropped.end <= start {
                continue;
            }
            if dropped.start >= end {
                break;
            }
            sent.push(start..dropped.start.max(start));
            start = dropped.end;
        }
        sent.push(start..end.max(start));
        sent.retain(|part| !part.is_empty());
        sent
    }

    /// The fates of deliveries that are open.
    pub(super) fn parts(&self, open: &OpenDeliveries) -> Vec<FatePart> {
        let sent = self.sent(open.sender, open.sequences.range());
        let Some(end) = self.deviations.get(&open.sender).and_then(|deviation| deviation.end) else {
            return sent.into_iter().map(|numbers| FatePart { numbers, fate: open.fate }).collect();
        };
        let SenderEndRecord { before, by_plan } = end;
        let heard = self.heard_end(open.sender, open.room).min(before);
        let in_doubt = match (open.fate, by_plan) {
            // Where the receiver's connection ended too, that counts.
            (MissingFate::Lost, false) => MissingFate::Undetermined,
            (MissingFate::Lost, true) => MissingFate::UndeterminedByPlan,
            (fate, _) => fate,
        };
        let parts = sent.into_iter().flat_map(|Range { start, end }| {
            let [heard, before] = [heard, before].map(|number| number.clamp(start, end));
            [(start..heard, open.fate), (heard..before, in_doubt), (before..end, open.fate)]
        });
        parts.filter(|(numbers, _)| !numbers.is_empty()).map(|(numbers, fate)| FatePart { numbers, fate }).collect()
    }

    /// The end of what came of a publisher to a receiver of any shard.
    fn heard_end(&self, sender: u32, room: u32) -> u32 {
        let of_shard = |(shard, rooms): (&u32, &&CutRooms)| match self.heard.get(&(*shard, sender)) {
            Some(&end) => end,
            // Everything that the plan has came, if that is known.
            None if rooms.heard_not_kept == 0 && has_room(rooms, room) => u32::MAX,
            None => 0,
        };
        self.shards.iter().map(of_shard).max().unwrap_or(0)
    }
}

/// Whether a shard has clients in a room.
fn has_room(rooms: &CutRooms, room: u32) -> bool {
    let after = rooms.rooms.partition_point(|range| range.first <= room);
    after.checked_sub(1).is_some_and(|before| rooms.rooms[before].range().contains(&room))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NumberRange;

    #[test]
    fn what_was_dropped_or_not_due_was_not_sent() {
        let dropped = [(2, 1), (5, 3)].map(|(first, numbers)| NumberRange { first, numbers }).to_vec();
        let rooms = CutRooms {
            senders: vec![SenderDeviation { sender: 7, due: 10, dropped, end: None }],
            ..CutRooms::default()
        };
        let clients = ClientsOfShards::default();
        let senders = Senders::of(&clients, [(1, &rooms)].into_iter());
        assert_eq!(senders.sent(7, 0..20), [0..2, 3..5, 8..10]);
        assert_eq!(senders.sent(7, 6..9), vec![Range { start: 8, end: 9 }]);
        assert!(senders.sent(7, 5..8).is_empty());
        assert!(senders.sent(7, 10..20).is_empty());
        assert_eq!(senders.sent(8, 3..4), vec![Range { start: 3, end: 4 }]);
    }
}
