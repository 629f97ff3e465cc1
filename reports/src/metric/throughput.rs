//! Rates of the measured phase. A message counts when it was sent or came, not when it was due, so
//! a constant delay takes nothing from a rate.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Measurement, Report};

/// Rates per second of the measured phase; null when the phase had no length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Throughput {
    /// Messages that were due.
    #[schemars(range(min = 0.0))]
    pub scheduled_per_s: Option<f64>,
    /// Messages sent in the measured window.
    #[schemars(range(min = 0.0))]
    pub sent_per_s: Option<f64>,
    /// Messages matched in the measured window, even if they were due before it. Replies in the
    /// drain do not count.
    #[schemars(range(min = 0.0))]
    pub matched_per_s: Option<f64>,
    /// Payload bytes sent.
    #[schemars(range(min = 0.0))]
    pub sent_bytes_per_s: Option<f64>,
    /// Payload bytes received.
    #[schemars(range(min = 0.0))]
    pub received_bytes_per_s: Option<f64>,
}

impl Throughput {
    /// Rates of all groups together.
    pub fn of(report: &Report) -> Self {
        Self::of_measurement(&report.total, report.measured_s)
    }

    /// Divides the counts of a group, or of all groups together, by the length of the measured
    /// phase in seconds.
    pub fn of_measurement(measurement: &Measurement, measured_s: f64) -> Self {
        let per_second = |n: u64| (measured_s > 0.0).then(|| n as f64 / measured_s);
        let Measurement { measured, traffic, .. } = measurement;
        Self {
            scheduled_per_s: per_second(measured.counts.scheduled),
            sent_per_s: per_second(traffic.sent_in_window),
            matched_per_s: per_second(traffic.matched_in_window),
            sent_bytes_per_s: per_second(traffic.sent_bytes),
            received_bytes_per_s: per_second(traffic.received_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn a_rate_is_a_count_over_the_measured_phase() {
        let mut report = sample::pass();
        report.measured_s = 10.0;
        report.total.traffic.matched_in_window = 499_980;
        report.total.traffic.sent_in_window = 500_010;
        // 499 980 / 10 s; 500 000 were matched in all, 20 of them in the drain.
        let throughput = Throughput::of(&report);
        assert_eq!(throughput.matched_per_s, Some(49_998.0));
        // 10 of them were due in the warm-up.
        assert_eq!(throughput.sent_per_s, Some(50_001.0));
    }

    #[test]
    fn without_a_measured_phase_there_is_no_rate() {
        let mut report = sample::pass();
        report.measured_s = 0.0;
        assert_eq!(Throughput::of(&report), Throughput::default());
    }
}
