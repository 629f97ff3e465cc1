//! What a message must bring back.

use std::fmt;

/// What a message must bring back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// The message itself.
    #[default]
    Echo,
    /// One message event, whatever it holds.
    Count,
    /// This text.
    Reply(String),
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echo => f.write_str("echo"),
            Self::Count => f.write_str("count"),
            Self::Reply(text) => write!(f, "reply={text}"),
        }
    }
}
