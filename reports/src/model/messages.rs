//! What the clients of a group send.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the clients of a group send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "messages")]
pub enum MessagesRecord {
    /// Messages that the generator makes up.
    Generated {
        /// Payload size in bytes, of the largest message if they differ.
        size_bytes: u64,
        /// How sizes differ, as the plan says it: `64..4096`, `edges` or `p50=200,p99=8192`. Absent
        /// if all messages have one size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sizes: Option<String>,
        /// Type of the messages.
        payload: PayloadKind,
    },
    /// Messages of templates, in turn.
    Templates {
        /// How many templates there are.
        templates: u32,
        /// Payload size of the largest message in bytes, as far as the plan says.
        largest_bytes: u64,
        /// Equal for equal templates. Templates themselves may hold secrets.
        fingerprint: String,
    },
}

/// Type of the messages of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayloadKind {
    /// Text only.
    Text,
    /// Binary only.
    Binary,
    /// Text for even sequences, binary for odd ones.
    #[default]
    Mixed,
}

/// What clients say besides their messages, and which events are no replies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DialogueRecord {
    /// Steps of joining.
    pub on_open: u32,
    /// Kinds of events that are answered.
    pub answer: u32,
    /// Kinds of events that are ignored.
    pub ignore: u32,
    /// Equal for equal dialogues. What is said may hold secrets.
    pub fingerprint: String,
}

impl PayloadKind {
    /// Its name on the command line and in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Mixed => "mixed",
        }
    }
}

impl fmt::Display for PayloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
