//! `loadgen compare`: stored results against each other.

use std::path::PathBuf;

use clap::Args;
use reports::gate::Confidence;

use super::gates::Gates;
use super::outputs::{Place, check_places};
use super::refuse;

/// Compares stored results: a candidate with a baseline.
///
/// One run a side is compared with the margins alone; four or more a side give intervals from run to run.
///
/// Exit codes: 0 pass, 1 regression, 2 usage, 3 inconclusive or incomparable, 4 delivery violation, 5 run invalid, 6
/// connections.
#[derive(Clone, Debug, Args)]
#[command(override_usage = "loadgen compare [OPTIONS] BASELINE CANDIDATE\n       \
    loadgen compare [OPTIONS] BASELINE... -- CANDIDATE...")]
#[allow(clippy::doc_markdown)]
pub(crate) struct CompareArgs {
    /// Results to compare with; without `--`, one baseline and one candidate
    #[arg(value_name = "BASELINE", required = true)]
    first: Vec<PathBuf>,

    /// Results to judge
    #[arg(value_name = "CANDIDATE", last = true)]
    last: Vec<PathBuf>,

    /// Print the comparison as JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,

    /// Save it in Markdown as well (- for stdout, instead of text)
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<Place>,

    /// No colors; the variable NO_COLOR does the same
    #[arg(long)]
    pub(crate) no_color: bool,

    #[command(flatten)]
    pub(crate) gates: Gates,

    /// Confidence of the intervals, from four runs a side on
    #[arg(long, value_name = "PERCENT", default_value = "95%", help_heading = "Comparison")]
    pub(crate) confidence: Confidence,

    /// Compare although plan or environment differ; the output says so
    #[arg(long, help_heading = "Comparison")]
    pub(crate) force: bool,

    /// Seed of the bootstrap, whose intervals then are the same again
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Comparison")]
    pub(crate) seed: u64,
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
        check_places(self.json, self.markdown.iter().map(|place| ("--markdown", place)))
    }
}
