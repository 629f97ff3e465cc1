//! `loadgen report`: stored results and searches, shown.

use std::{io, path::Path};

use program::{Channel, Exit};
use reports::{
    Judgement, Render, Report,
    render::{Html, LabelledResult, search::RenderSearch},
    store::Stored,
};

use crate::{
    cli::ReportArgs,
    command_error::CommandError,
    export::{Saved, put},
    terminal::print,
};

/// Shows files in the formats that were asked for, or as text; how the process ends.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, CommandError> {
    let read = |path| Stored::read(path).map(|stored| (path, stored));
    let files = args.results.iter().map(|path| read(path.as_path())).collect::<Result<Vec<_>, _>>();
    let files = files.map_err(CommandError::Unreadable)?;
    args.check(files.iter().find(|(_, stored)| matches!(stored, Stored::Search(_))).map(|(path, _)| *path))?;
    let mut saved = Saved::default();
    match &files[..] {
        _ if args.outputs.is_empty() && args.console.quiet => {}
        files if args.outputs.is_empty() => text(args, files)?,
        [(_, stored)] => export(args, stored, &mut saved),
        several => page(args, several, &mut saved),
    }
    Ok(saved.exit(Exit::Pass))
}

/// A file and what it holds.
type StoredFile<'a> = (&'a Path, Stored);

fn text(args: &ReportArgs, files: &[StoredFile<'_>]) -> io::Result<()> {
    print(Channel::Stdout, &args.console, |text, out| {
        for (index, (path, stored)) in files.iter().enumerate() {
            if files.len() > 1 {
                let gap = if index == 0 { "" } else { "\n" };
                writeln!(out, "{gap}== {}\n", reports::escape::visible(&path.display().to_string()))?;
            }
            match stored {
                Stored::Result(result) => text.render(&result.0, &result.1, out)?,
                Stored::Search(record) => text.search(record, out)?,
            }
        }
        Ok(())
    })
}

/// One file in every format.
fn export(args: &ReportArgs, stored: &Stored, saved: &mut Saved) {
    match stored {
        Stored::Result(result) => {
            saved.save(&args.outputs.of_run(), |format, out| format.render(&result.0, &result.1, out));
        }
        Stored::Search(record) => saved.save(&args.outputs.of_search(), |format, out| format.search(record, out)),
    }
}

/// Several results in one page.
fn page(args: &ReportArgs, files: &[StoredFile<'_>], saved: &mut Saved) {
    let Some(destination) = args.outputs.html() else { return };
    let results: Vec<_> = files.iter().filter_map(result).collect();
    let labels = labels(&results);
    let entries: Vec<_> = results
        .iter()
        .zip(&labels)
        .map(|(&(_, report, judgement), label)| LabelledResult { label, report, judgement })
        .collect();
    saved.note("--html", put(destination, |out| Html.page(&entries, out)));
}

type StoredRun<'a> = (&'a Path, &'a Report, &'a Judgement);

fn result<'a>((path, stored): &'a StoredFile<'_>) -> Option<StoredRun<'a>> {
    match stored {
        Stored::Result(result) => Some((path, &result.0, &result.1)),
        Stored::Search(_) => None,
    }
}

/// The names of the files, without folder and ending if they still differ then.
fn labels(results: &[StoredRun<'_>]) -> Vec<String> {
    let short = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let all: Vec<_> = results.iter().map(|(path, ..)| short(path)).collect();
    let unique = all.iter().collect::<std::collections::BTreeSet<_>>().len() == all.len();
    if unique { all } else { results.iter().map(|(path, ..)| path.display().to_string()).collect() }
}
