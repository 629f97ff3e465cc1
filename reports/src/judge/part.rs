//! What the reasons of a verdict are about: each group of a run, or the run, if it has one.

use crate::model::{GroupRecord, Measurement, Report};

/// What is judged at once: a group of several, or the whole run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JudgedPart<'a> {
    /// Name of the group. `None` where nothing has to be told apart.
    name: Option<&'a str>,
    /// What was asked of it.
    pub(super) plan: &'a GroupRecord,
    /// What was measured of it.
    pub(crate) measurement: &'a Measurement,
}

impl<'a> JudgedPart<'a> {
    /// The parts of a run that add up to it: its groups if it has several.
    pub(crate) fn all(report: &'a Report) -> Vec<Self> {
        if report.groups.is_empty() {
            return vec![Self::total(report)];
        }
        let named = report.groups.iter().zip(&report.plan.groups);
        named.map(|(group, plan)| Self { name: Some(&group.name), plan, measurement: &group.measurement }).collect()
    }

    /// The whole run.
    pub(super) fn total(report: &'a Report) -> Self {
        Self { name: None, plan: &report.plan.groups[0], measurement: &report.total }
    }

    /// Whether it is all groups together, or the only one.
    pub(super) fn is_total(self) -> bool {
        self.name.is_none()
    }

    /// Whether its clients are to send messages.
    pub(super) fn sends(self) -> bool {
        let publishers = self.plan.rooms.as_ref().and_then(|rooms| rooms.publishers);
        self.plan.load.sends() && publishers != Some(0)
    }

    /// In a part of a run: whether clients of this part were to send messages. Those that send may
    /// all be elsewhere.
    pub(super) fn is_to_send_here(self) -> bool {
        let (connections, counts) = (&self.measurement.connections, &self.measurement.measured.counts);
        connections.requested > 0 && (self.plan.load.is_closed() || counts.scheduled > 0)
    }

    /// A reason that begins with the name of the group, where there are several.
    pub(crate) fn about(self, reason: String) -> String {
        match self.name {
            Some(name) => format!("{name}: {reason}"),
            None => reason,
        }
    }
}
