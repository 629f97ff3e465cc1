//! The figures of the documents, made of stored results.
//!
//! - `cargo run -p benches --example figures` writes their tables;
//! - `-- --check` fails if a table is not what the stored results give;
//! - `-- --measure` measures and stores new results first. It takes about four minutes;
//! - `-- --measure-layers` does so for TLS and compression. It takes about five minutes;
//! - `-- --measure-merge` does so for merging shards. It takes about three minutes.

// People start this and read what it prints.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod documents;
mod layers;
mod measure;
mod merge;
mod results;
mod scale;

use std::{fs, path::PathBuf, process::ExitCode};

use serde_json::Value;

use documents::DOCUMENTS;
use results::{Instructions, Results};

const RESULTS: &str = "reports/performance/loopback.json";
const LAYERS: &str = "reports/performance/layers.json";
const MERGE: &str = "reports/performance/merge.json";
const INSTRUCTIONS: &str = "reports/baselines/instructions.json";

/// Measures one round. Gives the reports to the list, and returns a value of each result.
type Round = fn(&mut Vec<Value>) -> Result<Vec<(String, f64)>>;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(),
        ["--check"] => check(),
        [option @ "--measure"] => measured(option, RESULTS, measure::one_round),
        [option @ "--measure-layers"] => measured(option, LAYERS, layers::one_round),
        [option @ "--measure-merge"] => measured(option, MERGE, merge::one_round),
        _ => Err("one of --check, --measure, --measure-layers and --measure-merge, or nothing".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A path from the top folder of the repository.
fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(path(name)).map_err(|error| format!("{name}: {error}").into())
}

/// Measures, stores what came, and shows it.
fn measured(option: &str, file: &str, one_round: Round) -> Result<()> {
    store(file, &measure::measure(option, one_round)?)?;
    write()
}

fn store(file: &str, results: &Results) -> Result<()> {
    let file = path(file);
    fs::create_dir_all(file.parent().ok_or("no folder")?)?;
    Ok(fs::write(file, serde_json::to_string_pretty(results)? + "\n")?)
}

/// Each document as it is, and as the stored results make it.
fn rendered() -> Result<Vec<(&'static str, String, String)>> {
    let results: Results = serde_json::from_str(&read(RESULTS)?)?;
    let stored = |name| read(name).ok().map(|text| serde_json::from_str::<Results>(&text)).transpose();
    let (layers, merge) = (stored(LAYERS)?, stored(MERGE)?);
    let instructions: Instructions = serde_json::from_str(&read(INSTRUCTIONS)?)?;
    let tables = documents::tables(&results, layers.as_ref(), merge.as_ref(), &instructions)?;
    let render = |&name| {
        let text = read(name)?;
        let new = documents::insert(&text, &tables).map_err(|error| format!("{name}: {error}"))?;
        Ok((name, text, new))
    };
    DOCUMENTS.iter().map(render).collect()
}

fn write() -> Result<()> {
    for (name, old, new) in rendered()? {
        if old != new {
            fs::write(path(name), new)?;
            println!("written: {name}");
        }
    }
    Ok(())
}

fn check() -> Result<()> {
    for (name, old, new) in rendered()? {
        if old != new {
            return Err(format!(
                "{name} does not show the stored results; to mend it: cargo run -p benches --example figures"
            )
            .into());
        }
    }
    Ok(())
}

#[test]
fn documents_show_the_stored_results() {
    check().expect("the documents are up to date");
}
