//! Shards: their processes, and their results in a folder.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use procfs::process::{Process as Found, all_processes};
use rustix::process::Pid;

use super::{PATIENCE, Process, ProcessOutput};

/// Waits for a process with these variables in its environment.
pub(crate) fn process(environment: &[(&str, &str)], is_it: impl Fn(&Found) -> bool) -> Pid {
    let has = |found: &Found| {
        let variables = found.environ().unwrap_or_default();
        environment.iter().all(|(name, value)| variables.get(OsStr::new(name)).is_some_and(|found| *found == **value))
    };
    let started = Instant::now();
    loop {
        let mut found = all_processes().expect("/proc").flatten();
        if let Some(pid) = found.find(|found| has(found) && is_it(found)).and_then(|found| Pid::from_raw(found.pid)) {
            return pid;
        }
        assert!(started.elapsed() < PATIENCE, "no process with {environment:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process is that of the command.
pub(crate) fn is_loadgen(found: &Found) -> bool {
    found.exe().is_ok_and(|path| path == Path::new(env!("CARGO_BIN_EXE_loadgen")))
}

/// Files of shards with this extension, in the order of their names.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect());
    let paths = entries.iter().map(fs::DirEntry::path);
    let is_shard = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.starts_with("shard-") && path.extension().is_some_and(|found| found == extension)
    };
    let mut files: Vec<_> = paths.filter(is_shard).collect();
    files.sort();
    files
}

/// What `loadgen merge` says of the results in a folder.
pub(crate) fn merge(folder: &Path, options: &[&str]) -> ProcessOutput {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    Process::start(command.arg("merge").args(files(folder, "json")).args(options)).wait(PATIENCE)
}
