//! A generator that has no time for its work says so, and nothing against the target.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::rig::{Conduct, Loadgen, Rogue};

/// How long the process is stopped.
const STOP: Duration = Duration::from_millis(500);

#[test]
fn a_process_that_was_stopped_for_a_while_makes_the_run_invalid() {
    let server = Rogue::start(Conduct::Echo);
    let arguments = ["-c", "4", "-r", "50", "-b", "1", "-d", "3s", "--warmup", "0s", "--drain", "30s", "--json"];
    let loadgen = Loadgen::start(&[&[server.url().as_str()], arguments.as_slice()].concat());
    server.wait_for_a_message();
    assert!(loadgen.signal(Signal::STOP));
    // What is tested, not a wait for something: it may last longer.
    thread::sleep(STOP);
    assert!(loadgen.signal(Signal::CONT));
    let outcome = loadgen.finish();
    assert_eq!(outcome.code, Some(5), "{outcome:?}");
    let result = outcome.json();
    assert_eq!(result["verdict"], "invalid");
    assert_eq!(result["limited_by"], "generator");
    let reasons: Vec<_> = result["reasons"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason.starts_with("generator: ")), "{reasons:?}");
    assert_eq!(result["counts"]["matched"], result["counts"]["sent"]);
    assert_eq!(result["connections"]["died"], 0);
    for sign in ["INVALID", "generator: ", "limited by   the generator"] {
        assert!(outcome.stderr.contains(sign), "{sign:?} is missing in: {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("limited by   the target"), "{}", outcome.stderr);
    // 600 messages were due, a sixth of them while it was stopped.
    let latency = |name: &str, figure: &str| result["latency_ns"][name][figure].as_u64().expect("a number");
    let stop = u64::try_from(STOP.as_nanos()).expect("it fits");
    assert!(latency("response", "max") > stop / 10 * 9, "{}", result["latency_ns"]);
    assert!(latency("service", "p50") < stop / 4, "{}", result["latency_ns"]);
    server.finish();
}
