//! What was asked for: what the whole run does, and what each group of clients does.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    ConnectRecord, DialogueRecord, LoadRecord, MessagesRecord, Order, RoomsRecord, SessionsRecord, TargetRecord,
    WireShapeRecord,
};

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
    /// What a client sends.
    #[serde(flatten)]
    pub messages: MessagesRecord,
    /// What a send must bring back: `echo`, `count`, `reply=TEXT`, `mark`, `id=POINTER`,
    /// `id=~REGEX`, `sequence=POINTER` or `broadcast`.
    pub expect: Expect,
    /// Whether replies may overtake each other.
    pub order: Order,
    /// The last event of a reply, where a reply is several events.
    pub until: Option<String>,
    /// An event may hold several replies.
    pub batched: bool,
    /// What a client says besides its messages. Null if it says nothing.
    pub dialogue: Option<DialogueRecord>,
    /// Who hears whom. Null without rooms.
    pub rooms: Option<RoomsRecord>,
    /// How connections are opened. Null if they go straight to the target, with the defaults.
    pub connect: Option<ConnectRecord>,
    /// How clients come and go. Null if they open before the load and stay.
    pub sessions: Option<SessionsRecord>,
    /// How messages are cut into frames and writes. Null if a message is one frame, and a burst one
    /// write.
    pub wire_shape: Option<WireShapeRecord>,
    /// Each client sends a ping this often, in seconds. Null without pings.
    #[schemars(range(min = 0.0))]
    pub ping_s: Option<f64>,
    /// Slow readers: bytes per second that each client reads at most. Null if it reads what comes.
    pub read_bytes_per_s: Option<u64>,
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

/// What a message must bring back. Its text is its name, and for some `=` and a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// `echo`: the message itself.
    #[default]
    Echo,
    /// `count`: one message event, whatever it holds.
    Count,
    /// `reply=TEXT`: this text.
    Reply(String),
    /// `mark`: an event that holds the mark of the message.
    Mark,
    /// `id=POINTER` or `id=~REGEX`: an event with the id of the message at this place.
    Id(IdPlace),
    /// `sequence=POINTER`: nothing. The server pushes events, numbered at this JSON pointer.
    Sequence(JsonPointer),
    /// `broadcast`: an event with its mark at each member of the sender's room.
    Broadcast,
}

/// Where an event holds the id of the message that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdPlace {
    /// At a JSON pointer.
    Pointer(JsonPointer),
    /// In the first group of a regular expression.
    Regex(String),
}

/// A place in a JSON text, such as `/result/id` (RFC 6901). The empty pointer is the whole text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonPointer {
    text: String,
    tokens: Vec<String>,
}

/// The error of a text that is no [`Expect`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpectError {
    /// It has another name.
    #[error("expected echo, count, reply=TEXT, mark, id=POINTER, id=~REGEX, sequence=POINTER or broadcast")]
    Unknown,
    /// Its value is no JSON pointer.
    #[error("`{0}` is no JSON pointer; expected one such as /id or /result/0/id, with ~1 for / and ~0 for ~ in a name")]
    Pointer(String),
}

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

    /// Whether a group sends messages.
    pub fn sends(&self) -> bool {
        self.groups.iter().any(|group| group.load.sends())
    }

    /// Whether every group expects its messages back.
    pub fn is_echo(&self) -> bool {
        self.groups.iter().all(|group| group.expect == Expect::Echo)
    }
}

impl GroupRecord {
    /// Whether its messages go to rooms.
    pub fn has_rooms(&self) -> bool {
        self.expect == Expect::Broadcast
    }

    /// Whether the server pushes numbered events to its clients.
    pub fn has_pushes(&self) -> bool {
        matches!(self.expect, Expect::Sequence(_))
    }

    /// Messages per second of all its clients; 0 if they only listen. `None` in the closed model,
    /// which plans no rate, and where nobody knows how many clients publish.
    pub fn rate(&self) -> Option<f64> {
        Some(self.senders()? as f64 * self.load.rate_per_client()?)
    }

    /// Clients that send: in rooms those that publish. `None` if templates name the rooms and not
    /// all publish, because then nobody knows.
    pub fn senders(&self) -> Option<u64> {
        let clients = self.clients.into();
        self.rooms.as_ref().map_or(Some(clients), |rooms| rooms.publishers_of(clients))
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
            Self::Mark => f.write_str("mark"),
            Self::Id(IdPlace::Pointer(pointer)) => write!(f, "id={pointer}"),
            Self::Id(IdPlace::Regex(regex)) => write!(f, "id=~{regex}"),
            Self::Sequence(pointer) => write!(f, "sequence={pointer}"),
            Self::Broadcast => f.write_str("broadcast"),
        }
    }
}

impl Expect {
    /// The order that replies have unless the plan says otherwise: any with ids, which services use
    /// to answer out of order.
    pub fn usual_order(&self) -> Order {
        if matches!(self, Self::Id(_)) { Order::Any } else { Order::Keep }
    }
}

impl JsonPointer {
    /// The names and indices that lead to the place, unescaped.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for JsonPointer {
    type Err = ExpectError;

    fn from_str(text: &str) -> Result<Self, ExpectError> {
        let refused = || ExpectError::Pointer(text.to_owned());
        // RFC 6901, section 3: `~` stands for nothing but ~0 and ~1.
        let is_escaped = |token: &str| token.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        let Some(rest) = text.strip_prefix('/') else {
            return if text.is_empty() { Ok(Self::default()) } else { Err(refused()) };
        };
        let unescape = |token: &str| is_escaped(token).then(|| token.replace("~1", "/").replace("~0", "~"));
        let tokens: Option<Vec<_>> = rest.split('/').map(unescape).collect();
        Ok(Self { text: text.to_owned(), tokens: tokens.ok_or_else(refused)? })
    }
}

impl FromStr for Expect {
    type Err = ExpectError;

    fn from_str(text: &str) -> Result<Self, ExpectError> {
        match text {
            "echo" => Ok(Self::Echo),
            "count" => Ok(Self::Count),
            "mark" => Ok(Self::Mark),
            "broadcast" => Ok(Self::Broadcast),
            _ => match text.split_once('=') {
                Some(("reply", reply)) => Ok(Self::Reply(reply.to_owned())),
                Some(("id", place)) => Ok(Self::Id(match place.strip_prefix('~') {
                    Some(regex) => IdPlace::Regex(regex.to_owned()),
                    None => IdPlace::Pointer(place.parse()?),
                })),
                Some(("sequence", pointer)) => Ok(Self::Sequence(pointer.parse()?)),
                _ => Err(ExpectError::Unknown),
            },
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
    Expect: { "type": "string", "pattern": "^(echo$|count$|reply=|mark$|id=(/|~|$)|sequence=(/|$)|broadcast$)" }
    EngineKind: { "type": "string", "enum": EngineKind::ALL.map(EngineKind::name) }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<GroupRecord>, D::Error> {
    let groups = Vec::deserialize(deserializer)?;
    if groups.is_empty() { Err(de::Error::custom("`plan.groups`: a plan has a group")) } else { Ok(groups) }
}
