//! [Autobahn|Testsuite](https://github.com/crossbario/autobahn-testsuite) against the reference
//! server, and against the engines as clients.

use std::{
    collections::BTreeMap,
    fmt::Write,
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use frames::deflate::DeflateSettings;
use loadgen::{echo::echo, plan::EngineKind};
use serde::Deserialize;
use serde_json::{Value, json};
use server::Options;
use tokio_tungstenite::tungstenite;

use crate::rig::{Process, Reference, installed};

/// Many times what the cases take; those of group 9 send megabytes in small pieces, and those that
/// compress a hundred megabytes each.
const LIMIT: Duration = Duration::from_secs(3600);

/// The groups of cases that do not need compression.
const GROUPS: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 9, 10];

/// The groups with compression, and how many they have: group 12 of kinds of messages, 13 of
/// parameters.
const COMPRESSION: [(u32, u32); 2] = [(12, 5), (13, 7)];

/// The number of cases in each of them. Each sends a thousand messages.
const SIZES: u32 = 18;

/// Of these, the first send messages of 16 B to 4 KiB. Others send up to 128 KiB, and take minutes.
const SHORT: u32 = 5;

/// A message and an offence come right behind each other, and the strict outcome is that the
/// message is sent back first. An engine, which sends nothing back by itself, has closed the
/// connection by the time that its messages are looked at, if one read brought both.
const MESSAGE_AND_OFFENCE: [&str; 10] =
    ["3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15"];

/// Text that is not UTF-8 in a frame that is not whole: tungstenite waits for the rest.
const EARLY_OFFENCE: [&str; 2] = ["6.4.3", "6.4.4"];

/// What became of a case: of its messages, and of its closing handshake.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CaseResult {
    behavior: String,
    behavior_close: String,
}

/// In the order of their numbers.
type CaseResults = BTreeMap<CaseNumber, CaseResult>;

/// The number of a case, such as 6.4.3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
struct CaseNumber(Vec<u32>, String);

impl From<String> for CaseNumber {
    fn from(text: String) -> Self {
        Self(text.split('.').map(|part| part.parse().expect("a number")).collect(), text)
    }
}

#[test]
fn the_reference_server_keeps_to_the_rfc() {
    let found = run(&of_groups(GROUPS), None);
    println!("{}", summary(&found));
    no_failure(&found);
    let tungstenite = committed("tungstenite.json");
    let less_strict: Vec<_> = found
        .iter()
        .filter(|(case, outcome)| {
            outcome.behavior == "NON-STRICT" && tungstenite.get(case).is_some_and(|of| of.behavior == "OK")
        })
        .map(|(case, _)| case.1.as_str())
        .collect();
    assert_eq!(less_strict, [""; 0], "less strict than tungstenite says of itself");

    let expected = committed("expected.json");
    let cases = found.keys().chain(expected.keys());
    let changed: BTreeMap<_, _> = cases
        .map(|case| (&case.1, (found.get(case), expected.get(case))))
        .filter(|(_, (found, expected))| found != expected)
        .collect();
    assert!(changed.is_empty(), "found, expected: {changed:#?}\nall that was found:\n{}", listed(&found));
}

#[test]
fn the_lean_engine_keeps_to_the_rfc() {
    keeps_to_the_rfc(EngineKind::Lean, &[]);
}

#[test]
fn the_tungstenite_engine_keeps_to_the_rfc() {
    keeps_to_the_rfc(EngineKind::Tungstenite, &EARLY_OFFENCE);
}

#[test]
fn the_lean_engine_compresses_as_the_rfc_says() {
    compress(SHORT, |cases| run_client(EngineKind::Lean, cases, Some(DeflateSettings::default())));
}

#[test]
fn the_reference_server_compresses_as_the_rfc_says() {
    compress(SHORT, |cases| run(cases, Some(DeflateSettings::default())));
}

#[test]
#[ignore = "takes minutes"]
fn the_lean_engine_compresses_messages_of_all_sizes() {
    compress(SIZES, |cases| run_client(EngineKind::Lean, cases, Some(DeflateSettings::default())));
}

#[test]
#[ignore = "takes minutes"]
fn the_reference_server_compresses_messages_of_all_sizes() {
    compress(SIZES, |cases| run(cases, Some(DeflateSettings::default())));
}

/// Runs the first `sizes` cases of each group with compression. Every one is OK.
fn compress(sizes: u32, run: impl FnOnce(&[String]) -> CaseResults) {
    let groups = COMPRESSION.into_iter().flat_map(|(group, count)| (1..=count).map(move |within| (group, within)));
    let cases = groups.flat_map(|(group, within)| (1..=sizes).map(move |size| format!("{group}.{within}.{size}")));
    let cases: Vec<_> = cases.collect();
    let found = run(&cases);
    println!("{}", summary(&found));
    no_failure(&found);
    let others = found.iter().filter(|(_, of)| of.behavior != "OK" || of.behavior_close != "OK");
    assert_eq!(others.collect::<Vec<_>>(), []);
    assert_eq!(found.keys().map(|case| &case.1).collect::<Vec<_>>(), cases.iter().collect::<Vec<_>>());
}

/// Every case is OK or informational, except those of [`MESSAGE_AND_OFFENCE`] and `lax`.
fn keeps_to_the_rfc(engine: EngineKind, lax: &[&str]) {
    let found = run_client(engine, &of_groups(GROUPS), None);
    println!("{}", summary(&found));
    no_failure(&found);
    let strict = |of: &CaseResult| ["OK", "INFORMATIONAL"].contains(&of.behavior.as_str());
    let others = found.iter().filter(|(_, of)| !strict(of)).map(|(case, _)| case.1.as_str());
    let unlike: Vec<_> = others.filter(|case| !MESSAGE_AND_OFFENCE.contains(case) && !lax.contains(case)).collect();
    assert_eq!(unlike, [""; 0]);
    assert_eq!(found.keys().collect::<Vec<_>>(), committed("expected.json").keys().collect::<Vec<_>>());
}

fn no_failure(found: &CaseResults) {
    for (case, outcome) in found {
        for result in [&outcome.behavior, &outcome.behavior_close] {
            assert!(
                !["FAILED", "UNIMPLEMENTED", "WRONG CODE", "UNCLEAN"].contains(&result.as_str()),
                "{case:?}: {outcome:?}"
            );
        }
    }
}

/// Runs these cases against an engine, which sends everything back.
fn run_client(engine: EngineKind, cases: &[String], compression: Option<DeflateSettings>) -> CaseResults {
    let folder = installed("autobahn", "wstest");
    let reports = tempfile::tempdir().expect("a folder");
    // Free a moment ago; the suite takes no port that it may choose itself.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let spec = json!({
        "url": format!("ws://127.0.0.1:{port}"),
        "outdir": reports.path(),
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let path = reports.path().join("spec.json");
    std::fs::write(&path, spec.to_string()).expect("a file");
    let mut command = Command::new(folder.join("wstest"));
    // What it prints is waited for.
    command.env("PYTHONUNBUFFERED", "1").args(["-m", "fuzzingserver", "--webport", "0", "-s"]).arg(&path);
    let mut suite = Process::start(&mut command);
    while !suite.line().contains("Ok, will run") {}
    let address = ("127.0.0.1", port);
    let started = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(started.elapsed() < LIMIT, "it does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    let url = |what: &str| format!("ws://127.0.0.1:{port}/{what}").parse().expect("a URL");
    for case in 1..=case_count(port) {
        let ended = echo(engine, compression, &url(&format!("runCase?case={case}&agent={engine}")));
        assert!(ended.is_ok(), "case {case}: {ended:?}");
    }
    echo(engine, None, &url(&format!("updateReports?agent={engine}"))).expect("it writes reports");
    outcomes(&reports.path().join("index.json"), engine.name())
}

/// The cases of these groups, as the suite names them.
fn of_groups(groups: &[u32]) -> Vec<String> {
    groups.iter().map(|group| format!("{group}.*")).collect()
}

/// How many cases the suite has for a client.
fn case_count(port: u16) -> u32 {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let (mut socket, _) =
        tungstenite::client(format!("ws://127.0.0.1:{port}/getCaseCount"), stream).expect("a handshake");
    let count = socket.read().expect("a message").into_text().expect("text");
    count.parse().expect("a number")
}

/// Runs these cases against the reference server.
fn run(cases: &[String], compression: Option<DeflateSettings>) -> CaseResults {
    let folder = installed("autobahn", "wstest");
    let reports = tempfile::tempdir().expect("a folder");
    let server = Reference::start_with(Options { compression, ..Options::default() });
    let spec = json!({
        "outdir": reports.path(),
        "servers": [{ "agent": "server", "url": server.url() }],
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let path = reports.path().join("spec.json");
    std::fs::write(&path, spec.to_string()).expect("a file");
    let mut command = Command::new(folder.join("wstest"));
    let outcome = Process::start(command.args(["-m", "fuzzingclient", "-s"]).arg(&path)).wait(LIMIT);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    server.finish();
    outcomes(&reports.path().join("index.json"), "server")
}

fn outcomes(index: &Path, agent: &str) -> CaseResults {
    serde_json::from_value(read(index)[agent].clone()).expect("outcomes by case")
}

fn committed(file: &str) -> CaseResults {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/autobahn").join(file);
    serde_json::from_value(read(&path)).expect("outcomes by case")
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).expect("JSON")
}

/// How many cases came out how.
fn summary(found: &CaseResults) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for outcome in found.values() {
        *counts.entry(&outcome.behavior).or_default() += 1;
    }
    format!("{} cases: {counts:?}", found.len())
}

/// As the committed files are written.
fn listed(outcomes: &CaseResults) -> String {
    let mut text = String::from("{");
    for (index, (case, CaseResult { behavior, behavior_close })) in outcomes.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}\n  \"{}\": {{ \"behavior\": \"{behavior}\", \"behaviorClose\": \"{behavior_close}\" }}",
            case.1
        );
    }
    text + "\n}\n"
}
