//! What came to the clients of one worker in their rooms, and what they sent.
//!
//! ```text
//! mod.rs         clients join, send and end
//! presence.rs    when a receiver was in its room
//! names.rs       which messages an event names
//! received.rs    what an event is
//! exchange.rs    what workers tell each other once the load is over
//! settlement.rs  the fate of what did not come
//! shards.rs      rooms that have clients on other shards
//! ```

mod exchange;
mod names;
mod open_messages;
mod presence;
mod received;
mod receiver;
mod sender;
mod settlement;
mod shards;

use std::{collections::HashMap, ops::Range, sync::Arc};

pub use self::{
    receiver::ReceiverResponses,
    settlement::{RoomCounts, RoomOutcome},
    shards::{OpenRow, SenderProgress, ShardOutcome},
};
use self::{
    receiver::{Receiver, ReceiverState},
    sender::Sender,
    shards::ShardState,
};
use super::{Membership, RoomSink, Timetable};
use crate::{clock::Time, ledger::Received};

/// Accounts for the deliveries to the clients of one worker. Clients are known by their slots
/// there.
///
/// Takes 16 bytes for each publisher at each receiver, and 24 bytes for each message that has not
/// come to all receivers here.
#[derive(Debug)]
pub struct RoomLedger {
    membership: Arc<Membership>,
    run: u32,
    /// None until the load begins.
    timetable: Option<Timetable>,
    /// By slot. Clients without a room are among them.
    receivers: Box<[Receiver]>,
    /// Rooms with a member here.
    rooms: Box<[RoomHere]>,
    /// The index of each of them by its number.
    here: HashMap<u32, usize>,
    /// The slots of the members of `rooms[0]`, of `rooms[1]`, and so on.
    slots: Box<[u32]>,
    /// The publishers of `rooms[0]`, of `rooms[1]`, and so on.
    senders: Box<[Sender]>,
    /// What came to receiver 0 from each publisher of its room, what came to receiver 1, and so on.
    received: Box<[Received]>,
    /// Where a group publishes generated messages.
    generated: bool,
    /// Sessions that ended that are remembered of each receiver.
    most_past: usize,
    /// All workers have stopped sending, so [`Self::outstanding`] is counted.
    draining: bool,
    outstanding: u64,
    settled: bool,
    /// Other shards have clients of the run.
    shard: Option<Box<ShardState>>,
}

/// A room with a member here.
#[derive(Debug)]
pub(super) struct RoomHere {
    /// Its number in the run.
    number: u32,
    /// The number of its first publisher.
    first_publisher: u32,
    /// Its publishers in [`RoomLedger::senders`].
    senders: Range<u32>,
    /// Its members in [`RoomLedger::slots`].
    slots: Range<u32>,
    /// Members here that have joined and whose connections have not ended.
    present: u32,
    /// When the last of them joined.
    last_joined: Time,
    /// Other workers have members of it, perhaps of other shards.
    cut: bool,
    /// Other shards have members of it.
    cut_by_shards: bool,
    counts: RoomCounts,
}

/// Sessions that ended of all receivers here that are remembered. Bounds memory at 96 MiB.
const PAST_SESSIONS: usize = 1 << 22;

/// Sessions that ended that are remembered of each receiver, however many there are.
const LEAST_PAST_SESSIONS: usize = 4;

/// Stands for no room here.
const NOWHERE: u32 = u32::MAX;

impl RoomLedger {
    /// The ledger of a worker whose slots hold these clients, in this order. Marks name `run`.
    pub fn new(membership: Arc<Membership>, run: u32, clients: impl IntoIterator<Item = u32>) -> Self {
        let (mut rooms, mut members): (Vec<u32>, Vec<Vec<u32>>) = (Vec::new(), Vec::new());
        let mut receivers = Vec::new();
        let mut here = HashMap::new();
        for (slot, client) in (0_u32..).zip(clients) {
            let room = membership.room(client).map(|room| {
                *here.entry(room).or_insert_with(|| {
                    rooms.push(room);
                    members.push(Vec::new());
                    rooms.len() - 1
                })
            });
            if let Some(room) = room {
                members[room].push(slot);
            }
            receivers.push(Receiver::new(&membership, client, room));
        }
        let mut ledger = Self {
            run,
            timetable: None,
            receivers: receivers.into(),
            rooms: Box::default(),
            here,
            slots: Box::default(),
            senders: Box::default(),
            received: Box::default(),
            generated: membership.any_generated(),
            most_past: 0,
            draining: false,
            outstanding: 0,
            settled: false,
            shard: None,
            membership,
        };
        ledger.furnish(&rooms, &members);
        let most = PAST_SESSIONS / ledger.receivers.len().max(1);
        ledger.remembering(most.max(LEAST_PAST_SESSIONS))
    }

    /// Remembers at most so many sessions that ended of each receiver, at least two.
    ///
    /// By default all receivers together have 4 194 304, and each has 4 at least. They take 24
    /// bytes each.
    #[must_use]
    pub fn remembering(mut self, sessions: usize) -> Self {
        self.most_past = sessions.max(2);
        self
    }

    /// Makes room for what rooms, senders and receivers need.
    fn furnish(&mut self, rooms: &[u32], members: &[Vec<u32>]) {
        let index = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let (mut slots, mut senders, mut furnished) = (Vec::new(), Vec::new(), Vec::new());
        for (&number, members) in rooms.iter().zip(members) {
            let publishers = self.membership.publishers(number);
            let (first_slot, first_sender) = (index(slots.len()), index(senders.len()));
            slots.extend_from_slice(members);
            senders.extend(publishers.clone().map(|publisher| Sender::new(&self.membership, publisher)));
            furnished.push(RoomHere {
                number,
                first_publisher: publishers.start,
                senders: first_sender..index(senders.len()),
                slots: first_slot..index(slots.len()),
                present: 0,
                last_joined: Time::default(),
                cut: members.len() < self.membership.members(number).len(),
                cut_by_shards: false,
                counts: RoomCounts::new(number),
            });
        }
        let mut pairs = 0;
        for receiver in &mut self.receivers {
            receiver.first = pairs;
            let Some(room) = furnished.get(receiver.room as usize) else { continue };
            pairs += room.senders.len();
            let number = self.membership.publisher_number(receiver.client);
            if let Some(sender) = number.map(|number| room.senders.start + number - room.first_publisher) {
                let own = &mut senders[sender as usize];
                (own.is_here, own.is_known) = (true, true);
                receiver.sender = sender;
            }
        }
        self.received = vec![Received::default(); pairs].into();
        self.slots = slots.into();
        self.senders = senders.into();
        self.rooms = furnished.into();
    }

    /// The load begins: from now on messages are due by this timetable.
    pub fn begin(&mut self, timetable: Timetable) {
        for sender in &mut self.senders {
            sender.begin(&timetable);
        }
        self.timetable = Some(timetable);
    }

    /// A client joined its room at `at`, for the first time or again. It must hear what is due from
    /// then on. Where rooms are durable, it must also hear what was due since it joined first.
    pub fn joined(&mut self, slot: usize, at: Time) {
        let receiver = &mut self.receivers[slot];
        let is_away = matches!(receiver.state, ReceiverState::Absent | ReceiverState::Ended);
        if receiver.room == NOWHERE || !is_away || self.settled {
            return;
        }
        receiver.begin_session(at);
        let room = &mut self.rooms[receiver.room as usize];
        room.present += 1;
        room.last_joined = room.last_joined.max(receiver.joined);
        if receiver.sender != NOWHERE {
            self.senders[receiver.sender as usize].joined = receiver.joined;
        }
        self.forget_absence(slot);
        if self.draining {
            self.outstanding += self.missing_at(slot);
        }
    }

    /// What was due before a client joined need not come to it. Nor need what was due while it was
    /// away, where rooms are not durable.
    fn forget_absence(&mut self, slot: usize) {
        let (receiver, Some(timetable)) = (&self.receivers[slot], &self.timetable) else { return };
        if receiver.durable && receiver.past.is_some() {
            return;
        }
        let room = &self.rooms[receiver.room as usize];
        let senders = &self.senders[exchange::range(&room.senders)];
        for (sender, received) in senders.iter().zip(&mut self.received[receiver.first..]) {
            if let Some(end) = sender.end_of_gap(received.contiguous_end()) {
                received.forget_below(end);
            }
            // A gap that is there stays one, with the absence in it.
            if received.contiguous_end() >= receiver.due_in_past(sender, timetable) {
                received.forget_below(sender.due_before(timetable, receiver.joined));
            }
        }
    }

    /// The connection of a client ended at `at`. The plan may have ended it, or else it died.
    ///
    /// What has not come to it is undetermined, unless a later message of the same sender came
    /// before. What it sent and nobody heard is undetermined, too.
    pub fn ended(&mut self, slot: usize, at: Time, by_plan: bool, sink: &mut impl RoomSink) {
        let receiver = &self.receivers[slot];
        if receiver.state != ReceiverState::Present {
            return;
        }
        if receiver.sender != NOWHERE {
            self.senders[receiver.sender as usize].end_session(by_plan);
        }
        let room = &mut self.rooms[receiver.room as usize];
        room.present -= 1;
        let senders = &mut self.senders[exchange::range(&room.senders)];
        let others = senders.iter_mut().zip(&self.received[receiver.first..]);
        for (sender, received) in others.filter(|(sender, _)| sender.client != receiver.client) {
            let Some(timetable) = self.timetable.as_ref().filter(|_| !sender.open.is_empty()) else { continue };
            let from = sender.due_before(timetable, receiver.joined);
            let is_missed = |sequence: &u32| *sequence >= from && !received.contains(*sequence);
            let missed: Vec<u32> = sender.open.sequences().filter(is_missed).collect();
            for open in missed.into_iter().filter_map(|sequence| sender.open.not_heard(sequence)).collect::<Vec<_>>() {
                sink.heard(sender.heard(timetable, open), room.cut);
            }
        }
        if self.draining {
            self.outstanding = self.outstanding.saturating_sub(self.missing_at(slot));
        }
        self.receivers[slot].end_session(at, by_plan);
        if self.receivers[slot].past.as_ref().is_some_and(|past| past.len() > self.most_past) {
            self.forget_oldest(slot, sink);
        }
    }

    /// The number of the next message of a client. 0 if it does not publish.
    pub fn next_sequence(&self, slot: usize) -> u64 {
        self.senders.get(self.receivers[slot].sender as usize).map_or(0, |sender| sender.next.into())
    }

    /// A client sent the next messages.
    #[inline]
    pub fn sent(&mut self, slot: usize, messages: u32) {
        if let Some(sender) = self.senders.get_mut(self.receivers[slot].sender as usize) {
            sender.next = sender.next.saturating_add(messages);
        }
    }

    /// The next messages of a client were due, and will not be sent. They take their numbers.
    pub fn dropped(&mut self, slot: usize, messages: u64) {
        if let Some(sender) = self.senders.get_mut(self.receivers[slot].sender as usize) {
            let first = sender.next;
            sender.next = first.saturating_add(u32::try_from(messages).unwrap_or(u32::MAX));
            let dropped = first..sender.next;
            sender.rare().dropped.insert_all(dropped);
        }
    }

    /// Whether something may still come to a client, as far as that is known.
    pub fn awaits(&self, slot: usize) -> bool {
        !self.draining || self.missing_at(slot) > 0
    }

    /// Deliveries that have not come to the clients here and may come, once the drain has begun.
    pub fn outstanding(&self) -> u64 {
        self.outstanding
    }
}

impl RoomHere {
    /// Members here that may hear a message due at `due`, besides its sender. That has joined at
    /// the given time, if it is a member here.
    #[inline]
    fn hearers(&self, slots: &[u32], receivers: &[Receiver], due: Time, (sender, joined): (u32, Time)) -> u32 {
        if due >= self.last_joined {
            return self.present - u32::from(joined <= due);
        }
        let members = slots[self.slots.start as usize..self.slots.end as usize].iter();
        let hear = members.map(|&slot| &receivers[slot as usize]).filter(|receiver| {
            receiver.state == ReceiverState::Present && receiver.joined <= due && receiver.client != sender
        });
        u32::try_from(hear.count()).unwrap_or(u32::MAX)
    }
}
