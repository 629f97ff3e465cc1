//! How the server broadcasts.

use std::time::Duration;

/// How the server broadcasts: each message goes to all members of its sender's room.
///
/// A connection is a member of the room that the path of its request names, without the query, from
/// the answer to its handshake until it ends. Paths are compared as they were sent. All messages of
/// a sender reach each member in the order in which they were sent.
///
/// With [`replay`](Self::replay) a room is durable. The query of a request may then say
/// `after=TEXT`, percent-encoded: before anything else the new member gets what came after the last
/// kept message that contains this text. If none contains it, or it is empty, that is everything
/// that is kept. Without `after` the member gets nothing of the past.
///
/// Rooms need [`Options::threads`](crate::Options::threads) of 1, as threads share no connections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoomsOptions {
    /// Whether senders get their own messages. Default: yes.
    pub own: OwnCopy,
    /// How much later each further receiver gets a message. Default: zero, which means as fast as
    /// possible.
    ///
    /// The first receiver gets a message at once, and receiver `n`, counted from 0 in the order of
    /// joining, `n` times this later. A sender that gets no copy is not counted.
    ///
    /// No delivery is early. The scheduler and earlier deliveries decide how late one is. Over
    /// loopback, with 1000 receivers and staggers from 10 µs to 1 ms, the median delivery came
    /// 0.15 ms later than that, from the send of its sender to the read of its receiver.
    pub stagger: Duration,
    /// How many messages a room keeps for members that come back. Default: 0.
    ///
    /// A room keeps them when its last member has left, too: the 4096 rooms that were left last do.
    /// They take memory, up to twice as many messages as this in each room. A server that holds far
    /// more memory than it may forgets them.
    ///
    /// A member that comes back is another one to the room. So it also gets what it sent itself
    /// before, even with [`OwnCopy::Refuse`].
    pub replay: u32,
}

/// Whether senders get their own messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OwnCopy {
    /// They get them as every other member does.
    #[default]
    Expect,
    /// They don't.
    Refuse,
}
