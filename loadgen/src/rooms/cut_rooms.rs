//! What a merge of all shards must know of rooms that they cut.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use reports::model::{
    CutRooms, FateRecord, HeardRecord, MissingFate, NumberRange, OpenDeliveries, SenderDeviation, SenderEndRecord,
};

use super::{Membership, OpenRow, SenderFates, SenderProgress, SenderRecord, ShardOutcome};
use crate::{
    clock::Time,
    ledger::{Fate, Ranges},
};

/// What the workers know of rooms that have clients on other shards.
#[derive(Debug, Default)]
pub struct CutRoomsOfWorkers {
    rooms: BTreeSet<u32>,
    open: BTreeMap<(u32, u32, u32, Fate, u32), OpenRow>,
    open_not_kept: u64,
    /// By client.
    senders: BTreeMap<u32, SenderProgress>,
}

impl CutRoomsOfWorkers {
    /// Adds what a worker knows.
    pub fn take(&mut self, outcome: ShardOutcome) {
        self.rooms.extend(outcome.rooms);
        self.open_not_kept += outcome.open_not_kept;
        for row in outcome.open {
            match self.open.entry(row.key()) {
                Entry::Vacant(entry) => _ = entry.insert(row),
                Entry::Occupied(mut entry) => entry.get_mut().add(&row),
            }
        }
        for progress in outcome.senders {
            match self.senders.entry(progress.sender) {
                Entry::Vacant(entry) => _ = entry.insert(progress),
                Entry::Occupied(mut entry) => {
                    let known = entry.get_mut();
                    known.heard = known.heard.max(progress.heard);
                    known.sent = known.sent.take().or(progress.sent);
                }
            }
        }
    }

    /// Whether a client of another shard sent these.
    pub fn is_of_other_shard(&self, sender: u32) -> bool {
        self.senders.get(&sender).is_some_and(|progress| progress.sent.is_none())
    }

    /// The record for a result; none without rooms that shards cut. The measured phase began at
    /// `measured_from`. `fates` are those of all senders, over all workers.
    pub fn into_record(
        self,
        membership: &Membership,
        fates: &[SenderFates],
        measured_from: Time,
    ) -> Option<Box<CutRooms>> {
        if self.rooms.is_empty() {
            return None;
        }
        let mut record = CutRooms { open_not_kept: self.open_not_kept, ..CutRooms::default() };
        let mut numbers = Ranges::default();
        self.rooms.iter().for_each(|&room| _ = numbers.insert(room));
        keep(&mut record.rooms, &mut record.rooms_not_kept, ranges(&numbers), |range| range.numbers.into());
        let room = |sender| membership.room(sender).unwrap_or_default();
        let open = self.open.into_values().filter_map(|row| open(&row, room(row.sender), measured_from));
        keep(&mut record.open, &mut record.open_not_kept, open, |row| {
            u64::from(row.sequences.numbers) * u64::from(row.receivers)
        });
        let deviations =
            self.senders.values().filter_map(|progress| deviation(progress.planned, progress.sent.as_ref()?));
        keep_senders(&mut record, deviations);
        let heard = self.senders.values().filter(|progress| progress.heard < progress.planned);
        let heard = heard.map(|progress| HeardRecord { sender: progress.sender, end: progress.heard });
        keep(&mut record.heard, &mut record.heard_not_kept, heard, |_| 1);
        let in_cut_room = |fates: &&SenderFates| self.senders.contains_key(&fates.sender);
        let fates = fates.iter().filter(in_cut_room).flat_map(|fates| of_sender(fates, room(fates.sender)));
        keep(&mut record.fates, &mut record.fates_not_kept, fates, |row| row.sequences.numbers.into());
        Some(Box::new(record))
    }
}

/// Keeps the first of a list, and counts the others.
fn keep<T>(kept: &mut Vec<T>, not_kept: &mut u64, all: impl Iterator<Item = T>, number: impl Fn(&T) -> u64) {
    for item in all {
        if kept.len() < CutRooms::KEPT {
            kept.push(item);
        } else {
            *not_kept += number(&item);
        }
    }
}

/// Keeps the first senders, as long as all of them together have few enough ranges.
fn keep_senders(record: &mut CutRooms, all: impl Iterator<Item = SenderDeviation>) {
    let mut left = CutRooms::KEPT;
    for sender in all {
        match left.checked_sub(1 + sender.dropped.len()) {
            Some(rest) => {
                left = rest;
                record.senders.push(sender);
            }
            None => record.senders_not_kept += 1,
        }
    }
}

fn ranges(numbers: &Ranges) -> impl Iterator<Item = NumberRange> {
    numbers.iter().filter_map(NumberRange::of)
}

fn open(row: &OpenRow, room: u32, measured_from: Time) -> Option<OpenDeliveries> {
    let [due, from] = [row.due, measured_from].map(|time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX));
    Some(OpenDeliveries {
        sender: row.sender,
        room,
        sequences: NumberRange::of(row.sequences.clone())?,
        measured: row.measured,
        fate: fate(row.fate),
        group: row.group,
        receivers: row.receivers,
        receiver: row.receiver,
        due_ns: due.saturating_sub(from),
    })
}

fn fate(fate: Fate) -> MissingFate {
    match fate {
        Fate::Lost => MissingFate::Lost,
        Fate::Damaged => MissingFate::Damaged,
        Fate::Undetermined => MissingFate::Undetermined,
        Fate::UndeterminedByPlan => MissingFate::UndeterminedByPlan,
    }
}

/// What a sender did otherwise than planned, if anything.
fn deviation(planned: u32, sent: &SenderRecord) -> Option<SenderDeviation> {
    let end = sent.ends.last().map(|end| SenderEndRecord { before: end.before, by_plan: end.by_plan });
    let deviates = sent.due < planned || !sent.dropped.is_empty() || end.is_some();
    let dropped = ranges(&sent.dropped).collect();
    deviates.then_some(SenderDeviation { sender: sent.sender, due: sent.due, dropped, end })
}

/// The messages of a sender that did not come whole to everyone here.
fn of_sender(fates: &SenderFates, room: u32) -> Vec<FateRecord> {
    let SenderFates { sender, measured_from, lost, damaged, undetermined, undetermined_by_plan } = fates;
    let all = [
        (MissingFate::Lost, lost),
        (MissingFate::Damaged, damaged),
        (MissingFate::Undetermined, undetermined),
        (MissingFate::UndeterminedByPlan, undetermined_by_plan),
    ];
    let rows = all.into_iter().flat_map(|(fate, numbers)| numbers.iter().map(move |range| (fate, range)));
    let rows = rows.flat_map(|(fate, range)| {
        let from = (*measured_from).clamp(range.start, range.end);
        [(fate, false, range.start..from), (fate, true, from..range.end)]
    });
    rows.filter_map(|(fate, measured, range)| {
        Some(FateRecord { sender: *sender, room, sequences: NumberRange::of(range)?, measured, fate })
    })
    .collect()
}
