//! What the formats show: all groups of clients together, and each of several by itself.

use crate::{
    metric::throughput::Throughput,
    model::{GroupMeasurement, GroupRecord, Measurement, PlanRecord, Report, Tally},
};

/// All groups of a result together, or one of several groups.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// The name of the group. `None` for all groups together.
    pub(super) group: Option<&'a str>,
    /// What was measured of it.
    pub(super) measurement: &'a Measurement,
    /// What all groups share: target, environment, generator, times.
    pub(super) report: &'a Report,
}

impl<'a> Part<'a> {
    /// All groups together.
    pub(super) fn total(report: &'a Report) -> Self {
        Self { group: None, measurement: &report.total, report }
    }

    /// Each group by itself. None if the run has one group, which is then the total.
    pub(super) fn groups(report: &'a Report) -> impl Iterator<Item = Self> {
        let part = move |group: &'a GroupMeasurement| Self {
            group: Some(&group.name),
            measurement: &group.measurement,
            report,
        };
        report.groups.iter().map(part)
    }

    /// The total, and each of several groups.
    pub(super) fn all(report: &'a Report) -> impl Iterator<Item = Self> {
        std::iter::once(Self::total(report)).chain(Self::groups(report))
    }

    /// Each of several groups, or else the total.
    pub(super) fn each(report: &'a Report) -> Vec<Self> {
        if report.groups.is_empty() { vec![Self::total(report)] } else { Self::groups(report).collect() }
    }

    /// What was asked of it.
    pub(super) fn plan(self) -> &'a PlanRecord {
        &self.report.plan
    }

    /// Its rates in the measured phase.
    pub(super) fn throughput(self) -> Throughput {
        Throughput::of_measurement(self.measurement, self.report.measured_s)
    }

    /// What was asked of its clients: one record of a group, or those of all groups.
    pub(super) fn group_plans(self) -> &'a [GroupRecord] {
        let all = &self.report.plan.groups;
        let Some(name) = self.group else { return all };
        all.iter().position(|group| group.name == name).map_or(&[], |place| &all[place..=place])
    }

    /// What was asked of its clients. `None` if there are several groups.
    pub(super) fn group_plan(self) -> Option<&'a GroupRecord> {
        match self.group_plans() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether messages of its clients go to rooms.
    pub(super) fn has_rooms(self) -> bool {
        self.group_plans().iter().any(GroupRecord::has_rooms)
    }

    /// Whether its clients send messages.
    pub(super) fn sends(self) -> bool {
        self.group_plans().iter().any(|group| group.load.sends())
    }

    /// Events of the measured phase, and of the warm-up, that are matches: deliveries in rooms, and
    /// replies elsewhere.
    pub(super) fn matched_events(self) -> [u64; 2] {
        let each: Vec<&Measurement> = match self.group {
            None if !self.report.groups.is_empty() => {
                self.report.groups.iter().map(|group| &group.measurement).collect()
            }
            _ => vec![self.measurement],
        };
        let sum = |phase: fn(&Measurement) -> &Tally| {
            each.iter().map(|measurement| phase(measurement).matched_events()).fold(0, u64::saturating_add)
        };
        [sum(|measurement| &measurement.measured), sum(|measurement| &measurement.warmup)]
    }

    /// Whether each client sends its next message once a reply has come.
    pub(super) fn is_closed(self) -> bool {
        self.group_plans().iter().all(|group| group.load.is_closed())
    }
}
