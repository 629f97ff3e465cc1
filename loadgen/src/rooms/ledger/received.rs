//! What an event is.

use super::{
    RoomLedger,
    names::{BrokenName, Names},
    receiver::ReceiverState,
    sender::Sender,
    shards::EarlyMessage,
};
use crate::{
    clock::Time,
    ledger::{Arrival, Finding, MessageEvent},
    message::MessageHeader,
    plan::OwnCopy,
    rooms::{Delivery, LawfulEvent, RoomSink},
};

/// An event, and where it came.
#[derive(Clone, Copy)]
struct Came<'a> {
    slot: usize,
    at: Time,
    bytes: &'a [u8],
}

/// A message of the receiver's room.
#[derive(Clone, Copy)]
struct Named {
    /// Index of its sender.
    sender: usize,
    /// The place of its sender in the room.
    place: u32,
    /// Index of what came to the receiver from that sender.
    pair: usize,
    sequence: u32,
    due: Time,
    delivery: Delivery,
}

impl RoomLedger {
    /// Decides what an event is that came at `at` to the client in `slot`.
    #[inline]
    pub fn received(&mut self, slot: usize, event: MessageEvent<'_>, at: Time, sink: &mut impl RoomSink) {
        if self.receivers[slot].state == ReceiverState::Settled {
            return; // What comes too late is not what must come.
        }
        let came = Came { slot, at, bytes: event.bytes };
        match Names::of(event, self.generated) {
            Names::One(header) => self.whole(came, header, sink),
            Names::Nothing => self.unexpected(came, sink),
            Names::WrongType(header) => self.wrong_type(came, header, sink),
            Names::Several { whole, broken } => self.several(came, whole, &broken, sink),
        }
    }

    /// Decides what events are that came before the load began here, and that clients of other
    /// shards sent. Call it once the load has begun.
    pub fn receive_early(&mut self, sink: &mut impl RoomSink) {
        for EarlyMessage { slot, header, at, bytes } in self.take_early() {
            self.whole(Came { slot, at, bytes: &bytes }, header, sink);
        }
    }

    /// An event that holds one message.
    #[inline]
    fn whole(&mut self, came: Came<'_>, header: MessageHeader, sink: &mut impl RoomSink) {
        let Some(named) = self.named(came, header) else { return self.foreign(came, header, sink) };
        let receiver = &self.receivers[came.slot];
        if named.due < receiver.joined {
            return self.before_session(came, named, sink);
        }
        if let Some(overtaken) = self.new_copy(came, named, sink) {
            self.matched(came, named, overtaken, sink);
        }
    }

    /// A copy of a message that must come to the receiver. Returns whether a later message of its
    /// sender overtook it, if it is the first copy and a delivery.
    #[inline]
    fn new_copy(&mut self, came: Came<'_>, named: Named, sink: &mut impl RoomSink) -> Option<bool> {
        let sender = &mut self.senders[named.sender];
        let own = (sender.client == named.delivery.receiver).then_some(sender.own);
        if own == Some(OwnCopy::Refuse) {
            self.unexpected(came, sink);
            return None;
        }
        let pair = &mut self.received[named.pair];
        if let Some(end) = sender.end_of_gap(pair.contiguous_end()) {
            pair.forget_below(end);
        }
        let Arrival::New { overtaken } = pair.insert(named.sequence) else {
            self.duplicated(came, named, sink);
            return None;
        };
        sender.highest = sender.highest.max(Some(named.sequence));
        if own == Some(OwnCopy::Allow) {
            sink.lawful(LawfulEvent::OwnCopy, named.delivery, came.at);
            return None;
        }
        Some(overtaken)
    }

    /// A message that was due before the receiver's session began.
    #[cold]
    fn before_session(&mut self, came: Came<'_>, named: Named, sink: &mut impl RoomSink) {
        let receiver = &self.receivers[came.slot];
        let (durable, session) = (receiver.durable, receiver.past.as_ref().and_then(|past| past.at(named.due)));
        let must_come = if durable { named.due >= receiver.first_joined() } else { session.is_some() };
        if !must_come || receiver.state != ReceiverState::Present {
            return sink.lawful(LawfulEvent::History, named.delivery, came.at);
        }
        let Some(overtaken) = self.new_copy(came, named, sink) else { return };
        let receiver = &mut self.receivers[came.slot];
        if let Some(past) = receiver.past.as_mut().filter(|_| session.is_some()) {
            past.came_late(named.place, named.sequence);
        }
        if durable {
            self.replayed(came, named, overtaken, sink);
        } else {
            sink.lawful(LawfulEvent::Late, named.delivery, came.at);
        }
    }

    /// A message came that was due while the receiver was away, or in flight when it left.
    fn replayed(&mut self, came: Came<'_>, named: Named, overtaken: bool, sink: &mut impl RoomSink) {
        let receiver = &self.receivers[came.slot];
        let counts = &mut self.rooms[receiver.room as usize].counts;
        let overtaken = overtaken && receiver.keeps_order;
        if named.sequence >= self.senders[named.sender].measured_from {
            counts.matched += 1;
            counts.replayed += 1;
            counts.reordered += u64::from(overtaken);
        }
        self.outstanding = self.outstanding.saturating_sub(self.draining.into());
        sink.replayed(named.delivery, came.at, overtaken);
    }

    /// The message that a whole name names, if it is of the receiver's room and was sent.
    #[inline]
    fn named(&mut self, came: Came<'_>, header: MessageHeader) -> Option<Named> {
        if header.run != self.run {
            return None;
        }
        self.in_room(came, header.client, header.sequence)
    }

    /// Message `sequence` of `client`, if it is of the receiver's room and was sent.
    #[inline]
    fn in_room(&mut self, came: Came<'_>, client: u32, sequence: u64) -> Option<Named> {
        let number = self.membership.publisher_number(client)?;
        let receiver = &self.receivers[came.slot];
        let room = self.rooms.get(receiver.room as usize)?;
        let place = number.checked_sub(room.first_publisher)?;
        let index = room.senders.start.checked_add(place).filter(|index| room.senders.contains(index))? as usize;
        let sender = &mut self.senders[index];
        let (sequence, due) = sender.sent(self.timetable.as_ref()?, sequence, came.at)?;
        let delivery = sender.delivery(receiver.client, sequence, due);
        let pair = receiver.first + place as usize;
        Some(Named { sender: index, place, pair, sequence, due, delivery })
    }

    #[inline]
    fn matched(&mut self, came: Came<'_>, named: Named, overtaken: bool, sink: &mut impl RoomSink) {
        let sender = &mut self.senders[named.sender];
        if sender.other_shard {
            return self.matched_across(came, named, overtaken, sink);
        }
        let receiver = &mut self.receivers[came.slot];
        let room = &mut self.rooms[receiver.room as usize];
        let overtaken = overtaken && receiver.keeps_order;
        if named.sequence >= sender.measured_from {
            room.counts.matched += 1;
            room.counts.reordered += u64::from(overtaken);
            receiver.deliveries += 1;
            receiver.response = receiver.response.saturating_add(came.at.since(named.due));
        }
        self.outstanding = self.outstanding.saturating_sub(self.draining.into());
        sink.matched(named.delivery, came.at, overtaken);
        if sender.client == receiver.client {
            return;
        }
        let (client, joined) = (sender.client, sender.joined);
        let left = || room.hearers(&self.slots, &self.receivers, named.due, (client, joined));
        if let Some(open) = sender.open.heard(named.sequence, came.at, left)
            && let Some(timetable) = &self.timetable
        {
            sink.heard(sender.heard(timetable, open), room.cut);
        }
    }

    /// A message came from another shard. Two clocks can't tell how long it took.
    #[inline(never)]
    fn matched_across(&mut self, came: Came<'_>, named: Named, overtaken: bool, sink: &mut impl RoomSink) {
        let receiver = &self.receivers[came.slot];
        let counts = &mut self.rooms[receiver.room as usize].counts;
        let overtaken = overtaken && receiver.keeps_order;
        if named.sequence >= self.senders[named.sender].measured_from {
            counts.matched += 1;
            counts.across_shards += 1;
            counts.reordered += u64::from(overtaken);
        }
        self.outstanding = self.outstanding.saturating_sub(self.draining.into());
        sink.across_shards(named.delivery, came.at, overtaken);
    }

    /// An event that names no message that the receiver may hear.
    #[cold]
    fn foreign(&mut self, came: Came<'_>, header: MessageHeader, sink: &mut impl RoomSink) {
        if self.is_early(header) && self.keep_early(came.slot, header, came.at, came.bytes) {
            return;
        }
        let receiver = self.receivers[came.slot].client;
        let Some(delivery) = self.elsewhere(came, header) else { return self.unexpected(came, sink) };
        if let Some(room) = self.rooms.get_mut(self.receivers[came.slot].room as usize) {
            room.counts.misrouted += u64::from(self.timetable.as_ref().is_some_and(|t| t.is_measured(delivery.due)));
        }
        let owner = header.client;
        sink.finding(Finding::Misrouted { owner }, receiver, Some(delivery), came.at, came.bytes);
    }

    /// The message of another room that a whole name names, if it was sent as far as that is known.
    fn elsewhere(&mut self, came: Came<'_>, header: MessageHeader) -> Option<Delivery> {
        let number = self.membership.publisher_number(header.client).filter(|_| header.run == self.run)?;
        let receiver = &self.receivers[came.slot];
        let room = self.membership.room(header.client)?;
        if self.rooms.get(receiver.room as usize).is_some_and(|own| own.number == room) {
            return None;
        }
        let timetable = self.timetable.as_ref()?;
        // Of a room with members here, more is known of the sender.
        let (sequence, due) = if let Some(&here) = self.here.get(&room) {
            let here = &self.rooms[here];
            let index = here.senders.start + (number - here.first_publisher);
            self.senders[index as usize].sent(timetable, header.sequence, came.at)?
        } else {
            let mut sender = Sender::new(&self.membership, number);
            sender.begin(timetable);
            sender.other_shard = self.is_of_other_shard(sender.client);
            sender.sent(timetable, header.sequence, came.at)?
        };
        Some(Delivery { receiver: receiver.client, sender: header.client, sequence: sequence.into(), due })
    }

    #[cold]
    fn unexpected(&mut self, came: Came<'_>, sink: &mut impl RoomSink) {
        sink.finding(Finding::Unexpected, self.receivers[came.slot].client, None, came.at, came.bytes);
    }

    #[cold]
    fn duplicated(&mut self, came: Came<'_>, named: Named, sink: &mut impl RoomSink) {
        if named.sequence >= self.senders[named.sender].measured_from {
            self.rooms[self.receivers[came.slot].room as usize].counts.duplicated += 1;
        }
        sink.finding(Finding::Duplicated, named.delivery.receiver, Some(named.delivery), came.at, came.bytes);
    }

    /// An event that is one message, but as text for binary, or the reverse. One that is not in
    /// flight is what it would be otherwise.
    #[cold]
    fn wrong_type(&mut self, came: Came<'_>, header: MessageHeader, sink: &mut impl RoomSink) {
        let named = self.named(came, header).filter(|named| self.is_in_flight(came, *named));
        let Some(named) = named else { return self.whole(came, header, sink) };
        sink.finding(Finding::WrongType, named.delivery.receiver, Some(named.delivery), came.at, came.bytes);
        self.damaged(came, named, sink);
    }

    /// An event that holds several messages, or one that is not whole.
    #[cold]
    fn several(&mut self, came: Came<'_>, whole: Vec<MessageHeader>, broken: &[BrokenName], sink: &mut impl RoomSink) {
        let of_run: Vec<_> = whole.into_iter().filter(|header| header.run == self.run).collect();
        let in_flight: Vec<_> =
            broken.iter().filter_map(|name| self.in_room(came, name.client, name.sequence)).collect();
        let in_flight: Vec<_> = in_flight.into_iter().filter(|named| self.is_in_flight(came, *named)).collect();
        let receiver = self.receivers[came.slot].client;
        if self.receivers[came.slot].batched {
            for header in &of_run {
                self.whole(came, *header, sink);
            }
            for named in &in_flight {
                sink.finding(Finding::Corrupted, receiver, Some(named.delivery), came.at, came.bytes);
                self.damaged(came, *named, sink);
            }
            if of_run.is_empty() && in_flight.is_empty() {
                self.unexpected(came, sink);
            }
            return;
        }
        match (&of_run[..], &in_flight[..]) {
            ([], []) => self.unexpected(came, sink),
            ([one], []) => self.whole(came, *one, sink),
            ([], [named]) => {
                sink.finding(Finding::Corrupted, receiver, Some(named.delivery), came.at, came.bytes);
                self.damaged(came, *named, sink);
            }
            _ => {
                let whole: Vec<_> = of_run.iter().filter_map(|header| self.named(came, *header)).collect();
                let all: Vec<_> = whole.into_iter().chain(in_flight).collect();
                let about = all.first().map(|named| named.delivery);
                sink.finding(Finding::Coalesced, receiver, about, came.at, came.bytes);
                for named in all {
                    self.damaged(came, named, sink);
                }
            }
        }
    }

    /// Whether a message must come to the receiver and has not.
    fn is_in_flight(&self, came: Came<'_>, named: Named) -> bool {
        let (receiver, sender) = (&self.receivers[came.slot], &self.senders[named.sender]);
        let from = if receiver.durable { receiver.first_joined() } else { receiver.joined };
        named.due >= from && receiver.must_hear(sender) && !self.received[named.pair].contains(named.sequence)
    }

    /// A message came damaged to the receiver, if it was in flight to it.
    fn damaged(&mut self, came: Came<'_>, named: Named, sink: &mut impl RoomSink) {
        if !self.is_in_flight(came, named) {
            return;
        }
        self.received[named.pair].insert(named.sequence);
        let sender = &mut self.senders[named.sender];
        let room = &mut self.rooms[self.receivers[came.slot].room as usize];
        sender.highest = sender.highest.max(Some(named.sequence));
        sender.rare().damaged.insert(named.sequence);
        room.counts.damaged += u64::from(named.sequence >= sender.measured_from);
        self.outstanding = self.outstanding.saturating_sub(self.draining.into());
        sink.damaged(named.delivery);
        let receiver = &self.receivers[came.slot];
        if sender.client != receiver.client
            && named.due >= receiver.joined
            && let Some(open) = sender.open.not_heard(named.sequence)
            && let Some(timetable) = &self.timetable
        {
            sink.heard(sender.heard(timetable, open), room.cut);
        }
    }
}
