//! The command: what it prints where, what it saves, and its exit codes.

use std::fs;

use reports::{Verdict, store};
use server::{FaultKind, Faults, Options};

use crate::rig::{
    BadHandshake, BadHandshakeServer, Behaviour, Loadgen, Reference, ScriptedServer, at_once, close_frame,
};

/// A short run against its own server.
const SHORT: &[&str] = &["-c", "20", "-r", "50", "-d", "500ms", "--warmup", "100ms"];

/// The shortest.
const BRIEF: &[&str] = &["-c", "2", "-r", "100", "-n", "10"];

fn with<'a>(first: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [first, more].concat()
}

#[test]
fn a_short_run_passes_and_says_so() {
    let outcome = Loadgen::run(SHORT);
    assert!(outcome.passed(), "{outcome:?}");
    let page = &outcome.stdout;
    // Where a line is broken depends on the name of the processor.
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["20 clients x 50 messages/s = 1 000/s", "bursts of 5", "(embedded server)", "20 of 20 opened", "seed "]
    {
        assert!(words.contains(part), "{part:?} is missing in: {page}");
    }
    assert!(!page.contains('\u{1b}'), "no colours where there is no terminal: {page:?}");
    assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    assert_eq!(outcome.stderr, "", "no progress where there is no terminal");
}

#[test]
fn where_there_is_no_terminal_a_line_comes_every_five_seconds() {
    let run = |more: &[&str]| Loadgen::run(&with(&["-c", "2", "-r", "50", "-d", "6s", "--warmup", "0s"], more));
    let runs = at_once([&[][..], &["--quiet"]], run);
    let [outcome, quiet] = &runs[..] else { panic!("two runs") };
    assert!(outcome.passed(), "{outcome:?}");
    let lines: Vec<_> = outcome.stderr.lines().collect();
    assert!((1..=3).contains(&lines.len()) && lines[0].starts_with("measuring: "), "{outcome:?}");
    for part in ["/6 s  ", "/s  p50 ", "  p99 ", "  0 anomalies  ", " in flight"] {
        assert!(lines[0].contains(part), "{part:?} is missing in: {}", lines[0]);
    }
    assert_eq!(quiet.stderr, "");
}

#[test]
fn json_is_all_there_is_on_stdout() {
    let outcome = Loadgen::run(&with(SHORT, &["--json"]));
    assert!(outcome.passed(), "{outcome:?}");
    let result = outcome.json();
    assert_eq!(result["schema"], "loadgen.result/2");
    assert_eq!(result["total"]["counts"]["scheduled"], 500);
    assert_eq!(result["total"]["warmup"]["counts"]["scheduled"], 100);
    assert_eq!(result["plan"]["groups"][0]["rate_per_client"], 50.0);
    assert_eq!(result["target"]["embedded"], true);
    assert!(outcome.stderr.contains("20 of 20 opened"), "the report goes to stderr: {}", outcome.stderr);
}

#[test]
fn a_line_of_json_is_a_whole_result() {
    let outcome = Loadgen::run(&with(BRIEF, &["--json=line"]));
    assert!(outcome.passed(), "{outcome:?}");
    assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    let (report, _) = store::from_json(outcome.stdout.as_bytes()).expect("a result");
    assert_eq!(report.total.measured.counts.scheduled, 20);
}

#[test]
fn a_saved_result_can_be_read_and_is_what_was_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("result.json");
    let name = path.to_str().expect("UTF-8");
    let outcome = Loadgen::run(&with(BRIEF, &["--json", "--out", name]));
    assert!(outcome.passed(), "{outcome:?}");
    assert_eq!(fs::read_to_string(&path).expect("it was written"), outcome.stdout);
    let (report, judgement) = store::read(&path).expect("a result");
    assert_eq!(report.total.measured.counts.scheduled, 20);
    assert_eq!(Some(judgement.verdict.exit_code().into()), outcome.code);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
}

#[test]
fn an_earlier_result_stays_when_the_target_is_unreachable() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("result.json");
    fs::write(&path, "earlier").expect("a file");
    let server = BadHandshakeServer::start(BadHandshake::NotListening);
    let outcome = Loadgen::run(&[&server.url, "-c", "1", "--out", path.to_str().expect("UTF-8")]);
    assert_eq!(outcome.code, Some(6));
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "earlier");
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_run() {
    let server = ScriptedServer::start(Behaviour::Echo);
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing/result.json");
    for (place, why) in [(missing.as_path(), "its folder does not exist"), (folder.path(), "is a folder")] {
        let place = place.to_str().expect("UTF-8");
        let outcome = Loadgen::run(&[&server.url(), "-n", "1", "--out", place]);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        for part in ["--out", place, why] {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
    }
    assert_eq!(server.finish(), [], "nothing was connected");
}

#[test]
fn a_missed_threshold_is_exit_code_1_and_is_named() {
    // The closed model promises no schedule, so no machine is too slow for it.
    let outcome =
        Loadgen::run(&["-c", "2", "-w", "1", "-n", "10", "--threshold", "matched<1", "--threshold", "lost==0"]);
    let page = &outcome.stdout;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(page.contains("matched<1") && !page.contains("lost==0"), "{page}");
}

#[test]
fn a_threshold_that_holds_is_exit_code_0() {
    let outcome = Loadgen::run(&["-c", "2", "-w", "1", "-n", "10", "--threshold", "p50<1m", "--threshold", "lost==0"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with("PASS"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("2 thresholds hold"), "{}", outcome.stdout);
}

#[test]
fn an_unreachable_target_is_exit_code_6_with_its_kind() {
    let server = BadHandshakeServer::start(BadHandshake::NotListening);
    for json in [&[][..], &["--json"]] {
        let outcome = Loadgen::run(&with(&[&server.url, "-c", "3"], json));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(6), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("refused (3)") && outcome.stderr.contains(&server.url), "{outcome:?}");
    }
    let server = BadHandshakeServer::start(BadHandshake::Sends(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"));
    let outcome = Loadgen::run(&[&server.url, "-c", "1"]);
    assert_eq!(outcome.code, Some(6));
    assert!(outcome.stderr.contains("http_503"), "{outcome:?}");
    let server = BadHandshakeServer::start(BadHandshake::Silent);
    // A generator that stood still for a tenth of the time can't blame the server.
    let outcome = (0..10)
        .map(|_| Loadgen::run(&[&server.url, "-c", "1", "--connect-timeout", "500ms"]))
        .find(|outcome| outcome.code != Some(5) || !outcome.stderr.contains("timeout_stopped"))
        .expect("a core for half a second");
    assert_eq!(outcome.code, Some(6), "{outcome:?}");
    assert!(outcome.stderr.contains("timeout"), "{outcome:?}");
}

#[test]
fn a_delivery_violation_is_exit_code_4_and_outranks_the_others() {
    let server = ScriptedServer::start(Behaviour::DropsEveryThird);
    let url = server.url();
    let arguments =
        [&url, "-c", "1", "-r", "200", "-b", "4", "-n", "24", "--drain", "1s", "--threshold", "p50<1ns", "--json"];
    let outcome = Loadgen::run(&arguments);
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    let result = outcome.json();
    assert_eq!(result["verdict"], serde_json::to_value(Verdict::Delivery).expect("JSON"));
    assert_eq!(result["total"]["counts"]["lost"], result["total"]["counts"]["sent"].as_u64().expect("a number") / 3);
    assert!(result["reasons"].as_array().expect("a list").len() >= 2, "{}", result["reasons"]);
    assert!(outcome.stderr.starts_with("FAIL         delivery violation"), "{}", outcome.stderr);
}

#[test]
fn connections_that_die_are_exit_code_6() {
    let server = ScriptedServer::start(Behaviour::EndsTcp { after: 5 });
    let outcome = Loadgen::run(&[&server.url(), "-c", "1", "-n", "20"]);
    assert_eq!(outcome.code, Some(6), "{outcome:?}");
    assert!(outcome.stdout.starts_with("FAIL         connections: "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("1 died: eof 1"), "{}", outcome.stdout);
}

#[test]
fn a_target_that_was_reached_and_has_left_is_never_unreachable() {
    for engine in ["lean", "tungstenite"] {
        let server = ScriptedServer::start(Behaviour::SendsInstead { after: 0, bytes: close_frame(1013, "try later") });
        let outcome = Loadgen::run(&[&server.url(), "-c", "2", "-n", "20", "--json", "--engine", engine]);
        assert_eq!(outcome.code, Some(6), "{engine}: {outcome:?}");
        let result = outcome.json();
        assert_eq!(result["verdict"], "connections", "{engine}");
        assert_eq!(
            (&result["total"]["connections"]["opened"], &result["total"]["connections"]["died"]),
            (&2.into(), &2.into()),
            "{engine}"
        );
        assert_eq!(result["total"]["connections"]["errors"]["closed_1013"], 2, "{engine}");
        assert!(!outcome.stderr.contains("cannot reach"), "{engine}: {outcome:?}");
    }
}

#[test]
fn a_server_that_does_not_read_takes_no_memory() {
    let peak_with = |messages: &str| {
        let server = ScriptedServer::start(Behaviour::NeverReads);
        let arguments = ["-c", "1", "-r", "1000", "-n", messages, "-s", "64KiB", "--drain", "100ms", "--json", "-q"];
        let outcome = Loadgen::run(&with(&[&server.url()], &arguments));
        assert_eq!(outcome.code, Some(4), "{outcome:?}");
        server.finish();
        outcome.json()["generator"]["peak_rss_bytes"].as_u64().expect("a number")
    };
    // What the program takes anyway.
    let (one, many) = (peak_with("1"), peak_with("600"));
    assert!(many < one + (8 << 20), "{one} and {many} bytes, and 37.5 MiB were due");
}

#[test]
fn a_frame_that_announces_a_tebibyte_takes_no_memory() {
    let peak_with = |kind, bytes| {
        let server = ScriptedServer::start(Behaviour::SendsInstead { after: 0, bytes });
        let outcome = Loadgen::run(&[&server.url(), "-c", "1", "-n", "20", "--json", "-q"]);
        assert_eq!(outcome.code, Some(6), "{outcome:?}");
        let result = outcome.json();
        assert_eq!(result["total"]["connections"]["errors"][kind], 1);
        result["generator"]["peak_rss_bytes"].as_u64().expect("a number")
    };
    // What the program takes anyway.
    let closed = peak_with("closed_1013", close_frame(1013, "try later"));
    let announced = peak_with("message_too_big", vec![0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]);
    assert!(announced < closed + (8 << 20), "{closed} and {announced} bytes");
}

#[test]
fn quiet_prints_nothing_but_the_json_that_was_asked_for() {
    let outcome = Loadgen::run(&with(BRIEF, &["--quiet"]));
    assert!(outcome.passed());
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
    let outcome = Loadgen::run(&with(BRIEF, &["-q", "--json"]));
    assert_eq!(outcome.stderr, "");
    assert_eq!(outcome.json()["total"]["counts"]["scheduled"], 20);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    for (arguments, variables) in [(&["--no-color"][..], &[][..]), (&[], &[("NO_COLOR", "1")])] {
        let outcome = Loadgen::start_with(&with(BRIEF, arguments), variables).finish();
        assert!(outcome.passed(), "{outcome:?}");
        assert!(!outcome.stdout.contains('\u{1b}') && !outcome.stderr.contains('\u{1b}'), "{outcome:?}");
    }
}

#[test]
fn the_engine_is_chosen_and_told() {
    let engine = |more: &[&str]| {
        let outcome = Loadgen::run(&[BRIEF, &["--json", "-q"], more].concat());
        outcome.json()["plan"]["run"]["engine"].clone()
    };
    assert_eq!(engine(&["--engine", "tungstenite"]), "tungstenite");
    assert_eq!(engine(&["--engine", "lean"]), "lean");
    assert_eq!(engine(&[]), "lean");
}

#[test]
fn a_seed_makes_a_run_again() {
    let id = |seed: &str| Loadgen::run(&with(BRIEF, &["--seed", seed, "--json", "-q"])).json()["environment"].clone();
    let (first, again, other) = (id("42"), id("42"), id("43"));
    assert_eq!(first["seed"], 42);
    assert_eq!(first["run_id"], again["run_id"]);
    assert_ne!(first["run_id"], other["run_id"]);
}

#[test]
fn a_public_target_of_many_clients_is_told_before_the_run() {
    // A network for documentation (RFC 5737): nobody is there.
    let arguments = ["ws://203.0.113.7:9", "--connect-rate", "100k", "--connect-timeout", "50ms"];
    let told = |more: &[&str]| Loadgen::run(&with(&arguments, more)).stderr;
    let text = told(&["-c", "1001", "-r", "2"]);
    for part in ["203.0.113.7:9 is a public address", "1 001 clients", "2 002 messages/s", "allows"] {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
    assert!(told(&["-c", "1001", "-w", "1"]).contains("as many messages as it answers"));
    assert!(!told(&["-c", "1001", "-q"]).contains("public"));
    assert!(!told(&["-c", "1000"]).contains("public"), "a thousand is not over a thousand");
}

#[test]
fn a_hostile_close_reason_does_not_reach_the_terminal() {
    let faults = Faults::new([(FaultKind::Close, 1.0)]).expect("chances");
    let server = Reference::start_with(Options { faults, ..Options::default() });
    let outcome = Loadgen::run(&[&server.url(), "--clients", "1", "--messages", "5", "--no-color"]);
    assert_eq!(outcome.code, Some(6), "{outcome:?}");
    let said = [outcome.stdout.as_str(), &outcome.stderr].concat();
    // The reason is told, escaped; nothing of it is a line of its own.
    assert!(said.contains("verdict: pass"), "{said}");
    assert!(!said.contains(['\x1b', '\0', '\r', '\u{202e}']), "{said:?}");
    assert!(!said.lines().any(|line| line.trim_start().starts_with("verdict: pass")), "{said}");
    assert_eq!(server.finish().faults.len(), 1);
}

#[test]
fn a_fault_of_the_server_is_exit_code_4() {
    let faults = Faults::new([(FaultKind::Duplicate, 0.1)]).expect("chances");
    let server = Reference::start_with(Options { faults, ..Options::default() });
    let outcome = Loadgen::run(&[&server.url(), "-c", "4", "-n", "50", "--json"]);
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    let (result, done) = (outcome.json(), server.finish().faults.len());
    assert_eq!((&result["verdict"], &result["total"]["anomalies"]["duplicated"]), (&"delivery".into(), &done.into()));
}
