//! Who hears whom, and what became of each delivery. Pure: time is an argument.
//!
//! A *delivery* is one message at one receiver. The members of a room must each hear what its
//! publishers send, exactly once. `docs/methodology/rooms.md` has the semantics.
//!
//! ```text
//! membership/  which client is in which room, over all groups of a run
//! timetable    when message k of a publisher is due: receivers compute it
//! ledger/      what came to the clients of one worker, and what they sent
//! records      what workers tell each other: what was due, what was dropped, what came
//! sink         what a ledger decides
//! fates        what became of messages: the worst of their deliveries, over all workers
//! heard        when messages came to their first and last receiver, over all workers
//! cut_rooms    what a merge of shards must know of rooms that they cut, over all workers
//! ```
//!
//! A worker has one [`RoomLedger`] for the clients of all its groups. After the load:
//!
//! 1. Each worker publishes its [`RoomLedger::sender_records`], and waits for those of all.
//! 2. [`RoomLedger::begin_drain`] takes all of them. Then a worker knows what is
//!    [`outstanding`](RoomLedger::outstanding). It drains until that is 0, or time is over.
//! 3. Each worker publishes its [`RoomLedger::arrival_records`], and waits for those of all.
//! 4. [`RoomLedger::settle`] takes all of them, and gives each missing delivery its fate. Then
//!    connections are closed. What comes while they close is still looked at.
//! 5. [`RoomLedger::finish`] gives what is merged over the workers.

mod cut_rooms;
mod fates;
mod heard;
mod ledger;
mod membership;
mod records;
mod sink;
mod timetable;

pub use self::{
    cut_rooms::CutRoomsOfWorkers,
    fates::{FateCounts, SenderFates, merge_fates},
    heard::merge_heard,
    ledger::{OpenRow, ReceiverResponses, RoomCounts, RoomLedger, RoomOutcome, SenderProgress, ShardOutcome},
    membership::{Membership, Publisher},
    records::{ArrivalRecord, SenderEnd, SenderRecord},
    sink::{Delivery, Heard, LawfulEvent, MissingDeliveries, RoomSink},
    timetable::Timetable,
};
