//! The figures of docs/performance.md and the README, made of stored results.
//!
//! - `cargo run -p benches --example figures` writes the tables of both documents;
//! - `-- --check` fails if a table is not what the stored results give;
//! - `-- --measure` measures and stores new results first. It takes about four minutes.

// People start this and read what it prints.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod documents;
mod measure;
mod results;

use std::{fs, path::PathBuf, process::ExitCode};

use documents::DOCUMENTS;
use results::{Instructions, Results};

const RESULTS: &str = "reports/performance/loopback.json";
const INSTRUCTIONS: &str = "reports/baselines/instructions.json";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(),
        ["--check"] => check(),
        ["--measure"] => measure::measure().and_then(|results| store(&results)).and_then(|()| write()),
        _ => Err("one of --check and --measure, or nothing".into()),
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

fn store(results: &Results) -> Result<()> {
    let file = path(RESULTS);
    fs::create_dir_all(file.parent().ok_or("no folder")?)?;
    Ok(fs::write(file, serde_json::to_string_pretty(results)? + "\n")?)
}

/// Each document as it is, and as the stored results make it.
fn rendered() -> Result<Vec<(&'static str, String, String)>> {
    let results: Results = serde_json::from_str(&read(RESULTS)?)?;
    let instructions: Instructions = serde_json::from_str(&read(INSTRUCTIONS)?)?;
    let tables = documents::tables(&results, &instructions)?;
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
