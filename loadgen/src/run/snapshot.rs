//! How far a run is, for its observers.

/// The stage of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Opening connections.
    Connecting,
    /// All connections were tried. The load begins at a planned instant.
    Waiting,
    /// Sending; nothing is recorded.
    Warmup,
    /// Sending and recording.
    Measuring,
    /// Waiting for messages in flight, and closing.
    Draining,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    /// What it is doing.
    pub stage: Stage,
    /// Seconds since the warm-up began. Negative while the run waits for a planned instant, and 0
    /// while it connects.
    pub elapsed_s: f64,
    /// Length of warm-up and measured phase together in seconds, if it is known.
    pub total_s: Option<f64>,
    /// Open connections, whose clients have joined.
    pub open: u64,
    /// Clients whose connections are open, and that are joining.
    pub joining: u64,
    /// Clients whose connections are being opened, or that are joining.
    pub opening: u64,
    /// Clients that were open or failed to open, and are not opening.
    pub away: u64,
    /// Attempts to open connections so far.
    pub attempts: u64,
    /// Messages sent so far.
    pub sent: u64,
    /// Messages matched so far.
    pub matched: u64,
    /// Anomalies so far.
    pub anomalies: u64,
    /// Message events received so far.
    pub events: u64,
    /// Messages in flight.
    pub in_flight: u64,
    /// The last finished second; none before the first of the measured phase.
    pub last_second: Option<LastSecond>,
}

/// A second of the measured phase, or of the drain after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSecond {
    /// Messages matched in it.
    pub matched: u64,
    /// Median of their response times in nanoseconds; none if nothing matched.
    pub response_p50_ns: Option<u64>,
    /// 99th percentile of their response times in nanoseconds; none if nothing matched.
    pub response_p99_ns: Option<u64>,
}
