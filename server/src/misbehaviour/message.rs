//! A message that does not go out at once, and so needs memory of its own.

use std::net::SocketAddr;

use frames::{Encoder, Kind, Message};

use crate::compression::Compressor;

/// Which message came in. What goes out for it belongs to that message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The peer that sent it.
    pub(crate) peer: SocketAddr,
    /// Its number among the text and binary messages of its connection, from 0.
    pub(crate) message: u64,
}

/// A text or binary message with its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OwnedMessage {
    Text(String),
    Binary(Vec<u8>),
}

impl OwnedMessage {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn binary(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Binary(bytes.into())
    }

    /// A copy of a message. The decoder has checked that its text is UTF-8.
    pub(crate) fn copy(message: Message<'_>) -> Self {
        match message.kind {
            Kind::Text => Self::Text(String::from_utf8_lossy(message.payload).into_owned()),
            Kind::Binary => Self::binary(message.payload),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Binary(_) => Kind::Binary,
        }
    }

    pub(crate) fn payload(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// Payload bytes.
    pub(crate) fn len(&self) -> usize {
        self.payload().len()
    }

    /// Writes it as one frame of a server, compressed where the connection has agreed on that.
    pub(crate) fn encode(&self, out: &mut Encoder, compressor: &mut Option<Box<Compressor>>) {
        match compressor {
            None => out.message(self.kind(), None, self.len(), |payload| payload.copy_from_slice(self.payload())),
            Some(compressor) => compressor.message(self.kind(), self.payload(), out),
        }
    }
}
