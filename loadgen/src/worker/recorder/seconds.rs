//! The seconds of one worker.

use hdrhistogram::Histogram;

use crate::clock::Time;

pub(super) const SECOND: u64 = 1_000_000_000;

/// One second of one worker.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondRow {
    /// Whole seconds since the measured phase began.
    pub second: u64,
    /// Messages sent in it, whenever they were due.
    pub sent: u64,
    /// Messages matched in it, whenever they were due.
    pub matched: u64,
    /// Anomalies found in it.
    pub anomalies: u64,
    /// Response times of messages due in the measured phase, as pairs of nanoseconds and count.
    pub response: Vec<(u64, u64)>,
}

/// The current second.
#[derive(Debug)]
pub(super) struct CurrentSecond {
    pub(super) index: u64,
    pub(super) end: Time,
    pub(super) sent: u64,
    pub(super) matched: u64,
    pub(super) anomalies: u64,
    pub(super) response: Histogram<u32>,
}
