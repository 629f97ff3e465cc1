//! The processes that shared a run, and when each began.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Environment, GeneratorHealth};

/// A process that had a part of a run's clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShardRecord {
    /// Its number, from 1.
    #[schemars(range(min = 1))]
    pub number: u32,
    /// Shards of the whole run.
    #[schemars(range(min = 1))]
    pub of: u32,
    /// Its clients of each group, in the order of the plan.
    pub clients: Vec<ShardClients>,
    /// When its load began.
    pub start: StartRecord,
    /// Length of its measured phase in seconds.
    #[schemars(range(min = 0.0))]
    pub measured_s: f64,
    /// A signal stopped it before its time.
    pub interrupted: bool,
    /// Where it ran.
    pub environment: Environment,
    /// Health of its generator.
    pub generator: GeneratorHealth,
}

/// The clients of a group that a shard has. They have numbers in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardClients {
    /// Index of the first within its group, from 0.
    pub first: u32,
    /// How many there are.
    pub clients: u32,
}

/// When a load began, beside the instant that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StartRecord {
    /// Start of the warm-up by the system's clock, RFC 3339 in UTC, with microseconds.
    pub at: String,
    /// The instant that was asked for, in the same form. Null if none was.
    pub planned: Option<String>,
    /// How much later than planned it began, in seconds. Null if no instant was asked for.
    pub error_s: Option<f64>,
    /// Every connection had been tried by the planned instant.
    pub ready: bool,
    /// What the system says of its clock. Null where it does not tell.
    pub clock: Option<ClockRecord>,
}

/// What a system says of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClockRecord {
    /// A time service keeps it in step.
    pub synchronized: bool,
    /// How far it is off, as that service last measured, in seconds. Positive if it is behind.
    pub offset_s: f64,
    /// How far it may be off at most, in seconds.
    #[schemars(range(min = 0.0))]
    pub max_error_s: f64,
}

impl StartRecord {
    /// A start this many seconds late has shaped the load otherwise than planned.
    pub const LATE_S: f64 = 0.1;

    /// Whether the load began so late that it was not the planned one.
    pub fn is_late(&self) -> bool {
        self.error_s.is_some_and(|error| error > Self::LATE_S)
    }
}
