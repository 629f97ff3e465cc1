//! Runs the harness, on a machine that has what it takes.

use std::process::{Command, Stdio};

use crate::{
    baseline::{InstructionCounts, Toolchain},
    summary::{self, RUNNER},
};

/// What it takes to count, and what counts depend on.
///
/// # Errors
/// In words, if something is not there.
pub(crate) fn machine() -> Result<Toolchain, String> {
    let install = "benches/instructions/install";
    let missing = |what: &str| format!("{what} is not there; to install it: {install}");
    let valgrind = output("valgrind", &["--version"]).ok_or_else(|| missing("valgrind"))?;
    match output("gungraun-runner", &["--version"]) {
        Some(version) if version.split_whitespace().last() == Some(RUNNER) => {}
        Some(version) => return Err(format!("this needs gungraun-runner {RUNNER}, not {version}: {install}")),
        None => return Err(missing("gungraun-runner")),
    }
    // Cargo says which one compiled this, where it is not the one on the path.
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    Ok(Toolchain {
        rustc: output(&rustc, &["--version"]).ok_or_else(|| format!("{rustc} can't be run"))?,
        architecture: std::env::consts::ARCH.to_owned(),
        libc: output("getconf", &["GNU_LIBC_VERSION"]).unwrap_or_else(|| "unknown".to_owned()),
        valgrind,
    })
}

/// The first line that a program prints; none if it can't be run or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
}

/// Counts the instructions of every benchmark: about a quarter of a second each.
///
/// # Errors
/// In words, if a benchmark fails or the runner can't be understood.
pub(crate) fn measure() -> Result<InstructionCounts, String> {
    let this = std::env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let arguments = ["--bench", "--output-format=json"];
    let output = Command::new(this).args(arguments).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("this program can't be run again: {error}"))?;
    if !output.status.success() {
        return Err(format!("gungraun-runner failed ({})", output.status));
    }
    summary::read(&String::from_utf8_lossy(&output.stdout))
}
