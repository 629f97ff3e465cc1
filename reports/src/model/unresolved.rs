//! Messages whose fate another result may know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CutRooms;

/// Messages whose fate another part of the same run may know: those that did not come back, and
/// those of other clients that came instead. A merge of results finds them in each other.
///
/// Client ids run through all groups, so there is one list a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unresolved {
    /// Messages that did not come back, by client and sequence.
    pub missing: Vec<MissingRecord>,
    /// How many more did not come back, and are not listed.
    pub missing_not_kept: u64,
    /// Whole messages that came on another connection, and that no client here misses.
    pub misrouted: Vec<MisroutedRecord>,
    /// How many more of these came, and are not listed.
    pub misrouted_not_kept: u64,
    /// Of rooms that have clients on other shards, too. Null without such rooms, or once a merge
    /// has given each delivery its fate.
    pub rooms: Option<Box<CutRooms>>,
}

impl Unresolved {
    /// Messages that each list keeps at most.
    pub const KEPT: usize = 10_000;
}

/// A message that did not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct MissingRecord {
    /// The client that sent it.
    pub client: u32,
    /// Its sequence at that client.
    pub sequence: u64,
    /// The fate that it is counted with.
    pub fate: MissingFate,
    /// It was due in the measured phase, not in the warm-up.
    pub measured: bool,
}

/// What a missing message is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingFate {
    /// Nothing of it came.
    Lost,
    /// Its connection died while it was in flight.
    Undetermined,
    /// The plan cut its connection while it was in flight.
    UndeterminedByPlan,
    /// A truncated event was attributed to it, by a guess.
    Damaged,
}

/// A whole message that came on a connection that did not send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct MisroutedRecord {
    /// The client that sent it.
    pub client: u32,
    /// Its sequence at that client.
    pub sequence: u64,
}
