//! What became of the connections.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of the connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// Connections that the plan asked for.
    pub requested: u64,
    /// Connections whose handshake succeeded.
    pub opened: u64,
    /// Connections that did not open, or were not tried because the run was stopped.
    pub failed: u64,
    /// Opened connections that ended before the generator closed them.
    pub died: u64,
    /// Time to look up the host of the target, once for all connections, in nanoseconds. The
    /// longest of all groups in their total. Null where the target names an address.
    pub dns_ns: Option<u64>,
    /// Failures and deaths by kind (`refused`, `http_503`, `reset`, `closed_1011`, ...).
    pub errors: BTreeMap<String, u64>,
    /// What the first failure or death of each kind said, escaped and cut to 300 characters.
    pub details: BTreeMap<String, String>,
}
