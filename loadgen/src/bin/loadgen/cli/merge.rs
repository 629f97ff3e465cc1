//! `loadgen merge`: results of shards become the result of the whole run.

use std::path::PathBuf;

use clap::Args;

use super::{
    console::ConsoleArgs,
    outputs::{JsonArgs, OutputArgs},
    refusal::refuse,
};

/// Make one result of those of all shards
///
/// Counts and histograms are added bucket by bucket; no percentile is averaged. The whole is judged
/// anew, with the thresholds of the plan, and the exit code is that of this verdict.
///
/// Shards that are missing, doubled, of another run, or whose result is cut, are named and refused:
/// exit code 3. With --allow-partial the exit code is 5 or worse.
#[derive(Clone, Debug, Args)]
#[allow(clippy::doc_markdown)]
pub(crate) struct MergeArgs {
    /// Results of shards, one or several a file; `-` is stdin
    ///
    /// Lines that do not begin with `{` are skipped, so that a file may be the log of a shard that
    /// printed its result with --json=line.
    #[arg(value_name = "RESULT", required = true)]
    pub(crate) results: Vec<PathBuf>,

    /// Merge the shards that have a result, although others have none
    ///
    /// The result says which are missing, and is invalid (exit code 5), if nothing worse happened.
    #[arg(long)]
    pub(crate) allow_partial: bool,

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

impl MergeArgs {
    /// Finds out whether the options fit together and the outputs can be written.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        if self.results.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(refuse("-: stdin is read once; name it once".to_owned()));
        }
        self.outputs.check(self.json.is_given(), self.out.as_deref())
    }
}
