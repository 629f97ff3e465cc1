//! What all shards measured of a group.

use std::collections::BTreeMap;

use super::{evidence::FirstEvidence, intervals::IntervalSums};
use crate::model::{Evidence, Measurement};

/// The sum of a group over shards.
#[derive(Debug, Default)]
pub(super) struct Sum {
    measurement: Measurement,
    intervals: IntervalSums,
    evidence: FirstEvidence,
    /// What the shard with the lowest number said of each kind of failure, with that number.
    details: BTreeMap<String, (u32, String)>,
}

impl Sum {
    /// Adds what shard `number` measured, whose measured phase began `shift_s` after an instant
    /// that all shards have in common.
    pub(super) fn add(&mut self, number: u32, shift_s: i64, mut part: Measurement) {
        self.intervals.add(shift_s, &part.intervals);
        self.evidence.add(shift_s, std::mem::take(&mut part.evidence));
        self.measurement += &part;
        for (kind, detail) in part.connections.details {
            let first = self.details.entry(kind).or_insert_with(|| (number, detail.clone()));
            if number < first.0 {
                *first = (number, detail);
            }
        }
    }

    /// Counts that a result alone can't know are changed here.
    pub(super) fn measurement(&mut self) -> &mut Measurement {
        &mut self.measurement
    }

    /// Adds what happened to a shard whose measured phase began `shift_s` after that instant.
    pub(super) fn add_evidence(&mut self, shift_s: i64, evidence: Vec<Evidence>) {
        self.evidence.add(shift_s, evidence);
    }

    /// Keeps evidence that is not refuted.
    pub(super) fn retain_evidence(&mut self, keep: impl Fn(&Evidence) -> bool) {
        self.evidence.retain(keep);
    }

    /// The sum, with times from the measured phase of the shard that began first.
    pub(super) fn finish(self, first_shift_s: i64) -> Measurement {
        let Self { mut measurement, intervals, evidence, details } = self;
        measurement.intervals = intervals.finish(first_shift_s);
        measurement.evidence = evidence.finish(first_shift_s);
        for (kind, detail) in &mut measurement.connections.details {
            if let Some((_, first)) = details.get(kind) {
                detail.clone_from(first);
            }
        }
        measurement
    }
}

/// The sum of all groups, and of each if there are several.
pub(super) fn finish(mut groups: Vec<Sum>, first_shift_s: i64) -> (Measurement, Vec<Measurement>) {
    if groups.len() == 1 {
        let mut total = groups.remove(0).finish(first_shift_s);
        total.connections.keep_several_addresses();
        return (total, Vec::new());
    }
    let (mut total, mut intervals) = (Measurement::default(), IntervalSums::default());
    for group in &groups {
        intervals.add_group(&group.intervals);
    }
    let mut groups: Vec<_> = groups.into_iter().map(|group| group.finish(first_shift_s)).collect();
    for group in &mut groups {
        total += group;
        total.evidence.extend_from_slice(&group.evidence);
        group.connections.keep_several_addresses();
    }
    total.connections.keep_several_addresses();
    Evidence::keep_first(&mut total.evidence);
    total.intervals = intervals.finish(first_shift_s);
    (total, groups)
}
