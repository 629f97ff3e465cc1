//! What a shard knows of rooms that have clients on other shards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MissingFate;

/// What a shard knows of rooms that have clients on other shards, too. A merge of all shards gives
/// each delivery its fate.
///
/// A shard can't know what publishers on other shards sent. So it takes for granted that they sent
/// everything that the plan has of them. What did not come of that is *open*. Of its own publishers
/// it tells only what deviates from the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CutRooms {
    /// Cut rooms with a client on this shard, by their numbers.
    pub rooms: Vec<NumberRange>,
    /// How many more rooms there are, and are not listed.
    pub rooms_not_kept: u64,
    /// Deliveries that did not come here, in the order of their senders. They have no fate yet and
    /// are in no count.
    pub open: Vec<OpenDeliveries>,
    /// How many more of these deliveries there are, and are not listed.
    pub open_not_kept: u64,
    /// Publishers on this shard that did not send everything that the plan has of them, or whose
    /// connection ended.
    pub senders: Vec<SenderDeviation>,
    /// How many more of these publishers there are, and are not listed.
    pub senders_not_kept: u64,
    /// Publishers of which not everything that the plan has came to a receiver here, with what
    /// came.
    pub heard: Vec<HeardRecord>,
    /// How many more of these publishers there are, and are not listed.
    pub heard_not_kept: u64,
    /// Messages that have a fate other than matched at a receiver here. The deliveries are in the
    /// counts.
    pub fates: Vec<FateRecord>,
    /// How many more of these messages there are, and are not listed.
    pub fates_not_kept: u64,
}

/// Numbers in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NumberRange {
    /// The first.
    pub first: u32,
    /// How many there are.
    #[schemars(range(min = 1))]
    pub numbers: u32,
}

/// Messages of one publisher that did not come to some receivers of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct OpenDeliveries {
    /// The client that sent them, if they were sent.
    pub sender: u32,
    /// Its room.
    pub room: u32,
    /// Numbers of the messages at their sender.
    pub sequences: NumberRange,
    /// They were due in the measured phase, not in the warm-up.
    pub measured: bool,
    /// The fate of each delivery, if the server had the message.
    pub fate: MissingFate,
    /// Index of the receivers' group in the plan.
    pub group: u32,
    /// Receivers that each of the messages did not come to.
    #[schemars(range(min = 1))]
    pub receivers: u32,
    /// The first of these receivers.
    pub receiver: u32,
    /// When the first of the messages was due, in nanoseconds from the start of the measured phase.
    pub due_ns: i64,
}

/// A publisher that did not send everything that the plan has of it, or whose connection ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SenderDeviation {
    /// The client.
    pub sender: u32,
    /// Messages that were due, those that were dropped included. They have the numbers below.
    pub due: u32,
    /// Numbers of those that were dropped.
    pub dropped: Vec<NumberRange>,
    /// How its connection ended. Null if it was open at the end.
    pub end: Option<SenderEndRecord>,
}

/// A connection of a publisher that ended. What was written just before may never have reached the
/// server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SenderEndRecord {
    /// What was due before it ended has the numbers below.
    pub before: u32,
    /// The plan ended it, or else it died.
    pub by_plan: bool,
}

/// How far the messages of a publisher came to the receivers of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct HeardRecord {
    /// The client.
    pub sender: u32,
    /// The highest number that came to a receiver is the one before. 0 if none came.
    pub end: u32,
}

/// Messages of one publisher that have a fate other than matched at a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FateRecord {
    /// The client that sent them.
    pub sender: u32,
    /// Its room.
    pub room: u32,
    /// Numbers of the messages at their sender.
    pub sequences: NumberRange,
    /// They were due in the measured phase, not in the warm-up.
    pub measured: bool,
    /// The fate of a delivery of each of them.
    pub fate: MissingFate,
}

impl CutRooms {
    /// Entries that each list keeps at most.
    pub const KEPT: usize = 10_000;

    /// Whether deliveries have no fate yet.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty() || self.open_not_kept > 0
    }
}

impl NumberRange {
    /// The numbers of a range; none if it is empty.
    pub fn of(range: std::ops::Range<u32>) -> Option<Self> {
        let numbers = range.end.checked_sub(range.start).filter(|numbers| *numbers > 0)?;
        Some(Self { first: range.start, numbers })
    }

    /// From the first number up to the one after the last.
    pub fn range(self) -> std::ops::Range<u32> {
        self.first..self.first.saturating_add(self.numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_numbers_is_not_empty() {
        assert_eq!(NumberRange::of(3..7).map(NumberRange::range), Some(3..7));
        assert_eq!((NumberRange::of(3..3), NumberRange::of(std::ops::Range { start: 7, end: 3 })), (None, None));
    }
}
