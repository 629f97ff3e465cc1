//! The fate of what did not come.

use std::ops::Range;

use super::{
    RoomHere, RoomLedger,
    exchange::range,
    presence::SpanKind,
    receiver::{ReceiverResponses, ReceiverState},
    sender::{Sender, SentPart},
    shards::{OpenRow, ShardOutcome},
};
use crate::{
    ledger::{Fate, Ranges},
    rooms::{ArrivalRecord, MissingDeliveries, RoomSink, SenderFates},
};

/// What became of the deliveries to the members of a room that one worker has, in the measured
/// phase. Counts of several workers add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomCounts {
    /// Number of the room.
    pub room: u32,
    /// Messages that clients of the worker sent there.
    pub sent: u64,
    /// Deliveries that came whole.
    pub matched: u64,
    /// Deliveries that did not come.
    pub lost: u64,
    /// Deliveries that came, but not whole.
    pub damaged: u64,
    /// Deliveries of which nobody knows whether they would have come.
    pub undetermined: u64,
    /// Deliveries of which nobody knows it because of what the plan ended.
    pub undetermined_by_plan: u64,
    /// Of those that came whole: in a later session of the receiver than they were due in, or due
    /// while it was away.
    pub replayed: u64,
    /// Of those that did not come: due while the receiver was away.
    pub lost_away: u64,
    /// Deliveries that came again.
    pub duplicated: u64,
    /// Deliveries that a later message of their sender overtook.
    pub reordered: u64,
    /// Messages of other rooms that came to its members.
    pub misrouted: u64,
    /// Of those that came whole: from a client of another shard.
    pub across_shards: u64,
}

/// What a worker knows of its rooms at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomOutcome {
    /// Senders whose messages did not come whole to everyone.
    pub fates: Vec<SenderFates>,
    /// Rooms with a member here.
    pub rooms: Vec<RoomCounts>,
    /// Receivers to which something came in the measured phase.
    pub receivers: Vec<ReceiverResponses>,
    /// What a merge of all shards must know, if there are others.
    pub shard: ShardOutcome,
}

/// Messages of a sender in a row that did not come to a receiver in time.
#[derive(Debug)]
struct Missing {
    numbers: Range<u32>,
    fate: Fate,
    while_away: bool,
    /// Another shard may know more. So this is the fate only if the server had them.
    open: bool,
}

impl RoomCounts {
    pub(super) fn new(room: u32) -> Self {
        Self { room, ..Self::default() }
    }

    /// Deliveries that must come.
    pub fn expected(&self) -> u64 {
        self.matched + self.lost + self.damaged + self.undetermined + self.undetermined_by_plan
    }
}

impl RoomLedger {
    /// Gives each delivery that did not come its fate. Takes the records of all workers, its own
    /// among them. If the drain was `cut_short`, what is missing might still have come.
    pub fn settle<'r>(
        &mut self,
        records: impl IntoIterator<Item = &'r ArrivalRecord>,
        cut_short: bool,
        sink: &mut impl RoomSink,
    ) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        for record in records {
            let Some(index) = self.index_of(record.sender) else { continue };
            let sender = &mut self.senders[index];
            record.ended.iter().for_each(|&end| sender.add_end(end));
            sender.learn_heard(record.heard.iter().copied());
            sender.highest = sender.highest.max(record.highest);
        }
        for room in 0..self.rooms.len() {
            self.learn_heard_here(room);
        }
        for slot in 0..self.receivers.len() {
            self.settle_receiver(slot, cut_short, sink);
        }
        self.outstanding = 0;
        let Some(timetable) = &self.timetable else { return };
        for room in &self.rooms {
            for sender in &mut self.senders[range(&room.senders)] {
                for open in sender.open.take() {
                    sink.heard(sender.heard(timetable, open), room.cut);
                }
            }
        }
    }

    /// Learns how much of the sessions of senders that ended came to the receivers here. Of rooms
    /// that are cut, records tell it.
    fn learn_heard_here(&mut self, room: usize) {
        let room = &self.rooms[room];
        for place in (0..room.senders.end - room.senders.start).filter(|_| !room.cut) {
            let heard = self.heard(room, place);
            self.senders[(room.senders.start + place) as usize].learn_heard(heard);
        }
    }

    fn settle_receiver(&mut self, slot: usize, cut_short: bool, sink: &mut impl RoomSink) {
        let receiver = &self.receivers[slot];
        let Some(room) = self.rooms.get(receiver.room as usize) else { return };
        if matches!(receiver.state, ReceiverState::Absent | ReceiverState::Settled) {
            return;
        }
        let mut any = false;
        for place in 0..room.senders.end - room.senders.start {
            let missing = self.missing_of(slot, place, cut_short, usize::MAX);
            any |= !missing.is_empty();
            self.missed(slot, place, missing, sink);
        }
        if any {
            self.receivers[slot].state = ReceiverState::Settled;
        }
    }

    /// What did not come of the sender in this place to a receiver that must hear it, and what came
    /// too late, with its fates. Looks at the oldest `spans` of the receiver's presence.
    fn missing_of(&self, slot: usize, place: u32, cut_short: bool, spans: usize) -> Vec<Missing> {
        let receiver = &self.receivers[slot];
        let sender = &self.senders[(self.rooms[receiver.room as usize].senders.start + place) as usize];
        let pair = &self.received[receiver.first + place as usize];
        let mut all = Vec::new();
        let Some(timetable) = self.timetable.as_ref().filter(|_| receiver.must_hear(sender)) else { return all };
        let late = receiver.late(place).filter(|_| !receiver.durable);
        let owed_from = self.owed_from(receiver, sender, pair);
        let cut_by_shards = self.rooms[receiver.room as usize].cut_by_shards;
        for span in receiver.hearing(sender, timetable).take(spans) {
            let within = span.numbers.start.max(owed_from)..span.numbers.end.min(sender.next);
            let end = receiver.end_of(span.kind, cut_short);
            // In the order of the sender, what is below came or will not come any more.
            let reached = end.filter(|_| receiver.keeps_order && !cut_short).and_then(|_| {
                let heard = if receiver.durable { 0..u32::MAX } else { span.numbers };
                in_time(late, heard).filter_map(|numbers| pair.highest_in(numbers)).max()
            });
            let fate = |doubt: Option<bool>, is_reached: bool| match (end.filter(|_| !is_reached), doubt) {
                (None, None) => Fate::Lost,
                (Some(by_plan), _) | (None, Some(by_plan)) if by_plan => Fate::UndeterminedByPlan,
                _ => Fate::Undetermined,
            };
            let while_away = span.kind == SpanKind::Away;
            for sent in pair.missing(within.clone()).flat_map(|missing| sender.sent_of(missing)) {
                for part in sender.parts(sent) {
                    let SentPart { numbers, doubt } = part;
                    let reached = reached.map_or(0, |highest| highest.saturating_add(1));
                    let cut = reached.clamp(numbers.start, numbers.end);
                    for (numbers, is_reached) in [(numbers.start..cut, true), (cut..numbers.end, false)] {
                        let in_doubt = doubt.is_some() && (is_reached || end.is_none());
                        let open = cut_by_shards && (sender.other_shard || in_doubt);
                        let doubt = doubt.filter(|_| !open);
                        all.push(Missing { numbers, fate: fate(doubt, is_reached), while_away, open });
                    }
                }
            }
            let late = late.into_iter().flat_map(Ranges::iter);
            let late = late.map(|late| late.start.max(within.start)..late.end.min(within.end));
            for numbers in late.filter(|late| !late.is_empty()).flat_map(|late| sender.sent_of(late)) {
                all.push(Missing { numbers, fate: fate(None, false), while_away, open: false });
            }
        }
        all.retain(|missing| !missing.numbers.is_empty());
        all
    }

    /// Messages of the sender in this place did not come to a receiver.
    fn missed(&mut self, slot: usize, place: u32, missing: Vec<Missing>, sink: &mut impl RoomSink) {
        let Some(timetable) = &self.timetable else { return };
        let receiver = &self.receivers[slot];
        let room = &mut self.rooms[receiver.room as usize];
        let sender = &mut self.senders[(room.senders.start + place) as usize];
        for Missing { numbers: Range { start, end }, fate, while_away, open } in missing {
            // Each part belongs to one phase.
            let from = sender.measured_from.clamp(start, end);
            for (numbers, is_measured) in [(start..from, false), (from..end, true)] {
                if numbers.is_empty() {
                    continue;
                }
                let due = sender.due(timetable, numbers.start);
                if let Some(shard) = self.shard.as_mut().filter(|_| open) {
                    let group = u32::try_from(self.membership.group(receiver.client)).unwrap_or(u32::MAX);
                    let (sender, receiver) = (sender.client, receiver.client);
                    let (measured, receivers) = (is_measured, 1);
                    shard.add_open(OpenRow {
                        sender,
                        sequences: numbers,
                        measured,
                        fate,
                        group,
                        receivers,
                        receiver,
                        due,
                    });
                    continue;
                }
                let deliveries = if is_measured { u64::from(numbers.end - numbers.start) } else { 0 };
                let rare = sender.rare();
                let (all, count) = match fate {
                    Fate::Lost | Fate::Damaged => (&mut rare.lost, &mut room.counts.lost),
                    Fate::Undetermined => (&mut rare.undetermined, &mut room.counts.undetermined),
                    Fate::UndeterminedByPlan => (&mut rare.undetermined_by_plan, &mut room.counts.undetermined_by_plan),
                };
                all.insert_all(numbers.clone());
                *count += deliveries;
                if fate == Fate::Lost && while_away {
                    room.counts.lost_away += deliveries;
                }
                let (receiver, sender) = (receiver.client, sender.client);
                let sequences = numbers.start.into()..numbers.end.into();
                sink.missing(fate, MissingDeliveries { receiver, sender, sequences, due, while_away });
            }
        }
    }

    /// Forgets the oldest session of a receiver. What did not come of it has its fate now, as far
    /// as it is known what was sent.
    pub(super) fn forget_oldest(&mut self, slot: usize, sink: &mut impl RoomSink) {
        let receiver = &mut self.receivers[slot];
        if receiver.durable {
            // Nothing is settled before the drain. The session counts as a part of an absence.
            return receiver.past.iter_mut().for_each(|past| past.forget_second());
        }
        let senders = self.rooms[receiver.room as usize].senders.clone();
        for place in 0..senders.end - senders.start {
            let missing = self.missing_of(slot, place, false, 1);
            self.missed(slot, place, missing, sink);
        }
        let (receiver, Some(timetable)) = (&mut self.receivers[slot], &self.timetable) else { return };
        let Some(mut past) = receiver.past.take() else { return };
        let next = past.all.get(1).map_or(receiver.joined, |session| session.joined);
        let before = |place: u32| self.senders[(senders.start + place) as usize].due_before(timetable, next);
        past.forget_oldest(before);
        receiver.past = Some(past);
        for (place, pair) in (0..senders.end - senders.start).zip(&mut self.received[receiver.first..]) {
            pair.forget_below(before(place));
        }
    }

    /// Messages of the measured phase that clients here sent to a room.
    fn sent_to(&self, room: &RoomHere) -> u64 {
        let senders = &self.senders[range(&room.senders)];
        let sent = senders.iter().filter(|sender| sender.is_here).flat_map(|sender| {
            let measured = sender.measured_from.min(sender.next)..sender.next;
            sender.sent_of(measured)
        });
        sent.map(|range| u64::from(range.end - range.start)).sum()
    }

    /// What is merged over the workers. Call it when nothing more can come.
    pub fn finish(mut self) -> RoomOutcome {
        let shard = self.shard_outcome();
        let receivers = self.receivers.iter().filter(|receiver| receiver.deliveries > 0);
        let receivers = receivers.map(|receiver| ReceiverResponses {
            receiver: receiver.client,
            deliveries: receiver.deliveries,
            sum: receiver.response,
        });
        RoomOutcome {
            fates: self.senders.iter().filter_map(Sender::fates).collect(),
            rooms: self.rooms.iter().map(|room| RoomCounts { sent: self.sent_to(room), ..room.counts }).collect(),
            receivers: receivers.collect(),
            shard,
        }
    }
}

/// The parts of a range without what came late.
fn in_time(late: Option<&Ranges>, range: Range<u32>) -> impl Iterator<Item = Range<u32>> {
    let (all, parts) = match late {
        Some(late) => (None, Some(late.gaps(range))),
        None => (Some(range), None),
    };
    all.into_iter().chain(parts.into_iter().flatten())
}
