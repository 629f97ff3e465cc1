//! `loadgen compare`: stored results against each other.

use std::io;
use std::path::PathBuf;

use reports::compare::{Comparison, Options, compare as compared};
use reports::render::comparison::{Markdown, RenderComparison};
use reports::render::{Json, Text};
use reports::store::{FileError, StoreError};
use reports::{Report, store};

use crate::cli::{CompareArgs, Place};
use crate::exit;
use crate::export::put;
use crate::terminal::Channel;

/// Compares results; the exit code.
pub(crate) fn compare(args: &CompareArgs) -> Result<u8, clap::Error> {
    let (baseline, candidate) = args.sides()?;
    args.check()?;
    let options =
        Options { gates: args.gates.gates()?, confidence: args.confidence, seed: args.seed, force: args.force };
    let comparison = match (read(baseline), read(candidate)) {
        (Ok(baseline), Ok(candidate)) => compared(&baseline, &candidate, &options),
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("loadgen: {error}");
            // Another version's numbers may mean something else; anything else is no result at all.
            let newer = matches!(error.error, StoreError::NewerSchema { .. });
            return Ok(if newer { exit::INCOMPARABLE } else { exit::USAGE });
        }
    };
    Ok(match show(args, &comparison) {
        Ok(()) => comparison.verdict.exit_code(),
        Err(error) => {
            eprintln!("loadgen: {error}");
            exit::FAILED
        }
    })
}

fn read(paths: &[PathBuf]) -> Result<Vec<Report>, FileError> {
    paths.iter().map(|path| store::read(path).map(|(report, _)| report)).collect()
}

fn show(args: &CompareArgs, comparison: &Comparison) -> io::Result<()> {
    if let Some(place) = &args.markdown {
        put(place, |out| Markdown.comparison(comparison, out))?;
    }
    if args.json {
        return Channel::Stdout.print(true, |_, out| Json.comparison(comparison, out));
    }
    let channel = if args.markdown == Some(Place::Stdout) { Channel::Stderr } else { Channel::Stdout };
    channel.print(args.no_color, |color, out| Text { color }.comparison(comparison, out))
}
