//! What a ledger of rooms decides, and the trait that receives it.

use std::ops::Range;

use crate::{
    clock::Time,
    ledger::{Fate, Finding},
};

/// One message at one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The client that it came to, or should have.
    pub receiver: u32,
    /// The client that sent the message.
    pub sender: u32,
    /// The message's number at its sender.
    pub sequence: u64,
    /// When the message was due.
    pub due: Time,
}

/// A lawful event that is no delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LawfulEvent {
    /// A message that was due before the receiver joined, or while it was away.
    History,
    /// A message that was due in an earlier session of the receiver, and had not come to its end.
    Late,
    /// A client's own message, where the server may send it or not.
    OwnCopy,
}

/// When a message came to its receivers. A sender's own copy is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The client that sent it.
    pub sender: u32,
    /// Its number at its sender.
    pub sequence: u32,
    /// When it was due.
    pub due: Time,
    /// When it came to the first receiver here.
    pub first: Time,
    /// When it came to the last receiver here. Receivers that it did not come to are left out.
    pub last: Time,
}

/// Messages of one sender in a row that did not come to one receiver. All were due in the measured
/// phase, or all before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingDeliveries {
    /// The client that they should have come to.
    pub receiver: u32,
    /// The client that sent them.
    pub sender: u32,
    /// Their numbers at their sender.
    pub sequences: Range<u64>,
    /// When the first of them was due.
    pub due: Time,
    /// All were due while the receiver was away, or none.
    pub while_away: bool,
}

/// Receives what a ledger of rooms decides. Each event leads to calls of `matched`, `finding` and
/// `lawful`: one of them, or, where events may hold several messages, one for each message.
pub trait RoomSink {
    /// A message came to a receiver that must hear it. It came `overtaken` if a later message of
    /// its sender came before, and that counts as an anomaly.
    fn matched(&mut self, delivery: Delivery, at: Time, overtaken: bool);

    /// A message of a client of another shard came to a receiver that must hear it. By this clock
    /// it may have come before it was due.
    fn across_shards(&mut self, delivery: Delivery, at: Time, overtaken: bool);

    /// A message came to a receiver that must hear it, but in a later session than it was due in,
    /// or after it was due while the receiver was away. Only where rooms are durable.
    fn replayed(&mut self, delivery: Delivery, at: Time, overtaken: bool);

    /// An event did not match. It is about this delivery, as far as that is known.
    fn finding(&mut self, finding: Finding, receiver: u32, about: Option<Delivery>, at: Time, received: &[u8]);

    /// An event is no delivery, and lawful.
    fn lawful(&mut self, event: LawfulEvent, delivery: Delivery, at: Time);

    /// A message came to a receiver, but not whole. A finding about its event was told before.
    fn damaged(&mut self, delivery: Delivery);

    /// Messages did not come to a receiver: they are lost or undetermined, perhaps by
    /// plan.
    fn missing(&mut self, fate: Fate, missing: MissingDeliveries);

    /// What counts as matched came of a message that was due and never sent. So it is unexpected
    /// instead. Its sender is on another worker, so nobody here knew it before the drain. It may
    /// have counted as `replayed`, too.
    fn never_sent(&mut self, delivery: Delivery, replayed: bool);

    /// What is known here of a message's first and last receiver will not change any more. If the
    /// room is `cut`, other workers know more: [`merge_heard`](super::merge_heard).
    fn heard(&mut self, heard: Heard, cut: bool);
}
