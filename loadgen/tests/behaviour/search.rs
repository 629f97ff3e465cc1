//! `loadgen search`: the highest rate that holds.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use server::{Delay, DelayShape, FaultKind, Faults, Options};

use crate::rig::{
    BadHandshake, BadHandshakeServer, Behaviour, FixedCapacityServer, Loadgen, Reference, ScriptedServer,
    satisfies_its_schema,
};

/// Times of the server: two milliseconds a message are 500 messages a second. The way of the echo
/// is what makes the test robust: the generator may be late by a tenth of the response time.
const SERVICE: Duration = Duration::from_millis(2);
const WAY: Duration = Duration::from_millis(300);
const CAPACITY: f64 = 500.0;

/// Longer than any of the searches takes, with all its repeats.
const PATIENCE: Duration = Duration::from_secs(120);

/// Under the capacity, the last of a burst of 5 waits for the four before it, and a response takes
/// 310 ms. At r times the capacity the wait grows by r - 1 seconds a second, for 2 s. So p99 is
/// over 500 ms from r = 1 + 0.19 / 1.98 = 1.096 on. The rates are 400, 800, 566, 476 and 519. The
/// search ends between 476, which is 5 % under the capacity and holds, and 566, which is 13 % over
/// it and does not. Whether 519 holds may depend on the machine. Either answer is within 10 %.
#[test]
fn a_server_of_known_capacity_is_found_to_have_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (out, page, summary) = (path("curve.json"), path("curve.html"), path("curve.md"));
    let server = FixedCapacityServer::start(SERVICE, WAY);
    let url = server.url();
    let arguments = [
        "search",
        &url,
        "--threshold",
        "p99<500ms",
        "--from",
        "400",
        "--resolution",
        "10%",
        "--tries",
        "3",
        "-c",
        "4",
        "-d",
        "2s",
        "--warmup",
        "0s",
        "--pause",
        "50ms",
        "-o",
        &out,
        "--html",
        &page,
        "--markdown",
        &summary,
        "--json",
    ];
    let outcome = Loadgen::start_patiently(&arguments, PATIENCE).finish();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let json = outcome.json();
    let conclusion = &json["conclusion"];
    let found = conclusion["holds_per_s"].as_f64().expect("a rate");
    assert!((found / CAPACITY - 1.0).abs() < 0.1, "{found} messages/s: {outcome:?}");
    let wanted = [("kind", "edge"), ("cause", "threshold"), ("limited_by", "target")];
    assert!(wanted.iter().all(|(key, value)| conclusion[*key] == *value), "{conclusion}");
    assert!(outcome.stderr.contains("FOUND") && outcome.stderr.contains("threshold p99<500ms missed"), "{outcome:?}");

    let read = |path| std::fs::read_to_string(path).expect("it was written");
    assert_eq!(serde_json::from_str::<Value>(&read(&out)).expect("JSON"), json);
    assert!(read(&page).to_lowercase().starts_with("<!doctype html>") && read(&page).contains("Response time against"));
    assert!(read(&summary).contains("| due/s |"));
    server.finish();
}

#[test]
fn the_end_of_the_range_holds() {
    let server = FixedCapacityServer::start(Duration::from_micros(10), WAY);
    let arguments = ["--threshold", "p99<30s", "--to", "200", "-c", "4", "-d", "500ms", "--warmup", "0s"];
    let url = server.url();
    let arguments = [&["search", &url, "--tries", "3", "--pause", "0s"][..], &arguments].concat();
    let outcome = Loadgen::start_patiently(&arguments, PATIENCE).finish();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with("HOLDS        200 messages/s hold"), "{outcome:?}");
    assert!(outcome.stderr.lines().filter(|line| line.contains("  holds")).count() == 2, "{outcome:?}");
    server.finish();
}

#[test]
fn a_server_that_loses_messages_at_any_rate_is_exit_code_4() {
    let faults = Faults::new([(FaultKind::Drop, 0.1)]).expect("a chance");
    let reference = Reference::start_with(Options { faults, ..Options::default() });
    let arguments = ["--threshold", "p99<30s", "--from", "800", "-c", "4", "-d", "500ms", "--drain", "300ms", "--json"];
    let outcome = Loadgen::run(&[&["search", &reference.url(), "--pause", "0s"][..], &arguments].concat());
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    let json = outcome.json();
    let (conclusion, steps) = (&json["conclusion"], json["steps"].as_array().expect("a list"));
    assert_eq!((&conclusion["kind"], &conclusion["cause"]), (&"nothing".into(), &"delivery".into()), "{conclusion}");
    // 800, a quarter of it, which is the least with 20 bursts in half a second: no rate twice.
    let rates: Vec<_> = steps.iter().map(|step| step["rate_per_s"].as_f64().expect("a rate")).collect();
    assert_eq!(rates, [800.0, 200.0]);
    assert!(outcome.stderr.contains("delivery violation: no rate holds"), "{outcome:?}");
    reference.finish();
}

#[test]
fn a_server_that_closes_connections_is_no_slow_generator() {
    let server = ScriptedServer::start(Behaviour::EndsTcp { after: 5 });
    let arguments = ["--threshold", "p99<30s", "--from", "200", "-c", "2", "-d", "500ms", "--tries", "1", "--json"];
    let outcome = Loadgen::run(&[&["search", &server.url(), "--pause", "0s"][..], &arguments].concat());
    assert_eq!(outcome.code, Some(6), "{outcome:?}");
    let conclusion = outcome.json()["conclusion"].clone();
    assert_eq!((&conclusion["cause"], &conclusion["limited_by"]), (&"connections".into(), &"target".into()));
}

/// Nothing but the generator can be the limit here, on a machine of any speed. A client has 5 000
/// messages due in a step of 100 ms at the highest rate, in 360 kB: half of what may be in flight
/// and a third of what may be unsent, so there is no backlog. No threshold is missed, and the drain
/// waits for every echo. And 10 million writes a second are more than a thread can do. The lowest
/// rates hold on a busy machine, too: an echo takes a second, and the generator may be late by a
/// tenth of it.
#[test]
fn a_generator_that_is_the_limit_is_exit_code_5() {
    let delay = Some(Delay { mean: Duration::from_secs(1), shape: DelayShape::Fixed });
    let reference = Reference::start_with(Options { delay, ..Options::default() });
    let step =
        ["--from", "10k", "--to", "10m", "-c", "200", "-b", "1", "-d", "100ms", "--warmup", "0s", "--threads", "1"];
    let search = ["--threshold", "p99<59s", "--resolution", "100%", "--tries", "3", "--pause", "0s", "--json"];
    let patience = ["--drain", "10m", "--connect-rate", "5k", "--connect-timeout", "60s"];
    let url = reference.url();
    let arguments = [&["search", &url][..], &step, &search, &patience].concat();
    let outcome = Loadgen::start_patiently(&arguments, PATIENCE).finish();
    assert_eq!(outcome.code, Some(5), "{outcome:?}");
    for sign in [
        "\nLIMITED ",
        " hold, then the generator was the limit",
        "\nlimited by   the generator",
        "why        generator",
    ] {
        assert!(outcome.stderr.contains(sign), "{sign:?} is missing in: {}", outcome.stderr);
    }
    let json = outcome.json();
    let (conclusion, steps) = (&json["conclusion"], json["steps"].as_array().expect("a list"));
    for (key, value) in [("kind", "edge"), ("cause", "generator"), ("limited_by", "generator")] {
        assert_eq!(conclusion[key], value, "{conclusion}");
    }
    assert!(conclusion["holds_per_s"].as_f64() < conclusion["fails_per_s"].as_f64(), "{conclusion}");
    let failed = steps.iter().filter(|step| step["holds"] == false);
    assert!(failed.clone().all(|step| step["cause"] == "generator"), "{json}");
    let at_the_edge = failed.filter(|step| step["rate_per_s"] == conclusion["fails_per_s"]);
    assert_eq!(at_the_edge.count(), 3, "as many as a rate may have: {json}");
    reference.finish();
}

#[test]
fn a_signal_ends_it_with_the_curve_so_far() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("curve.json");
    let server = ScriptedServer::start(Behaviour::Echo);
    let arguments = ["--threshold", "p99<30s", "-c", "2", "-d", "10m", "--out", out.to_str().expect("UTF-8")];
    let loadgen = Loadgen::start(&[&["search", &server.url()][..], &arguments].concat());
    server.wait_for_a_message();
    assert!(loadgen.signal(Signal::INT));
    let outcome = loadgen.finish();
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(outcome.stdout.starts_with("UNFINISHED   interrupted; so far, nothing is known"), "{outcome:?}");
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(&out).expect("it was written")).expect("JSON");
    satisfies_its_schema(&saved);
    assert_eq!((&saved["schema"], &saved["conclusion"]["kind"]), (&"loadgen.search/1".into(), &"unfinished".into()));
    // Half a step is none.
    assert_eq!(saved["steps"], Value::Array(Vec::new()));
}

#[test]
fn an_unreachable_target_is_exit_code_6() {
    let server = BadHandshakeServer::start(BadHandshake::NotListening);
    let outcome = Loadgen::run(&["search", &server.url, "--threshold", "p99<5ms", "--json"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(6), ""), "{outcome:?}");
    assert!(outcome.stderr.contains("refused") && outcome.stderr.contains(&server.url), "{outcome:?}");
}

#[test]
fn refused_arguments_are_explained() {
    let table: [(&[&str], &[&str]); 16] = [
        (&["nonsense", "--threshold", "p99<5ms"], &["URL", "'nonsense'", "ws://HOST[:PORT][/PATH]"]),
        (&[], &["--threshold"]),
        (&["--threshold", "p99"], &["--threshold", "accepted: "]),
        (&["--threshold", "chat.p99<5ms"], &["--threshold chat.p99<5ms", "no group `chat`; the only group is main"]),
        (&["--threshold", "p99<5ms", "--rate", "50"], &["--rate", "'50'", "--from", "--to"]),
        (&["--threshold", "p99<5ms", "-w", "16"], &["--window", "'16'", "no rate"]),
        (&["--threshold", "p99<5ms", "-n", "100"], &["--messages", "'100'", "--duration"]),
        (&["--threshold", "p99<5ms", "--from", "2k", "--to", "1k"], &["--from 2000", "--to 1000"]),
        (&["--threshold", "p99<5ms", "--to", "5"], &["--from 5", "20 bursts of 5"]),
        (&["--threshold", "p99<5ms", "--from", "0"], &["--from", "'0'"]),
        (&["--threshold", "p99<5ms", "--to", "1e9"], &["--to", "'1e9'", "at most"]),
        (&["--threshold", "p99<5ms", "--from", "5"], &["--from 5", "20 bursts of 5", "20 at least", "--duration"]),
        (&["--threshold", "p99<5ms", "--tries", "4"], &["--tries 4", "odd number from 1 to 9"]),
        (&["--threshold", "p99<5ms", "--resolution", "0"], &["--resolution", "1% to 100%"]),
        (&["--threshold", "p99<5ms", "--pause", "5"], &["--pause", "'5'", "10s"]),
        (&["--threshold", "p99<5ms", "--json", "--html", "-"], &["--json and --html", "stdout"]),
    ];
    for (arguments, parts) in table {
        let outcome = Loadgen::run(&[&["search"], arguments].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}: {outcome:?}");
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
    }
}
