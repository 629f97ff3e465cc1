//! A result in memory: what a run measured, and nothing derived from it.
//!
//! Rates, quantiles and the verdict are computed from a [`Report`]: see [`crate::metric`] and
//! [`crate::judge()`]. [`crate::store`] knows the file format. Plain groups of counters look alike
//! here and in the file, so they derive serde.

mod latency;
mod packed_histogram;
#[cfg(test)]
pub(crate) mod sample;
mod sums;
mod tally;

use std::collections::BTreeMap;

pub use latency::Latency;
pub use packed_histogram::{PackError, PackedHistogram};
use serde::{Deserialize, Serialize};
pub use tally::{Anomalies, Counts, Dropped, Tally};

/// Everything that one run measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was tested.
    pub target: TargetRecord,
    /// What was asked for.
    pub plan: PlanRecord,
    /// Where it ran.
    pub environment: Environment,
    /// Start of the warm-up, RFC 3339 in UTC.
    pub started_at: String,
    /// Length of the measured phase in seconds; shorter than planned when the run was interrupted.
    pub measured_s: f64,
    /// A signal stopped the run before its time.
    pub interrupted: bool,
    /// Health of the generator.
    pub generator: GeneratorHealth,
    /// All groups together.
    pub total: Measurement,
    /// Each group by itself. Empty if the run has one group, which is then the total.
    pub groups: Vec<GroupMeasurement>,
}

/// A group of clients by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMeasurement {
    /// Name of the group.
    pub name: String,
    /// What was measured of it.
    pub measurement: Measurement,
}

/// What was measured of a group of clients, or of all groups together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// What became of the connections.
    pub connections: Connections,
    /// Messages that were due in the measured phase.
    pub measured: Tally,
    /// Messages of the warm-up. They are in no histogram, but their delivery was checked.
    pub warmup: Tally,
    /// The first anomalies of each kind.
    pub evidence: Vec<Evidence>,
    /// Traffic inside the measured window.
    pub traffic: Traffic,
    /// Latency of the messages of the measured phase, and of connecting.
    pub latency: Latency,
    /// How many messages shared one read or one write.
    pub wire: WireSummary,
    /// One entry per second of the measured phase, and of the drain while replies still came.
    pub intervals: Vec<Interval>,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// Without user-info, query or fragment: those may hold secrets.
    pub url: String,
    /// Whether the generator started this server itself.
    pub embedded: bool,
}

/// When a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "model")]
pub enum LoadRecord {
    /// Sends are due whether or not replies came.
    Open {
        /// Messages per second per client.
        rate_per_client: f64,
        /// Messages that are due together.
        burst: u32,
        /// Most messages that a client may have in flight. Messages due beyond that are dropped.
        max_in_flight: u32,
    },
    /// A client sends its next message once a reply has come.
    Closed {
        /// Messages in flight per client.
        window: u32,
    },
}

impl LoadRecord {
    /// Messages per second per client; `None` in the closed model, which plans no rate.
    pub fn rate_per_client(&self) -> Option<f64> {
        match self {
            Self::Open { rate_per_client, .. } => Some(*rate_per_client),
            Self::Closed { .. } => None,
        }
    }
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// Concurrent connections.
    pub clients: u32,
    /// When a client sends.
    #[serde(flatten)]
    pub load: LoadRecord,
    /// Measured phase in seconds; absent when `messages_per_client` ends it.
    pub duration_s: Option<f64>,
    /// Measured messages per client; absent when `duration_s` ends the phase.
    pub messages_per_client: Option<u64>,
    /// Length of the warm-up, which has the same load, in seconds.
    pub warmup_s: f64,
    /// Longest wait for replies after the last send, in seconds.
    pub drain_s: f64,
    /// Payload size in bytes.
    pub size_bytes: u64,
    /// `text`, `binary` or `mixed`.
    pub payload: String,
    /// `echo`, `count` or `reply=TEXT`.
    pub expect: String,
    /// New connections per second.
    pub connect_rate: f64,
    /// What moved the messages: `lean` or `tungstenite`. Files from before there was a choice lack
    /// the key.
    #[serde(default = "first_engine")]
    pub engine: String,
    /// Worker threads.
    pub threads: u32,
    /// Thresholds, as given.
    pub thresholds: Vec<String>,
    /// Whether timing was left unjudged (`--only-delivery`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_delivery: bool,
}

/// The engine of results that name none.
fn first_engine() -> String {
    "tungstenite".to_owned()
}

/// Where a run took place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Model name of the processor, or `unknown`.
    pub cpu: String,
    /// Processors that the process may use.
    pub cores: u32,
    /// Operating system and release of its kernel.
    pub kernel: String,
    /// Version of the generator.
    pub version: String,
    /// Seed of the payloads; the same seed sends the same bytes.
    pub seed: u64,
    /// Run id that each payload carries.
    pub run_id: u32,
}

/// What became of the connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// Connections that the plan asked for.
    pub requested: u64,
    /// Connections whose handshake succeeded.
    pub opened: u64,
    /// Connections that did not open, or were not tried because the run was stopped.
    pub failed: u64,
    /// Opened connections that ended before the generator closed them.
    pub died: u64,
    /// Failures and deaths by kind (`refused`, `http_503`, `reset`, `closed_1011`, ...).
    pub errors: BTreeMap<String, u64>,
    /// What the first failure or death of each kind said, escaped and cut to 300 characters. Empty
    /// in files from before it was kept.
    #[serde(default)]
    pub details: BTreeMap<String, String>,
}

/// One anomaly: which message, and how it broke. Bytes are bounded and escaped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Kind of finding or fate (`lost`, `duplicated`, `reordered`, ..., `died`).
    pub kind: String,
    /// Number of the client, from 0.
    pub client: u32,
    /// Local address of the connection.
    pub local: String,
    /// Peer address of the connection.
    pub peer: String,
    /// Sequence of the message within its client, from 0, where it is known.
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

/// What came in the same read as a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadContext {
    /// Bytes that the read returned.
    pub bytes: u64,
    /// Messages and control frames that were completed by it.
    pub frames: u64,
}

/// Everything that was sent and received inside the measured window, which ends before the drain.
/// It counts whenever the messages were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Messages matched in the window. Some of them were due in the warm-up.
    pub matched_in_window: u64,
    /// Messages sent in the window. Some of them were due in the warm-up. `None` in files from
    /// before they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_in_window: Option<u64>,
    /// Payload bytes sent.
    pub sent_bytes: u64,
    /// Payload bytes received.
    pub received_bytes: u64,
}

/// How many messages shared one read or one write. That is never an anomaly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WireSummary {
    /// Reads that returned bytes.
    pub reads: u64,
    /// Messages that one read completed.
    pub messages_per_read: PerCall,
    /// Writes that took bytes.
    pub writes: u64,
    /// Messages that one write carried.
    pub messages_per_write: PerCall,
}

/// Messages per system call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerCall {
    /// Mean.
    pub mean: f64,
    /// Largest.
    pub max: u64,
}

/// Health of the generator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratorHealth {
    /// Processor time of the worker threads in the measured phase, in seconds. It includes
    /// spinning.
    pub cpu_s: f64,
    /// The part of `cpu_s` spent spinning for the next due time.
    pub spin_s: f64,
    /// Largest share of the measured phase that a worker was busy, from 0 to 1. Spinning is not
    /// busy.
    pub busiest_worker: f64,
    /// Peak resident memory of the process, in bytes.
    pub peak_rss_bytes: u64,
    /// Worker threads.
    pub threads: u32,
    /// How often a worker stood still in the measured phase: for 10 ms or more that neither its
    /// work nor its waits explain.
    #[serde(default)]
    pub stops: u64,
    /// Total standstill of the worker that stood still the longest, in seconds.
    #[serde(default)]
    pub stopped_s: f64,
    /// The longest single standstill, in seconds.
    #[serde(default)]
    pub longest_stop_s: f64,
    /// Share of the machine's processor time that a hypervisor gave to others, from the first send
    /// until the connections closed, from 0 to 1. `None` where the system does not tell, and in
    /// files from before it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stolen: Option<f64>,
}

/// One second of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Start of the second, counted from the start of the measured phase.
    pub at_s: f64,
    /// Messages sent in it.
    pub sent: u64,
    /// Messages matched in it.
    pub matched: u64,
    /// Findings other than a match in it.
    pub anomalies: u64,
    /// Median response time of the messages matched in this second, in nanoseconds. `None` without
    /// messages.
    pub response_p50_ns: Option<u64>,
    /// 99th percentile of their response times, in nanoseconds.
    pub response_p99_ns: Option<u64>,
    /// Largest of their response times, in nanoseconds.
    pub response_max_ns: Option<u64>,
    /// All of their response times. `None` without messages, and in results from before they were
    /// kept. [`crate::store`] writes them as text.
    #[serde(skip)]
    pub response: Option<PackedHistogram>,
}
