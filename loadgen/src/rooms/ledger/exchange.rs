//! What workers tell each other once the load is over.

use std::ops::Range;

use super::{RoomHere, RoomLedger, presence::SpanKind, receiver::ReceiverState, sender::Sender};
use crate::{
    ledger::Received,
    rooms::{ArrivalRecord, RoomSink, SenderRecord},
};

impl RoomLedger {
    /// What was due of the publishers here, for the other workers that have members of their rooms.
    /// Call it once nothing more will be sent.
    pub fn sender_records(&self) -> Vec<SenderRecord> {
        self.cut_senders().filter(|sender| sender.is_here).map(Sender::record).collect()
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
        self.take_for_sent();
        self.draining = true;
        let present = |slot: &usize| self.receivers[*slot].state == ReceiverState::Present;
        self.outstanding = (0..self.receivers.len()).filter(present).map(|slot| self.missing_at(slot)).sum();
        self.outstanding
    }

    /// What came from the publishers of rooms that other workers have members of, too. Call it once
    /// nothing more is waited for.
    pub fn arrival_records(&self) -> Vec<ArrivalRecord> {
        let cut = self.rooms.iter().filter(|room| room.cut);
        let records = cut.flat_map(|room| {
            let senders = (0..).zip(&self.senders[range(&room.senders)]);
            senders.map(move |(place, sender)| ArrivalRecord {
                sender: sender.client,
                highest: sender.highest,
                heard: self.heard(room, place),
                ended: sender.session_ends().last().filter(|_| sender.is_here),
            })
        });
        records.collect()
    }

    /// Of each session of a sender that ended, the end of what came to a receiver here. The sender
    /// is the one in this place of the room.
    pub(super) fn heard(&self, room: &RoomHere, place: u32) -> Vec<u32> {
        let sender = &self.senders[(room.senders.start + place) as usize];
        let Some(timetable) = &self.timetable else { return Vec::new() };
        let sessions: Vec<Range<u32>> = sender.ended_sessions().collect();
        let mut heard = vec![0; sessions.len()];
        let Some(last) = sessions.last() else { return heard };
        for &slot in &self.slots[range(&room.slots)] {
            let receiver = &self.receivers[slot as usize];
            let pair = &self.received[receiver.first + place as usize];
            // Sessions of sender and receiver ascend, so each is looked at once.
            let mut from = 0;
            for span in receiver.hearing(sender, timetable).take_while(|span| span.numbers.start < last.end) {
                from += sessions[from..].partition_point(|session| session.end <= span.numbers.start);
                let overlapping = sessions[from..].iter().take_while(|session| session.start < span.numbers.end);
                for (session, heard) in overlapping.zip(&mut heard[from..]) {
                    let both = session.start.max(span.numbers.start)..session.end.min(span.numbers.end);
                    *heard = pair.highest_in(both).map_or(*heard, |highest| (*heard).max(highest.saturating_add(1)));
                }
            }
        }
        heard
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
        let sender = &mut self.senders[index];
        if !record.dropped.is_empty() {
            sender.rare().dropped = record.dropped.clone();
        }
        record.ends.iter().for_each(|&end| sender.add_end(end));
    }

    /// Messages in a row were never sent. Finds those that came all the same.
    fn never_sent(&mut self, index: usize, gap: Range<u32>, sink: &mut impl RoomSink) {
        let Some(timetable) = &self.timetable else { return };
        let sender = &self.senders[index];
        let room = &mut self.rooms[self.here[&self.membership.room(sender.client).unwrap_or_default()]];
        let place = index - room.senders.start as usize;
        for &slot in &self.slots[range(&room.slots)] {
            let receiver = &self.receivers[slot as usize];
            let pair = &self.received[receiver.first + place];
            if pair.highest_in(gap.clone()).is_none() {
                continue;
            }
            let late = receiver.late(u32::try_from(place).unwrap_or(u32::MAX));
            for span in receiver.hearing(sender, timetable) {
                let within = gap.start.max(span.numbers.start)..gap.end.min(span.numbers.end);
                for sequence in came(pair, within) {
                    let is_late = late.is_some_and(|late| late.contains(sequence));
                    let is_damaged = sender.any_rare().is_some_and(|rare| rare.damaged.contains(sequence));
                    if is_damaged || (is_late && !receiver.durable) {
                        continue;
                    }
                    let replayed = is_late || span.kind == SpanKind::Away;
                    if sequence >= sender.measured_from {
                        room.counts.matched -= 1;
                        room.counts.replayed -= u64::from(replayed);
                    }
                    let due = timetable.due(sender.group as usize, sender.rank, sequence.into());
                    sink.never_sent(sender.delivery(receiver.client, sequence, due), replayed);
                }
            }
        }
        self.senders[index].forget_open(&gap);
    }

    /// Deliveries that may still come to a receiver that is in its room.
    pub(super) fn missing_at(&self, slot: usize) -> u64 {
        let receiver = &self.receivers[slot];
        let Some(room) = self.rooms.get(receiver.room as usize) else { return 0 };
        let of_sender = |(pair, sender): (&Received, &Sender)| {
            let due = if receiver.must_hear(sender) { sender.next } else { 0 };
            // Where nothing is replayed, what was due in an earlier session is not waited for.
            let from = match (&self.timetable, &receiver.past) {
                (Some(timetable), Some(_)) if !receiver.durable => sender.due_before(timetable, receiver.joined),
                _ => 0,
            };
            let from = self.owed_from(receiver, sender, pair).max(from);
            let missing = pair.missing(from..due).flat_map(|missing| sender.sent_of(missing));
            missing.map(|missing| u64::from(missing.end - missing.start)).sum::<u64>()
        };
        self.received[receiver.first..].iter().zip(&self.senders[range(&room.senders)]).map(of_sender).sum()
    }
}

/// The numbers of `within` that came.
fn came(pair: &Received, within: Range<u32>) -> impl Iterator<Item = u32> {
    let end = within.end.min(pair.highest().map_or(0, |highest| highest.saturating_add(1)));
    (within.start..end).filter(|&number| pair.contains(number))
}

pub(super) fn range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}
