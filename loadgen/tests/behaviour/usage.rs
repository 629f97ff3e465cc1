//! Refused arguments: exit code 2, nothing on stdout, and a message that names the flag, the value
//! and what is accepted.

use crate::rig::Loadgen;

const URL: &str = "ws://HOST[:PORT][/PATH]";
const RATE: &str = "such as 0.5, 50 or 10k";
const NUMBER: &str = "such as 500, 10k or 1m";

/// Arguments, and what the message must hold.
const REFUSED: &[(&[&str], &[&str])] = &[
    (&["http://127.0.0.1:9001"], &["URL", "http://127.0.0.1:9001", "`http`", "try ws://127.0.0.1:9001/;", URL]),
    (&["https://u:secret@[::1]/a?b=c"], &["URL", "`https`", "try wss://[::1]/a;", URL]),
    (&["localhost:9001"], &["URL", "'localhost:9001'", "ws://localhost:9001 meant", URL]),
    (&["127.0.0.1:9001"], &["URL", "'127.0.0.1:9001'", URL]),
    (&["ws://"], &["URL", "empty host", URL]),
    (&["ws://127.0.0.1:0"], &["URL", "port 0", URL]),
    (&["ws://127.0.0.1:65536"], &["URL", "port", URL]),
    (&["ws://127.0.0.1/#part"], &["URL", "fragment", URL]),
    (&["nonsense"], &["URL", "'nonsense'", URL]),
    (&["--rate", "0", "--burst", "5"], &["--burst 5", "--rate 0", "leave it out"]),
    (&["--rate", "0", "-n", "5"], &["--messages 5", "only listen", "--duration"]),
    (&["--rate", "1e-9"], &["--rate", "'1e-9'", RATE]),
    (&["--rate=-1"], &["--rate", "'-1'", RATE]),
    (&["--rate", "-1"], &["--rate", "'-1'", RATE]),
    (&["--rate", "NaN"], &["--rate", "'NaN'", RATE]),
    (&["--rate", "1e9"], &["--rate", "'1e9'", RATE, "at most"]),
    (&["--rate", "inf"], &["--rate", "'inf'", RATE]),
    (&["--rate", "200k", "--clients", "100"], &["--rate 200", "--clients 100", "in total", "at most"]),
    (&["--size", "5"], &["--size 5", "53 bytes", "--expect count"]),
    (&["--size", "52", "--payload", "text"], &["--size 52", "53 bytes"]),
    (&["--size", "27", "--payload", "binary"], &["--size 27", "28 bytes"]),
    (&["--size", "65MiB"], &["--size", "'65MiB'", "64MiB"]),
    (&["--size", "many"], &["--size", "'many'", "4KiB"]),
    (&["--rate", "5", "--window", "2"], &["--rate", "--window"]),
    (&["--burst", "5", "--window", "2"], &["--burst", "--window"]),
    (&["--max-in-flight", "5", "--window", "2"], &["--max-in-flight", "--window"]),
    (&["-n", "5", "-d", "5s"], &["--messages", "--duration"]),
    (&["--clients", "0"], &["--clients", "'0'", NUMBER]),
    (&["--clients", "5000000000"], &["--clients", "'5000000000'", "at most"]),
    (&["--messages", "0"], &["--messages", "'0'", NUMBER]),
    (&["--burst", "1.5"], &["--burst", "'1.5'", NUMBER]),
    (&["--threads", "0"], &["--threads", "'0'", NUMBER]),
    (&["--duration", "5"], &["--duration", "'5'", "10s"]),
    (&["--duration", "0s"], &["--duration", "'0s'", "over 0"]),
    (&["--warmup", "-1s"], &["--warmup", "'-1s'", "10s"]),
    (&["--expect", "nothing"], &["--expect", "'nothing'", "reply=TEXT"]),
    (&["--payload", "json"], &["--payload", "'json'", "text, binary, mixed"]),
    (&["--header", "no colon"], &["--header", "'***'", "Name: value"]),
    (&["--header"], &["a value is required for '--header <FIELD>'"]),
    (&["--header", "Upgrade: h2c"], &["--header", "sets `upgrade` itself"]),
    (&["-H", "Host: a/b"], &["--header", "NAME:PORT"]),
    (&["-H", "Host: a", "-H", "host: b"], &["--header", "`host`", "once"]),
    (&["-H", "Sec-WebSocket-Extensions: permessage-deflate"], &["--header", "--compress"]),
    (&["-H", "Sec-WebSocket-Protocol: a b"], &["--header", "sec-websocket-protocol", "graphql-ws"]),
    (&["-H", "Sec-WebSocket-Protocol: a", "-H", "Sec-WebSocket-Protocol: b, a"], &["--header", "twice"]),
    (&["-H", "Content-Length: 5"], &["--header", "content-length"]),
    (&["--seed", "x"], &["--seed", "'x'", "whole number"]),
    (&["--threshold", "p99<5xx"], &["--threshold", "p99<5xx\n       ^\n", "ns us ms s m"]),
    (&["--threshold", "p9x<5ms"], &["--threshold", "p9x<5ms\n    ^\n", "0 < NN < 100"]),
    (&["--threshold", "p50 = 4"], &["--threshold", "p50 = 4\n      ^\n", "< <= > >= =="]),
    (&["--threshold", "latency<5ms"], &["--threshold", "\n  ^\n", "accepted: "]),
    (&["--threshold", ""], &["--threshold", "METRIC OP VALUE"]),
    (&["--threshold", "throughputs>5"], &["did you mean `throughput`?"]),
    (&["--threshold", "respnse.p99<5ms"], &["did you mean `response.p99`?"]),
    (&["--window", "1", "--clients", "1000m"], &["--clients", "1000000000", "descriptors", "ulimit", "or fewer"]),
    (&["--bogus"], &["--bogus"]),
    (&["--cleints", "5"], &["'--cleints'", "'--clients'"]),
    (&["serach"], &["'serach'", "did you mean 'search'?"]),
    (&["-c", "5", "raport", "result.json"], &["'raport'", "did you mean 'report'?"]),
    (&["help", "metrcs"], &["'metrcs'", "'metrics'"]),
    (&["--vus=10", "--iterations", "5"], &["`--vus` is k6's; here it is `--clients`", "`--iterations` is k6's"]),
    (&["-u10", "ws://127.0.0.1:1"], &["`-u` is k6's; here it is `--clients`"]),
    (&["-t4", "-c100", "-d30s", "--latency"], &["`-t` is wrk's; here it is `--threads`", "`--latency`"]),
    (&["-s", "post.lua"], &["`-s` is wrk's", "`--payload`"]),
    (&["-z", "10s"], &["`-z` is oha's; here it is `--duration`"]),
    (&["-q", "100", "ws://127.0.0.1:1"], &["`-q` is oha's; here it is `--rate 100`"]),
    (&["run", "-q", "100"], &["`-q` is oha's; here it is `--rate 100`"]),
    (&["run", "test.js"], &["a script is k6's", "`--payload`"]),
    (&["-p", "10", "-a", "5"], &["`-p` is autocannon's; here it is `--window`", "`-a` is autocannon's"]),
    (&["search", "--threshold", "p99<5ms", "--vus", "5"], &["`--vus` is k6's"]),
    (&["ws://u:secret@h/a", "--target", "ws://h/b"], &["--target ws://h/b", "ws://***@h/a", "give one of them"]),
    (&["run", "none.toml"], &["none.toml: the plan can't be read: No such file"]),
    (&["plan", "none.toml"], &["none.toml: the plan can't be read: No such file"]),
    (&["search", "plan.toml", "--threshold", "p99<5ms"], &["plan.toml: a search takes no plan file"]),
    (&["plan", "--size", "5"], &["--size 5: a mixed message needs 53 bytes at least"]),
    (&["-o", "report", "result.json"], &["--out report", "put the command first: loadgen report"]),
];

#[test]
fn refused_arguments_are_explained() {
    let mut wrong = Vec::new();
    for (arguments, parts) in REFUSED {
        let outcome = Loadgen::run(arguments);
        let missing: Vec<_> = parts.iter().filter(|part| !outcome.stderr.contains(*part)).collect();
        if outcome.code != Some(2) || !outcome.stdout.is_empty() || !missing.is_empty() {
            wrong.push(format!("{arguments:?} lacks {missing:?}: {outcome:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_option_before_a_command_is_told_its_place() {
    let table: [&[&str]; 9] = [
        &["-c", "5", "report", "result.json"],
        &["-c", "5", "compare", "old.json", "new.json"],
        &["-c", "5", "ab", "--a", "ws://127.0.0.1:1", "--b", "ws://127.0.0.1:2"],
        &["-c", "5", "search", "ws://127.0.0.1:1", "--threshold", "p99<5ms"],
        &["ws://user:secret@127.0.0.1:1", "search", "--threshold", "p99<5ms"],
        &["ws://127.0.0.1:1", "-H", "Authorization: secret", "report", "result.json"],
        // What the command lacks is what stands before it.
        &["--threshold", "p99<5ms", "search", "ws://127.0.0.1:1"],
        &["--rate", "50", "--clients", "5", "--json", "search"],
        &["--html", "page.html", "report"],
    ];
    let shown = table.map(|arguments| {
        let outcome = Loadgen::run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}: {outcome:?}");
        assert!(!outcome.stderr.contains("secret"), "{outcome:?}");
        format!("$ loadgen {}\n{}", arguments.join(" "), outcome.stderr)
    });
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_command_is_refused_in_its_own_words() {
    for (arguments, part) in [(&["search", "ws://127.0.0.1:1"][..], "--threshold"), (&["report"], "<RESULT>")] {
        let outcome = Loadgen::run(arguments);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains(part), "{outcome:?}");
    }
    let outcome = Loadgen::run(&["-c", "5", "report", "--help"]);
    assert!(outcome.code == Some(0) && outcome.stdout.contains("loadgen report"), "{outcome:?}");
}

#[test]
fn help() {
    let table: [(&str, &[&str]); 5] = [
        ("long", &["--help"]),
        ("short", &["-h"]),
        ("search", &["search", "--help"]),
        ("compare", &["compare", "-h"]),
        ("metrics", &["help", "metrics"]),
    ];
    for (name, arguments) in table {
        let outcome = Loadgen::run(arguments);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        assert!(outcome.stdout.lines().all(|line| line.chars().count() <= 100), "{}", outcome.stdout);
        insta::assert_snapshot!(format!("{name}_help"), outcome.stdout);
    }
}

#[test]
fn short_help_fits_a_screen() {
    for command in ["run", "ab", "search"] {
        let help = Loadgen::run(&[command, "-h"]).stdout;
        assert!(help.lines().count() <= 50 && help.lines().all(|line| line.len() <= 80), "{help}");
    }
}

#[test]
fn help_of_a_command_is_that_of_its_flag() {
    assert_eq!(Loadgen::run(&["help", "search"]), Loadgen::run(&["search", "--help"]));
    assert_eq!(Loadgen::run(&["help"]), Loadgen::run(&["--help"]));
}

#[test]
fn the_last_of_a_repeated_option_wins_and_run_is_the_default() {
    let run = |first: &[&str]| {
        let more = ["-c", "9", "-c", "1", "-n", "7", "-n", "2", "-w", "1", "--json", "--json", "-q"];
        Loadgen::run(&[first, &more].concat()).json()["plan"].clone()
    };
    let plan = run(&["run"]);
    let (clients, messages) = (&plan["groups"][0]["clients"], &plan["run"]["messages_per_client"]);
    assert_eq!((clients, messages), (&1.into(), &2.into()), "{plan}");
    assert_eq!(run(&[]), plan);
}

#[test]
fn version() {
    let outcome = Loadgen::run(&["--version"]);
    assert_eq!(outcome.code, Some(0));
    assert_eq!(outcome.stdout, format!("loadgen {}\n", env!("CARGO_PKG_VERSION")));
}
