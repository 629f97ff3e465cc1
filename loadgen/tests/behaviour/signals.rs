//! Ctrl-C.

use std::thread;

use rustix::process::Signal;

use crate::rig::{BadHandshake, BadHandshakeServer, Behaviour, Loadgen, ScriptedServer};

#[test]
fn the_first_drains_reports_and_exits_with_130() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = ScriptedServer::start(Behaviour::Echo);
        let loadgen = Loadgen::start(&[&server.url(), "-c", "2", "-d", "10m", "--warmup", "0s", "--json"]);
        server.wait_for_a_message();
        assert!(loadgen.signal(signal));
        let outcome = loadgen.finish();
        assert_eq!(outcome.code, Some(130), "{outcome:?}");
        let result = outcome.json();
        assert_eq!(result["interrupted"], true);
        assert_eq!(result["total"]["counts"]["sent"], result["total"]["counts"]["matched"]);
        assert!(result["total"]["counts"]["sent"].as_u64() > Some(0), "{}", result["total"]["counts"]);
        let seen = server.finish();
        assert!(seen.iter().all(|seen| seen.closed == Some(1000)), "closed in order: {seen:?}");
        assert!(outcome.stderr.contains("interrupted: "), "{}", outcome.stderr);
    }
}

#[test]
fn while_it_connects_it_ends_soon() {
    let server = BadHandshakeServer::start(BadHandshake::Silent);
    let loadgen = Loadgen::start(&[&server.url, "-c", "3", "--connect-timeout", "10m"]);
    server.wait_for_a_client();
    assert!(loadgen.signal(Signal::INT));
    let outcome = loadgen.finish();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(130), ""), "{outcome:?}");
    assert!(outcome.stderr.contains("interrupted"), "{outcome:?}");
}

#[test]
fn the_second_ends_it_at_once() {
    let server = ScriptedServer::start(Behaviour::NeverAnswers);
    let loadgen = Loadgen::start(&[&server.url(), "-c", "1", "-d", "10m", "--warmup", "0s", "--drain", "10m"]);
    server.wait_for_a_message();
    while !loadgen.has_ended() {
        // Two that follow each other closely may be taken for one.
        loadgen.signal(Signal::INT);
        thread::yield_now();
    }
    let outcome = loadgen.finish();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(130), ""), "{outcome:?}");
}

#[test]
fn what_nohup_ignores_stays_ignored() {
    let server = ScriptedServer::start(Behaviour::Echo);
    let url = server.url();
    let arguments = [&url, "-c", "1", "-w", "1", "-d", "700ms", "--warmup", "0s", "--json"];
    let loadgen = Loadgen::start_ignoring("HUP INT", &arguments);
    server.wait_for_a_message();
    assert!(loadgen.signal(Signal::HUP) && loadgen.signal(Signal::INT));
    let outcome = loadgen.finish();
    assert!(outcome.passed(), "{outcome:?}");
    assert_eq!(outcome.json()["interrupted"], false);
}
