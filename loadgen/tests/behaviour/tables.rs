//! More clients than a descriptor table holds: each thread has a table of its own.

use rustix::process::Signal;
use serde_json::Value;
use server::{Options, Reply, Table};

use crate::rig::{Behaviour, Loadgen, Reference, ScriptedServer};

/// Descriptors of a table.
const FILES: u32 = 256;

/// Clients, which take three tables on their side, and four on that of the embedded server.
const CLIENTS: u64 = 600;

/// One message of each client, half a second long.
const LOAD: &[&str] = &["-c", "600", "-r", "2", "-b", "1", "-n", "1", "--connect-rate", "5000", "--json"];

fn all_came_back(result: &Value) {
    assert_eq!(result["total"]["connections"]["opened"], CLIENTS, "{}", result["total"]["connections"]);
    assert_eq!(result["total"]["connections"]["died"], 0, "{}", result["total"]["connections"]);
    let counts = &result["total"]["counts"];
    assert_eq!((&counts["sent"], &counts["matched"]), (&CLIENTS.into(), &CLIENTS.into()), "{counts}");
    assert_eq!(result["generator"]["threads"], 3);
}

#[test]
fn an_embedded_server_and_its_clients() {
    for engine in ["lean", "tungstenite"] {
        let outcome = Loadgen::start_limited(FILES, &[LOAD, &["--engine", engine]].concat()).finish();
        assert!(outcome.passed(), "{outcome:?}");
        all_came_back(&outcome.json());
    }
}

#[test]
fn clients_of_a_server_elsewhere() {
    let server = Reference::start_with(Options { reply: Reply::Echo, table: Table::Own, ..Options::default() });
    let outcome = Loadgen::start_limited(FILES, &[&[server.url().as_str()], LOAD].concat()).finish();
    assert!(outcome.passed(), "{outcome:?}");
    all_came_back(&outcome.json());
    assert_eq!(server.finish().accepted, CLIENTS);
}

#[test]
fn the_first_signal_drains_and_reports() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = ScriptedServer::start(Behaviour::Echo);
        let arguments = ["-c", "100", "-r", "5", "-b", "1", "-d", "10m", "--warmup", "0s", "--json"];
        let loadgen = Loadgen::start_limited(64, &[&[server.url().as_str()], arguments.as_slice()].concat());
        server.wait_for_a_message();
        assert!(loadgen.signal(signal));
        let outcome = loadgen.finish();
        assert_eq!(outcome.code, Some(130), "{outcome:?}");
        let result = outcome.json();
        assert_eq!((&result["interrupted"], &result["total"]["connections"]["opened"]), (&true.into(), &100.into()));
        assert_eq!(result["total"]["counts"]["sent"], result["total"]["counts"]["matched"]);
        let seen = server.finish();
        assert!(seen.iter().all(|seen| seen.closed == Some(1000)), "closed in order: {seen:?}");
    }
}

#[test]
fn too_few_threads_are_refused_with_the_number_that_would_do() {
    let outcome = Loadgen::start_limited(FILES, &["-c", "600", "--threads", "2"]).finish();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
    for part in ["--clients 600", "--threads 2", "--threads 3 or more", "--clients 464 or fewer", "ulimit -Hn"] {
        assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
    }
}
