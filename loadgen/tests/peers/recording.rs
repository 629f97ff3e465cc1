//! A page in Chromium is recorded, imported, and run against the service that it used.

use std::{fs, process::Command, time::Duration};

use serde_json::json;

use crate::{
    node::NODE,
    rig::{Process, accounted, installed, loadgen},
};

/// More than the script waits for.
const LIMIT: Duration = Duration::from_secs(300);

#[test]
fn what_chromium_recorded_becomes_a_plan_that_passes() {
    let server = NODE.server("socketio", &["500"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (har, plan, data) = (path("page.har"), path("page.toml"), path("page.csv"));

    let script = installed("browser", "node_modules/playwright-core").join("record.mjs");
    let jobs = json!([{ "server": server.url.replace("ws://", "http://"), "har": har }]);
    let recorded = Process::start(Command::new("node").arg(script).arg(jobs.to_string())).wait(LIMIT);
    assert_eq!((recorded.code, recorded.stderr.as_str()), (Some(0), ""), "{:?}", recorded.lines);

    let mut import = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    let imported = Process::start(import.args(["import", &har, "--out", &plan])).wait(LIMIT);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let text = fs::read_to_string(&plan).expect("a plan");
    assert!(!text.contains("canary"), "{text}");
    for part in ["target = ", "on_open = [", "answer = [", "{{id}}", "expect = 'id=~", "{{token}}"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    fs::write(&data, "token\nanother\n").expect("the data");

    let outcome = loadgen(&plan, &["-d", "2s", "--warmup", "0s", "--drain", "30s", "--only-delivery"]);
    accounted(&outcome);
    assert!(outcome.0.total.measured.counts.sent > 0, "{text}");
    server.finish();
}
