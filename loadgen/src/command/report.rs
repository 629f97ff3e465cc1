//! `loadgen report`: stored results, shown.

use std::path::Path;

use reports::render::{Entry, Html, Text};
use reports::{Judgement, Render, Report, store};

use crate::cli::ReportArgs;
use crate::exit;
use crate::export::{self, put};
use crate::terminal::Channel;

/// Shows results in the formats that were asked for, or as text; the exit code.
pub(crate) fn report(args: &ReportArgs) -> Result<u8, clap::Error> {
    args.check()?;
    let mut results = Vec::new();
    for path in &args.results {
        match store::read(path) {
            Ok((report, judgement)) => results.push((path.as_path(), report, judgement)),
            Err(error) => {
                eprintln!("loadgen: {error}");
                return Ok(exit::USAGE);
            }
        }
    }
    let shown = if args.outputs.is_empty() { text(args, &results) } else { files(args, &results) };
    Ok(if shown { 0 } else { exit::FAILED })
}

type Stored<'a> = (&'a Path, Report, Judgement);

fn text(args: &ReportArgs, results: &[Stored<'_>]) -> bool {
    let printed = Channel::Stdout.print(args.no_color, |color, out| {
        for (index, (path, report, judgement)) in results.iter().enumerate() {
            if results.len() > 1 {
                let gap = if index == 0 { "" } else { "\n" };
                writeln!(out, "{gap}== {}\n", reports::escape::visible(&path.display().to_string()))?;
            }
            Text { color }.render(report, judgement, out)?;
        }
        Ok(())
    });
    printed.inspect_err(|error| eprintln!("loadgen: {error}")).is_ok()
}

fn files(args: &ReportArgs, results: &[Stored<'_>]) -> bool {
    if let [(_, report, judgement)] = results {
        return export::save(&args.outputs.all(), report, judgement).is_ok();
    }
    let Some(place) = args.outputs.html() else { return true };
    let labels = labels(results);
    let entries: Vec<_> =
        results.iter().zip(&labels).map(|((_, report, judgement), label)| Entry { label, report, judgement }).collect();
    let saved = put(place, |out| Html.page(&entries, out));
    saved.inspect_err(|error| eprintln!("loadgen: --html was not saved: {error}")).is_ok()
}

/// The names of the files without folder and ending, as far as these tell them apart.
fn labels(results: &[Stored<'_>]) -> Vec<String> {
    let short = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let all: Vec<_> = results.iter().map(|(path, ..)| short(path)).collect();
    let unique = all.iter().collect::<std::collections::BTreeSet<_>>().len() == all.len();
    if unique { all } else { results.iter().map(|(path, ..)| path.display().to_string()).collect() }
}
