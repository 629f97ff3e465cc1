//! The seconds of one worker.

use hdrhistogram::Histogram;
use reports::model::{IntervalConnections, Latency};

use super::Recorder;
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
    /// The clients at its end, and the attempts to open them in it.
    pub connections: IntervalConnections,
    /// Response times of messages due in the measured phase, as pairs of nanoseconds and count.
    pub response: Vec<(u64, u64)>,
}

/// How many clients are open, opening and away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PresenceCounts {
    /// Open: they have joined, and their connections have not ended.
    pub open: u64,
    /// Connecting, in a handshake, or joining.
    pub opening: u64,
    /// They were open or failed to open, and are not opening.
    pub away: u64,
}

/// The current second.
#[derive(Debug)]
pub(super) struct CurrentSecond {
    pub(super) index: u64,
    pub(super) end: Time,
    pub(super) sent: u64,
    pub(super) matched: u64,
    pub(super) anomalies: u64,
    connections: IntervalConnections,
    /// Who is present does not change any more.
    is_final: bool,
    pub(super) response: Histogram<u32>,
}

impl Default for CurrentSecond {
    fn default() -> Self {
        Self {
            index: 0,
            end: Time::NEVER,
            sent: 0,
            matched: 0,
            anomalies: 0,
            connections: IntervalConnections::default(),
            is_final: false,
            response: Latency::histogram_of(),
        }
    }
}

impl CurrentSecond {
    /// Ends it, and begins the next one.
    pub(super) fn end(&mut self) -> SecondRow {
        let next = self.connections.next();
        let row = SecondRow {
            second: self.index,
            sent: std::mem::take(&mut self.sent),
            matched: std::mem::take(&mut self.matched),
            anomalies: std::mem::take(&mut self.anomalies),
            connections: std::mem::replace(&mut self.connections, next),
            response: self
                .response
                .iter_recorded()
                .map(|value| (value.value_iterated_to(), value.count_since_last_iteration()))
                .collect(),
        };
        self.response.reset();
        self.index += 1;
        self.end = self.end.plus(SECOND);
        row
    }
}

impl SecondRow {
    /// Whether nothing happened in it.
    pub(super) fn is_silent(&self) -> bool {
        let connections = &self.connections;
        let happened = self.sent + self.matched + self.anomalies + connections.attempts;
        happened == 0 && connections.failed.is_empty()
    }
}

impl Recorder {
    /// So many clients are open, opening and away from now on. A second has what was said last
    /// before it ended.
    pub fn present(&mut self, PresenceCounts { open, opening, away }: PresenceCounts) {
        if self.second.is_final {
            return;
        }
        let connections = &mut self.second.connections;
        (connections.open, connections.opening, connections.away) = (open, opening, away);
    }

    /// Who is present stays as it was said last.
    pub fn keep_presence(&mut self) {
        self.second.is_final = true;
    }

    /// An attempt to open a connection began at `at`.
    pub fn attempted(&mut self, at: Time) {
        self.attempts += 1;
        self.roll(at);
        self.second.connections.attempts += u64::from(at >= self.window.from);
    }

    /// An attempt to open a connection failed at `at`.
    pub fn attempt_failed(&mut self, at: Time, kind: &str) {
        self.roll(at);
        if at >= self.window.from {
            *self.second.connections.failed.entry(kind.to_owned()).or_default() += 1;
        }
    }
}
