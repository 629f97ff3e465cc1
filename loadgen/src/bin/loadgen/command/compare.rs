//! `loadgen compare`: stored results against each other.

use std::path::PathBuf;

use program::Exit;
use reports::{
    Report,
    compare::{CompareOptions, Comparison, compare as compared},
    render::{Json, Markdown, comparison::RenderComparison},
    store::{self, FileError},
};

use crate::{
    cli::{CompareArgs, Destination},
    command_error::CommandError,
    export::{Saved, put},
    terminal,
};

/// Compares results; how the process ends.
pub(super) fn compare(args: &CompareArgs) -> Result<Exit, CommandError> {
    let (baseline, candidate) = args.sides()?;
    args.check()?;
    let (baseline, candidate) = (read(baseline)?, read(candidate)?);
    let gates = args.gates.gates(&group_names([&baseline, &candidate]))?;
    let options = CompareOptions { gates, confidence: args.confidence, seed: args.seed, force: args.force };
    let comparison = compared(&baseline, &candidate, &options);
    Ok(show(args, &comparison).exit(comparison.verdict.exit()))
}

/// The groups of any run, each once.
fn group_names(sides: [&[Report]; 2]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for group in sides.into_iter().flatten().flat_map(|report| &report.plan.groups) {
        if !names.contains(&group.name.as_str()) {
            names.push(&group.name);
        }
    }
    names
}

fn read(paths: &[PathBuf]) -> Result<Vec<Report>, FileError> {
    paths.iter().map(|path| store::read(path).map(|(report, _)| report)).collect()
}

fn show(args: &CompareArgs, comparison: &Comparison) -> Saved {
    let mut saved = Saved::default();
    if let Some(destination) = &args.markdown {
        saved.note("--markdown", put(destination, |out| Markdown.comparison(comparison, out)));
    }
    if args.json {
        saved.note("--json", put(&Destination::Stdout, |out| Json.comparison(comparison, out)));
        return saved;
    }
    let stdout_is_taken = args.markdown == Some(Destination::Stdout);
    terminal::show(&args.console, stdout_is_taken, |text, out| text.comparison(comparison, out));
    saved
}
