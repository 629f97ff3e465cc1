//! What the formats show: all groups of clients together, and each of several by itself.

use crate::{
    metric::throughput::Throughput,
    model::{LoadRecord, Measurement, PlanRecord, Report},
};

/// All groups of a result together, or one of several groups.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// What was measured of it.
    pub(super) measurement: &'a Measurement,
    /// What all groups share: target, environment, generator, times.
    pub(super) report: &'a Report,
}

impl<'a> Part<'a> {
    /// All groups together.
    pub(super) fn total(report: &'a Report) -> Self {
        Self { measurement: &report.total, report }
    }

    /// What was asked of it.
    pub(super) fn plan(self) -> &'a PlanRecord {
        &self.report.plan
    }

    /// Its rates in the measured phase.
    pub(super) fn throughput(self) -> Throughput {
        Throughput::of_measurement(self.measurement, self.report.measured_s)
    }

    /// Whether a client sends its next message once a reply has come.
    pub(super) fn is_closed(self) -> bool {
        matches!(self.plan().load, LoadRecord::Closed { .. })
    }
}
