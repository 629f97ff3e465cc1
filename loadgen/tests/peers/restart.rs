//! Servers that are restarted while clients are at work.

use std::{process::Command, thread, time::Duration};

use reports::{Judgement, Report, Verdict};
use rustix::process::Signal;

use crate::{
    node::NODE,
    rig::{Process, ProcessOutput, installed, loadgen, server_process, wait_for_clients},
};

pub(crate) const CLIENTS: u64 = 50;

pub(crate) const LOAD: &[&str] = &[
    "--clients",
    "50",
    "--rate",
    "20",
    "--burst",
    "1",
    "--warmup",
    "0s",
    "--duration",
    "8s",
    "--drain",
    "30s",
    "--reconnect",
    "100ms..1s full",
    "--only-delivery",
];

/// A reset tells that the server had not read all that was sent.
pub(crate) const KILLED: &[&str] = &["eof", "reset"];

/// A server on this port; 0 takes a free one. It says which it is.
type Start = fn(u16) -> (Process, u16);

/// npm `ws`, which closes each connection with 1012 at SIGTERM.
fn node(port: u16) -> (Process, u16) {
    let folder = installed(NODE.name, NODE.installed);
    let mut process =
        Process::start(Command::new(NODE.interpreter).arg(folder.join("restart.mjs")).arg(port.to_string()));
    let port = process.line().parse().expect("a port");
    (process, port)
}

/// What a run says of a server that a signal ends, and that is started again at once.
fn restarted(start: Start, signal: Signal) -> ((Report, Judgement), ProcessOutput) {
    let (first, port) = start(0);
    let url = format!("ws://127.0.0.1:{port}");
    let run = thread::spawn(move || loadgen(&url, LOAD));
    wait_for_clients(port, CLIENTS);
    // Their load begins as soon as all are open, and takes much longer.
    thread::sleep(Duration::from_secs(1));
    let ended = first.end_by(signal);
    let (second, _) = start(port);
    let outcome = run.join().expect("no panic");
    drop(second);
    (outcome, ended)
}

/// All died at once, all came back, and what became of each message is known. `kinds` are how a
/// connection may have ended.
#[track_caller]
pub(crate) fn all_came_back((report, judgement): &(Report, Judgement), kinds: &[&str]) {
    let total = &report.total;
    let (connections, sessions, counts) = (&total.connections, &total.sessions, &total.measured.counts);
    assert!(total.measured.anomalies.is_clean(), "{:?}", total.measured.anomalies);
    assert_eq!((connections.requested, connections.opened, connections.died), (CLIENTS, 2 * CLIENTS, CLIENTS));
    assert_eq!((sessions.returned, sessions.away_at_end, sessions.open_at_end), (CLIENTS, 0, CLIENTS), "{sessions:?}");
    assert_eq!(total.latency.away.len(), CLIENTS);
    // A client may have been cut off before its first reply.
    let first_replies = total.latency.first_reply.len();
    assert!((CLIENTS..=2 * CLIENTS).contains(&first_replies), "{first_replies}");
    // What was in flight then is not known to be lost, and nothing else is missing.
    assert_eq!((counts.lost, counts.undetermined_by_plan), (0, 0), "{counts:?}");
    assert_eq!(counts.matched + counts.undetermined, counts.sent, "{counts:?}");
    assert!(counts.matched > 0 && total.measured.dropped.away > 0, "{counts:?}");
    let ends: Vec<_> = total.ends.iter().filter(|record| !record.by_plan).collect();
    assert_eq!(ends.iter().map(|record| record.connections).sum::<u64>(), CLIENTS, "{ends:?}");
    assert!(ends.iter().all(|record| kinds.contains(&record.kind.as_str())), "{ends:?}");
    assert_eq!(judgement.verdict, Verdict::Pass, "{judgement:?}");
}

#[test]
fn ours_says_goodbye_and_all_come_back() {
    let (outcome, ended) = restarted(server_process, Signal::TERM);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    all_came_back(&outcome, &["closed_1001"]);
}

#[test]
fn ours_is_killed_and_all_come_back() {
    let (outcome, ended) = restarted(server_process, Signal::KILL);
    assert_eq!(ended.code, None, "{ended:?}");
    all_came_back(&outcome, KILLED);
}

#[test]
fn node_says_goodbye_and_all_come_back() {
    let (outcome, ended) = restarted(node, Signal::TERM);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    all_came_back(&outcome, &["closed_1012"]);
}

#[test]
fn node_is_killed_and_all_come_back() {
    let (outcome, ended) = restarted(node, Signal::KILL);
    assert_eq!(ended.code, None, "{ended:?}");
    all_came_back(&outcome, KILLED);
}
