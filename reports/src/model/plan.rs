//! What was asked for: what the whole run does, and what each group of clients does.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::TargetRecord;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanRecord {
    /// What all groups share.
    pub run: RunRecord,
    /// The groups of clients, at least one. Client ids run through them in this order.
    #[serde(deserialize_with = "at_least_one")]
    #[schemars(length(min = 1))]
    pub groups: Vec<GroupRecord>,
}

/// What all groups of a run share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Measured phase in seconds; null when `messages_per_client` ends it.
    #[schemars(range(min = 0.0))]
    pub duration_s: Option<f64>,
    /// Measured messages per client; null when `duration_s` ends the phase.
    pub messages_per_client: Option<u64>,
    /// Length of the warm-up, which has the same load, in seconds.
    #[schemars(range(min = 0.0))]
    pub warmup_s: f64,
    /// Longest wait for replies after the last send, in seconds.
    #[schemars(range(min = 0.0))]
    pub drain_s: f64,
    /// New connections per second, over all groups.
    #[schemars(range(min = 0.0))]
    pub connect_rate: f64,
    /// What moved the messages: `lean` or `tungstenite`.
    pub engine: EngineKind,
    /// Worker threads.
    pub threads: u32,
    /// Thresholds, as given.
    pub thresholds: Vec<String>,
    /// Timing was left unjudged (`--only-delivery`).
    pub only_delivery: bool,
}

/// What the clients of one group do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupRecord {
    /// Name of the group. Thresholds name it, and results by group.
    pub name: String,
    /// Server of this group; null where it is the target of the run.
    pub target: Option<TargetRecord>,
    /// Concurrent connections.
    pub clients: u32,
    /// When a client sends.
    #[serde(flatten)]
    pub load: LoadRecord,
    /// Payload size in bytes.
    pub size_bytes: u64,
    /// Type of the messages.
    pub payload: PayloadKind,
    /// What a send must bring back: `echo`, `count` or `reply=TEXT`.
    pub expect: Expect,
}

/// When a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "model")]
pub enum LoadRecord {
    /// Open model: sends are due whether or not replies came.
    Open {
        /// Messages per second per client.
        #[schemars(range(min = 0.0))]
        rate_per_client: f64,
        /// Messages that are due together.
        burst: u32,
        /// Most messages that a client may have in flight. Messages due beyond that are dropped.
        max_in_flight: u32,
    },
    /// Closed model: a client sends its next message once a reply has come.
    Closed {
        /// Messages in flight per client.
        window: u32,
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

/// What moves the messages. The engines share how connections are opened, and no code that moves a
/// message. So each is a check on the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The crate `frames` on plain sockets with an event queue of its own. Takes the least time and
    /// memory.
    #[default]
    Lean,
    /// mio and tungstenite: what tokio and tokio-tungstenite are made of.
    Tungstenite,
}

/// The error of a text that names no engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected lean or tungstenite")]
pub struct EngineKindError;

/// What a message must bring back. Its text is `echo`, `count` or `reply=TEXT`.
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

/// The error of a text that is no [`Expect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected echo, count or reply=TEXT")]
pub struct ExpectError;

impl PlanRecord {
    /// Clients of all groups.
    pub fn clients(&self) -> u64 {
        self.groups.iter().map(|group| u64::from(group.clients)).sum()
    }

    /// Messages per second of all clients together. `None` if a group plans no rate.
    pub fn rate(&self) -> Option<f64> {
        self.groups.iter().map(GroupRecord::rate).sum()
    }

    /// Whether no group plans a rate.
    pub fn is_closed(&self) -> bool {
        self.groups.iter().all(|group| group.load.is_closed())
    }

    /// Whether every group expects its messages back.
    pub fn is_echo(&self) -> bool {
        self.groups.iter().all(|group| group.expect == Expect::Echo)
    }
}

impl GroupRecord {
    /// Messages per second of all its clients. `None` in the closed model, which plans no rate.
    pub fn rate(&self) -> Option<f64> {
        Some(f64::from(self.clients) * self.load.rate_per_client()?)
    }
}

impl LoadRecord {
    /// Messages per second per client; `None` in the closed model, which plans no rate.
    pub fn rate_per_client(&self) -> Option<f64> {
        match self {
            Self::Open { rate_per_client, .. } => Some(*rate_per_client),
            Self::Closed { .. } => None,
        }
    }

    /// Whether it is the closed model.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
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

impl EngineKind {
    /// Every engine.
    pub const ALL: [Self; 2] = [Self::Lean, Self::Tungstenite];

    /// Its name on the command line and in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lean => "lean",
            Self::Tungstenite => "tungstenite",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
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

impl FromStr for Expect {
    type Err = ExpectError;

    fn from_str(text: &str) -> Result<Self, ExpectError> {
        match text {
            "echo" => Ok(Self::Echo),
            "count" => Ok(Self::Count),
            _ => text.strip_prefix("reply=").map(|reply| Self::Reply(reply.to_owned())).ok_or(ExpectError),
        }
    }
}

impl FromStr for EngineKind {
    type Err = EngineKindError;

    fn from_str(text: &str) -> Result<Self, EngineKindError> {
        Self::ALL.into_iter().find(|engine| engine.name() == text).ok_or(EngineKindError)
    }
}

/// Values that files hold as their text, and the JSON Schemas of these texts.
macro_rules! as_text {
    ($($name:ident: $schema:tt)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

as_text! {
    Expect: { "type": "string", "pattern": "^(echo$|count$|reply=)" }
    EngineKind: { "type": "string", "enum": EngineKind::ALL.map(EngineKind::name) }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<GroupRecord>, D::Error> {
    let groups = Vec::deserialize(deserializer)?;
    if groups.is_empty() { Err(de::Error::custom("`plan.groups`: a plan has a group")) } else { Ok(groups) }
}
