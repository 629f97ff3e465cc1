//! Merges what the workers know of rooms. A room may have members on several workers and in several
//! groups.

use std::collections::BTreeMap;

use reports::model::{CutRooms, Deliveries, Measurement, RoomRecord, RoomsMeasurement, Tally};

use crate::{
    clock::Time,
    rooms::{
        CutRoomsOfWorkers, FateCounts, Heard, Membership, ReceiverResponses, RoomCounts, SenderFates, merge_fates,
        merge_heard,
    },
    worker::RoomsOutcome,
};

/// What the workers know of rooms.
#[derive(Debug, Default)]
pub(super) struct RoomsOfWorkers {
    fates: Vec<SenderFates>,
    rooms: BTreeMap<u32, RoomCounts>,
    receivers: Vec<ReceiverResponses>,
    heard: Vec<Heard>,
    cut: CutRoomsOfWorkers,
}

impl RoomsOfWorkers {
    /// Adds what a worker knows.
    pub(super) fn take(&mut self, outcome: RoomsOutcome) {
        self.fates.extend(outcome.ledger.fates);
        self.receivers.extend(outcome.ledger.receivers);
        self.heard.extend(outcome.heard.kept);
        self.cut.take(outcome.ledger.shard);
        for part in outcome.ledger.rooms {
            let sum = self.rooms.entry(part.room).or_insert(RoomCounts { room: part.room, ..RoomCounts::default() });
            add(sum, part);
        }
    }

    /// Completes the sums of the groups: with the fates of their messages, and with the times of
    /// messages and receivers. The measured phase began at `measured_from`. Returns the rooms of
    /// the run, and what a merge must know of those that have clients on other shards.
    pub(super) fn complete(
        mut self,
        membership: &Membership,
        measured_from: Time,
        groups: &mut [Measurement],
    ) -> (RoomsMeasurement, Option<Box<CutRooms>>) {
        let with_rooms = groups.iter_mut().enumerate().filter(|(group, _)| membership.has_rooms(*group));
        with_rooms.for_each(|(_, group)| [&mut group.warmup, &mut group.measured].into_iter().for_each(complete));
        let all_fates = merge_fates(self.fates);
        // Those of other shards are counted where they were sent.
        for fates in all_fates.iter().filter(|fates| !self.cut.is_of_other_shard(fates.sender)) {
            let Measurement { warmup, measured, .. } = &mut groups[membership.group(fates.sender)];
            worsen(warmup, fates.warmup());
            worsen(measured, fates.measured());
            if let Some(room) = membership.room(fates.sender).and_then(|room| self.rooms.get_mut(&room)) {
                // Now it is what came to everyone.
                room.sent = room.sent.saturating_sub(fates.measured().all());
            }
        }
        for Heard { sender, due, first, last, .. } in merge_heard(self.heard) {
            let latency = &mut groups[membership.group(sender)].latency;
            if due >= measured_from {
                latency.first.saturating_record(first.since(due));
                latency.last.saturating_record(last.since(due));
            }
        }
        for ReceiverResponses { receiver, deliveries, sum } in self.receivers {
            groups[membership.group(receiver)].latency.receiver.saturating_record(sum / deliveries.max(1));
        }
        let record = |counts: RoomCounts| RoomRecord {
            number: counts.room,
            members: u32::try_from(membership.members(counts.room).len()).unwrap_or(u32::MAX),
            deliveries: Deliveries {
                messages: counts.sent,
                expected: counts.expected(),
                matched: counts.matched,
                lost: counts.lost,
                damaged: counts.damaged,
                undetermined: counts.undetermined,
                undetermined_by_plan: counts.undetermined_by_plan,
                replayed: counts.replayed,
                lost_away: counts.lost_away,
            },
            duplicated: counts.duplicated,
            reordered: counts.reordered,
            misrouted: counts.misrouted,
        };
        let across_shards = self.rooms.values().map(|room| room.across_shards).sum();
        let rooms = RoomsMeasurement::of(self.rooms.into_values().map(record).collect());
        (RoomsMeasurement { across_shards, ..rooms }, self.cut.into_record(membership, &all_fates, measured_from))
    }
}

/// Counts what must have come. As long as nothing else is known, each message came to everyone.
fn complete(tally: &mut Tally) {
    let Deliveries { messages, expected, matched, lost, damaged, undetermined, undetermined_by_plan, .. } =
        &mut tally.deliveries;
    *expected = *matched + *lost + *damaged + *undetermined + *undetermined_by_plan;
    *messages = tally.counts.sent;
    tally.counts.matched = tally.counts.sent;
}

/// Messages did not come whole to everyone.
fn worsen(Tally { counts, deliveries, .. }: &mut Tally, fates: FateCounts) {
    let FateCounts { lost, damaged, undetermined, undetermined_by_plan } = fates;
    counts.lost += lost;
    counts.damaged += damaged;
    counts.undetermined += undetermined;
    counts.undetermined_by_plan += undetermined_by_plan;
    counts.matched = counts.matched.saturating_sub(fates.all());
    deliveries.messages = counts.matched;
}

/// Adds what another worker knows of a room.
fn add(sum: &mut RoomCounts, part: RoomCounts) {
    let RoomCounts { room: _, sent, matched, replayed, lost, lost_away, damaged, .. } = part;
    let RoomCounts { undetermined, undetermined_by_plan, duplicated, reordered, misrouted, across_shards, .. } = part;
    sum.sent += sent;
    sum.matched += matched;
    sum.replayed += replayed;
    sum.lost += lost;
    sum.lost_away += lost_away;
    sum.damaged += damaged;
    sum.undetermined += undetermined;
    sum.undetermined_by_plan += undetermined_by_plan;
    sum.duplicated += duplicated;
    sum.reordered += reordered;
    sum.misrouted += misrouted;
    sum.across_shards += across_shards;
}
