//! Which shards of a run are there, and whether they are of one run.

use std::collections::{BTreeMap, btree_map::Entry};

use chrono::{DateTime, Utc};

use super::MergeError;
use crate::model::{Report, ShardRecord};

/// The shards whose results were added.
#[derive(Debug, Default)]
pub(super) struct ShardSet {
    shards: BTreeMap<u32, AddedShard>,
}

/// A shard, and what its result was called.
#[derive(Debug)]
struct AddedShard {
    name: String,
    record: ShardRecord,
    /// When its load began.
    began: DateTime<Utc>,
    /// The same to the second, as results have it.
    started_at: String,
    /// How many seconds after the instant that all shards have in common.
    shift_s: i64,
}

/// Shards that have no result.
#[derive(Debug)]
pub(super) struct MissingShards {
    pub(super) numbers: Vec<u32>,
    of: u32,
}

impl From<MissingShards> for MergeError {
    fn from(missing: MissingShards) -> Self {
        Self::Missing { numbers: missing.numbers, of: missing.of }
    }
}

impl ShardSet {
    /// Adds the record of a shard. Returns its number, and how many seconds its load began after an
    /// instant that all shards have in common: the planned one, or else the epoch of the clock.
    pub(super) fn add(&mut self, name: &str, report: &Report) -> Result<(u32, i64), MergeError> {
        let record = record(name, report)?;
        let began = instant(name, "shards.start.at", &record.start.at)?;
        let common = match &record.start.planned {
            Some(planned) => instant(name, "shards.start.planned", planned)?,
            None => DateTime::UNIX_EPOCH,
        };
        let shift_s = (began - common).num_milliseconds().saturating_add(500).div_euclid(1000);
        let (number, started_at) = (record.number, report.started_at.clone());
        match self.shards.entry(number) {
            Entry::Vacant(entry) => {
                entry.insert(AddedShard { name: name.to_owned(), record: record.clone(), began, started_at, shift_s });
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

    pub(super) fn len(&self) -> usize {
        self.shards.len()
    }

    /// The shards that have no result.
    pub(super) fn missing(&self) -> MissingShards {
        let of = self.shards.values().next().map_or(0, |shard| shard.record.of);
        MissingShards { numbers: (1..=of).filter(|number| !self.shards.contains_key(number)).collect(), of }
    }

    /// The smallest of all shifts.
    pub(super) fn first_shift_s(&self) -> i64 {
        self.shards.values().map(|shard| shard.shift_s).min().unwrap_or_default()
    }

    /// When the load of the first shard began, and the records in the order of their numbers.
    pub(super) fn into_records(self) -> (String, Vec<ShardRecord>) {
        let first = self.shards.values().min_by_key(|shard| shard.began);
        let started_at = first.map(|shard| shard.started_at.clone()).unwrap_or_default();
        (started_at, self.shards.into_values().map(|shard| shard.record).collect())
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
    if number == 0 || number > of {
        return Err(MergeError::Invalid { name: name(), problem: format!("its number is {number} of {of}") });
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
