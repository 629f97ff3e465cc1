//! `loadgen plan [URL]`: what a plan asks for.

use clap::Args;
use loadgen::plan::{
    Plan,
    keys::{PlanKeys, VerdictKeys},
};

use super::{console::ConsoleArgs, plan::PlanArgs, target::TargetArgs};

/// Check a plan file or options, and show what they add up to; nothing is run
#[derive(Clone, Debug, Args)]
pub(crate) struct CheckPlanArgs {
    #[command(flatten)]
    plan: PlanArgs,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    verdict: VerdictKeys,

    /// Print the plan as a plan file, with all defaults
    ///
    /// User-info and query of targets and the values of header fields are masked, as in all
    /// output: *** stands in their place.
    #[arg(long, help_heading = "Output")]
    pub(crate) print: bool,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

impl CheckPlanArgs {
    /// The plan that the arguments ask for.
    pub(crate) fn plan(&self) -> Result<Plan, clap::Error> {
        self.plan.plan(&self.target, &self.verdict)
    }

    /// The plan as a plan file, without secrets.
    pub(crate) fn file(plan: &Plan) -> String {
        PlanKeys::of(plan).masked().to_toml()
    }
}
