//! What a browser recorded of one connection.

use std::fmt::Write;

/// What a browser recorded of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording {
    /// The connection's place among those of the file, counted from 1.
    pub(super) number: usize,
    /// URL of the opening handshake.
    pub(super) url: String,
    /// Header fields of the opening handshake, as names and values.
    pub(super) header: Vec<(String, String)>,
    /// In the order in which they passed.
    pub(super) messages: Vec<Message>,
    /// Messages that were not kept, because there were too many.
    pub(super) left_out: usize,
}

/// A recorded message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    /// Seconds since the first message of the connection.
    pub(super) at: f64,
    /// Whether the client sent it.
    pub(super) is_sent: bool,
    /// What it holds.
    pub(super) content: Content,
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    Text(String),
    Binary(Vec<u8>),
}

impl Content {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// Bytes as hexadecimal digits.
    pub(super) fn hex(&self) -> String {
        self.bytes().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl Recording {
    /// How many messages the client sent and received.
    pub(super) fn counts(&self) -> (usize, usize) {
        let sent = self.messages.iter().filter(|message| message.is_sent).count();
        (sent, self.messages.len() - sent)
    }
}
