//! `loadgen [URL]`: a run.

use std::path::PathBuf;

use clap::Args;
use loadgen::plan::Plan;
use reports::Threshold;

use super::plan::PlanArgs;

/// A run, its conditions, and what it leaves behind.
#[derive(Clone, Debug, Args)]
#[allow(clippy::doc_markdown)]
pub(crate) struct RunArgs {
    /// Server to test, as ws://HOST[:PORT][/PATH] or wss://...; without it, a reference server is started on a free
    /// loopback port
    // Parsed by `plan`: clap would print a refused value whole, with the password that may be in it.
    #[arg(value_name = "URL")]
    url: Option<String>,

    #[command(flatten)]
    plan: PlanArgs,

    /// Condition for exit code 0, such as 'p99<5ms', 'service.p99.9<2ms', 'throughput>=49000', 'connect.p99<100ms';
    /// repeatable
    #[arg(long = "threshold", value_name = "METRIC OP VALUE")]
    pub(crate) thresholds: Vec<Threshold>,

    /// Save the result as JSON
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Print the result as JSON on stdout and nothing else there; progress and report go to stderr. Without a connection
    /// there is no result
    #[arg(long)]
    pub(crate) json: bool,

    /// Print neither progress nor report; the exit code tells the verdict
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// No colors; the variable NO_COLOR does the same
    #[arg(long)]
    pub(crate) no_color: bool,
}

impl RunArgs {
    /// The plan that the arguments ask for.
    pub(crate) fn plan(&self) -> Result<Plan, clap::Error> {
        self.plan.plan(self.url.as_deref())
    }
}
