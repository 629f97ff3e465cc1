//! What the names in the templates of a group stand for.

use std::{num::NonZeroU32, sync::Arc};

use super::{BoundTemplate, Place, RoomName, Scope, part::Part, scope::Meaning};
use crate::message::{Capture, ClientMessages, Data, MARK, Mix, Name, Payload, Template, template::Segment};

/// What the names in the templates of a group stand for.
#[derive(Clone, Debug)]
pub struct Values {
    /// Marks of the run: headers without a body.
    marks: Payload,
    /// Clients of the run.
    pub(super) clients: u32,
    /// The group's first client.
    first: u32,
    pub(super) data: Option<Arc<Data>>,
    room: Option<Room>,
    captures: Box<[Capture]>,
}

/// How the rooms of a group are named.
#[derive(Clone, Debug)]
enum Room {
    Number(NonZeroU32),
    Text(Template, Arc<[Part]>),
}

/// What names stand for in the texts of one client. Make one for a whole burst.
#[derive(Clone, Copy, Debug)]
pub struct ClientValues<'v> {
    pub(super) values: &'v Values,
    pub(super) client: u32,
    /// The client's index in its group.
    pub(super) index: u32,
    pub(super) marks: ClientMessages<'v>,
    /// What it remembers, in the order of the group's captures. Empty before the first.
    pub(super) captured: &'v [Box<str>],
}

impl Values {
    /// Those of a run with this number and so many clients, for the group that begins with client
    /// `first`.
    pub fn new(run: u32, clients: u32, first: u32, data: Option<Arc<Data>>) -> Self {
        let marks = Payload::new(run, u32::try_from(MARK).unwrap_or(u32::MAX), Mix::Text);
        Self { marks, clients, first, data, room: None, captures: Box::default() }
    }

    /// Number of the group's first client.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    /// Those of a group with rooms.
    ///
    /// # Errors
    /// The name of the rooms names what is not there.
    pub fn with_rooms(self, name: RoomName<'_>) -> Result<Self, String> {
        let room = match name {
            RoomName::Number(size) => Room::Number(size),
            RoomName::Text(template) => {
                Room::Text(template.clone(), self.parts(template, Place::Room, Some(name))?.into())
            }
        };
        Ok(Self { room: Some(room), ..self })
    }

    /// Those of a group whose clients remember parts of the events that they receive.
    #[must_use]
    pub fn with_captures(self, captures: &[Capture]) -> Self {
        Self { captures: captures.into(), ..self }
    }

    /// The template, with what its names stand for here.
    ///
    /// # Errors
    /// It names what is not there: see [`Scope::check`].
    pub fn bind(self: &Arc<Self>, template: &Template, place: Place) -> Result<BoundTemplate, String> {
        let parts = self.parts(template, place, self.room_name())?;
        Ok(BoundTemplate::new(template.kind(), Arc::clone(self), parts, template.has(&Name::UnixMs)))
    }

    /// The values of data that `client` has.
    pub fn row(&self, client: u32) -> impl Iterator<Item = &str> {
        let index = client.wrapping_sub(self.first);
        self.data.iter().flat_map(move |data| data.row(index))
    }

    /// Marks of the run.
    pub fn marks(&self) -> &Payload {
        &self.marks
    }

    /// What names stand for in the texts of `client`, a client of the group by its number in the
    /// run.
    #[inline]
    pub fn of(&self, client: u32) -> ClientValues<'_> {
        let index = client.wrapping_sub(self.first);
        ClientValues { values: self, client, index, marks: self.marks.of(client), captured: &[] }
    }

    fn room_name(&self) -> Option<RoomName<'_>> {
        self.room.as_ref().map(|room| match room {
            Room::Number(size) => RoomName::Number(*size),
            Room::Text(template, _) => RoomName::Text(template),
        })
    }

    fn parts(&self, template: &Template, place: Place, rooms: Option<RoomName<'_>>) -> Result<Vec<Part>, String> {
        let scope = Scope { place, data: self.data.as_deref(), rooms, captures: &self.captures };
        // Equal names in other texts are other random parts.
        let salt = crc32c::crc32c(template.as_written()).wrapping_add(place as u32);
        let part = |(at, segment): (u32, &Segment)| match segment {
            Segment::Literal(bytes) => Ok(Part::Literal(bytes.clone())),
            Segment::Name(name) => {
                let meaning = scope.meaning(name)?;
                Ok(self.part(name, meaning, salt.wrapping_add(at)))
            }
        };
        (0..).zip(template.segments()).map(part).collect()
    }

    fn part(&self, name: &Name, meaning: Meaning, place: u32) -> Part {
        match (meaning, name, &self.room) {
            (Meaning::Column(column), ..) => Part::Column(column, name.to_string().into()),
            (Meaning::Capture(capture), ..) => Part::Capture(capture, name.to_string().into()),
            (Meaning::Room, _, Some(Room::Number(size))) => Part::RoomNumber(*size),
            (Meaning::Room, _, Some(Room::Text(_, parts))) => Part::RoomText(Arc::clone(parts)),
            (_, Name::Client, _) => Part::Client,
            (_, Name::Sequence, _) => Part::Sequence,
            (_, Name::Id, _) => Part::Id,
            (_, Name::Mark, _) => Part::Mark,
            (_, Name::UnixMs, _) => Part::UnixMs,
            (_, Name::Uuid, _) => Part::Uuid { place },
            (_, Name::Random(count), _) => Part::Random { place, count: *count },
            // They have another meaning, or are refused.
            (_, Name::Room | Name::Column(_), _) => Part::Literal(Box::default()),
        }
    }
}
