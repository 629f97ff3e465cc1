//! What goes between a driver and its worker: commands, and what the driver must know.

use crate::clock::Time;

/// What a driver must know of a client to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientView {
    /// Whether it can send.
    pub(crate) presence: Presence,
    /// The transport holds so many unsent bytes that it should get no more.
    pub(crate) blocked: bool,
    /// Messages without a fate.
    pub(crate) in_flight: u32,
    /// Messages that its session still has room for. `u32::MAX` if nothing bounds that.
    pub(crate) in_session: u32,
}

/// Whether a client can send, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It has not been open yet, and its time to send has not come. Nothing is due to it.
    Before,
    /// It has an open connection.
    Open,
    /// The plan has ended its connection, or it is trying to come back.
    Away,
    /// It never opened, or its connection has ended, and it does not try again.
    Gone,
}

/// What a driver wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Send messages. [`Driver::sent`](super::Driver::sent) must be told how many were.
    Send(SendCommand),
    /// Count messages as dropped.
    Drop(DropCommand),
    /// Messages take their sequences, but are not due: the client has not begun. They are counted
    /// nowhere.
    Skip {
        /// Slot of the client.
        slot: usize,
        /// How many.
        messages: u32,
    },
    /// Messages are planned for this client, and its connection is over. If that left nothing
    /// undone so far, now it has.
    Miss(usize),
}

/// Messages to send together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SendCommand {
    pub(crate) slot: usize,
    pub(crate) due: Time,
    /// How many to send.
    pub(crate) messages: u32,
    /// How many would be sent if nothing bounded it.
    pub(crate) wanted: u32,
}

/// Messages that were due and are not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DropCommand {
    pub(crate) slot: usize,
    pub(crate) due: Time,
    pub(crate) messages: u32,
    pub(crate) cause: DropCause,
}

/// Why a message that was due is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropCause {
    /// The client had as many messages in flight, or bytes unsent, as it may.
    InFlightCap,
    /// The client has no connection, and does not try to open one.
    DeadConnection,
    /// The client was away: the plan had ended its connection or its session had no more messages,
    /// or it was trying to come back.
    Away,
    /// The phase ended before the generator came to it.
    BehindSchedule,
}

/// How the messages of a group come along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Messages of all its clients without a fate.
    pub(crate) in_flight: u64,
    /// The last read that gave a message in flight its fate. Nothing else counts as progress.
    pub(crate) last_reply: Time,
}
