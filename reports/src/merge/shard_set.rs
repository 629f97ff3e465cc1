//! Which shards of a run are there, and whether they are of one run.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{MergeError, same_run::SameRun};
use crate::{
    model::{PlanRecord, Report, ShardRecord},
    text::escape::visible,
};

/// The shards whose results were added.
#[derive(Debug, Default)]
pub(super) struct ShardSet {
    same_run: SameRun,
    shards: BTreeMap<u32, AddedShard>,
}

/// A shard, and what its result was called.
#[derive(Debug)]
struct AddedShard {
    name: String,
    record: ShardRecord,
    /// When its load began, to the second, as results have it.
    started_at: String,
    load: LoadTime,
    /// The second in which it began.
    shift_s: i64,
}

/// When a shard had load.
#[derive(Clone, Copy, Debug)]
struct LoadTime {
    began: DateTime<Utc>,
    /// With what its drain may take, and a second for clocks that differ.
    ended: DateTime<Utc>,
}

impl ShardSet {
    /// Adds the record of a shard. Returns its number, and in which second since the epoch of the
    /// clock its load began. Seconds of all shards begin with that of the planned instant, so that
    /// a start some milliseconds off is none in another second.
    pub(super) fn add(&mut self, name: &str, report: &Report) -> Result<(u32, i64), MergeError> {
        let record = record(name, report)?;
        let load = LoadTime::of(name, report, record)?;
        let common = match &record.start.planned {
            Some(planned) => instant(name, "shards.start.planned", planned)?,
            None => DateTime::UNIX_EPOCH,
        };
        let after = (load.began - common).num_milliseconds().saturating_add(500).div_euclid(1000);
        let shift_s = common.timestamp().saturating_add(after);
        self.same_run.check(name, report, record)?;
        self.check_overlap(name, record, load)?;
        let number = record.number;
        match self.shards.entry(number) {
            Entry::Vacant(entry) => {
                let (name, started_at) = (name.to_owned(), report.started_at.clone());
                entry.insert(AddedShard { name, record: record.clone(), started_at, load, shift_s });
                Ok((number, shift_s))
            }
            Entry::Occupied(entry) => Err(MergeError::Doubled {
                name: name.to_owned(),
                number,
                of: record.of,
                first: entry.get().name.clone(),
            }),
        }
    }

    /// Two runs of the same plan look alike, but they were not at the same time.
    fn check_overlap(&self, name: &str, record: &ShardRecord, load: LoadTime) -> Result<(), MergeError> {
        let apart = |other: &&AddedShard| load.began > other.load.ended || other.load.began > load.ended;
        let Some(other) = self.shards.values().find(apart) else { return Ok(()) };
        Err(MergeError::Apart {
            name: name.to_owned(),
            number: record.number,
            began: record.start.at.clone(),
            first: other.name.clone(),
            first_number: other.record.number,
            first_began: other.record.start.at.clone(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.shards.len()
    }

    /// The numbers of the shards that have a result, rising.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.shards.keys().copied()
    }

    /// Shards of the run.
    pub(super) fn of(&self) -> u32 {
        self.shards.values().next().map_or(0, |shard| shard.record.of)
    }

    /// Whether the shards have the clients that they must have: those of each group in a row, in
    /// the order of the shards.
    pub(super) fn check_clients(&self, plan: &PlanRecord) -> Result<(), MergeError> {
        let mut ends = vec![0_u64; plan.groups.len()];
        let mut before = 0;
        for AddedShard { name, record, .. } in self.shards.values() {
            let invalid = |problem: String| Err(MergeError::Invalid { name: name.clone(), problem });
            if record.clients.len() != ends.len() {
                return invalid(format!("`shards.clients` has {} groups of {}", record.clients.len(), ends.len()));
            }
            // After a shard that is missing, nobody knows where the next one begins.
            let follows = record.number == before + 1;
            let is_last = record.number == record.of;
            for ((end, has), group) in ends.iter_mut().zip(&record.clients).zip(&plan.groups) {
                let (first, clients) = (u64::from(has.first), u64::from(has.clients));
                let all = u64::from(group.clients);
                let begins = if follows { first == *end } else { first >= *end };
                let ends = if is_last { first + clients == all } else { first + clients <= all };
                if !begins || !ends {
                    return invalid(format!(
                        "its clients of group {} are {clients} from {first} on, after {end} of shards before it, of {all}",
                        visible(&group.name)
                    ));
                }
                *end = first + clients;
            }
            before = record.number;
        }
        Ok(())
    }

    /// The smallest of all shifts.
    pub(super) fn first_shift_s(&self) -> i64 {
        self.shards.values().map(|shard| shard.shift_s).min().unwrap_or_default()
    }

    /// When the load of the first shard began, and the records in the order of their numbers.
    pub(super) fn into_records(self) -> (String, Vec<ShardRecord>) {
        let first = self.shards.values().min_by_key(|shard| shard.load.began);
        let started_at = first.map(|shard| shard.started_at.clone()).unwrap_or_default();
        (started_at, self.shards.into_values().map(|shard| shard.record).collect())
    }
}

impl LoadTime {
    fn of(name: &str, report: &Report, record: &ShardRecord) -> Result<Self, MergeError> {
        let began = instant(name, "shards.start.at", &record.start.at)?;
        let run = &report.plan.run;
        // Even if a signal stopped it early, it is of the run that it was planned for.
        let measured_s = record.measured_s.max(run.duration_s.unwrap_or(0.0));
        let length_s = run.warmup_s + measured_s + run.drain_s + 1.0;
        let length = Duration::try_from_secs_f64(length_s).ok().and_then(|length| TimeDelta::from_std(length).ok());
        let ended = length.and_then(|length| began.checked_add_signed(length)).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Ok(Self { began, ended })
    }
}

/// The only record of a result.
fn record<'a>(name: &str, report: &'a Report) -> Result<&'a ShardRecord, MergeError> {
    let name = || name.to_owned();
    let record = match report.shards.as_slice() {
        [] => return Err(MergeError::NotAShard { name: name() }),
        [record] => record,
        several => return Err(MergeError::Merged { name: name(), shards: several.len() }),
    };
    let ShardRecord { number, of, .. } = *record;
    let invalid = |problem: String| Err(MergeError::Invalid { name: name(), problem });
    if number == 0 || number > of {
        return invalid(format!("its number is {number} of {of}"));
    }
    if report.partial != (of > 1) {
        let partial = if report.partial { "partial" } else { "not partial" };
        return invalid(format!("it is of {of} shards and {partial}"));
    }
    Ok(record)
}

/// The instant that a text names.
fn instant(name: &str, key: &str, text: &str) -> Result<DateTime<Utc>, MergeError> {
    let parsed = DateTime::parse_from_rfc3339(text).map_err(|error| MergeError::Invalid {
        name: name.to_owned(),
        problem: format!("`{key}` is no instant: {error}"),
    })?;
    Ok(parsed.to_utc())
}
