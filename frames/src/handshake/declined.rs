//! An answer with another status than 101.

use super::Fields;
use super::body::Body;

/// What a server said that did not upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// Three digits.
    pub status: u16,
    /// The reason phrase, which may be empty. Any bytes but control characters other than the tab.
    pub reason: Vec<u8>,
    /// The fields; those that came, if the stream ended in the head.
    pub fields: Fields,
    /// The first bytes of the body, without the framing of chunks; at most [`BODY_BYTES`](super::BODY_BYTES).
    pub body: Vec<u8>,
}

/// One whose body is being read.
#[derive(Debug)]
pub(super) struct Declining {
    declined: Declined,
    body: Body,
}

impl Declining {
    pub(super) fn new(status: u16, reason: Vec<u8>, fields: Fields) -> Self {
        let body = Body::of(status, &fields);
        Self { declined: Declined { status, reason, fields, body: Vec::new() }, body }
    }

    /// Takes bytes of the body; true if nothing more is wanted.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        self.body.take(bytes);
        self.body.is_over()
    }

    pub(super) fn finish(self) -> Declined {
        Declined { body: self.body.kept, ..self.declined }
    }
}
