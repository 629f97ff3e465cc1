//! What was sent and received inside the measured window, and how it was packed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PackedHistogram, saturate::add};

/// Everything that was sent and received inside the measured window, which ends before the drain.
/// It counts whenever the messages were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// Messages matched in the window. Some of them were due in the warm-up.
    pub matched_in_window: u64,
    /// Messages sent in the window. Some of them were due in the warm-up.
    pub sent_in_window: u64,
    /// Payload bytes sent.
    pub sent_bytes: u64,
    /// Payload bytes received.
    pub received_bytes: u64,
    /// The part of it on connections that compress messages. All 0 without them.
    pub compressed: CompressedTraffic,
}

/// Messages on connections that compress, inside the measured window: payload bytes as the
/// application has them, and bytes of their frames as they go over the wire, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompressedTraffic {
    /// Payload bytes sent, before they were compressed.
    pub sent_bytes: u64,
    /// Bytes of their frames.
    pub sent_frame_bytes: u64,
    /// Payload bytes received, after they were inflated.
    pub received_bytes: u64,
    /// Bytes of their frames.
    pub received_frame_bytes: u64,
}

impl CompressedTraffic {
    /// Payload bytes for each byte of frames, of what was sent. `None` if nothing was.
    pub fn sent_ratio(self) -> Option<f64> {
        ratio(self.sent_bytes, self.sent_frame_bytes)
    }

    /// Payload bytes for each byte of frames, of what was received. `None` if nothing was.
    pub fn received_ratio(self) -> Option<f64> {
        ratio(self.received_bytes, self.received_frame_bytes)
    }

    /// Payload bytes for each byte of frames, both ways together. `None` if nothing went.
    pub fn ratio(self) -> Option<f64> {
        ratio(
            self.sent_bytes.saturating_add(self.received_bytes),
            self.sent_frame_bytes.saturating_add(self.received_frame_bytes),
        )
    }
}

fn ratio(payload_bytes: u64, frame_bytes: u64) -> Option<f64> {
    (frame_bytes > 0).then(|| payload_bytes as f64 / frame_bytes as f64)
}

/// How many messages shared one read or one write inside the measured window. That is never an
/// anomaly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wire {
    /// Reads that returned bytes.
    pub reads: Calls,
    /// Writes that took bytes.
    pub writes: Calls,
}

/// System calls that moved messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Calls {
    /// Number of calls.
    pub calls: u64,
    /// Messages that they moved. Over `calls`, that is the mean of messages per call.
    pub messages: u64,
    /// Most messages that one call moved.
    pub largest: u64,
}

impl Calls {
    /// Mean of messages per call; 0 without calls.
    pub fn mean(self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.messages as f64 / self.calls as f64 }
    }
}

/// One second of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Start of the second, counted from the start of the measured phase.
    pub at_s: f64,
    /// Messages sent in it.
    pub sent: u64,
    /// Messages matched in it.
    pub matched: u64,
    /// Findings other than a match in it.
    pub anomalies: u64,
    /// Median response time of the messages matched in this second, in nanoseconds. Null without
    /// messages.
    pub response_p50_ns: Option<u64>,
    /// 99th percentile of their response times, in nanoseconds.
    pub response_p99_ns: Option<u64>,
    /// Largest of their response times, in nanoseconds.
    pub response_max_ns: Option<u64>,
    /// Connections in this second.
    pub connections: IntervalConnections,
    /// Histogram of the response times of this second, in the form of `histograms`. Null without
    /// messages.
    #[serde(rename = "response_histogram")]
    pub response: Option<PackedHistogram>,
}

/// Connections in one second of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalConnections {
    /// Clients that were open at its end.
    pub open: u64,
    /// Clients that were opening at its end: connecting, or in a handshake.
    pub opening: u64,
    /// Clients that were away at its end: they had been open or failed to open, and were not
    /// opening.
    pub away: u64,
    /// Attempts to open that began in it.
    pub attempts: u64,
    /// Attempts that failed in it, by kind.
    pub failed: BTreeMap<String, u64>,
}

impl IntervalConnections {
    /// The next second, in which nothing has happened yet. Clients are as they were.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { attempts: 0, failed: BTreeMap::new(), ..*self }
    }

    /// Adds those of other clients in the same second.
    pub fn add(&mut self, other: &Self) {
        add(&mut self.open, other.open);
        add(&mut self.opening, other.opening);
        add(&mut self.away, other.away);
        add(&mut self.attempts, other.attempts);
        for (kind, n) in &other.failed {
            add(self.failed.entry(kind.clone()).or_default(), *n);
        }
    }

    /// Attempts that failed, of all kinds.
    pub fn all_failed(&self) -> u64 {
        // Counts come from files too.
        self.failed.values().fold(0, |sum: u64, n| sum.saturating_add(*n))
    }
}
