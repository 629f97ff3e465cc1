//! `loadgen report`: stored results in other formats.

use std::path::PathBuf;

use clap::Args;

use super::outputs::Outputs;
use super::refuse;

/// Shows stored results, as text or in other formats.
///
/// The exit code is 0 whatever their verdict.
#[derive(Clone, Debug, Args)]
#[allow(clippy::doc_markdown)]
pub(crate) struct ReportArgs {
    /// Results that --out saved; --html shows several of them in one page
    #[arg(value_name = "RESULT", required = true)]
    pub(crate) results: Vec<PathBuf>,

    /// No colors; the variable NO_COLOR does the same
    #[arg(long)]
    pub(crate) no_color: bool,

    #[command(flatten)]
    pub(crate) outputs: Outputs,
}

impl ReportArgs {
    /// Finds out whether the outputs fit together and can be written.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        if let (2.., [flag, ..]) = (self.results.len(), &self.outputs.of_one_result()[..]) {
            let count = self.results.len();
            return Err(refuse(format!(
                "{flag}: takes one result, and {count} were named; only --html and the text show several"
            )));
        }
        self.outputs.check(false, None)
    }
}
