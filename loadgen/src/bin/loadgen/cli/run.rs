//! `loadgen run [URL]`, which is also what `loadgen [URL]` does: a run.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use loadgen::plan::{Plan, RunOptions, Shard, keys::VerdictKeys};
use reports::{Threshold, gate::Gate, store::baseline::BaselineName};

use super::{
    console::ConsoleArgs,
    gates::GateArgs,
    outputs::{JsonArgs, OutputArgs},
    plan::PlanArgs,
    refusal::refuse,
    shard::ShardArgs,
    target::TargetArgs,
};

/// Run a test; `loadgen URL` without a command does the same
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    plan: PlanArgs,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    shard: ShardArgs,

    #[command(flatten)]
    pub(crate) verdict: VerdictArgs,

    /// Save the result as JSON
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    #[command(flatten)]
    pub(crate) outputs: OutputArgs,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// What the run is judged by.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Verdict")]
#[allow(clippy::doc_markdown)]
pub(crate) struct VerdictArgs {
    #[command(flatten)]
    keys: VerdictKeys,

    /// Compare the run with this baseline
    ///
    /// A regression is exit code 1.
    #[arg(long, value_name = "NAME")]
    pub(crate) baseline: Option<BaselineName>,

    /// Keep the run as this baseline if it passes
    ///
    /// Where --baseline is given, the comparison must pass, too.
    #[arg(long, value_name = "NAME")]
    pub(crate) save_baseline: Option<BaselineName>,

    /// Folder of the baselines
    ///
    /// [default: reports/baselines]
    #[arg(long, value_name = "FOLDER", hide_short_help = true)]
    baseline_dir: Option<PathBuf>,

    #[command(flatten)]
    gates: GateArgs,

    /// Compare even if plan or environment differ; the output says so
    #[arg(long, requires = "baseline", hide_short_help = true)]
    pub(crate) force: bool,
}

impl RunArgs {
    /// The plan that the arguments ask for.
    pub(crate) fn plan(&self) -> Result<Plan, clap::Error> {
        let began = Instant::now();
        self.plan.plan(&self.target, &self.verdict.keys).and_then(|plan| self.shard.apply(plan, began))
    }

    /// Finds out whether the options fit together and with the plan, and the outputs can be
    /// written.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), clap::Error> {
        self.verdict.check(plan.run())?;
        self.outputs.check(self.json.is_given(), self.out.as_deref())
    }
}

impl VerdictArgs {
    /// Folder of the baselines.
    pub(crate) fn baselines(&self) -> &Path {
        self.baseline_dir.as_deref().unwrap_or(Path::new("reports/baselines"))
    }

    /// What decides a comparison with the baseline.
    pub(crate) fn gates(&self, plan: &Plan) -> Result<Vec<Gate>, clap::Error> {
        self.gates.gates(&plan.group_names().collect::<Vec<_>>())
    }

    /// Finds out whether the options fit together.
    fn check(&self, run: &RunOptions) -> Result<(), clap::Error> {
        if self.gates.are_given() && self.baseline.is_none() {
            return Err(refuse("--gate: there is nothing to compare with; name a --baseline".to_owned()));
        }
        if self.baseline_dir.is_some() && self.baseline.is_none() && self.save_baseline.is_none() {
            return Err(refuse("--baseline-dir: nothing is kept there; add --baseline or --save-baseline".to_owned()));
        }
        if let Some(shard) = run.shard.filter(|shard| shard.of().get() > 1) {
            self.check_part(shard)?;
        }
        if run.only_delivery { self.check_only_delivery(&run.thresholds) } else { Ok(()) }
    }

    /// A part of a run is no baseline, and is compared with none.
    fn check_part(&self, shard: Shard) -> Result<(), clap::Error> {
        match self.of_time().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(refuse(format!(
                "{flag}: shard {shard} has a part of the run; leave it out, and give `loadgen compare` the result of \
                 `loadgen merge`"
            ))),
            None => Ok(()),
        }
    }

    /// What compares times.
    fn of_time(&self) -> impl Iterator<Item = (&'static str, bool)> {
        [("--baseline", self.baseline.is_some()), ("--save-baseline", self.save_baseline.is_some())].into_iter()
    }

    /// Where timing is not judged, no condition may be about it.
    fn check_only_delivery(&self, thresholds: &[Threshold]) -> Result<(), clap::Error> {
        if let Some(timed) = thresholds.iter().find(|threshold| threshold.metric().is_on_time()) {
            return Err(refuse(format!(
                "--only-delivery: timing is not judged, and --threshold '{timed}' is about time; leave one of them out"
            )));
        }
        match self.of_time().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(refuse(format!(
                "--only-delivery: timing is not judged, and the gates of {flag} are about time; leave one of them out"
            ))),
            None => Ok(()),
        }
    }
}
