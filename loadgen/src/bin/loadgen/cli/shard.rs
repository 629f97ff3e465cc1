//! The part of a run that this process has.

use std::{
    env,
    time::{Instant, SystemTime},
};

use clap::Args;
use loadgen::plan::{
    Plan, Shard, ShardError, Start,
    keys::{PlanKeys, PositiveTime},
};

use super::refusal::refuse;

/// The part of a run that this process has, and when it begins.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Several machines")]
#[allow(clippy::doc_markdown)]
pub(crate) struct ShardArgs {
    /// Be shard K of N: take this part of the clients
    ///
    /// All numbers, --clients too, are those of the whole run. `auto` reads the numbers from the
    /// environment of the launcher: Open MPI, MPICH and others with PMI, Slurm, or a Kubernetes
    /// Indexed Job with LOADGEN_SHARDS. `loadgen merge` makes one result of those of all shards.
    #[arg(long, value_name = "K/N|auto", hide_short_help = true)]
    shard: Option<ShardChoice>,

    /// Connect, and begin the load at this instant, such as 2027-01-31T12:00:00Z
    ///
    /// By the clock of this machine. A shard that is not ready then begins as soon as it is, and
    /// its result is invalid (exit code 5).
    #[arg(long, value_name = "RFC3339", value_parser = instant, conflicts_with = "start_in", hide_short_help = true)]
    start_at: Option<SystemTime>,

    /// Connect, and begin the load so long after the command began
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    start_in: Option<PositiveTime>,
}

/// Which shard this process is.
#[derive(Clone, Copy, Debug)]
enum ShardChoice {
    /// This one.
    Is(Shard),
    /// The launcher tells.
    Auto,
}

impl std::str::FromStr for ShardChoice {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        if text == "auto" { Ok(Self::Auto) } else { text.parse().map(Self::Is) }
    }
}

impl ShardArgs {
    /// The plan of this process. The command `began` before it was read.
    pub(crate) fn apply(&self, plan: Plan, began: Instant) -> Result<Plan, clap::Error> {
        let left = |PositiveTime(time)| Start::In(time.saturating_sub(began.elapsed()));
        let start = self.start_at.map(Start::At).or(self.start_in.map(left));
        let shard = match self.shard {
            Some(ShardChoice::Is(shard)) => Some(shard),
            Some(ShardChoice::Auto) => {
                let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
                let shard = Shard::from_environment(variable);
                Some(shard.map_err(|error| refuse(format!("--shard auto: {error}")))?)
            }
            None => None,
        };
        // Every shard must plan the same run.
        let seed = match (shard, plan.run().seed) {
            (Some(_), None) => Some(PlanKeys::of(&plan).fingerprint().into()),
            (_, seed) => seed,
        };
        plan.with(|run, _| (run.shard, run.start, run.seed) = (shard, start, seed.or(run.seed)))
            .map_err(|error| refuse(error.to_string()))
    }
}

pub(super) fn instant(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339(text).map_err(|_| "expected an instant in UTC, such as 2027-01-31T12:00:00Z".to_owned())
}
