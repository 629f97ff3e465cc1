//! Messages of the user, from templates and data.

use std::fs;

use crate::rig::Loadgen;

/// Three clients with two rows of data, and messages of two kinds.
#[test]
fn messages_of_templates_come_back_exactly_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("users.jsonl");
    fs::write(&data, "{\"user\":\"ann\"}\n{\"user\":\"a much longer name, \u{e9}\"}\n").expect("a file");
    let data = data.to_str().expect("UTF-8");
    let messages =
        ["-m", r#"{"id":{{id}},"user":"{{user}}","text":"{{mark}}"}"#, "-m", "{{random:300}} {{uuid}} {{mark}}"];
    for engine in ["lean", "tungstenite"] {
        for expect in ["mark", "echo", "count"] {
            let run = ["-c", "3", "-n", "30", "--warmup", "0s", "--only-delivery", "--data", data, "--json"];
            let outcome = Loadgen::run(&[&run[..], &messages, &["--expect", expect, "--engine", engine]].concat());
            assert_eq!(outcome.code, Some(0), "{expect}: {} {}", outcome.stdout, outcome.stderr);
            assert!(outcome.stdout.contains("\"matched\": 90"), "{expect}: {}", outcome.stdout);
        }
    }
}

#[test]
fn clients_that_share_rows_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("users.csv"), "user\nann\nbob\n").expect("a file");
    let plan = folder.path().join("plan.toml");
    // Beside the plan, as paths in it are relative to it.
    fs::write(&plan, "data = \"users.csv\"\nclients = 3\nmessage = [\"{{user}}\"]\nexpect = \"count\"\n")
        .expect("a file");
    let plan = plan.to_str().expect("UTF-8");
    let said = "users.csv has 2 rows for the 3 clients of `main`, so clients share rows";
    let checked = Loadgen::run(&["plan", plan]);
    assert!(checked.stdout.contains(said), "{}", checked.stdout);
    let run = Loadgen::run(&["run", plan, "-n", "1", "--warmup", "0s"]);
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let enough = Loadgen::run(&["plan", plan, "-c", "2"]);
    assert!(!enough.stdout.contains("share rows"), "{}", enough.stdout);
}
