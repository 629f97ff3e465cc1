//! `loadgen compare`: stored results against each other.

use std::path::PathBuf;

use clap::Args;
use reports::gate::Confidence;

use super::{
    console::ConsoleArgs,
    gates::GateArgs,
    outputs::{Destination, check_destinations},
    refusal::refuse,
};

/// Compare saved results: a candidate with a baseline
///
/// One run a side is compared with the margins alone. Four or more a side give intervals from run
/// to run.
///
/// Exit codes: 0 pass, 1 regression, 2 usage, 3 inconclusive or incomparable, 4 delivery violation,
/// 5 run invalid, 6 connections.
#[derive(Clone, Debug, Args)]
#[command(override_usage = "loadgen compare [OPTIONS] BASELINE CANDIDATE\n       \
    loadgen compare [OPTIONS] BASELINE... -- CANDIDATE...")]
pub(crate) struct CompareArgs {
    /// Results to compare with; without `--`, one baseline and one candidate
    #[arg(value_name = "BASELINE", required = true)]
    first: Vec<PathBuf>,

    /// Results to judge
    #[arg(value_name = "CANDIDATE", last = true)]
    last: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) gates: GateArgs,

    /// Confidence of the intervals, from four runs a side on
    #[arg(long, value_name = "PERCENT", default_value = "95%", help_heading = "Verdict")]
    pub(crate) confidence: Confidence,

    /// Compare even if plan or environment differ; the output says so
    #[arg(long, help_heading = "Verdict")]
    pub(crate) force: bool,

    /// Seed of the bootstrap: the same seed gives the same intervals
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Verdict", hide_short_help = true)]
    pub(crate) seed: u64,

    /// Print the comparison as JSON instead of text
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    /// Save the comparison in Markdown
    ///
    /// `-` is stdout, instead of text.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) markdown: Option<Destination>,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

impl CompareArgs {
    /// Baseline and candidate.
    pub(crate) fn sides(&self) -> Result<(&[PathBuf], &[PathBuf]), clap::Error> {
        match (&self.first[..], &self.last[..]) {
            ([baseline, candidate], []) => Ok((std::slice::from_ref(baseline), std::slice::from_ref(candidate))),
            (baseline, candidate @ [_, ..]) => Ok((baseline, candidate)),
            (all, []) => Err(refuse(format!(
                "compare: {} named; name two, or put -- between several of the baseline and several of the candidate",
                if all.len() == 1 { "one result was".to_owned() } else { format!("{} results were", all.len()) }
            ))),
        }
    }

    /// Finds out whether the outputs fit together and can be written.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        check_destinations(self.json, self.markdown.iter().map(|destination| ("--markdown", destination)))
    }
}
