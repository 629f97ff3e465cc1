//! Socket.IO with and without connection state recovery, under one plan, as in `examples/jitter`.

use std::fs;

use reports::{Judgement, Report, Verdict};

use crate::rig::{Language, loadgen};

const JITTER: Language = Language {
    name: "../../../examples/jitter",
    interpreter: "node",
    suffix: "mjs",
    installed: "node_modules/socket.io",
};

/// What the plan of the example brings, with a tenth of its clients and of its times.
fn run(server: &[&str]) -> (Report, Judgement) {
    let server = JITTER.server("server", &[server, &["0"]].concat());
    let path = format!("{}/../examples/jitter/jitter.toml", env!("CARGO_MANIFEST_DIR"));
    let mut plan = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let edits = [
        ("127.0.0.1:9001", server.url.trim_start_matches("ws://")),
        ("clients = 1000", "clients = 100"),
        ("room_size = 1000", "room_size = 100"),
        ("every 15s", "every 1500ms"),
        ("2s..2s none", "200ms..200ms none"),
        ("rate = 2", "rate = 20"),
    ];
    for (from, to) in edits {
        assert!(plan.contains(from), "{path} has no {from}");
        plan = plan.replace(from, to);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let edited = folder.path().join("plan.toml");
    fs::write(&edited, plan).expect("a plan");
    let brief = ["-d", "6s", "--warmup", "2s", "--drain", "30s", "--only-delivery"];
    let outcome = loadgen(edited.to_str().expect("UTF-8"), &brief);
    server.finish();
    outcome
}

#[test]
fn without_recovery_is_lost_what_was_due_while_away() {
    let (report, judgement) = run(&[]);
    assert_eq!(judgement.verdict, Verdict::Delivery, "{judgement:?}");
    let members = report.group("members").expect("members");
    let (deliveries, sessions) = (&members.measured.deliveries, &members.sessions);
    assert!(sessions.cut_by_plan > 300, "each of 100 about four times: {sessions:?}");
    // Each member may miss one more as it is cut, and one before it is in its room again.
    assert!(deliveries.lost - deliveries.lost_away <= 2 * sessions.cut_by_plan, "{deliveries:?}");
    assert!(deliveries.replayed <= sessions.cut_by_plan, "{deliveries:?}");
    // 20 messages a second. Each absence may round up or down to a whole one.
    let away = members
        .latency
        .away
        .iter_recorded()
        .map(|at| at.value_iterated_to() as f64 * 1e-9 * at.count_at_value() as f64);
    let predicted = 20.0 * away.sum::<f64>();
    let error = (deliveries.lost_away as f64 - predicted).abs();
    assert!(error <= sessions.cut_by_plan as f64, "{predicted} predicted: {deliveries:?}");
}

#[test]
fn with_recovery_is_replayed_what_was_due_while_away() {
    let (report, judgement) = run(&["--recovery"]);
    assert_eq!(judgement.verdict, Verdict::Pass, "{judgement:?}");
    let members = report.group("members").expect("members");
    let (deliveries, sessions) = (&members.measured.deliveries, &members.sessions);
    assert!(sessions.cut_by_plan > 300, "each of 100 about four times: {sessions:?}");
    assert_eq!(deliveries.lost, 0, "{deliveries:?}");
    // Some are away when the run ends.
    assert_eq!(deliveries.matched + deliveries.undetermined_by_plan, deliveries.expected, "{deliveries:?}");
    assert!(deliveries.replayed > 0, "{deliveries:?}");
    assert_eq!(members.latency.replayed.len(), deliveries.replayed);
}
