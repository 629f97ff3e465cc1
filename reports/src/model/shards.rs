//! The processes that shared a run, and when each began.

use chrono::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Environment, GeneratorHealth, Report};
use crate::text::human::count;

/// A process that had a part of a run's clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShardRecord {
    /// Its number, from 1.
    #[schemars(range(min = 1))]
    pub number: u32,
    /// Shards of the whole run.
    #[schemars(range(min = 1))]
    pub of: u32,
    /// Its clients of each group, in the order of the plan.
    pub clients: Vec<ShardClients>,
    /// When its load began.
    pub start: StartRecord,
    /// Length of its measured phase in seconds.
    #[schemars(range(min = 0.0))]
    pub measured_s: f64,
    /// A signal stopped it before its time.
    pub interrupted: bool,
    /// Where it ran.
    pub environment: Environment,
    /// Health of its generator.
    pub generator: GeneratorHealth,
}

/// The clients of a group that a shard has. They have numbers in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardClients {
    /// Index of the first within its group, from 0.
    pub first: u32,
    /// How many there are.
    pub clients: u32,
}

/// When a load began, beside the instant that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StartRecord {
    /// Start of the warm-up by the system's clock, RFC 3339 in UTC, with microseconds.
    pub at: String,
    /// The instant that was asked for, in the same form. Null if none was.
    pub planned: Option<String>,
    /// How much later than planned it began, in seconds. Null if no instant was asked for, or a
    /// signal ended the wait for it.
    pub error_s: Option<f64>,
    /// Every connection had been tried by the planned instant.
    pub ready: bool,
    /// What the system says of its clock. Null where it does not tell.
    pub clock: Option<ClockRecord>,
}

/// What a system says of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClockRecord {
    /// A time service keeps it in step.
    pub synchronized: bool,
    /// How far it is off, as that service last measured, in seconds. Positive if it is behind.
    pub offset_s: f64,
    /// How far it may be off at most, in seconds.
    #[schemars(range(min = 0.0))]
    pub max_error_s: f64,
}

impl StartRecord {
    /// A start this many seconds late has shaped the load otherwise than planned.
    pub const LATE_S: f64 = 0.1;

    /// Whether the load began so late that it was not the planned one.
    pub fn is_late(&self) -> bool {
        self.error_s.is_some_and(|error| error > Self::LATE_S)
    }
}

impl ShardRecord {
    /// How many clients it has, of all groups.
    pub fn all_clients(&self) -> u64 {
        self.clients.iter().map(|group| u64::from(group.clients)).fold(0, u64::saturating_add)
    }
}

impl Report {
    /// What the result is of: `shard 2 of 4`, or `3 of 4 shards`. `None` if it is of the whole run.
    pub fn part(&self) -> Option<String> {
        if !self.partial {
            return None;
        }
        Some(match self.shards.as_slice() {
            [] => "an unknown part".to_owned(),
            [shard] => format!("shard {} of {}", count(shard.number.into()), count(shard.of.into())),
            shards => format!("{} of {} shards", count(shards.len() as u64), count(self.planned_shards().into())),
        })
    }

    /// How many shards the run has, those included whose results are not in this one. 0 if one
    /// process had all clients.
    pub fn planned_shards(&self) -> u32 {
        self.shards.iter().map(|shard| shard.of).max().unwrap_or_default()
    }

    /// From the start of the first shard to that of the last, in seconds. `None` with fewer than
    /// two shards, or if the start of one is no instant.
    pub fn start_spread_s(&self) -> Option<f64> {
        let at = |shard: &ShardRecord| DateTime::parse_from_rfc3339(&shard.start.at).ok();
        let starts: Vec<_> = self.shards.iter().map(at).collect::<Option<_>>()?;
        let apart = *starts.iter().max()? - *starts.iter().min()?;
        (starts.len() > 1).then(|| apart.as_seconds_f64())
    }
}

#[cfg(test)]
mod tests {
    use crate::model::sample;

    #[test]
    fn a_result_says_of_which_part_it_is() {
        assert_eq!((sample::pass().part(), sample::merged().part()), (None, None));
        assert_eq!(sample::shard().part().as_deref(), Some("shard 2 of 4"));
        let mut report = sample::merged();
        (report.partial, report.shards[0].of) = (true, 1_000);
        assert_eq!(report.part().as_deref(), Some("4 of 1 000 shards"));
        report.shards.clear();
        assert_eq!(report.part().as_deref(), Some("an unknown part"));
    }

    #[test]
    fn starts_are_as_far_apart_as_the_first_and_the_last() {
        let mut report = sample::merged();
        let spread = report.start_spread_s().unwrap();
        assert!((spread - 0.0409).abs() < 1e-9, "{spread}");
        report.shards[2].start.at = "soon".to_owned();
        assert_eq!(report.start_spread_s(), None);
        assert_eq!((sample::shard().start_spread_s(), sample::pass().start_spread_s()), (None, None));
    }
}
