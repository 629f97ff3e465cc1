//! What workers tell each other once the load is over.

use std::ops::Range;

use super::{RoomLedger, receiver::ReceiverState};
use crate::{
    ledger::Received,
    plan::OwnCopy,
    rooms::{ArrivalRecord, RoomSink, SenderRecord, ledger::sender::Sender},
};

impl RoomLedger {
    /// What was due of the publishers here, for the other workers that have members of their rooms.
    /// Call it once nothing more will be sent.
    pub fn sender_records(&self) -> Vec<SenderRecord> {
        let records = self.cut_senders().filter(|sender| sender.is_here).map(|sender| SenderRecord {
            sender: sender.client,
            due: sender.next,
            dropped: sender.any_rare().map(|rare| rare.dropped.clone()).unwrap_or_default(),
        });
        records.collect()
    }

    /// The drain begins. Takes the records of all workers, its own among them, and returns what is
    /// [outstanding](Self::outstanding).
    ///
    /// A sender without a record stays unknown: nothing is outstanding or missing of it. Workers
    /// that are stopped may not wait for all.
    ///
    /// Until now a message of another worker's client counted as sent if it was due. One that came
    /// and was dropped is told to [`RoomSink::never_sent`].
    pub fn begin_drain<'r>(
        &mut self,
        records: impl IntoIterator<Item = &'r SenderRecord>,
        sink: &mut impl RoomSink,
    ) -> u64 {
        for record in records {
            if let Some(index) = self.index_of(record.sender)
                && !self.senders[index].is_known
            {
                self.learn(index, record, sink);
            }
        }
        self.draining = true;
        let present = |slot: &usize| self.receivers[*slot].state == ReceiverState::Present;
        self.outstanding = (0..self.receivers.len()).filter(present).map(|slot| self.missing_at(slot)).sum();
        self.outstanding
    }

    /// What came from the publishers of rooms that other workers have members of, too. Call it once
    /// nothing more is waited for.
    pub fn arrival_records(&self) -> Vec<ArrivalRecord> {
        let record =
            |sender: &Sender| ArrivalRecord { sender: sender.client, highest: sender.highest, ended: sender.ended };
        self.cut_senders().map(record).collect()
    }

    fn cut_senders(&self) -> impl Iterator<Item = &Sender> {
        self.rooms.iter().filter(|room| room.cut).flat_map(|room| &self.senders[range(&room.senders)])
    }

    /// The index of a publisher of a room that has members here.
    pub(super) fn index_of(&self, client: u32) -> Option<usize> {
        let number = self.membership.publisher_number(client)?;
        let room = &self.rooms[*self.here.get(&self.membership.room(client)?)?];
        Some((room.senders.start + number - room.first_publisher) as usize)
    }

    /// Learns what a client of another worker has sent.
    fn learn(&mut self, index: usize, record: &SenderRecord, sink: &mut impl RoomSink) {
        let sender = &mut self.senders[index];
        (sender.next, sender.is_known) = (record.due, true);
        if record.due < sender.planned() {
            let planned = sender.planned();
            self.never_sent(index, record.due..planned, sink);
        }
        for gap in record.dropped.iter() {
            self.never_sent(index, gap, sink);
        }
        if !record.dropped.is_empty() {
            self.senders[index].rare().dropped = record.dropped.clone();
        }
    }

    /// Messages in a row were never sent. Finds those that came all the same.
    fn never_sent(&mut self, index: usize, gap: Range<u32>, sink: &mut impl RoomSink) {
        let Some(timetable) = &self.timetable else { return };
        let sender = &mut self.senders[index];
        let room = &mut self.rooms[self.here[&self.membership.room(sender.client).unwrap_or_default()]];
        let place = index - room.senders.start as usize;
        for &slot in &self.slots[range(&room.slots)] {
            let receiver = &mut self.receivers[slot as usize];
            let pair = &self.received[receiver.first + place];
            let before = sender.due_before(timetable, receiver.joined);
            for sequence in came(pair, gap.start.max(before)..gap.end) {
                if sender.any_rare().is_some_and(|rare| rare.damaged.contains(sequence)) {
                    continue;
                }
                let due = sender.due(timetable, sequence);
                if sequence >= sender.measured_from {
                    room.counts.matched -= 1;
                }
                sink.never_sent(sender.delivery(receiver.client, sequence, due));
            }
        }
        sender.forget_open(&gap);
    }

    /// Deliveries that have not come to a receiver.
    pub(super) fn missing_at(&self, slot: usize) -> u64 {
        self.missing_of(slot).map(|(_, missing)| u64::from(missing.end - missing.start)).sum()
    }

    /// What has not come to a receiver and was sent while it was in its room: indices of senders,
    /// and ranges of sequences.
    pub(super) fn missing_of(&self, slot: usize) -> impl Iterator<Item = (usize, Range<u32>)> {
        let receiver = &self.receivers[slot];
        let senders = self.rooms.get(receiver.room as usize).map(|room| range(&room.senders)).unwrap_or_default();
        let first = senders.start;
        senders.flat_map(move |index| {
            let sender = &self.senders[index];
            let must = sender.client != receiver.client || sender.own == OwnCopy::Expect;
            let due = if must { sender.next } else { 0 };
            let missing = self.received[receiver.first + index - first].missing(0..due);
            missing.flat_map(|missing| sender.sent_of(missing)).map(move |missing| (index, missing))
        })
    }
}

/// The numbers of `within` that came.
fn came(pair: &Received, within: Range<u32>) -> impl Iterator<Item = u32> {
    let end = within.end.min(pair.highest().map_or(0, |highest| highest.saturating_add(1)));
    (within.start..end).filter(|&number| pair.contains(number))
}

fn range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}
