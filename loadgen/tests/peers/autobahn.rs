//! [Autobahn|Testsuite](https://github.com/crossbario/autobahn-testsuite) against the reference server.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use server::Reply;

use crate::rig::{Process, Reference, installed};

/// Many times what the cases take; those of group 9 send megabytes in small pieces.
const LIMIT: Duration = Duration::from_secs(900);

/// What became of a case: of its messages, and of its closing handshake.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    behavior: String,
    behavior_close: String,
}

/// In the order of their numbers.
type Outcomes = BTreeMap<Number, Outcome>;

/// The number of a case, such as 6.4.3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
struct Number(Vec<u32>, String);

impl From<String> for Number {
    fn from(text: String) -> Self {
        Self(text.split('.').map(|part| part.parse().expect("a number")).collect(), text)
    }
}

#[test]
#[ignore = "needs Python: run loadgen/tests/peers/autobahn/install first"]
fn the_reference_server_keeps_to_the_rfc() {
    let found = run();
    let summary = summary(&found);
    println!("{summary}");
    for (case, outcome) in &found {
        for result in [&outcome.behavior, &outcome.behavior_close] {
            assert!(
                !["FAILED", "UNIMPLEMENTED", "WRONG CODE", "UNCLEAN"].contains(&result.as_str()),
                "{case:?}: {outcome:?}"
            );
        }
    }
    let tungstenite = committed("tungstenite.json");
    let less_strict: Vec<_> = found
        .iter()
        .filter(|(case, outcome)| {
            outcome.behavior == "NON-STRICT" && tungstenite.get(case).is_some_and(|of| of.behavior == "OK")
        })
        .map(|(case, _)| case.1.as_str())
        .collect();
    assert_eq!(less_strict, [""; 0], "less strict than tungstenite, on which the server is built, says of itself");

    let expected = committed("expected.json");
    let cases = found.keys().chain(expected.keys());
    let changed: BTreeMap<_, _> = cases
        .map(|case| (&case.1, (found.get(case), expected.get(case))))
        .filter(|(_, (found, expected))| found != expected)
        .collect();
    assert!(changed.is_empty(), "found, expected: {changed:#?}\nall that was found:\n{}", listed(&found));
}

/// Runs all cases of the groups that do not need compression.
fn run() -> Outcomes {
    let folder = installed("autobahn", "wstest");
    let reports = tempfile::tempdir().expect("a folder");
    let server = Reference::start(Reply::Echo);
    let groups = [1, 2, 3, 4, 5, 6, 7, 9, 10].map(|group| format!("{group}.*"));
    let spec = json!({
        "outdir": reports.path(),
        "servers": [{ "agent": "server", "url": server.url() }],
        "cases": groups,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let path = reports.path().join("spec.json");
    std::fs::write(&path, spec.to_string()).expect("a file");
    let mut command = Command::new(folder.join("wstest"));
    let outcome = Process::start(command.args(["-m", "fuzzingclient", "-s"]).arg(&path)).wait(LIMIT);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    server.finish();
    let index = read(&reports.path().join("index.json"));
    serde_json::from_value(index["server"].clone()).expect("outcomes by case")
}

fn committed(file: &str) -> Outcomes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/autobahn").join(file);
    serde_json::from_value(read(&path)).expect("outcomes by case")
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).expect("JSON")
}

/// How many cases came out how.
fn summary(found: &Outcomes) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for outcome in found.values() {
        *counts.entry(&outcome.behavior).or_default() += 1;
    }
    format!("{} cases: {counts:?}", found.len())
}

/// As the committed files are written.
fn listed(outcomes: &Outcomes) -> String {
    let mut text = String::from("{");
    for (index, (case, Outcome { behavior, behavior_close })) in outcomes.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}\n  \"{}\": {{ \"behavior\": \"{behavior}\", \"behaviorClose\": \"{behavior_close}\" }}",
            case.1
        );
    }
    text + "\n}\n"
}
