//! The first anomalies of each kind, with what is known about them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One anomaly: which message, and how it broke. Bytes are bounded and escaped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What was found.
    pub kind: EvidenceKind,
    /// Number of the client that received it, or that should have, from 0.
    pub client: u32,
    /// Number of the client that sent the message, where that is another.
    pub sender: Option<u32>,
    /// Local address of the connection.
    pub local: String,
    /// Peer address of the connection.
    pub peer: String,
    /// Sequence of the message within its sender, from 0, where it is known.
    pub sequence: Option<u64>,
    /// Seconds since the measured phase began; negative in the warm-up.
    pub at_s: f64,
    /// What should have come, where that is known.
    pub expected: Option<String>,
    /// What came, where anything did.
    pub received: Option<String>,
    /// Length of what came in bytes.
    pub received_bytes: Option<u64>,
    /// Offset of the first byte that differs from what should have come.
    pub first_difference: Option<u64>,
    /// The read that brought the event.
    pub read: Option<ReadContext>,
    /// Anything else that is known, in words.
    pub detail: Option<String>,
}

/// What evidence is of: a fate, a finding, or the end of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A sent message had not come back when the drain ended.
    #[default]
    Lost,
    /// A sent message was in flight when its connection died.
    Undetermined,
    /// An event repeats a message that had come already.
    Duplicated,
    /// A matched message came out of order.
    Reordered,
    /// An event holds more than one message.
    Coalesced,
    /// A message came in several events.
    Split,
    /// An event holds the beginning of a message whose rest never came.
    Truncated,
    /// An event holds a message with wrong bytes.
    Corrupted,
    /// An event holds a whole message as text instead of binary, or vice versa.
    WrongType,
    /// An event holds a whole message of another connection.
    Misrouted,
    /// An event holds nothing that was sent in this run.
    Unexpected,
    /// The server skipped numbers in what it pushed.
    Gap,
    /// A connection ended before the generator closed it.
    Died,
}

impl EvidenceKind {
    /// Its name in a result.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Undetermined => "undetermined",
            Self::Duplicated => "duplicated",
            Self::Reordered => "reordered",
            Self::Coalesced => "coalesced",
            Self::Split => "split",
            Self::Truncated => "truncated",
            Self::Corrupted => "corrupted",
            Self::WrongType => "wrong_type",
            Self::Misrouted => "misrouted",
            Self::Unexpected => "unexpected",
            Self::Gap => "gap",
            Self::Died => "died",
        }
    }
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What came in the same read as a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadContext {
    /// Bytes that the read returned.
    pub bytes: u64,
    /// Messages and control frames that were completed by it.
    pub frames: u64,
}
