//! A generator that has no time for its work says so, and nothing against the target; and a slow
//! target is told from that.

use std::{thread, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use server::{Delay, DelayShape, Options};

use crate::rig::{Behaviour, CommandOutput, Loadgen, Reference, ScriptedServer};

/// How long the process is stopped.
const STOP: Duration = Duration::from_millis(500);

/// Clients that send and are answered at once, while the generator is stopped for a while.
fn stopped(arguments: &[&str]) -> (CommandOutput, Value) {
    let server = ScriptedServer::start(Behaviour::Echo);
    let fixed = ["-c", "4", "--warmup", "0s", "--drain", "30s", "--json"];
    let loadgen = Loadgen::start(&[&[server.url().as_str()], fixed.as_slice(), arguments].concat());
    server.wait_for_a_message();
    assert!(loadgen.signal(Signal::STOP));
    // What is tested, not a wait for something: it may last longer.
    thread::sleep(STOP);
    assert!(loadgen.signal(Signal::CONT));
    let outcome = loadgen.finish();
    server.finish();
    let result = outcome.json();
    assert_eq!(result["limited_by"], "generator", "{outcome:?}");
    let reasons: Vec<_> = result["reasons"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason.starts_with("generator: ")), "{reasons:?}");
    assert_eq!(result["total"]["counts"]["matched"], result["total"]["counts"]["sent"]);
    assert_eq!(result["total"]["connections"]["died"], 0);
    let longest = result["generator"]["longest_stop_s"].as_f64().expect("a number");
    assert!(longest > STOP.as_secs_f64() / 10.0 * 8.0, "{}", result["generator"]);
    for sign in ["stood still ", "limited by   the generator"] {
        assert!(outcome.stderr.contains(sign), "{sign:?} is missing in: {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("limited by   the target"), "{}", outcome.stderr);
    (outcome, result)
}

#[test]
fn a_stopped_generator_leaves_a_threshold_on_time_undecided() {
    let (outcome, result) = stopped(&["-r", "50", "-b", "1", "-d", "1500ms", "--threshold", "p99<200ms"]);
    assert_eq!((outcome.code, &result["verdict"]), (Some(5), &"invalid".into()), "{outcome:?}");
    for sign in ["INVALID", "generator: threshold p99<200ms is undecided: it is between "] {
        assert!(outcome.stderr.contains(sign), "{sign:?} is missing in: {}", outcome.stderr);
    }
    // 300 messages were due, a third of them while it was stopped.
    let latency = |name: &str, figure: &str| result["total"]["latency_ns"][name][figure].as_u64().expect("a number");
    let stop = u64::try_from(STOP.as_nanos()).expect("it fits");
    assert!(latency("response", "max") > stop / 10 * 8, "{}", result["total"]["latency_ns"]);
    assert!(latency("floor", "p50") < stop / 4, "{}", result["total"]["latency_ns"]);
    let marked = result["total"]["latency_ns"]["response"]["marked"].as_array().expect("a list");
    assert!(marked.contains(&"p99".into()) && marked.contains(&"max".into()), "{marked:?}");
}

#[test]
fn a_stopped_generator_passes_where_nothing_on_time_is_asked() {
    for engine in ["lean", "tungstenite"] {
        let arguments = ["-r", "50", "-b", "1", "-d", "1200ms", "--engine", engine];
        let (outcome, result) = stopped(&arguments);
        assert_eq!((outcome.code, &result["verdict"]), (Some(0), &"pass".into()), "{engine}: {outcome:?}");
    }
}

#[test]
fn a_stopped_generator_is_no_slow_target_in_the_closed_model() {
    let (outcome, _) = stopped(&["-w", "2", "-d", "1200ms"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("generator: it stood still for "), "{outcome:?}");
    let (outcome, result) = stopped(&["-w", "2", "-d", "1200ms", "--threshold", "throughput>=9m"]);
    assert_eq!((outcome.code, &result["verdict"]), (Some(5), &"invalid".into()), "{outcome:?}");
}

#[test]
fn a_slow_target_misses_its_threshold() {
    let delay = Some(Delay { mean: Duration::from_millis(300), shape: DelayShape::Fixed });
    let reference = Reference::start_with(Options { delay, ..Options::default() });
    for engine in ["lean", "tungstenite"] {
        for model in [["-r", "50", "-b", "1"].as_slice(), &["-w", "2"]] {
            let fixed = ["-c", "2", "-d", "400ms", "--warmup", "0s", "--json", "--engine", engine];
            let url = reference.url();
            let threshold = ["--threshold", "p50<100ms", "--threshold", "service.p50<100ms"];
            let outcome = Loadgen::run(&[&[url.as_str()], fixed.as_slice(), model, &threshold].concat());
            assert_eq!(outcome.code, Some(1), "{engine} {model:?}: {outcome:?}");
            let floor = outcome.json()["total"]["latency_ns"]["floor"]["p50"].as_u64().expect("a number");
            assert!(floor > 100_000_000, "{engine} {model:?}: {floor}");
        }
    }
    reference.finish();
}

#[test]
fn only_delivery_leaves_timing_unjudged_and_says_so() {
    let arguments = ["-r", "50", "-b", "1", "-d", "1200ms", "--only-delivery", "--threshold", "lost==0"];
    let server = ScriptedServer::start(Behaviour::Echo);
    let outcome = Loadgen::run(&[&[server.url().as_str(), "-c", "2", "--json"], arguments.as_slice()].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(outcome.json()["plan"]["run"]["only_delivery"], true);
    assert!(outcome.stderr.contains("; timing was not judged (--only-delivery)"), "{outcome:?}");
    server.finish();
    for (refused, name) in [
        (["--threshold", "p99<5ms"], "p99<5ms"),
        (["--threshold", "throughput>=1"], "throughput>=1"),
        (["--threshold", "send_lag.max<1s"], "send_lag.max<1s"),
        (["--save-baseline", "main"], "--save-baseline"),
    ] {
        let outcome = Loadgen::run(&[["--only-delivery", "-q"].as_slice(), &refused].concat());
        assert_eq!(outcome.code, Some(2), "{refused:?}: {outcome:?}");
        assert!(outcome.stderr.contains("--only-delivery: ") && outcome.stderr.contains(name), "{outcome:?}");
    }
}
