//! `merge`: results of shards, of files and of logs.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use crate::{
    rig::{CommandOutput, Loadgen, Reference, at_once},
    stored::Folder,
};

/// The results of three shards of a run. Their loads count as simultaneous, as drains may take
/// long.
fn shards(folder: &Folder) -> Vec<String> {
    let server = Reference::start(server::Reply::default());
    let paths = at_once(1..=3, |number| {
        let path = folder.path(&format!("shard-{number}.json"));
        let shard = format!("{number}/3");
        let options = ["-w", "1", "-c", "6", "-n", "50", "--drain", "1m", "-q", "--only-delivery"];
        let outcome = Loadgen::run(&[&[&server.url(), "--shard", &shard, "--out", &path], &options[..]].concat());
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        path
    });
    server.finish();
    paths
}

/// A result on one line.
fn line(path: &str) -> String {
    let text = fs::read_to_string(path).expect("a file");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value.to_string()
}

/// Merges what comes on stdin.
fn merge_stdin(stdin: &str) -> CommandOutput {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.args(["merge", "-", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the command");
    process.stdin.take().expect("a pipe").write_all(stdin.as_bytes()).expect("it reads all");
    let output = process.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    CommandOutput { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn shards_of_files_and_of_logs_become_one_result() {
    let folder = Folder::new();
    let files = shards(&folder);
    let whole = Loadgen::run(&["merge", &files[0], &files[1], &files[2], "--json"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let result = whole.json();
    assert_eq!((&result["partial"], &result["shards"].as_array().expect("shards").len()), (&false.into(), &3));
    assert_eq!(result["total"]["counts"]["matched"], 300);
    assert_eq!(result["total"]["connections"]["opened"], 6);

    let [one, two, three] = [0, 1, 2].map(|shard: usize| &files[shard]);
    let indented = |path| fs::read_to_string(path).expect("a file");
    let log = format!("\u{feff}begins\r\n{}\r\n{}ends\n{}", line(one), indented(two), line(three));
    let outcome = merge_stdin(&log);
    assert_eq!(outcome.json(), result);
    assert!(outcome.stderr.contains("skipped 2 lines that do not begin with {"), "{outcome:?}");
    // Written without a line between them, and in another order.
    let outcome = merge_stdin(&[three, one, two].map(|path| line(path)).concat());
    assert_eq!(outcome.json(), result);
    let outcome = merge_stdin(&[two, three, one].map(|path| indented(path).trim_end().to_owned()).concat());
    assert_eq!(outcome.json(), result);
}

#[test]
fn what_is_missing_is_said_and_refused() {
    let folder = Folder::new();
    let files = shards(&folder);
    let cut = folder.path("cut.json");
    fs::write(&cut, &fs::read(&files[1]).expect("a file")[..2000]).expect("a file");
    let gone = folder.path("gone.json");
    let refused = |arguments: &[&str], parts: &[&str]| {
        let outcome = Loadgen::run(&[&["merge"], arguments].concat());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(3), ""), "{arguments:?}: {outcome:?}");
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part:?} is missing in: {}", outcome.stderr);
        }
    };
    let [one, two, three] = [0, 1, 2].map(|shard: usize| files[shard].as_str());
    refused(&[one, three], &["1 of 3 shards missing: 2", "--allow-partial"]);
    refused(&[one, &cut, three], &[&format!("{cut}: truncated"), "1 of 3 shards missing: 2"]);
    refused(&[one, &gone, three], &[&format!("{gone}: No such file"), "1 of 3 shards missing: 2"]);
    refused(&[one, two, &cut, three], &[&format!("{cut}: truncated"), "1 result can't be merged"]);
    refused(&[one, two, two, three], &["shard 2 of 3 a second time"]);
    let alone = folder.result("alone.json", &[]);
    refused(&[one, two, three, &alone], &["alone.json: not a shard"]);
    let whole = folder.path("whole.json");
    assert_eq!(Loadgen::run(&["merge", one, two, three, "--out", &whole]).code, Some(0));
    refused(&[&whole, one], &["already merged, of 3 shards"]);

    let outcome = Loadgen::run(&["merge", one, &cut, &gone, three, "--allow-partial"]);
    assert_eq!(outcome.code, Some(5), "{outcome:?}");
    for part in ["cut.json: truncated", "gone.json: No such file"] {
        assert!(outcome.stderr.contains(part) && outcome.stdout.contains(part), "{outcome:?}");
    }
    assert!(outcome.stdout.contains("1 of 3 shards missing: 2"), "{outcome:?}");
    // What can't be of this run is refused even then.
    refused(&[one, two, two, "--allow-partial"], &["a second time"]);
    let twice = Loadgen::run(&["merge", "-", "-"]);
    assert_eq!(twice.code, Some(2), "{twice:?}");
}
