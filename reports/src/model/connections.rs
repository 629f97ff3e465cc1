//! What became of the connections.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of the connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// Clients of the plan. Each has one connection at a time.
    pub requested: u64,
    /// Connections whose handshake succeeded, over all sessions of the clients.
    pub opened: u64,
    /// Clients that never opened a connection, or were not tried because the run was stopped.
    pub failed: u64,
    /// Opened connections that the target ended although the plan wanted them open.
    pub died: u64,
    /// Time to look up the host of the target, once for all connections, in nanoseconds. The
    /// longest of all groups in their total. Null where the target names an address.
    pub dns_ns: Option<u64>,
    /// Failed attempts and deaths by kind (`refused`, `http_503`, `reset`, `closed_1011`, ...).
    pub errors: BTreeMap<String, u64>,
    /// What the first failure or death of each kind said, escaped and cut to 300 characters.
    pub details: BTreeMap<String, String>,
}
