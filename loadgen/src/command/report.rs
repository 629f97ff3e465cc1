//! `loadgen report`: stored results and searches, shown.

use std::io;
use std::path::Path;

use reports::render::search::RenderSearch;
use reports::render::{Entry, Html, Text};
use reports::store::Stored;
use reports::{Judgement, Render, Report};

use crate::cli::ReportArgs;
use crate::exit;
use crate::export::{self, put};
use crate::terminal::Channel;

/// Shows files in the formats that were asked for, or as text; the exit code.
pub(crate) fn report(args: &ReportArgs) -> Result<u8, clap::Error> {
    let mut files = Vec::new();
    for path in &args.results {
        match Stored::read(path) {
            Ok(stored) => files.push((path.as_path(), stored)),
            Err(error) => {
                eprintln!("loadgen: {error}");
                return Ok(exit::USAGE);
            }
        }
    }
    args.check(files.iter().find(|(_, stored)| matches!(stored, Stored::Search(_))).map(|(path, _)| *path))?;
    let shown = match &files[..] {
        files if args.outputs.is_empty() => text(args, files),
        [(_, stored)] => export(args, stored),
        several => page(args, several),
    };
    Ok(if shown { 0 } else { exit::FAILED })
}

/// A file and what it holds.
type File<'a> = (&'a Path, Stored);

fn text(args: &ReportArgs, files: &[File<'_>]) -> bool {
    let printed = Channel::Stdout.print(args.no_color, |color, out| {
        for (index, (path, stored)) in files.iter().enumerate() {
            if files.len() > 1 {
                let gap = if index == 0 { "" } else { "\n" };
                writeln!(out, "{gap}== {}\n", reports::escape::visible(&path.display().to_string()))?;
            }
            let text = Text { color };
            match stored {
                Stored::Result(result) => text.render(&result.0, &result.1, out)?,
                Stored::Search(record) => text.search(record, out)?,
            }
        }
        Ok(())
    });
    printed.inspect_err(|error| eprintln!("loadgen: {error}")).is_ok()
}

/// One file in every format.
fn export(args: &ReportArgs, stored: &Stored) -> bool {
    let saved = match stored {
        Stored::Result(result) => {
            export::save(&args.outputs.of_run(), |format, out| format.render(&result.0, &result.1, out))
        }
        Stored::Search(record) => export::save(&args.outputs.of_search(), |format, out| format.search(record, out)),
    };
    saved.is_ok()
}

/// Several results in one page.
fn page(args: &ReportArgs, files: &[File<'_>]) -> bool {
    let Some(place) = args.outputs.html() else { return true };
    let results: Vec<_> = files.iter().filter_map(result).collect();
    let labels = labels(&results);
    let entries: Vec<_> = results
        .iter()
        .zip(&labels)
        .map(|(&(_, report, judgement), label)| Entry { label, report, judgement })
        .collect();
    let saved: io::Result<()> = put(place, |out| Html.page(&entries, out));
    saved.inspect_err(|error| eprintln!("loadgen: --html was not saved: {error}")).is_ok()
}

type Run<'a> = (&'a Path, &'a Report, &'a Judgement);

fn result<'a>((path, stored): &'a File<'_>) -> Option<Run<'a>> {
    match stored {
        Stored::Result(result) => Some((path, &result.0, &result.1)),
        Stored::Search(_) => None,
    }
}

/// The names of the files without folder and ending, as far as these tell them apart.
fn labels(results: &[Run<'_>]) -> Vec<String> {
    let short = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let all: Vec<_> = results.iter().map(|(path, ..)| short(path)).collect();
    let unique = all.iter().collect::<std::collections::BTreeSet<_>>().len() == all.len();
    if unique { all } else { results.iter().map(|(path, ..)| path.display().to_string()).collect() }
}
