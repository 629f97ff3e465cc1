//! A cluster of Slurm, and jobs of `deploy/slurm/loadgen.sbatch` on it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant, SystemTime},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{Language, PeerServer, Process, shards};

const SLURM: Language =
    Language { name: "slurm", interpreter: "python3", suffix: "", installed: "/usr/sbin/slurmctld" };

/// Longer than any job of these tests takes.
const LIMIT: Duration = Duration::from_secs(150);

/// Shards of each job.
pub(crate) const SHARDS: u32 = 4;

/// A controller and three nodes. They and their jobs end with this value.
pub(crate) struct Cluster(PeerServer);

/// A job whose tasks are the shards of a run.
pub(crate) struct Job<'a> {
    cluster: &'a Cluster,
    id: String,
    /// Its log and its results.
    folder: TempDir,
}

/// What a job left behind.
pub(crate) struct JobOutcome {
    /// Exit code of the script.
    pub(crate) code: i32,
    /// What the script printed.
    pub(crate) said: String,
    /// That, and what the shards printed.
    pub(crate) log: String,
    folder: TempDir,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self(SLURM.server("serve", &[]))
    }

    /// Submits a job of four tasks. Their load begins so many seconds after the script.
    pub(crate) fn submit(&self, start_in: u32, arguments: &[&str]) -> Job<'_> {
        self.submit_in(tempfile::tempdir().expect("a folder"), start_in, arguments)
    }

    /// Submits a job that leaves its results in `results` of this folder.
    pub(crate) fn submit_in(&self, folder: TempDir, start_in: u32, arguments: &[&str]) -> Job<'_> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/slurm/loadgen.sbatch");
        let mut command = self.command("sbatch");
        command.args(["--parsable", "--nodes", "3", "--ntasks", &SHARDS.to_string(), "--output"]);
        command.arg(folder.path().join("log")).arg(script).args(arguments).current_dir(&folder);
        command.env("LOADGEN", env!("CARGO_BIN_EXE_loadgen")).env("RESULTS", folder.path().join("results"));
        let id = told(command.env("START_IN", start_in.to_string()));
        Job { cluster: self, id, folder }
    }

    /// The daemon of a node.
    pub(crate) fn node(&self, name: &str) -> Pid {
        let arguments = ["-D", "-N", name].map(str::to_owned);
        let is_daemon = |found: &procfs::process::Process| found.cmdline().is_ok_and(|line| line.ends_with(&arguments));
        shards::process(&[("SLURM_CONF", &self.0.place)], is_daemon)
    }

    /// Ends all of it.
    pub(crate) fn finish(self) {
        self.0.finish();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", &self.0.place);
        command
    }
}

impl Job<'_> {
    /// The process of a shard, once it runs.
    pub(crate) fn shard(&self, number: u32) -> Pid {
        let task = (number - 1).to_string();
        let configuration = ("SLURM_CONF", &*self.cluster.0.place);
        shards::process(&[configuration, ("SLURM_JOB_ID", &self.id), ("SLURM_PROCID", &task)], shards::is_loadgen)
    }

    /// The instant at which the load begins.
    pub(crate) fn start(&self) -> SystemTime {
        let pid = self.shard(1).as_raw_nonzero().get();
        let line = procfs::process::Process::new(pid).and_then(|found| found.cmdline()).expect("it runs");
        let at = line.iter().position(|argument| argument == "--start-at").expect("an instant");
        humantime::parse_rfc3339(&line[at + 1]).expect("RFC 3339")
    }

    /// Sends a signal to a shard.
    pub(crate) fn signal(&self, number: u32, signal: Signal) {
        kill_process(self.shard(number), signal).expect("it runs");
    }

    /// Runs `scancel` for it.
    pub(crate) fn cancel(&self, options: &[&str]) {
        told(self.cluster.command("scancel").args(options).arg(&self.id));
    }

    /// Waits for the end, which comes by itself.
    pub(crate) fn wait(self) -> JobOutcome {
        let started = Instant::now();
        let show = || told(self.cluster.command("scontrol").args(["show", "job", "--oneliner", &self.id]));
        let mut shown = show();
        while ["PENDING", "CONFIGURING", "RUNNING", "COMPLETING"].contains(&field(&shown, "JobState")) {
            assert!(started.elapsed() < LIMIT, "{shown}\n{}", self.log());
            thread::sleep(Duration::from_millis(100));
            shown = show();
        }
        let code = field(&shown, "ExitCode").split(':').next().and_then(|code| code.parse().ok());
        let said = fs::read_to_string(self.folder.path().join("log")).expect("a log");
        JobOutcome { code: code.expect("a code"), said, log: self.log(), folder: self.folder }
    }

    fn log(&self) -> String {
        let logs = shards::files(&self.folder.path().join("results"), "log");
        let logs = [vec![self.folder.path().join("log")], logs].concat();
        logs.iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect()
    }
}

impl JobOutcome {
    /// Folder of the results.
    pub(crate) fn results(&self) -> PathBuf {
        self.folder.path().join("results")
    }

    /// The merged result.
    pub(crate) fn merged(&self) -> PathBuf {
        self.results().join("merged.json")
    }
}

/// What a command of Slurm printed.
fn told(command: &mut Command) -> String {
    let outcome = Process::start(command).wait(super::PATIENCE);
    assert_eq!(outcome.code, Some(0), "{command:?}: {outcome:?}");
    outcome.lines.join("\n")
}

/// The value of a field that `scontrol show` printed.
fn field<'a>(shown: &'a str, name: &str) -> &'a str {
    let value = |field: &'a str| field.strip_prefix(name)?.strip_prefix('=');
    shown.split_whitespace().find_map(value).unwrap_or_else(|| panic!("no {name}: {shown}"))
}
