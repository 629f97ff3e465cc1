//! Instructions that a message costs, counted by callgrind: a figure that a busy machine can't
//! move.
//!
//! - `cargo bench --bench instructions` counts and shows;
//! - `cargo bench --bench instructions -- --check` compares with
//!   `reports/baselines/instructions.json` and fails where a count is other than there by more than
//!   the file's tolerance;
//! - `cargo bench --bench instructions -- --renew` writes that file.
//!
//! Needs valgrind and `gungraun-runner`; without them, the first does nothing and the others fail.

// Tests and benches may print: they are run by people who read it.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod baseline;
#[allow(unused_qualifications, reason = "what gungraun's attributes make has them")]
mod benchmarks;
mod harness;
mod measure;
mod mode;
mod summary;

use std::{path::PathBuf, process::ExitCode};

use baseline::{Baseline, BaselineVerdict, InstructionCounts, RENEW, TOLERANCE_PERCENT, Toolchain, percent};
use benchmarks::MESSAGES;
use mode::Mode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|argument| argument == "--gungraun-run") {
        harness::run();
        return ExitCode::SUCCESS;
    }
    let done = Mode::parse(&arguments).and_then(|request| match request {
        Mode::Skip => {
            println!("instructions: nothing to do quickly; `cargo bench --bench instructions` counts them");
            Ok(true)
        }
        Mode::Measure => {
            match measure::machine() {
                Ok(_) => harness::run(),
                Err(missing) => println!("instructions: not counted: {missing}"),
            }
            Ok(true)
        }
        Mode::Check => check(),
        Mode::Renew => renew(),
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../reports/baselines/instructions.json")
}

/// True if nothing is wrong, or nothing can be said.
fn check() -> Result<bool, String> {
    let baseline = Baseline::read(&path())?;
    let machine = measure::machine()?;
    let counts = measure::measure()?;
    show(&counts, Some(&baseline.instructions));
    match baseline.compare(&machine, &counts) {
        BaselineVerdict::Incomparable(why) => {
            println!("\nwarning: instruction counts are NOT compared: {why}. To compare from here on: {RENEW}");
            Ok(true)
        }
        BaselineVerdict::Compared(findings) if findings.is_empty() => {
            println!("\nall within {} % of the baseline", baseline.tolerance_percent);
            Ok(true)
        }
        BaselineVerdict::Compared(findings) => {
            println!();
            for finding in &findings {
                println!("FAIL {finding}");
            }
            let Toolchain { libc, valgrind, .. } = &baseline.machine;
            println!("\nthe baseline is of {libc}, {valgrind}; this is {}, {}", machine.libc, machine.valgrind);
            println!("to renew the baseline, and then say in the commit why: {RENEW}");
            Ok(false)
        }
    }
}

fn renew() -> Result<bool, String> {
    let (machine, path) = (measure::machine()?, path());
    let before = if path.exists() { Some(Baseline::read(&path)?) } else { None };
    let instructions = measure::measure()?;
    show(&instructions, before.as_ref().map(|before| &before.instructions));
    let renewed = Baseline {
        made_by: RENEW.to_owned(),
        machine,
        tolerance_percent: before.map_or(TOLERANCE_PERCENT, |before| before.tolerance_percent),
        messages: MESSAGES,
        instructions,
    };
    renewed.write(&path)?;
    println!("\nwritten: reports/baselines/instructions.json");
    Ok(true)
}

/// Every benchmark, per message where that says more than the whole.
fn show(counts: &InstructionCounts, before: Option<&InstructionCounts>) {
    println!(
        "{:44} {:>12} {:>12} {:>10}",
        format!("instructions, {MESSAGES} messages"),
        "measured",
        "a message",
        "change"
    );
    for (name, &count) in counts {
        let each = count as f64 / MESSAGES as f64;
        let change = before.and_then(|before| before.get(name)).map(|&before| percent(before, count));
        let change = change.map_or_else(|| "new".to_owned(), |change| format!("{change:+.2} %"));
        println!("{name:44} {count:12} {each:12.1} {change:>10}");
    }
}
