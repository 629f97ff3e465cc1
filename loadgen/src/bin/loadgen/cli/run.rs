//! `loadgen [URL]`: a run.

use std::path::{Path, PathBuf};

use clap::Args;
use loadgen::plan::Plan;
use reports::Threshold;
use reports::gate::Gate;
use reports::store::baseline::Name;

use super::gates::Gates;
use super::outputs::Outputs;
use super::plan::PlanArgs;
use super::refuse;

/// A run, its conditions, and what it leaves behind.
#[derive(Clone, Debug, Args)]
// Flags are what they are, and their help is no Markdown.
#[allow(clippy::struct_excessive_bools, clippy::doc_markdown)]
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

    /// Judge delivery and connections, and leave timing unjudged: for tests and busy CI machines, where the generator may be late.
    /// Not with a condition on time, such as --threshold 'p99<5ms' or --baseline
    #[arg(long)]
    pub(crate) only_delivery: bool,

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

    #[command(flatten)]
    pub(crate) outputs: Outputs,

    /// Compare the run with this baseline; a regression is exit code 1
    #[arg(long, value_name = "NAME", help_heading = "Comparison")]
    pub(crate) baseline: Option<Name>,

    /// Keep the run as this baseline if it passes, the comparison included
    #[arg(long, value_name = "NAME", help_heading = "Comparison")]
    pub(crate) save_baseline: Option<Name>,

    /// Folder of the baselines [default: reports/baselines]
    #[arg(long, value_name = "FOLDER", help_heading = "Comparison")]
    baseline_dir: Option<PathBuf>,

    #[command(flatten)]
    gates: Gates,

    /// Compare although plan or environment differ; the output says so
    #[arg(long, help_heading = "Comparison", requires = "baseline")]
    pub(crate) force: bool,
}

impl RunArgs {
    /// The plan that the arguments ask for.
    pub(crate) fn plan(&self) -> Result<Plan, clap::Error> {
        let out = self.out.as_deref().and_then(Path::to_str).unwrap_or_default();
        let is_a_command = ["report", "compare", "ab", "search"].contains(&out);
        if is_a_command && self.url.as_deref().is_some_and(|url| !url.contains("://")) {
            return Err(refuse(format!(
                "--out {out}: `{out}` is the name of the result's file here, and no command; put the command first: loadgen \
                 {out} ..."
            )));
        }
        self.plan.plan(self.url.as_deref())
    }

    /// Folder of the baselines.
    pub(crate) fn baselines(&self) -> &Path {
        self.baseline_dir.as_deref().unwrap_or(Path::new("reports/baselines"))
    }

    /// What decides a comparison with the baseline.
    pub(crate) fn gates(&self) -> Result<Vec<Gate>, clap::Error> {
        self.gates.gates()
    }

    /// Where timing is not judged, no condition may be about it.
    fn check_only_delivery(&self) -> Result<(), clap::Error> {
        if !self.only_delivery {
            return Ok(());
        }
        if let Some(timed) = self.thresholds.iter().find(|threshold| threshold.metric().is_on_time()) {
            return Err(refuse(format!(
                "--only-delivery: timing is not judged, and --threshold '{timed}' is about time; leave one of them out"
            )));
        }
        let of_time = [("--baseline", self.baseline.is_some()), ("--save-baseline", self.save_baseline.is_some())];
        match of_time.into_iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(refuse(format!(
                "--only-delivery: timing is not judged, and the gates of {flag} are about time; leave one of them out"
            ))),
            None => Ok(()),
        }
    }

    /// Finds out whether the options fit together and the outputs can be written.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        if self.gates.are_given() && self.baseline.is_none() {
            return Err(refuse("--gate: there is nothing to compare with; name a --baseline".to_owned()));
        }
        if self.baseline_dir.is_some() && self.baseline.is_none() && self.save_baseline.is_none() {
            return Err(refuse("--baseline-dir: nothing is kept there; add --baseline or --save-baseline".to_owned()));
        }
        self.check_only_delivery()?;
        self.outputs.check(self.json, self.out.as_deref())
    }
}
