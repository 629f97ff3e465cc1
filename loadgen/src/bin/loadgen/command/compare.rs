//! `loadgen compare`: stored results against each other.

use std::path::PathBuf;

use program::Channel;
use reports::compare::{CompareOptions, Comparison, compare as compared};
use reports::render::comparison::RenderComparison;
use reports::render::{Json, Markdown};
use reports::store::FileError;
use reports::{Report, store};

use crate::cli::{CompareArgs, Destination};
use crate::export::{Saved, put};
use crate::failure::Failure;
use crate::terminal;

/// Compares results; the exit code.
pub(crate) fn compare(args: &CompareArgs) -> Result<u8, Failure> {
    let (baseline, candidate) = args.sides()?;
    args.check()?;
    let options =
        CompareOptions { gates: args.gates.gates()?, confidence: args.confidence, seed: args.seed, force: args.force };
    let comparison = compared(&read(baseline)?, &read(candidate)?, &options);
    Ok(show(args, &comparison).exit_code(comparison.verdict.exit_code()))
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
    let channel = if args.markdown == Some(Destination::Stdout) { Channel::Stderr } else { Channel::Stdout };
    terminal::show(channel, args.console.no_color, |text, out| text.comparison(comparison, out));
    saved
}
