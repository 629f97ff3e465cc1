//! Who hears whom.

use std::num::NonZeroU32;

use reports::model::{OwnCopy, RoomsRecord};

use crate::message::{RoomName, Template};

/// The rooms of a group. Rooms are named for the whole run, so groups can share them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rooms {
    /// Which room a client is in.
    pub by: RoomBy,
    /// Clients that publish, in each room: the first of the group there. By default all.
    ///
    /// 0 is allowed where the publishers of a room are in another group.
    pub publishers: Option<u32>,
    /// What the server does with a sender's own copy. The default is [`OwnCopy::Expect`].
    pub own: OwnCopy,
    /// A member that was away must still hear what was due meanwhile. The default is that it need
    /// not.
    pub durable: bool,
}

impl Rooms {
    /// How they are named.
    pub fn name(&self) -> RoomName<'_> {
        match &self.by {
            RoomBy::Size(size) => RoomName::Number(*size),
            RoomBy::Name(template) => RoomName::Text(template),
        }
    }

    /// The rooms as a result has them, without their names.
    pub(crate) fn record(&self) -> RoomsRecord {
        let size = match self.by {
            RoomBy::Size(size) => Some(size.get()),
            RoomBy::Name(_) => None,
        };
        RoomsRecord { size, publishers: self.publishers, own: self.own, durable: self.durable }
    }
}

/// Which room a client is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomBy {
    /// So many clients of the group in each room: the first are in room 0. The name of a room is
    /// its number.
    Size(NonZeroU32),
    /// Clients with equal texts are in one room.
    Name(Template),
}
