//! A run in a process of its own. Each process draws anew what stays fixed within one: layout of
//! memory and code, warm caches, allocator state (Mytkowicz et al., "Producing Wrong Data Without
//! Doing Anything Obviously Wrong!", 2009). It also makes two versions of the generator comparable.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use loadgen::{Stop, plan::keys::PlanKeys};
use reports::{Report, escape, store, store::FileError};

use super::cleanup::{Cleanup, StartedProcess};

/// Time between two checks whether a run has ended.
const TURN: Duration = Duration::from_millis(20);

/// A program that makes runs.
#[derive(Debug)]
pub(super) struct Generator {
    pub(super) program: PathBuf,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GeneratorError {
    #[error("the generator `{}` can't be started: {error}", escape(program.as_os_str().as_encoded_bytes(), 200))]
    Start { program: PathBuf, error: io::Error },
    /// With its exit code, if it has one.
    #[error("the generator left no result: {0}")]
    Failed(String, Option<i32>),
    #[error("an earlier result is in its way: {0}")]
    Stale(#[source] io::Error),
    #[error("the generator's result can't be read: {0}")]
    Result(#[from] FileError),
    #[error("interrupted")]
    Interrupted,
}

impl Generator {
    /// Runs a plan; the result stays in the file `out`.
    pub(super) fn run(
        &self,
        plan: &PlanKeys,
        out: &Path,
        stop: &Stop,
        cleanup: &Cleanup,
    ) -> Result<Report, GeneratorError> {
        // A generator that fails leaves no file, and the file of an earlier run must not pass for
        // its result.
        match std::fs::remove_file(out) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(GeneratorError::Stale(error)),
            _ => {}
        }
        let mut child = Command::new(&self.program)
            .args(["run", "-", "--quiet", "--out"])
            .arg(out)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| GeneratorError::Start { program: self.program.clone(), error })?;
        // Through a pipe, where nobody else sees the header fields. A child that does not read it
        // says itself what is wrong.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(plan.to_toml().as_bytes()));
        let registered = cleanup.register(StartedProcess::process(&child));
        let output = finish(child, stop)?;
        drop(registered);
        if stop.is_stopped() {
            return Err(GeneratorError::Interrupted);
        }
        if !out.exists() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().trim_start_matches("loadgen: ").trim_start_matches("error: ");
            let said = if said.is_empty() { output.status.to_string() } else { escape(said.as_bytes(), 500) };
            return Err(GeneratorError::Failed(said, output.status.code()));
        }
        Ok(store::read(out)?.0)
    }
}

/// Waits until the process ends, and kills it when the comparison is stopped: half a run is worth
/// nothing.
fn finish(mut child: Child, stop: &Stop) -> Result<std::process::Output, GeneratorError> {
    // A quiet generator prints a line at most, which a pipe holds.
    let failed = |error: io::Error| GeneratorError::Failed(error.to_string(), None);
    while child.try_wait().map_err(failed)?.is_none() {
        if stop.is_stopped() {
            let _ = child.kill();
        }
        sleep(TURN);
    }
    child.wait_with_output().map_err(failed)
}
