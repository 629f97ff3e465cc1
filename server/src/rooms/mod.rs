//! Broadcasts: each message goes to all members of the room that the path of the request names.
//!
//! - `options` says whether senders get their own messages, and when receivers get them.
//! - `member` is a connection in its room, and finds the room for a path.
//! - `room` has its members and what they have yet to take. It wakes the task of a member for that.
//! - `log` has the messages of a room as frames, once for all members.
//! - `seat` is what room and member know of each other.
//! - `stagger` says when each member may take a message, where they get it one after another.
//!
//! A message is copied once, into the log of its room. The task of each member writes from there to
//! its socket, with one write for all messages that came meanwhile. It copies only what TCP does
//! not take. So the log is soon empty again, and a member that is slow has its own copy, within
//! [`Limits::unsent_bytes`](crate::Limits::unsent_bytes). Beyond that, the member is closed with
//! 1013: it must not hold up the others, and a gap in what it gets would look like a loss.
//!
//! A room that replays keeps its last messages in the log. A member that comes back begins there,
//! and takes what it missed as it takes everything else.
//!
//! The members of a room that holds too much stop reading until it holds less. That happens where
//! messages come faster than the server can send them, or wait for their time.

mod log;
mod member;
mod options;
mod room;
mod seat;
mod stagger;
#[cfg(test)]
mod tests;

pub(crate) use self::member::{Member, Rooms};
pub use self::options::{OwnCopy, RoomsOptions};
