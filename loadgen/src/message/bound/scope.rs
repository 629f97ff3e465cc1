//! What the names in a template may stand for.

use std::num::NonZeroU32;

use reports::nearest;

use super::{part::UNIX_MS, random::UUID};
use crate::message::{Capture, Data, MARK, Name, Template};

/// What the names in the templates of a group may stand for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// What the template is for.
    pub place: Place,
    /// The group's data.
    pub data: Option<&'a Data>,
    /// How its rooms are named.
    pub rooms: Option<RoomName<'a>>,
    /// What its clients remember of the events that they receive.
    pub captures: &'a [Capture],
}

/// What a template is for, which decides what it may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A message: anything.
    Message,
    /// A connection, or what a client says besides its messages: nothing of a message.
    Connection,
    /// The name of a room: what is the client's.
    Room,
    /// The path of a file: what is the client's.
    File,
}

/// How rooms are named.
#[derive(Clone, Copy, Debug)]
pub enum RoomName<'a> {
    /// By a number: so many clients of the group are in each.
    Number(NonZeroU32),
    /// By a text.
    Text(&'a Template),
}

/// What a name stands for, once data and rooms are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What the name itself says.
    Own,
    /// The client's room.
    Room,
    Column(usize),
    /// What the client remembers.
    Capture(usize),
}

impl Scope<'_> {
    /// Finds that a template names what is not there.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub fn check(&self, template: &Template) -> Result<(), String> {
        template.names().try_for_each(|name| self.meaning(name).map(drop))
    }

    /// Bytes of the longest text of a template, as far as the scope tells. What is not there has
    /// none.
    pub fn most_bytes(&self, template: &Template) -> usize {
        template.names().map(|name| self.most_bytes_of(name)).fold(template.literal_bytes(), usize::saturating_add)
    }

    fn most_bytes_of(&self, name: &Name) -> usize {
        match (self.meaning(name), name) {
            (Ok(Meaning::Column(column)), _) => self.data.map_or(0, |data| data.longest(column)),
            (Ok(Meaning::Room), _) => match self.rooms {
                Some(RoomName::Text(text)) => Scope { place: Place::Room, ..*self }.most_bytes(text),
                _ => 10,
            },
            (_, Name::Client) => 10,
            (_, Name::Sequence) => 15,
            (_, Name::Id) => 16,
            (_, Name::Mark) => MARK,
            (_, Name::UnixMs) => UNIX_MS,
            (_, Name::Uuid) => UUID,
            (_, Name::Random(count)) => *count as usize,
            (_, Name::Room | Name::Column(_)) => 0,
        }
    }

    /// What a name stands for here.
    pub(super) fn meaning(&self, name: &Name) -> Result<Meaning, String> {
        let column = self.data.and_then(|data| data.column(&name.to_string()));
        let is_of_messages = matches!(name, Name::Sequence | Name::Id | Name::Mark);
        match (name, column) {
            (Name::Column(_), Some(column)) => Ok(Meaning::Column(column)),
            (Name::Column(name), None) => self.captured(name),
            (Name::Room, _) => self.room(column),
            (_, Some(_)) => Err(format!(
                "`{{{{{name}}}}}` is of loadgen itself, and a column of {} as well; rename the column",
                self.file()
            )),
            _ if self.place != Place::Message && is_of_messages => Err(format!(
                "`{{{{{name}}}}}` is of a message, and this is none; `{{{{client}}}}` and columns of --data can stand here"
            )),
            (Name::Client, _) => Ok(Meaning::Own),
            _ if matches!(self.place, Place::Room | Place::File) => Err(format!(
                "`{{{{{name}}}}}` differs from message to message, and a {} does not; `{{{{client}}}}` and columns of --data \
                 can stand here",
                if self.place == Place::File { "file" } else { "room" }
            )),
            _ => Ok(Meaning::Own),
        }
    }

    fn room(&self, column: Option<usize>) -> Result<Meaning, String> {
        match (self.rooms, column) {
            // The room's name is made of the column.
            (_, Some(column)) if self.place == Place::Room => Ok(Meaning::Column(column)),
            (Some(RoomName::Number(_)), Some(_)) => Err(format!(
                "`{{{{room}}}}` is the number of the room with --room-size, and a column of {} as well; rename the column, \
                 or give --room '{{{{room}}}}' instead of --room-size",
                self.file()
            )),
            (Some(_), _) if self.place != Place::Room => Ok(Meaning::Room),
            (_, Some(column)) => Ok(Meaning::Column(column)),
            (_, None) => Err(match self.data {
                Some(_) => format!("there is no room and no column `room`; {}", self.columns()),
                None => "there is no room; give --room-size, or --data with a column `room`".to_owned(),
            }),
        }
    }

    fn captured(&self, name: &str) -> Result<Meaning, String> {
        match self.captures.iter().position(|capture| capture.name == name) {
            Some(capture) if self.place == Place::Connection => Ok(Meaning::Capture(capture)),
            Some(_) => Err(format!(
                "`{{{{{name}}}}}` is what a client remembers (--capture); it can stand in --on-open, --answer, the URL and \
                 header fields"
            )),
            None => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let captured = self.captures.iter().map(|capture| capture.name.as_str());
        let columns = self.data.iter().flat_map(|data| data.columns());
        let known = Name::ALL.into_iter().chain(captured).chain(columns);
        let meant = nearest(name, known).map_or_else(String::new, |meant| format!("; did you mean `{{{{{meant}}}}}`?"));
        let shown = reports::escape(name.as_bytes(), 60);
        match self.data {
            Some(_) => format!("`{{{{{shown}}}}}` names no column; {}{meant}", self.columns()),
            None => format!(
                "`{{{{{shown}}}}}` is unknown; known are {}, and with --data FILE the columns of the file{meant}",
                Name::ALL.join(", ")
            ),
        }
    }

    fn file(&self) -> String {
        self.data.map_or_else(String::new, |data| data.path().display().to_string())
    }

    /// Says which columns there are.
    fn columns(&self) -> String {
        const SHOWN: usize = 12;
        let columns: Vec<_> = self.data.iter().flat_map(|data| data.columns()).collect();
        let more = if columns.len() > SHOWN { ", ..." } else { "" };
        format!("{} has {}{more}", self.file(), columns[..columns.len().min(SHOWN)].join(", "))
    }
}
