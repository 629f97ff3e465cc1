//! A run that the processes of a launcher of MPI share.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, SystemTime},
};

use rustix::process::{Signal, kill_process};
use server::{Options, Reply, Stats};
use tempfile::TempDir;

use crate::{
    rig::{Process, Reference, shards},
    slurm::{lack, read, whole},
};

/// Runs in each process, as docs/guides/slurm.md says. The variable RANK has its number.
const SHARD: &str = r#""$0" run "$@" --shard auto --out "shard-$RANK.json" >"shard-$RANK.log" 2>&1; true"#;

struct Launcher {
    name: &'static str,
    options: &'static [&'static str],
    /// The variable with the number of a process.
    rank: &'static str,
}

const MPICH: Launcher = Launcher { name: "mpirun.mpich", options: &[], rank: "PMI_RANK" };
const OPEN_MPI: Launcher = Launcher {
    name: "mpirun.openmpi",
    options: &["--allow-run-as-root", "--oversubscribe", "--mca", "orte_abort_on_non_zero_status", "0"],
    rank: "OMPI_COMM_WORLD_RANK",
};

impl Launcher {
    /// The folder that four processes leave, and what their server counted. `killed` is killed
    /// under load.
    fn run(&self, killed: Option<&str>) -> (TempDir, Stats) {
        let path = Path::new("/usr/bin").join(self.name);
        assert!(path.exists(), "{} is not installed: run loadgen/tests/peers/mpi/install first", self.name);
        let server = Reference::start_with(Options { reply: Reply::Echo, ..Options::default() });
        let folder = tempfile::tempdir().expect("a folder");
        let results = folder.path().to_str().expect("UTF-8");
        let start = SystemTime::now() + Duration::from_secs(5);
        let mut command = Command::new(path);
        command.current_dir(&folder).env("RESULTS", results).args(self.options).args(["-n", "4", "sh", "-c"]);
        command.arg(SHARD.replace("RANK", self.rank)).arg(env!("CARGO_BIN_EXE_loadgen")).arg(server.url());
        command.args(["--clients", "40", "--rate", "10", "--warmup", "0s", "--duration", "3s", "--drain", "30s"]);
        command.args(["--only-delivery", "--start-at", &humantime::format_rfc3339_millis(start).to_string()]);
        let launcher = Process::start(&mut command);
        if let Some(rank) = killed {
            let shard = shards::process(&[("RESULTS", results), (self.rank, rank)], shards::is_loadgen);
            thread::sleep(start.duration_since(SystemTime::now()).unwrap_or_default() + Duration::from_secs(1));
            kill_process(shard, Signal::KILL).expect("it runs");
        }
        let outcome = launcher.wait(Duration::from_secs(90));
        let logs = shards::files(folder.path(), "log").into_iter().map(fs::read_to_string);
        assert_eq!(outcome.code, Some(0), "{outcome:?}\n{:?}", logs.collect::<Vec<_>>());
        (folder, server.finish())
    }

    fn shares_a_run(&self) {
        let (folder, server) = self.run(None);
        let merged = shards::merge(folder.path(), &["--json"]);
        assert!(!merged.lines.is_empty(), "{merged:?}");
        whole(&read(merged.lines.join("\n").as_bytes()), &server);
    }
}

#[test]
fn processes_of_mpich_share_a_run() {
    MPICH.shares_a_run();
}

#[test]
fn processes_of_open_mpi_share_a_run() {
    OPEN_MPI.shares_a_run();
}

#[test]
#[ignore = "the fault series runs at night"]
fn a_process_that_is_killed_leaves_the_others_alone() {
    for launcher in [MPICH, OPEN_MPI] {
        let (folder, _) = launcher.run(Some("2"));
        lack(folder.path(), 3);
    }
}
