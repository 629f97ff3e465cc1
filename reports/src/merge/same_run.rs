//! Whether results are of the same run.

use chrono::{DateTime, TimeDelta};
use serde::Serialize;
use serde_json::Value;

use super::MergeError;
use crate::model::{PlanRecord, Report, RunRecord, ShardRecord, TargetRecord};

/// Most seconds between the planned instants of two shards. With `--start-in`, each process counts
/// from its own beginning.
const PLANNED_APART_S: i64 = 10;

/// What all shards of a run have in common. Threads may differ, as machines do.
#[derive(Debug, PartialEq, Serialize)]
struct RunFacts {
    target: TargetRecord,
    plan: PlanRecord,
    shards: u32,
    planned_start: Option<String>,
    version: String,
    seed: u64,
    run_id: u32,
}

/// The facts of the first result.
#[derive(Debug, Default)]
pub(super) struct SameRun {
    first: Option<(String, RunFacts)>,
}

impl RunFacts {
    fn of(report: &Report, record: &ShardRecord) -> Self {
        let PlanRecord { run, groups } = &report.plan;
        Self {
            target: report.target.clone(),
            plan: PlanRecord { run: RunRecord { threads: 0, ..run.clone() }, groups: groups.clone() },
            shards: record.of,
            planned_start: record.start.planned.clone(),
            version: report.environment.version.clone(),
            seed: report.environment.seed,
            run_id: report.environment.run_id,
        }
    }
}

impl SameRun {
    /// Refuses a result of another run than that of the first.
    pub(super) fn check(&mut self, name: &str, report: &Report, record: &ShardRecord) -> Result<(), MergeError> {
        let mut facts = RunFacts::of(report, record);
        let Some((first, expected)) = &self.first else {
            self.first = Some((name.to_owned(), facts));
            return Ok(());
        };
        if are_close(facts.planned_start.as_deref(), expected.planned_start.as_deref()) {
            facts.planned_start.clone_from(&expected.planned_start);
        }
        if facts == *expected {
            return Ok(());
        }
        // Plain structs: they always have a value.
        let [value, expected] = [&facts, expected].map(|facts| serde_json::to_value(facts).unwrap_or_default());
        let Difference { key, value, expected } = first_difference("", &value, &expected).unwrap_or_default();
        Err(MergeError::Foreign {
            name: name.to_owned(),
            number: record.number,
            key,
            value,
            expected,
            first: first.clone(),
        })
    }
}

/// Whether shards with these planned instants may be of one run.
fn are_close(one: Option<&str>, other: Option<&str>) -> bool {
    let instant = |text: Option<&str>| DateTime::parse_from_rfc3339(text?).ok();
    let apart = instant(one).zip(instant(other)).map(|(one, other)| (one - other).abs());
    apart.is_some_and(|apart| apart <= TimeDelta::seconds(PLANNED_APART_S))
}

/// A fact that differs.
#[derive(Debug, Default, PartialEq)]
struct Difference {
    key: String,
    value: String,
    expected: String,
}

/// The first key whose values differ, with both.
fn first_difference(key: &str, value: &Value, expected: &Value) -> Option<Difference> {
    let within = |inner: &str| if key.is_empty() { inner.to_owned() } else { format!("{key}.{inner}") };
    match (value, expected) {
        (Value::Object(fields), Value::Object(others)) => {
            let keys = fields.keys().chain(others.keys().filter(|key| !fields.contains_key(*key)));
            let of = |fields: &serde_json::Map<String, Value>, key| fields.get(key).cloned().unwrap_or_default();
            keys.into_iter().find_map(|key| first_difference(&within(key), &of(fields, key), &of(others, key)))
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let pairs = items.iter().zip(others).enumerate();
            pairs.into_iter().find_map(|(at, (item, other))| first_difference(&within(&at.to_string()), item, other))
        }
        _ if value == expected => None,
        _ => Some(Difference { key: key.to_owned(), value: shown(value), expected: shown(expected) }),
    }
}

/// A value in a line, cut if it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
