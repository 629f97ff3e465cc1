//! All counts of one phase of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of the messages, and how many events came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Messages that were due.
    pub scheduled: u64,
    /// Messages handed to the transport.
    pub sent: u64,
    /// Messages that were due and never sent.
    pub dropped: u64,
    /// Sent messages that came back whole.
    pub matched: u64,
    /// Sent messages that had not come back when the drain ended.
    pub lost: u64,
    /// Sent messages that came back, but not whole.
    pub damaged: u64,
    /// Sent messages that came back on another connection.
    pub misrouted: u64,
    /// Sent messages that were in flight when their connection died.
    pub undetermined: u64,
    /// Sent messages that were in flight when the plan ended their connection, or that a slow
    /// reader had not read at the end. They speak against nobody.
    pub undetermined_by_plan: u64,
    /// Message events received.
    pub events: u64,
}

impl Counts {
    /// Every count with its JSON name, in the order of the struct.
    pub fn by_name(&self) -> [(&'static str, u64); 10] {
        [
            ("scheduled", self.scheduled),
            ("sent", self.sent),
            ("dropped", self.dropped),
            ("matched", self.matched),
            ("lost", self.lost),
            ("damaged", self.damaged),
            ("misrouted", self.misrouted),
            ("undetermined", self.undetermined),
            ("undetermined_by_plan", self.undetermined_by_plan),
            ("events", self.events),
        ]
    }
}

/// Why messages that were due were never sent. The numbers add up to `dropped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// The client had as many messages in flight, or as many bytes unsent, as it may have.
    pub in_flight_cap: u64,
    /// The client's connection had died, or had never opened.
    pub dead_connection: u64,
    /// The phase ended before the generator came round to them.
    pub behind_schedule: u64,
    /// The client was away: between two sessions, or for good as the plan wanted.
    pub away: u64,
}

impl Dropped {
    /// Every cause with its JSON name, in the order of the struct.
    pub fn by_name(&self) -> [(&'static str, u64); 4] {
        [
            ("in_flight_cap", self.in_flight_cap),
            ("dead_connection", self.dead_connection),
            ("behind_schedule", self.behind_schedule),
            ("away", self.away),
        ]
    }
}

/// Findings other than a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Anomalies {
    /// Events that repeat a message that had come already.
    pub duplicated: u64,
    /// Matched messages that came out of order: matched less the longest increasing run. They count
    /// as matched as well.
    pub reordered: u64,
    /// Events that hold more than one message.
    pub coalesced: u64,
    /// Messages that came in several events.
    pub split: u64,
    /// Events that hold a piece of a split message.
    pub split_pieces: u64,
    /// Events that hold the beginning of a message whose rest never came.
    pub truncated: u64,
    /// Events that hold a message with wrong bytes.
    pub corrupted: u64,
    /// Events that hold a whole message as text instead of binary, or vice versa.
    pub wrong_type: u64,
    /// Events that hold a whole message of another connection.
    pub misrouted_events: u64,
    /// Events that hold nothing that was sent in this run.
    pub unexpected: u64,
    /// Numbers that were skipped in what the server pushed. They are no events.
    pub gaps: u64,
}

impl Anomalies {
    /// Every kind with its JSON name, in the order of the struct.
    pub fn by_name(&self) -> [(&'static str, u64); 11] {
        [
            ("duplicated", self.duplicated),
            ("reordered", self.reordered),
            ("coalesced", self.coalesced),
            ("split", self.split),
            ("split_pieces", self.split_pieces),
            ("truncated", self.truncated),
            ("corrupted", self.corrupted),
            ("wrong_type", self.wrong_type),
            ("misrouted_events", self.misrouted_events),
            ("unexpected", self.unexpected),
            ("gaps", self.gaps),
        ]
    }

    /// True when nothing was found.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// Fates of deliveries. A delivery is one message at one receiver. There are none without rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deliveries {
    /// Messages that came whole to each receiver that must hear them. They are among the matched
    /// messages.
    pub messages: u64,
    /// Deliveries that sent messages must have.
    pub expected: u64,
    /// Deliveries that came whole.
    pub matched: u64,
    /// Of those, deliveries that were due while their receiver was away, and came once it was back.
    pub replayed: u64,
    /// Deliveries that had not come when the drain ended.
    pub lost: u64,
    /// Of those, deliveries that were due while their receiver was away.
    pub lost_away: u64,
    /// Deliveries that came, but not whole.
    pub damaged: u64,
    /// Deliveries whose receiver's connection died before they came.
    pub undetermined: u64,
    /// Deliveries whose receiver's connection the plan ended before they came, or that a slow
    /// reader had not read at the end.
    pub undetermined_by_plan: u64,
}

impl Deliveries {
    /// Every count with its JSON name, in the order of the struct.
    pub fn by_name(&self) -> [(&'static str, u64); 9] {
        [
            ("messages", self.messages),
            ("expected", self.expected),
            ("matched", self.matched),
            ("replayed", self.replayed),
            ("lost", self.lost),
            ("lost_away", self.lost_away),
            ("damaged", self.damaged),
            ("undetermined", self.undetermined),
            ("undetermined_by_plan", self.undetermined_by_plan),
        ]
    }

    /// True without any, as in a run without rooms.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Events that are lawful, and are the reply to no message or not the end of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OtherEvents {
    /// Events of a reply before its last.
    pub partial: u64,
    /// Events that the plan sets aside.
    pub ignored: u64,
    /// Events that the client answered.
    pub answered: u64,
    /// Events that ended a step of joining.
    pub joined: u64,
    /// Events that the server pushed, with the next number.
    pub pushed: u64,
    /// Copies of messages that were due before their receiver joined.
    pub history: u64,
    /// Copies of a client's own messages, where the server may send them or not.
    pub own_copies: u64,
    /// Messages that were in flight when their connection ended, and came in the next session of
    /// their client.
    pub late: u64,
}

impl OtherEvents {
    /// Every count with its JSON name, in the order of the struct.
    pub fn by_name(&self) -> [(&'static str, u64); 8] {
        [
            ("partial", self.partial),
            ("ignored", self.ignored),
            ("answered", self.answered),
            ("joined", self.joined),
            ("pushed", self.pushed),
            ("history", self.history),
            ("own_copies", self.own_copies),
            ("late", self.late),
        ]
    }

    /// All of them.
    pub fn sum(&self) -> u64 {
        // Counts come from files too.
        self.by_name().iter().fold(0, |sum: u64, (_, n)| sum.saturating_add(*n))
    }
}

/// All counts of one phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// Fates and events.
    pub counts: Counts,
    /// Why messages were dropped.
    pub dropped: Dropped,
    /// Findings other than a match.
    pub anomalies: Anomalies,
    /// Fates of deliveries, in rooms.
    pub deliveries: Deliveries,
    /// Lawful events that are no match.
    pub other_events: OtherEvents,
}

impl Tally {
    /// Events that are what a message had to bring back. A message to a room brings back one at
    /// each receiver, any other message one.
    pub fn matched_events(&self) -> u64 {
        self.counts.matched.saturating_sub(self.deliveries.messages).saturating_add(self.deliveries.matched)
    }
}
