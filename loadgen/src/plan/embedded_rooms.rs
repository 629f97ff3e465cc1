//! Rooms at the server that a run starts itself. The path of a request names the room there.

use percent_encoding::{AsciiSet, percent_encode};

use super::{Group, OwnCopy, Plan, RoomBy, Target};
use crate::{message::Template, secrets::RESERVED};

/// What is encoded in the name of a room, besides the values in it: not the braces of `{{...}}`.
const NAME: &AsciiSet = &RESERVED.remove(b'{').remove(b'}').remove(b':').remove(b'_');

impl Plan {
    /// Whether senders get their own copies at the embedded server. None if it serves no rooms.
    pub(crate) fn embedded_own_copy(&self) -> Option<server::OwnCopy> {
        let embedded = self.groups().iter().filter(|group| group.target == Target::Embedded);
        let copies = embedded.filter_map(|group| Some(group.rooms.as_ref()?.own));
        let refused = copies.map(|own| own == OwnCopy::Refuse).reduce(|one, other| one || other)?;
        Some(if refused { server::OwnCopy::Refuse } else { server::OwnCopy::Expect })
    }

    /// The path at the embedded server, if it serves rooms. Clients of a group without rooms are
    /// alone in theirs, so their messages come back as an echo does.
    pub(crate) fn embedded_path(&self, group: &Group) -> Option<Template> {
        self.embedded_own_copy()?;
        let path = match group.rooms.as_ref().map(|rooms| &rooms.by) {
            Some(RoomBy::Size(_)) => "/room/{{room}}".to_owned(),
            Some(RoomBy::Name(name)) => format!("/room/{}", percent_encode(name.as_written(), NAME)),
            None => "/client/{{client}}".to_owned(),
        };
        path.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::plan::{Rooms, RunOptions};

    fn plan(rooms: Option<Rooms>) -> Plan {
        // It is not checked that the rest fits: this is about paths.
        let group = Group::default();
        let mut plan = Plan::new(RunOptions::default(), vec![group]).unwrap();
        plan.groups[0].rooms = rooms;
        plan
    }

    fn path(rooms: Option<Rooms>) -> Option<String> {
        let plan = plan(rooms);
        let path = plan.embedded_path(&plan.groups()[0])?;
        Some(String::from_utf8(path.as_written().to_vec()).unwrap())
    }

    #[test]
    fn the_path_names_the_room() {
        let rooms = |by| Rooms { by, publishers: None, own: OwnCopy::Expect, durable: false };
        assert_eq!(path(None), None);
        let sized = rooms(RoomBy::Size(NonZeroU32::new(2).unwrap()));
        assert_eq!(path(Some(sized)).unwrap(), "/room/{{room}}");
        let named = rooms(RoomBy::Name("a b?{{my_room}}".parse().unwrap()));
        assert_eq!(path(Some(named)).unwrap(), "/room/a%20b%3F{{my_room}}");
    }

    #[test]
    fn own_copies_are_as_the_plan_wants_them() {
        let own = |own| {
            let by = RoomBy::Size(NonZeroU32::new(2).unwrap());
            plan(Some(Rooms { by, publishers: None, own, durable: false })).embedded_own_copy()
        };
        assert_eq!(own(OwnCopy::Refuse), Some(server::OwnCopy::Refuse));
        assert_eq!([own(OwnCopy::Expect), own(OwnCopy::Allow)], [Some(server::OwnCopy::Expect); 2]);
    }
}
