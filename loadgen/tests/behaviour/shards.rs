//! One run as several processes, each with its shard, against one server.

use std::{fs, num::NonZeroUsize};

use loadgen::plan::EngineKind;
use serde_json::Value;
use server::{Options, OwnCopy, Reply, RoomsOptions};

use crate::{
    rig::{Loadgen, Reference},
    stored::Folder,
};

on_each_engine!(
    four_processes_are_one_run,
    groups_are_cut_alike,
    rooms_are_whole_on_their_shard,
    clients_that_come_and_go_are_those_of_the_run
);

/// The results of so many shards with these arguments, which run at once.
fn shards(of: usize, engine: EngineKind, arguments: &[&str]) -> Vec<Value> {
    let shard = |number| {
        let shard = format!("{number}/{of}");
        let more = ["--shard", &shard, "--engine", engine.name(), "--json", "--only-delivery"];
        Loadgen::start(&[arguments, &more].concat())
    };
    let processes: Vec<_> = (1..=of).map(shard).collect();
    let results = processes.into_iter().map(|process| {
        let output = process.finish();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        output.json()
    });
    let results: Vec<_> = results.collect();
    for (number, result) in (1..).zip(&results) {
        assert_eq!(result["partial"], true);
        let shards = result["shards"].as_array().expect("shards");
        assert_eq!((shards.len(), &shards[0]["number"], &shards[0]["of"]), (1, &number.into(), &of.into()));
        for same in ["seed", "run_id"] {
            assert_eq!(result["environment"][same], results[0]["environment"][same]);
        }
        assert_eq!(result["plan"]["groups"], results[0]["plan"]["groups"], "the whole run");
    }
    results
}

/// The clients of a group that each shard has: the first, and how many.
fn clients(results: &[Value], group: usize) -> Vec<(u64, u64)> {
    let of = |result: &Value, what| result["shards"][0]["clients"][group][what].as_u64().expect("a number");
    results.iter().map(|result| (of(result, "first"), of(result, "clients"))).collect()
}

/// A number of the measurements, over all shards.
fn sum(results: &[Value], path: &str) -> u64 {
    results.iter().map(|result| result.pointer(path).and_then(Value::as_u64).expect(path)).sum()
}

/// Messages that were sent in all, or matched.
fn all(results: &[Value], what: &str) -> u64 {
    sum(results, &format!("/total/counts/{what}")) + sum(results, &format!("/total/warmup/counts/{what}"))
}

fn four_processes_are_one_run(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let arguments = [&server.url(), "-c", "10", "-r", "20", "-d", "500ms", "--warmup", "200ms", "--threads", "2"];
    let results = shards(4, engine, &arguments);
    assert_eq!(clients(&results, 0), [(0, 2), (2, 3), (5, 2), (7, 3)]);
    assert_eq!(sum(&results, "/total/connections/opened"), 10);
    assert_eq!(sum(&results, "/total/counts/scheduled"), 10 * 10);
    let stats = server.finish();
    assert_eq!(stats.accepted, 10);
    assert_eq!((all(&results, "sent"), all(&results, "matched")), (stats.messages, stats.messages));
}

fn groups_are_cut_alike(engine: EngineKind) {
    let (server, folder) = (Reference::start(Reply::Echo), Folder::new());
    let (plan, data) = (folder.path("plan.toml"), folder.path("users.csv"));
    fs::write(&data, "name\nada\nbob\neve\n").expect("a file");
    let groups = "[[group]]\nname = 'few'\nclients = 2\nwindow = 3\n\
                  [[group]]\nname = 'many'\nclients = 7\nwindow = 1\nexpect = 'mark'\ndata = 'users.csv'\n\
                  message = ['{{name}} {{client}} {{mark}}']\n";
    fs::write(&plan, format!("target = '{}'\nmessages = 4\n{groups}", server.url())).expect("a file");
    let results = shards(3, engine, &[&plan]);
    assert_eq!(clients(&results, 0), [(0, 0), (0, 1), (1, 1)]);
    assert_eq!(clients(&results, 1), [(0, 2), (2, 2), (4, 3)]);
    assert_eq!((all(&results, "sent"), all(&results, "matched")), (9 * 4, 9 * 4));
    assert_eq!(server.finish().messages, 9 * 4);
}

fn rooms_are_whole_on_their_shard(engine: EngineKind) {
    let rooms = Some(RoomsOptions { own: OwnCopy::Refuse, ..RoomsOptions::default() });
    let server = Reference::start_with(Options { threads: NonZeroUsize::MIN, rooms, ..Options::default() });
    let url = format!("{}/{{{{room}}}}", server.url());
    let rooms = ["--expect", "broadcast", "--room-size", "4", "--publishers", "2", "--own", "refuse"];
    let arguments = [&[&*url, "-c", "20", "-r", "20", "-n", "10", "--warmup", "0s"][..], &rooms].concat();
    let results = shards(3, engine, &arguments);
    assert_eq!(clients(&results, 0), [(0, 4), (4, 8), (12, 8)], "one room, and two, and two");
    assert_eq!(all(&results, "sent"), 5 * 2 * 10);
    assert_eq!(sum(&results, "/total/deliveries/expected"), 5 * 2 * 10 * 3);
    assert_eq!(sum(&results, "/total/deliveries/matched"), 5 * 2 * 10 * 3);
    assert_eq!(server.finish().messages, 5 * 2 * 10);
}

fn clients_that_come_and_go_are_those_of_the_run(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let sessions = ["--session", "3msg", "--reconnect", "1ms..5ms", "--ramp", "100ms"];
    let url = server.url();
    let arguments = [&[&*url, "-c", "9", "-r", "40", "-d", "1s"][..], &sessions].concat();
    let results = shards(4, engine, &arguments);
    assert_eq!(clients(&results, 0), [(0, 2), (2, 2), (4, 2), (6, 3)]);
    let stats = server.finish();
    let (opened, given_up) = (sum(&results, "/total/connections/opened"), sum(&results, "/total/sessions/given_up"));
    assert!((opened..=opened + given_up).contains(&stats.accepted), "{opened}, {given_up}, {stats:?}");
    assert_eq!(all(&results, "sent"), stats.messages);
    assert!(stats.accepted > 9, "{stats:?}");
}

#[test]
fn the_launcher_says_which_shard_it_is() {
    let server = Reference::start(Reply::Echo);
    let arguments = [&*server.url(), "--shard", "auto", "-c", "5", "-w", "1", "-n", "2", "--json"];
    let variables = [("PMI_RANK", "1"), ("PMI_SIZE", "2"), ("SLURM_JOB_ID", "9")];
    let result = Loadgen::start_with(&arguments, &variables).finish().json();
    assert_eq!(clients(&[result], 0), [(2, 3)]);
}

#[test]
fn what_no_shard_can_do_is_refused() {
    let url = "ws://127.0.0.1:9001";
    let refusals: [(&[&str], &str); 9] = [
        (&[url, "--shard", "0/4"], "K/N"),
        (&[url, "--shard", "5/4"], "from 1/N to N/N"),
        (&["--shard", "1/2"], "--shard 1/2: each shard would start a server of its own"),
        (&[url, "-c", "3", "--shard", "1/4"], "take 3 shards or fewer"),
        (&[url, "--shard", "1/4", "--baseline", "main"], "--baseline: shard 1/4 has a part of the run"),
        (&[url, "--shard", "1/4", "--save-baseline", "main"], "--save-baseline: shard 1/4 has a part"),
        (&[url, "--shard", "1/4", "--threshold", "p99<1s", "--stop-on-miss", "1s"], "--stop-on-miss: with --shard 1/4"),
        (&[url, "--shard", "auto"], "--shard auto: this is a batch script or a shell of Slurm (SLURM_JOB_ID=9)"),
        (&["search", url, "--shard", "1/4"], "--shard"),
    ];
    for (arguments, why) in refusals {
        let output = Loadgen::start_with(arguments, &[("SLURM_JOB_ID", "9")]).finish();
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.stderr.contains(why), "{why:?} is missing in: {}", output.stderr);
    }
}
