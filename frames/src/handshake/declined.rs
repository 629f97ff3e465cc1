//! A response with a status other than 101.

use super::{Fields, body::BodyReader};

/// A response that declines the upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// Three digits.
    pub status: u16,
    /// The reason phrase, possibly empty. The tab is its only control character.
    pub reason: Vec<u8>,
    /// The header fields. If the stream ended within the head, those before the end.
    pub fields: Fields,
    /// The first bytes of the body, without the framing of chunks; at most
    /// [`BODY_BYTES`](super::BODY_BYTES).
    pub body: Vec<u8>,
}

/// Reads the body of such a response.
#[derive(Debug)]
pub(super) struct DeclinedReader {
    declined: Declined,
    body: BodyReader,
}

impl DeclinedReader {
    pub(super) fn new(status: u16, reason: Vec<u8>, fields: Fields) -> Self {
        let body = BodyReader::of(status, &fields);
        Self { declined: Declined { status, reason, fields, body: Vec::new() }, body }
    }

    /// Takes bytes of the body. Returns true once no more are needed.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        self.body.take(bytes);
        self.body.is_over()
    }

    pub(super) fn finish(self) -> Declined {
        Declined { body: self.body.kept, ..self.declined }
    }
}
