//! Rooms that have clients on other shards.
//!
//! A publisher on another shard tells nothing here. It is taken for granted that it sent everything
//! that the plan has of it, and what did not come of that stays open. The results of all shards
//! together tell the rest.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{RoomLedger, exchange::range, receiver::Receiver, sender::Sender};
use crate::{
    clock::Time,
    ledger::{Fate, Ranges, Received},
    message::MessageHeader,
    rooms::SenderRecord,
};

/// How far the clocks of shards may be apart. What was due so soon after a client joined is not
/// expected of other shards before the first message that came.
const CLOCKS_APART: u64 = 1_000_000_000;

/// Messages that came before the load began here that a worker keeps, and bytes of them.
const EARLY_KEPT: usize = 1 << 16;
const EARLY_BYTES: usize = 1 << 24;

/// Rows of open deliveries that a worker keeps. Bounds memory at 8 MiB.
const OPEN_KEPT: usize = 1 << 17;

/// What a ledger has where other shards have clients of the run.
#[derive(Debug)]
pub(super) struct ShardState {
    /// The clients of this shard.
    clients: Arc<Ranges>,
    early: Vec<EarlyMessage>,
    early_bytes: usize,
    open: BTreeMap<OpenKey, OpenRow>,
    open_not_kept: u64,
}

/// A message of another shard's client that came before the load began here.
#[derive(Debug)]
pub(super) struct EarlyMessage {
    pub(super) slot: usize,
    pub(super) header: MessageHeader,
    pub(super) at: Time,
    /// The event.
    pub(super) bytes: Box<[u8]>,
}

/// Sender, first sequence, the one after the last, fate, group of the receivers.
type OpenKey = (u32, u32, u32, Fate, u32);

/// Messages of a sender in a row that did not come to some receivers of a worker, and that may
/// never have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRow {
    /// The client that sent them, if it did.
    pub sender: u32,
    /// Their numbers.
    pub sequences: Range<u32>,
    /// They were due in the measured phase, not in the warm-up.
    pub measured: bool,
    /// The fate of the deliveries, if the server had the messages.
    pub fate: Fate,
    /// Index of the receivers' group.
    pub group: u32,
    /// Receivers that none of them came to.
    pub receivers: u32,
    /// The first of these receivers.
    pub receiver: u32,
    /// When the first of the messages was due.
    pub due: Time,
}

/// How much a sender sent, and how much of it came to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderProgress {
    /// The client.
    pub sender: u32,
    /// Messages that the plan has of it.
    pub planned: u32,
    /// The end of what came to a receiver.
    pub heard: u32,
    /// What it sent, if it is a client of this worker.
    pub sent: Option<SenderRecord>,
}

/// What a worker knows of rooms that have clients on other shards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardOutcome {
    /// Their numbers.
    pub rooms: Vec<u32>,
    /// What may never have been sent, and did not come.
    pub open: Vec<OpenRow>,
    /// Deliveries that are in no row, because there are too many rows.
    pub open_not_kept: u64,
    /// All publishers of these rooms.
    pub senders: Vec<SenderProgress>,
}

impl ShardState {
    /// Messages did not come to the one receiver of this row.
    pub(super) fn add_open(&mut self, row: OpenRow) {
        if let Some(known) = self.open.get_mut(&row.key()) {
            known.add(&row);
        } else if self.open.len() < OPEN_KEPT {
            self.open.insert(row.key(), row);
        } else {
            self.open_not_kept += row.deliveries();
        }
    }
}

impl OpenRow {
    /// Adds the receivers of a row of the same messages, group and fate.
    pub fn add(&mut self, other: &Self) {
        self.receivers = self.receivers.saturating_add(other.receivers);
        self.receiver = self.receiver.min(other.receiver);
    }

    /// Deliveries that did not come.
    pub fn deliveries(&self) -> u64 {
        u64::from(self.sequences.end - self.sequences.start) * u64::from(self.receivers)
    }

    /// Whose messages, which, and what receivers these are: rows of one key add.
    pub fn key(&self) -> (u32, u32, u32, Fate, u32) {
        let Range { start, end } = self.sequences;
        (self.sender, start, end, self.fate, self.group)
    }
}

impl RoomLedger {
    /// The ledger of a worker of a shard that has only these clients of the run. Others are clients
    /// of other shards. Call it before any client joins.
    #[must_use]
    pub fn of_shard(mut self, clients: Arc<Ranges>) -> Self {
        for sender in &mut self.senders {
            sender.other_shard = !clients.contains(sender.client);
        }
        for room in &mut self.rooms {
            room.cut_by_shards = self.membership.members(room.number).iter().any(|&client| !clients.contains(client));
        }
        let (early, open) = (Vec::new(), BTreeMap::new());
        self.shard = Some(Box::new(ShardState { clients, early, early_bytes: 0, open, open_not_kept: 0 }));
        self
    }

    pub(super) fn is_of_other_shard(&self, client: u32) -> bool {
        self.shard.as_ref().is_some_and(|shard| !shard.clients.contains(client))
    }

    /// Takes for granted that publishers of other shards sent everything that the plan has.
    pub(super) fn take_for_sent(&mut self) {
        for sender in self.senders.iter_mut().filter(|sender| sender.other_shard && !sender.is_known) {
            (sender.next, sender.is_known) = (sender.planned(), true);
        }
    }

    /// The first message of a sender that a receiver must hear. Of a sender of another shard it may
    /// be a later one than what was due when the receiver joined, because its clock differs.
    pub(super) fn owed_from(&self, receiver: &Receiver, sender: &Sender, pair: &Received) -> u32 {
        let Some(timetable) = self.timetable.as_ref().filter(|_| sender.other_shard) else { return 0 };
        let joined = receiver.first_joined();
        let from = sender.due_before(timetable, joined);
        if from == 0 {
            return 0; // It was there before the first was due.
        }
        let certain = sender.due_before(timetable, joined.plus(CLOCKS_APART));
        let first = pair.missing(from..certain).next().filter(|gap| gap.start == from);
        first.map_or(from, |gap| gap.end)
    }

    /// Whether a message is of a client of another shard, and the load has not begun here.
    pub(super) fn is_early(&self, header: MessageHeader) -> bool {
        self.timetable.is_none() && header.run == self.run && self.is_of_other_shard(header.client)
    }

    /// Keeps a message until the load begins here. False if too much is kept.
    pub(super) fn keep_early(&mut self, slot: usize, header: MessageHeader, at: Time, bytes: &[u8]) -> bool {
        let Some(shard) = &mut self.shard else { return false };
        let fits = shard.early.len() < EARLY_KEPT && shard.early_bytes + bytes.len() <= EARLY_BYTES;
        if fits {
            shard.early_bytes += bytes.len();
            shard.early.push(EarlyMessage { slot, header, at, bytes: bytes.into() });
        }
        fits
    }

    pub(super) fn take_early(&mut self) -> Vec<EarlyMessage> {
        self.shard.as_mut().map(|shard| std::mem::take(&mut shard.early)).unwrap_or_default()
    }

    /// What a merge of all shards must know.
    pub(super) fn shard_outcome(&mut self) -> ShardOutcome {
        let Some(shard) = self.shard.take() else { return ShardOutcome::default() };
        let cut = || self.rooms.iter().filter(|room| room.cut_by_shards);
        let senders = cut().flat_map(|room| &self.senders[range(&room.senders)]).map(|sender| SenderProgress {
            sender: sender.client,
            planned: sender.planned(),
            heard: sender.highest.map_or(0, |highest| highest.saturating_add(1)),
            sent: sender.is_here.then(|| sender.record()),
        });
        ShardOutcome {
            rooms: cut().map(|room| room.number).collect(),
            open: shard.open.into_values().collect(),
            open_not_kept: shard.open_not_kept,
            senders: senders.collect(),
        }
    }
}
