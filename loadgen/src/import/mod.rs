//! Makes a plan file of what a browser recorded.
//!
//! ```text
//! har.rs        the WebSocket connections of a HAR file
//! recording.rs  one connection: route and messages
//! columns.rs    what may be secret, and the columns of data in its place
//!   secrets.rs  where secrets are looked for in messages
//! route.rs      target and header fields
//! pattern.rs    the regular expression for events of a kind
//! guess/        which messages join, answer, load; which events are replies
//!   heartbeats, joining, ids, replies
//! write.rs      the plan file
//! ```
//!
//! All of it is pure but for the reader that it reads from.

mod columns;
mod error;
mod guess;
mod har;
mod pattern;
mod recording;
mod route;
mod secrets;
mod write;

#[cfg(test)]
mod tests;

use std::io::Read;

pub use self::error::ImportError;
use self::{columns::Columns, guess::Guess, har::Har, route::Route};

/// Which recording becomes which plan.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// Name of the HAR file, for refusals and for the comment of the plan.
    pub file: &'a str,
    /// The file that the plan names as its data.
    pub data: &'a str,
    /// The connection to take, counted from 1 in the order of the file. Without it, all.
    pub entry: Option<usize>,
}

/// A plan that was made of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The plan file.
    pub plan: String,
    /// A template of its data: a row of names, and a row to be filled in. None if the plan needs no
    /// data.
    pub data: Option<String>,
    /// What to know and to do before it is run.
    pub notes: Vec<String>,
}

impl Import<'_> {
    /// Makes a plan of the HAR file that `source` has.
    ///
    /// Values of header fields and of the query of the URL, and what looks like a secret in
    /// messages, do not enter the plan: columns stand in their place.
    ///
    /// # Errors
    /// It can't be read, is no HAR file, or has no messages of a WebSocket connection.
    pub fn read(&self, source: impl Read) -> Result<Imported, ImportError> {
        let har = Har::read(self.file, source, self.entry)?;
        let mut notes = har.notes();
        let mut columns = Columns::default();
        let mut routes = Vec::new();
        for recording in &har.recordings {
            routes.push(Route::of(recording, &mut columns, &mut notes));
            secrets::collect(recording, &mut columns);
        }
        let groups: Vec<_> = har
            .recordings
            .iter()
            .zip(routes)
            .map(|(recording, route)| (recording, route, Guess::of(&recording.messages, &columns)))
            .collect();
        let plan = write::plan(self, &har, &groups, &columns, &mut notes);
        Ok(Imported { plan, data: columns.template_of_data(), notes })
    }
}
