//! A group of clients that do the same.

use std::{
    num::{NonZeroU32, NonZeroU64},
    sync::Arc,
    time::Duration,
};

use reports::{
    metric::GroupName,
    model::{Expect, Order},
};

use super::{
    connect::{Connect, HostPort},
    dialogue::Dialogue,
    load::Load,
    messages::Messages,
    rooms::Rooms,
    sessions::Sessions,
    target::Target,
    wire_shape::WireShape,
};
use crate::message::{Data, Mix, Pattern, Place, Scope};

/// A group of clients that do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What results and thresholds call it. The default is `main`.
    pub name: GroupName,
    /// The server under test. By default the run starts one.
    pub target: Target,
    /// How connections are opened.
    pub connect: Connect,
    /// Concurrent connections. The default is 100.
    pub clients: NonZeroU32,
    /// When a client sends. The default is the open model with 50 messages a second.
    pub load: Load,
    /// What a client sends. The default is generated messages of 64 bytes.
    pub messages: Messages,
    /// Values for templates: a row for each client, in turn.
    pub data: Option<Arc<Data>>,
    /// What a message must bring back. The default is the message itself.
    pub expect: Expect,
    /// Whether replies may overtake each other. By default they may with [`Expect::Id`] only.
    pub order: Option<Order>,
    /// The last event of a reply, where a reply is several events.
    pub until: Option<Pattern>,
    /// An event may hold several replies.
    pub batched: bool,
    /// What a client says besides its messages. The default is nothing.
    pub dialogue: Dialogue,
    /// Who hears whom, with [`Expect::Broadcast`].
    pub rooms: Option<Rooms>,
    /// How clients come and go. By default they open before the load and stay.
    pub sessions: Sessions,
    /// How messages are cut into frames and writes.
    pub wire_shape: WireShape,
    /// Each client sends a ping this often. By default none.
    pub ping: Option<Duration>,
    /// Slow readers: bytes per second that each client reads at most. By default all that comes.
    pub read: Option<NonZeroU64>,
}

impl Group {
    /// What a template of the group may name in this place.
    pub fn scope(&self, place: Place) -> Scope<'_> {
        let rooms = self.rooms.as_ref().map(Rooms::name);
        Scope { place, data: self.data.as_deref(), rooms, captures: &self.dialogue.captures }
    }

    /// Whether its server, or a proxy to it, takes cores of this machine, as far as names tell.
    pub fn is_here(&self) -> bool {
        let path = &self.connect.network_path;
        match (&self.target, &path.connect_to) {
            _ if path.unix_socket.is_some() || path.proxy.as_ref().is_some_and(|proxy| proxy.address.is_here()) => true,
            (Target::Embedded, _) => true,
            (_, Some(host)) => host.is_here(),
            (target, None) => target.urls().iter().filter_map(|url| HostPort::of(url)).any(|host| host.is_here()),
        }
    }

    /// Bytes of the largest message.
    pub fn largest_message(&self) -> usize {
        match &self.messages {
            Messages::Generated { sizes, .. } => sizes.largest() as usize,
            Messages::Templates(templates) => {
                let scope = self.scope(Place::Message);
                templates.iter().map(|template| scope.most_bytes(template)).max().unwrap_or(0)
            }
        }
    }

    /// Bytes of the smallest generated message that will do: the header, where one is told by it.
    pub fn least_generated(&self, mix: Mix) -> u32 {
        match self.expect {
            Expect::Echo | Expect::Broadcast => u32::try_from(mix.min_size()).unwrap_or(u32::MAX),
            _ => 0,
        }
    }

    /// Clients that send: in rooms those that publish. `None` if templates name the rooms and not
    /// all publish, because then it takes the values to know.
    pub fn senders(&self) -> Option<u64> {
        let clients = self.clients.get().into();
        match &self.rooms {
            _ if !self.load.sends() => Some(0),
            Some(rooms) => rooms.record().publishers_of(clients),
            None => Some(clients),
        }
    }

    /// Messages per second of all its clients, the most if that changes, if the load plans that. 0
    /// if they only listen.
    pub fn peak_rate(&self) -> Option<f64> {
        if !self.load.sends() {
            return Some(0.0);
        }
        Some(self.load.peak_rate()?.per_second() * self.senders()? as f64)
    }
}

impl Default for Group {
    fn default() -> Self {
        Self {
            name: GroupName::default(),
            target: Target::default(),
            connect: Connect::default(),
            clients: NonZeroU32::new(100).expect("over 0"),
            load: Load::default(),
            messages: Messages::default(),
            data: None,
            expect: Expect::default(),
            order: None,
            until: None,
            batched: false,
            dialogue: Dialogue::default(),
            rooms: None,
            sessions: Sessions::default(),
            wire_shape: WireShape::default(),
            ping: None,
            read: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{OwnCopy, RoomBy};

    #[test]
    fn only_publishers_count_for_the_rate() {
        let rate = |publishers| {
            let by = RoomBy::Size(NonZeroU32::new(10).unwrap());
            let rooms = Some(Rooms { by, publishers, own: OwnCopy::Expect, durable: false });
            // 100 clients and 50 messages a second each by default, so 10 rooms.
            Group { rooms, ..Group::default() }.peak_rate()
        };
        assert_eq!([rate(None), rate(Some(2)), rate(Some(0))], [Some(5000.0), Some(1000.0), Some(0.0)]);
    }
}
