//! A run that the tasks of a Slurm job share.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use procfs::process::Process as Found;
use reports::{Judgement, Report, Verdict, identities, store};
use rustix::process::{Pid, Signal, kill_process};
use server::{Delay, DelayShape, Options, Reply, Stats};

use crate::rig::{Cluster, Job, JobOutcome, Reference, SHARDS, shards, wait_for_clients};

const CLIENTS: u64 = 40;

/// Seconds from the start of the script to that of the load.
const START_IN: u32 = 6;

const LOAD: &[&str] = &[
    "--clients",
    "40",
    "--rate",
    "10",
    "--burst",
    "1",
    "--warmup",
    "0s",
    "--duration",
    "4s",
    "--drain",
    "30s",
    "--only-delivery",
];

/// Length of the measured phase.
const DURATION: Duration = Duration::from_secs(4);

/// A result, and that its counts fit together.
#[track_caller]
pub(crate) fn read(text: &[u8]) -> (Report, Judgement) {
    let (report, judgement) = store::from_json(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(identities(&report.total.measured), Ok(()));
    (report, judgement)
}

impl JobOutcome {
    /// The merged result.
    #[track_caller]
    fn read_merged(&self) -> (Report, Judgement) {
        read(&fs::read(self.merged()).unwrap_or_else(|error| panic!("{error}: {}", self.log)))
    }
}

/// All messages of all shards were answered, and the server counted no other ones. A busy machine
/// may have begun too late.
#[track_caller]
pub(crate) fn whole((report, judgement): &(Report, Judgement), server: &Stats) {
    let total = &report.total;
    let (counts, connections) = (&total.measured.counts, &total.connections);
    assert_eq!(report.shards.iter().map(|shard| shard.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(!report.partial);
    assert!(total.measured.anomalies.is_clean(), "{:?}", total.measured.anomalies);
    assert_eq!((connections.requested, connections.opened, server.accepted), (CLIENTS, CLIENTS, CLIENTS));
    assert_eq!((counts.matched, server.messages), (counts.sent, counts.sent), "{counts:?}");
    assert_eq!(total.latency.response.len(), counts.matched);
    assert!(counts.sent > 0);
    assert!(matches!(judgement.verdict, Verdict::Pass | Verdict::Invalid), "{judgement:?}");
}

/// The load of a job with four shards against a server that answers after `delay`. `then` happens
/// to the job while all clients are connected.
fn job_with(delay: Option<Duration>, then: impl FnOnce(&Cluster, &Job<'_>)) -> (JobOutcome, Stats) {
    let delay = delay.map(|mean| Delay { mean, shape: DelayShape::Fixed });
    let server = Reference::start_with(Options { reply: Reply::Echo, delay, ..Options::default() });
    let cluster = Cluster::start();
    let job = cluster.submit(START_IN, &[&[&*server.url()], LOAD].concat());
    wait_for_clients(server.address().port(), CLIENTS);
    then(&cluster, &job);
    let outcome = job.wait();
    cluster.finish();
    (outcome, server.finish())
}

/// Sleeps until so long after the load has begun.
fn sleep_until(job: &Job<'_>, after_start: Duration) {
    let until = job.start() + after_start;
    thread::sleep(until.duration_since(SystemTime::now()).unwrap_or_default());
}

/// `loadgen merge` refuses what the job left, and takes the rest when it is told to.
#[track_caller]
fn lacks(outcome: &JobOutcome, missing: u32) {
    assert_eq!(outcome.code, 3, "{}", outcome.log);
    assert!(outcome.said.contains(&format!("1 of 4 shards missing: {missing}")), "{}", outcome.log);
    assert!(!outcome.merged().exists());
    lack(&outcome.results(), missing);
}

/// `loadgen merge` refuses the results in a folder, since one is missing, and takes the rest when
/// it is told to.
#[track_caller]
pub(crate) fn lack(folder: &Path, missing: u32) {
    let words = format!("1 of 4 shards missing: {missing}");
    let refused = shards::merge(folder, &[]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains(&words), "{refused:?}");
    let part = shards::merge(folder, &["--allow-partial", "--json"]);
    assert_eq!(part.code, Some(Verdict::Invalid.exit_code().into()), "{part:?}");
    let (report, judgement) = read(part.lines.join("\n").as_bytes());
    assert!(report.partial);
    assert!(judgement.reasons.iter().any(|reason| reason.contains(&words)), "{judgement:?}");
    let there: Vec<_> = (1..=SHARDS).filter(|shard| *shard != missing).collect();
    assert_eq!(report.shards.iter().map(|shard| shard.number).collect::<Vec<_>>(), there);
    let sent = |path: &PathBuf| read(&fs::read(path).expect("a result")).0.total.measured.counts.sent;
    let all = shards::files(folder, "json").iter().map(sent).sum::<u64>();
    assert_eq!(report.total.measured.counts.sent, all);
}

#[test]
fn four_tasks_make_one_result() {
    let (outcome, server) = job_with(None, |_, _| ());
    let merged = outcome.read_merged();
    assert_eq!(outcome.code, i32::from(merged.1.verdict.exit_code()), "{}", outcome.log);
    whole(&merged, &server);

    // A disk was full.
    let path = outcome.results().join("shard-2.json");
    let text = fs::read(&path).expect("a result");
    fs::write(&path, &text[..text.len() / 2]).expect("written");
    let refused = shards::merge(&outcome.results(), &[]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("shard-2.json"), "{refused:?}");
}

#[test]
fn results_of_two_jobs_are_not_mixed() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("results")).expect("a folder");
    fs::write(folder.path().join("results/shard-7.json"), "{}").expect("a result");
    let cluster = Cluster::start();
    let outcome = cluster.submit_in(folder, 0, &["ws://127.0.0.1:1"]).wait();
    assert_eq!(outcome.code, 2, "{}", outcome.log);
    assert!(outcome.said.contains("another run"), "{}", outcome.log);
    cluster.finish();
}

#[test]
fn why_no_shard_has_a_result_is_shown() {
    let cluster = Cluster::start();
    let outcome = cluster.submit(0, &["ws://127.0.0.1:1", "--clients", "3"]).wait();
    assert_eq!(outcome.code, 3, "{}", outcome.log);
    let words = ["no shard left a result", "take 3 shards or fewer"];
    assert!(words.iter().all(|words| outcome.said.contains(words)), "{}", outcome.log);
    cluster.finish();
}

#[test]
fn a_shard_that_is_killed_under_load_is_missed() {
    let (outcome, _) = job_with(None, |_, job| {
        sleep_until(job, DURATION / 2);
        job.signal(3, Signal::KILL);
    });
    lacks(&outcome, 3);
}

#[test]
#[ignore = "the fault series runs at night"]
fn a_shard_that_is_killed_as_it_connects_is_missed() {
    let server = Reference::start(Reply::Echo);
    let cluster = Cluster::start();
    let job = cluster.submit(START_IN, &[&[&*server.url(), "--connect-rate", "10"], LOAD].concat());
    job.signal(1, Signal::KILL);
    let outcome = job.wait();
    lacks(&outcome, 1);
    cluster.finish();
    assert!(server.finish().accepted < CLIENTS);
}

#[test]
#[ignore = "the fault series runs at night"]
fn a_shard_that_is_killed_before_the_start_is_missed() {
    let (outcome, _) = job_with(None, |_, job| job.signal(4, Signal::KILL));
    lacks(&outcome, 4);
}

#[test]
#[ignore = "the fault series runs at night"]
fn a_shard_that_is_killed_in_the_drain_is_missed() {
    let (outcome, _) = job_with(Some(Duration::from_secs(4)), |_, job| {
        sleep_until(job, DURATION + Duration::from_secs(2));
        job.signal(2, Signal::KILL);
    });
    lacks(&outcome, 2);
}

#[test]
#[ignore = "the fault series runs at night"]
fn a_shard_that_hangs_is_killed_and_missed() {
    let (outcome, _) = job_with(None, |_, job| {
        sleep_until(job, DURATION / 2);
        job.signal(2, Signal::STOP);
        sleep_until(job, DURATION + Duration::from_secs(2));
        // Slurm does this some time before the limit.
        job.cancel(&["--batch", "--signal=USR1"]);
    });
    lacks(&outcome, 2);
}

#[test]
#[ignore = "the fault series runs at night"]
fn shards_of_a_node_that_fails_are_missed() {
    let (outcome, _) = job_with(None, |cluster, job| {
        // The last of four tasks is on the last of three nodes. Its parent is Slurm's.
        let (daemon, shard) = (cluster.node("n3"), job.shard(4));
        let parent = Found::new(shard.as_raw_nonzero().get()).and_then(|found| found.stat()).map(|stat| stat.ppid);
        let parent = Pid::from_raw(parent.expect("it runs")).expect("not the first");
        for process in [daemon, parent, shard] {
            kill_process(process, Signal::KILL).expect("it runs");
        }
    });
    lacks(&outcome, 4);
}

#[test]
#[ignore = "the fault series runs at night"]
fn a_run_that_is_ended_early_has_a_result() {
    for options in [&["--batch", "--signal=USR1"][..], &[]] {
        let (outcome, _) = job_with(None, |_, job| {
            sleep_until(job, DURATION / 2);
            job.cancel(options);
        });
        let (report, judgement) = outcome.read_merged();
        assert!(report.interrupted && !report.partial, "{judgement:?}");
        assert_eq!(report.shards.len(), SHARDS as usize);
        assert!(report.total.measured.anomalies.is_clean(), "{:?}", report.total.measured.anomalies);
        assert!(report.total.measured.counts.matched > 0);
    }
}

#[test]
#[ignore = "the fault series runs at night"]
fn a_job_that_is_cancelled_before_the_start_sent_nothing() {
    let (outcome, server) = job_with(None, |_, job| job.cancel(&[]));
    let (report, judgement) = outcome.read_merged();
    assert!(report.interrupted && !report.partial, "{judgement:?}");
    assert_eq!((report.total.measured.counts.sent, server.messages), (0, 0));
}
