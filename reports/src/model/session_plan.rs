//! How the clients of a group come and go, as a plan has it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How clients come and go. Times count from the start of the measured phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionsRecord {
    /// When the clients open, in seconds. Null if they are open before the warm-up.
    #[schemars(range(min = 0.0))]
    pub start_s: Option<f64>,
    /// When the clients close, in seconds. Null if they stay to the end.
    #[schemars(range(min = 0.0))]
    pub stop_s: Option<f64>,
    /// How long it takes until all clients have opened, in seconds. Null without a ramp.
    #[schemars(range(min = 0.0))]
    pub ramp_s: Option<f64>,
    /// Length of a session, in seconds. Null without one.
    #[schemars(range(min = 0.0))]
    pub session_s: Option<f64>,
    /// Messages of a session. Null without a bound.
    pub session_messages: Option<u64>,
    /// Each client is cut this often, in seconds, without a closing handshake. Null if none is.
    #[schemars(range(min = 0.0))]
    pub drop_every_s: Option<f64>,
    /// Times at which many clients are cut at once.
    pub storms: Vec<StormRecord>,
    /// How a client comes back. Null if it stays away.
    pub reconnect: Option<ReconnectRecord>,
}

/// A time at which many clients are cut at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StormRecord {
    /// The part of the group's clients, from 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
    /// When, in seconds.
    #[schemars(range(min = 0.0))]
    pub at_s: f64,
}

/// How long a client waits before it tries to open again: exponential backoff with jitter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReconnectRecord {
    /// The first wait, in seconds.
    #[schemars(range(min = 0.0))]
    pub min_s: f64,
    /// The longest wait, in seconds.
    #[schemars(range(min = 0.0))]
    pub max_s: f64,
    /// How a wait varies.
    pub jitter: JitterRecord,
}

/// How a wait varies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JitterRecord {
    /// Any time up to the wait.
    #[default]
    Full,
    /// Half of the wait, and any time up to the other half.
    Equal,
    /// The wait itself.
    None,
}

/// How messages are cut into frames, and frames into writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WireShapeRecord {
    /// Most payload bytes of a frame. Null if a message is one frame.
    pub fragment_bytes: Option<u32>,
    /// What one write hands over.
    pub write: WriteShapeRecord,
    /// Bytes of a write with `split`; null otherwise.
    pub split_bytes: Option<u32>,
}

/// What one write hands over to the transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteShapeRecord {
    /// All messages of a burst.
    #[default]
    Burst,
    /// One frame.
    Frame,
    /// So many bytes, wherever frames begin and end.
    Split,
}

impl SessionsRecord {
    /// Its numbers, by their keys.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let single = [
            ("plan.groups.sessions.start_s", self.start_s),
            ("plan.groups.sessions.stop_s", self.stop_s),
            ("plan.groups.sessions.ramp_s", self.ramp_s),
            ("plan.groups.sessions.session_s", self.session_s),
            ("plan.groups.sessions.drop_every_s", self.drop_every_s),
            ("plan.groups.sessions.reconnect.min_s", self.reconnect.map(|reconnect| reconnect.min_s)),
            ("plan.groups.sessions.reconnect.max_s", self.reconnect.map(|reconnect| reconnect.max_s)),
        ];
        let storms = self.storms.iter().flat_map(|storm| {
            [("plan.groups.sessions.storms.share", storm.share), ("plan.groups.sessions.storms.at_s", storm.at_s)]
        });
        single.into_iter().filter_map(|(key, number)| Some((key, number?))).chain(storms)
    }
}
