//! `loadgen report`: stored results and searches in other formats.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{console::ConsoleArgs, outputs::OutputArgs, refusal::refuse};

/// Show saved results as text or in other formats
///
/// As text, several files are shown one after the other. --html overlays several runs in one page,
/// and shows a search in a page of its own. A search is shown as text, with --html and with
/// --markdown; the other formats are of a run.
///
/// The exit code is 0 whatever their verdict.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReportArgs {
    /// Results that --out saved, of runs or of searches
    #[arg(value_name = "RESULT", required = true)]
    pub(crate) results: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) outputs: OutputArgs,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

impl ReportArgs {
    /// Finds out whether the outputs fit the files, of which `search` is the first that holds a
    /// search, and can be written.
    pub(crate) fn check(&self, search: Option<&Path>) -> Result<(), clap::Error> {
        let count = self.results.len();
        if let (2.., [flag, ..]) = (count, &self.outputs.of_one_file()[..]) {
            return Err(refuse(format!(
                "{flag}: takes one result, and {count} were named; only --html and the text show several"
            )));
        }
        if let Some(search) = search {
            let search = search.display();
            if let [flag, ..] = self.outputs.of_runs_only()[..] {
                return Err(refuse(format!(
                    "{flag}: {search} is a search, and this is a format of runs; a search is shown as text, with --html and \
                     with --markdown"
                )));
            }
            if count > 1 && self.outputs.html().is_some() {
                return Err(refuse(format!(
                    "--html: {search} is a search, and one page shows several runs or one search; name the search alone, or \
                     leave --html out for text"
                )));
            }
        }
        self.outputs.check(false, None)
    }
}
