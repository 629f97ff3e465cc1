//! Merges the results of the shards of a run into the result of the whole run.
//!
//! ```text
//! Report of shard 1 ─┐        ShardSet     which shards are there, and that they are of one run
//! Report of shard 2 ─┼─ add ─ Sum          of each group: counts, histograms, seconds, evidence
//! Report of shard 3 ─┘        Strays       messages that came on connections of other shards
//!                             rooms        deliveries in rooms that have clients on several shards
//!                       │
//!                    finish ─ Report ── judge
//! ```
//!
//! Results are added one at a time, in any order. Counts and histograms add bucket by bucket. No
//! mean and no percentile is ever averaged. What is kept of each shard is its record, so memory
//! hardly grows with their number.

mod error;
mod evidence;
mod health;
mod intervals;
mod misrouted;
mod missing;
mod rooms;
mod same_run;
mod shard_set;
mod sum;

pub use error::MergeError;
pub use misrouted::{ResolvedStrays, Strays};
pub use missing::MissingShards;

use self::{
    rooms::{ClientsOfShards, CutRoomsOfShards},
    shard_set::ShardSet,
    sum::Sum,
};
use crate::model::{GroupMeasurement, PlanRecord, Report, RoomsMeasurement, StoppedOnMiss, TargetRecord, Unresolved};

/// How results are merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// Takes the shards that are there, if some are missing. The merged result stays partial then.
    /// By default, missing shards are refused.
    pub allow_partial: bool,
}

/// Merges results of shards, one at a time.
#[derive(Debug)]
pub struct Merge {
    options: MergeOptions,
    shards: ShardSet,
    /// What the shards have in common, and the sums. `None` before the first result.
    whole: Option<Whole>,
}

/// What the merged result is made of besides the records of the shards.
#[derive(Debug)]
struct Whole {
    target: TargetRecord,
    plan: PlanRecord,
    stopped_on_miss: Option<StoppedOnMiss>,
    /// A sum a group.
    groups: Vec<Sum>,
    strays: Strays,
    /// Rooms of the total, where groups have none of their own.
    rooms: RoomsMeasurement,
    /// What shards know of rooms that they cut.
    cut_rooms: CutRoomsOfShards,
}

impl Merge {
    /// A merge of no result yet.
    pub fn new(options: MergeOptions) -> Self {
        Self { options, shards: ShardSet::default(), whole: None }
    }

    /// Adds the result of a shard. `name` says where it came from: the path of its file, or
    /// `line 7 of stdin`.
    ///
    /// # Errors
    /// It is no shard of the same run, or the run has a result of this shard already. Then nothing
    /// was added, and other results may follow.
    pub fn add(&mut self, name: &str, report: Report) -> Result<(), MergeError> {
        let (number, shift_s) = self.shards.add(name, &report)?;
        let whole = self.whole.get_or_insert_with(|| Whole::of(&report));
        whole.add(number, shift_s, report);
        Ok(())
    }

    /// How many results were added.
    pub fn len(&self) -> usize {
        self.shards.len()
    }

    /// Whether no result was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The result of the whole run.
    ///
    /// # Errors
    /// Shards are missing, or do not have the clients that they must have together.
    pub fn finish(self) -> Result<Report, MergeError> {
        let Some(whole) = self.whole else { return Err(MergeError::Empty) };
        self.shards.check_clients(&whole.plan)?;
        let missing = MissingShards::of_run(self.shards.numbers(), self.shards.of());
        match missing {
            Some(missing) if !self.options.allow_partial => Err(MergeError::Missing(missing)),
            missing => Ok(whole.finish(self.shards, missing.is_some())),
        }
    }
}

impl Whole {
    fn of(first: &Report) -> Self {
        Self {
            target: first.target.clone(),
            plan: first.plan.clone(),
            stopped_on_miss: None,
            groups: first.plan.groups.iter().map(|_| Sum::default()).collect(),
            strays: Strays::default(),
            rooms: RoomsMeasurement::default(),
            cut_rooms: CutRoomsOfShards::default(),
        }
    }

    /// Adds what a shard measured, whose seconds began `shift_s` after those of a common instant.
    fn add(&mut self, number: u32, shift_s: i64, report: Report) {
        let Report { stopped_on_miss, mut total, groups, mut unresolved, .. } = report;
        self.cut_rooms.add(number, shift_s, unresolved.rooms.take(), total.rooms.count);
        self.add_strays(unresolved);
        self.rooms += &std::mem::take(&mut total.rooms);
        self.stopped_on_miss = self.stopped_on_miss.take().or(stopped_on_miss);
        let parts =
            if groups.is_empty() { vec![total] } else { groups.into_iter().map(|group| group.measurement).collect() };
        for (sum, part) in self.groups.iter_mut().zip(parts) {
            sum.add(number, shift_s, part);
        }
    }

    fn add_strays(&mut self, unresolved: Unresolved) {
        let Unresolved { missing, missing_not_kept, misrouted, misrouted_not_kept, .. } = unresolved;
        self.strays.add_missing(0, [], missing_not_kept);
        for message in missing {
            match group_of(&self.plan, message.client) {
                Some(group) => self.strays.add_missing(group, [message], 0),
                None => self.strays.add_missing(0, [], 1),
            }
        }
        self.strays.add_misrouted(misrouted, misrouted_not_kept);
    }

    fn finish(self, shards: ShardSet, partial: bool) -> Report {
        let Self { target, mut plan, stopped_on_miss, mut groups, strays, mut rooms, cut_rooms } = self;
        let resolved = strays.resolve(&mut groups.iter_mut().map(Sum::measurement).collect::<Vec<_>>(), !partial);
        for group in &mut groups {
            group.retain_evidence(|evidence| !resolved.refutes(evidence));
        }
        let first_shift_s = shards.first_shift_s();
        let (started_at, shards) = shards.into_records();
        let cut_rooms = cut_rooms.resolve(&ClientsOfShards::of(&plan, &shards), &mut groups, &mut rooms);
        let generator = health::of_all(&shards);
        plan.run.threads = generator.threads;
        let (mut total, groups) = sum::finish(groups, first_shift_s);
        total.rooms = rooms;
        let named = plan.groups.iter().zip(groups);
        let groups =
            named.map(|(group, measurement)| GroupMeasurement { name: group.name.clone(), measurement }).collect();
        Report {
            target,
            environment: shards[0].environment.clone(),
            started_at,
            measured_s: shards.iter().map(|shard| shard.measured_s).fold(0.0, f64::max),
            interrupted: shards.iter().any(|shard| shard.interrupted),
            stopped_on_miss,
            partial,
            start: Some(health::start_of_all(&shards)),
            generator,
            shards,
            unresolved: Unresolved { rooms: cut_rooms, ..resolved.unresolved },
            total,
            groups,
            plan,
        }
    }
}

/// The group of a client. Numbers run through all groups. None if there is no such client.
fn group_of(plan: &PlanRecord, client: u32) -> Option<usize> {
    let ends = plan.groups.iter().scan(0_u64, |end, group| {
        *end += u64::from(group.clients);
        Some(*end)
    });
    ends.into_iter().position(|end| u64::from(client) < end)
}

#[cfg(test)]
mod tests;
