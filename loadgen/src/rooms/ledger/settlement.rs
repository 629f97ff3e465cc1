//! The fate of what did not come.

use super::{
    RoomHere, RoomLedger,
    receiver::{ReceiverResponses, ReceiverState},
    sender::Sender,
};
use crate::{
    ledger::Fate,
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
    /// Deliveries that came again.
    pub duplicated: u64,
    /// Deliveries that a later message of their sender overtook.
    pub reordered: u64,
    /// Messages of other rooms that came to its members.
    pub misrouted: u64,
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
}

impl RoomCounts {
    pub(super) fn new(room: u32) -> Self {
        Self { room, ..Self::default() }
    }

    /// Deliveries that must come.
    pub fn expected(&self) -> u64 {
        self.matched + self.lost + self.damaged + self.undetermined
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
            sender.ended |= record.ended;
            sender.highest = sender.highest.max(record.highest);
        }
        for slot in 0..self.receivers.len() {
            self.settle_receiver(slot, cut_short, sink);
        }
        self.outstanding = 0;
        let Some(timetable) = &self.timetable else { return };
        for room in &self.rooms {
            for sender in &mut self.senders[room.senders.start as usize..room.senders.end as usize] {
                for open in sender.open.take() {
                    sink.heard(sender.heard(timetable, open), room.cut);
                }
            }
        }
    }

    fn settle_receiver(&mut self, slot: usize, cut_short: bool, sink: &mut impl RoomSink) {
        let ended = match self.receivers[slot].state {
            ReceiverState::Absent | ReceiverState::Settled => return,
            ReceiverState::Present => cut_short,
            ReceiverState::Ended => true,
        };
        let missing: Vec<_> = self.missing_of(slot).collect();
        for (index, missing) in &missing {
            let sender = &self.senders[*index];
            // What nobody heard of a sender that is gone may never have left it.
            let told =
                if sender.ended { sender.highest.map_or(0, |highest| highest.saturating_add(1)) } else { u32::MAX };
            let lost_end = if ended { 0 } else { told };
            let lost = missing.start..missing.end.min(lost_end);
            let undetermined = missing.start.max(lost_end)..missing.end;
            for (fate, range) in [(Fate::Lost, lost), (Fate::Undetermined, undetermined)] {
                let from = self.senders[*index].measured_from;
                for part in [range.start..range.end.min(from), range.start.max(from)..range.end] {
                    if !part.is_empty() {
                        self.missed(slot, *index, fate, part, sink);
                    }
                }
            }
        }
        if !missing.is_empty() {
            self.receivers[slot].state = ReceiverState::Settled;
        }
    }

    /// Messages in a row did not come. All belong to one phase.
    fn missed(
        &mut self,
        slot: usize,
        index: usize,
        fate: Fate,
        missing: std::ops::Range<u32>,
        sink: &mut impl RoomSink,
    ) {
        let Some(timetable) = &self.timetable else { return };
        let (sender, receiver) = (&mut self.senders[index], &self.receivers[slot]);
        let due = sender.due(timetable, missing.start);
        let measured = missing.start >= sender.measured_from;
        let counts = &mut self.rooms[receiver.room as usize].counts;
        let rare = sender.rare();
        let (all, count) = match fate {
            Fate::Lost => (&mut rare.lost, &mut counts.lost),
            _ => (&mut rare.undetermined, &mut counts.undetermined),
        };
        all.insert_all(missing.clone());
        if measured {
            *count += u64::from(missing.end - missing.start);
        }
        let sequences = missing.start.into()..missing.end.into();
        sink.missing(fate, MissingDeliveries { receiver: receiver.client, sender: sender.client, sequences, due });
    }

    /// Messages of the measured phase that clients here sent to a room.
    fn sent_to(&self, room: &RoomHere) -> u64 {
        let senders = &self.senders[room.senders.start as usize..room.senders.end as usize];
        let sent = senders.iter().filter(|sender| sender.is_here).flat_map(|sender| {
            let measured = sender.measured_from.min(sender.next)..sender.next;
            sender.sent_of(measured)
        });
        sent.map(|range| u64::from(range.end - range.start)).sum()
    }

    /// What is merged over the workers. Call it when nothing more can come.
    pub fn finish(self) -> RoomOutcome {
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
        }
    }
}
