//! The rooms of a worker: what its clients send to their rooms and hear there.
//!
//! ```text
//! mod.rs          WorkerRooms: its part of the rooms
//! run_rooms.rs    what all workers share
//! account.rs      takes what comes to a client in a room
//! recorder.rs     records what that ledger decides
//! evidence.rs     evidence of what went wrong
//! exchange.rs     what workers tell each other once they have stopped sending
//! write_times.rs  when publishers wrote their last messages
//! ```
//!
//! A message may come to clients of other workers, and of other groups. So a worker has one ledger
//! for all its clients in rooms, and the workers exchange twice: what was sent, before they drain,
//! and what came, before they settle.

mod account;
mod evidence;
mod exchange;
mod recorder;
pub(super) mod run_rooms;
mod write_times;

use std::sync::Arc;

use self::{account::RoomAccount, recorder::RoomRecorder, run_rooms::RunRooms};
pub(crate) use self::{exchange::Exchange, write_times::Written};
use super::{
    Worker, burst::SentLog, client_sink::ClientSink, clients::Clients, config::WorkerConfig, group::WorkerGroup,
    recorder::BoundedList,
};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    ledger::SendTimes,
    rooms::{Heard, RoomLedger, RoomOutcome, Timetable},
};

/// Messages in rooms over several workers whose first and last receiver all workers together
/// remember. Bounds memory at 40 MiB.
const HEARD_KEPT: usize = 1 << 20;

/// The rooms of a worker.
#[derive(Debug)]
pub(super) struct WorkerRooms {
    run: Arc<RunRooms>,
    ledger: RoomLedger,
    /// By slot.
    clients: Box<[u32]>,
    heard: BoundedList<Heard>,
}

/// What a worker knows of its rooms at the end.
#[derive(Debug)]
pub(crate) struct RoomsOutcome {
    /// What the ledger knows.
    pub(crate) ledger: RoomOutcome,
    /// Messages whose first and last receiver other workers know more of.
    pub(crate) heard: BoundedList<Heard>,
}

impl WorkerRooms {
    /// The rooms of this worker's clients; none without rooms.
    pub(super) fn of(config: &WorkerConfig, clients: &Clients) -> Option<Box<Self>> {
        let run = Arc::clone(config.rooms.as_ref()?);
        let clients: Box<[u32]> = clients.all.iter().map(|client| client.ledger.client()).collect();
        let ledger = RoomLedger::new(Arc::clone(&run.membership), run.run, clients.iter().copied());
        let ledger = match &run.shard {
            Some(shard) => ledger.of_shard(Arc::clone(shard)),
            None => ledger,
        };
        let share = config.partition.workers() as usize;
        Some(Box::new(Self { run, ledger, clients, heard: BoundedList::new(HEARD_KEPT / share) }))
    }

    /// Deliveries that may still come, once the drain has begun.
    pub(super) fn outstanding(&self) -> u64 {
        self.ledger.outstanding()
    }

    pub(super) fn finish(self) -> RoomsOutcome {
        RoomsOutcome { ledger: self.ledger.finish(), heard: self.heard }
    }

    /// Accounts for what a client sends.
    pub(super) fn sends(&mut self, slot: usize) -> RoomSends<'_> {
        RoomSends { rooms: self, slot }
    }

    /// The burst of a message, and the publisher that sends it.
    fn burst(&self, slot: usize, sequence: u64) -> Option<(u32, u64)> {
        let membership = &self.run.membership;
        let client = self.clients[slot];
        Some((membership.publisher_number(client)?, self.run.burst(membership.group(client), sequence)))
    }

    /// Messages of a client that were due are not sent.
    pub(super) fn dropped(&mut self, slot: usize, messages: u64) {
        self.ledger.dropped(slot, messages);
    }
}

/// Accounts for what a client sends to its room.
pub(super) struct RoomSends<'a> {
    rooms: &'a mut WorkerRooms,
    slot: usize,
}

impl SentLog for RoomSends<'_> {
    fn next_sequence(&self) -> u64 {
        self.rooms.ledger.next_sequence(self.slot)
    }

    fn sent(&mut self, times: SendTimes, messages: u32, _checksums: &[u32]) {
        // All of them are of one burst.
        if let Some((publisher, burst)) = self.rooms.burst(self.slot, self.next_sequence()) {
            self.rooms.run.write_times.begin(publisher, burst, times.due, times.written);
        }
        self.rooms.ledger.sent(self.slot, messages);
    }

    fn wrote(&self, first: u64, due: Time, ended: Time) {
        if let Some((publisher, burst)) = self.rooms.burst(self.slot, first) {
            self.rooms.run.write_times.end(publisher, burst, due, ended);
        }
    }
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// The load begins at `start`.
    pub(super) fn begin_rooms(&mut self, start: Time) {
        let Some(rooms) = &mut self.rooms else { return };
        let RunRooms { membership, groups, .. } = &*rooms.run;
        let WorkerConfig { until, warmup, seed, .. } = self.config;
        rooms.ledger.begin(Timetable::new(membership, groups, until, start, warmup, seed));
    }

    /// Looks at what clients of other shards sent before the load began here. The recorders have
    /// begun.
    pub(super) fn receive_early_in_rooms(&mut self) {
        self.with_rooms(|ledger, recorder| ledger.receive_early(recorder));
    }

    /// Receives on the connection of a client in a room. Returns when its last read was, if there
    /// was one.
    pub(super) fn receive_in_room(&mut self, slot: usize) -> Option<Time> {
        let Self { config, engine, groups, clients, rooms, .. } = self;
        let WorkerRooms { run, ledger, heard, .. } = &mut **rooms.as_mut()?;
        let group = clients.group_of(slot);
        groups[group].outcome.recorder.unread_since(engine.unread_since());
        // The recorder needs all groups.
        let mut dialogue = groups[group].dialogue.take();
        let recorder = RoomRecorder { run, partition: &config.partition, groups, clients, heard };
        let account = RoomAccount { slot, group, ledger, recorder };
        let mut sink = ClientSink::new(slot, account, dialogue.as_deref_mut());
        engine.receive(slot, &mut sink);
        let ClientSink { last, bytes, change, .. } = sink;
        let WorkerGroup { progress, dialogue: place, .. } = &mut self.groups[group];
        *place = dialogue;
        progress.last_reply = last.unwrap_or(progress.last_reply);
        self.say_and_change(slot, last, change);
        self.has_read(slot, bytes, last);
        last
    }

    /// The connection of a client ended at `at`. The plan may have ended it, or else it died.
    pub(super) fn left_room(&mut self, slot: usize, at: Time, by_plan: bool) {
        // A server may give up a slow reader, and the plan wants to see that.
        let by_plan = by_plan || self.groups[self.clients.group_of(slot)].config.read.is_some();
        self.with_rooms(|ledger, recorder| ledger.ended(slot, at, by_plan, recorder));
    }

    /// Tells the other workers what was sent here.
    pub(super) fn tell_sent(&mut self) {
        let records = self.rooms.as_ref().map(|rooms| rooms.ledger.sender_records());
        self.link.tell_sent(records.unwrap_or_default());
    }

    /// Learns what all workers sent. From now on it is known what may still come.
    pub(super) fn begin_drain(&mut self) {
        let control = self.link.control();
        self.with_rooms(|ledger, recorder| control.sent.with(|records| ledger.begin_drain(records, recorder)));
    }

    /// Tells the other workers what came here.
    pub(super) fn tell_arrived(&mut self) {
        let records = self.rooms.as_ref().map(|rooms| rooms.ledger.arrival_records());
        self.link.tell_arrived(records.unwrap_or_default());
    }

    /// Gives each delivery that has not come its fate. If the drain was `cut_short`, it might still
    /// have come.
    pub(super) fn settle_rooms(&mut self, cut_short: bool) {
        let control = self.link.control();
        self.with_rooms(|ledger, recorder| control.arrived.with(|records| ledger.settle(records, cut_short, recorder)));
        for group in &mut self.groups {
            group.outcome.recorder.evidence.no_read();
        }
    }

    /// Whether a client in a room has heard all that was sent to it, as far as that is known.
    pub(super) fn has_heard_all(&self, slot: usize) -> bool {
        self.rooms.as_ref().is_some_and(|rooms| !rooms.ledger.awaits(slot))
    }

    fn with_rooms<R>(&mut self, with: impl FnOnce(&mut RoomLedger, &mut RoomRecorder<'_>) -> R) -> Option<R> {
        let Self { config, groups, clients, rooms, .. } = self;
        let WorkerRooms { run, ledger, heard, .. } = &mut **rooms.as_mut()?;
        Some(with(ledger, &mut RoomRecorder { run, partition: &config.partition, groups, clients, heard }))
    }
}
