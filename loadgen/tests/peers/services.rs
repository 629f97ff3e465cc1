//! Services by other authors that speak protocols of their own, under the plans of `examples/`.

use std::fs;

use reports::{Judgement, Report};

use crate::{
    node::NODE,
    python::PYTHON,
    rig::{Language, PeerServer, accounted, loadgen},
};

const NCHAN: Language = Language {
    name: "nchan",
    interpreter: "python3",
    suffix: "",
    installed: "/usr/lib/nginx/modules/ngx_nchan_module.so",
};
const STOMP: Language =
    Language { name: "stomp", interpreter: "python3", suffix: "", installed: "/usr/sbin/rabbitmq-server" };

/// Long enough for some hundred messages, and patient with a slow machine.
const BRIEF: &[&str] = &["-d", "2s", "--warmup", "500ms", "--drain", "30s", "--only-delivery"];

/// Where the examples expect their server.
const PLACE: &str = "127.0.0.1:9001";

/// What a plan of `examples/` brings with this server. `edits` change what it says.
fn run(example: &str, server: &PeerServer, edits: &[(&str, &str)]) -> (Report, Judgement) {
    let path = format!("{}/../examples/{example}.toml", env!("CARGO_MANIFEST_DIR"));
    let mut plan = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for (from, to) in edits.iter().chain(&[(PLACE, server.url.trim_start_matches("ws://"))]) {
        assert!(plan.contains(from), "{path} has no {from}");
        plan = plan.replace(from, to);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let edited = folder.path().join("plan.toml");
    fs::write(&edited, plan).expect("a plan");
    loadgen(edited.to_str().expect("UTF-8"), BRIEF)
}

/// Copies of each message, where `receivers` of a room get it.
#[track_caller]
fn delivered_to((report, _): &(Report, Judgement), receivers: u64) {
    let tally = &report.total.measured;
    assert!(tally.counts.sent > 0);
    assert_eq!(tally.deliveries.expected, receivers * tally.counts.sent, "{tally:?}");
}

#[test]
fn socket_io_acknowledges_each_event() {
    let server = NODE.server("socketio", &["400"]);
    let outcome = run("socket-io", &server, &[]);
    accounted(&outcome);
    let tally = &outcome.0.total.measured;
    assert!(tally.counts.sent > 0 && tally.other_events.answered > 0, "heartbeats every 400 ms: {tally:?}");
    let admin = [
        (r#"send = "40", expect = '^40\{'"#, r#"send = "40/admin,", expect = "^40/admin,""#),
        ("42{{id}}", "42/admin,{{id}}"),
        (r"^43(\d+)", r"^43/admin,(\d+)"),
    ];
    accounted(&run("socket-io", &server, &admin));
    server.finish();
}

#[test]
fn socket_io_brings_an_event_to_all_of_a_room() {
    let server = NODE.server("socketio", &["400"]);
    let outcome = run("socket-io-rooms", &server, &[]);
    accounted(&outcome);
    delivered_to(&outcome, 10);
    server.finish();
}

#[test]
fn graphql_streams_until_it_is_complete() {
    let server = NODE.server("graphql", &[]);
    let outcome = run("graphql-ws", &server, &[]);
    accounted(&outcome);
    let tally = &outcome.0.total.measured;
    // Five results and `complete`, or one and `complete`: they take turns.
    let (sent, partial) = (tally.counts.sent, tally.other_events.partial);
    let bound = 3 * sent;
    assert!(sent > 0 && (bound - 40..=bound + 40).contains(&partial), "{tally:?}");
    server.finish();
}

#[test]
fn json_rpc_answers_in_any_order() {
    let server = NODE.server("jsonrpc", &[]);
    let outcome = run("json-rpc", &server, &[]);
    accounted(&outcome);
    let tally = &outcome.0.total.measured;
    assert!(tally.counts.sent > 0 && tally.other_events.ignored > 0, "{tally:?}");
    server.finish();
}

#[test]
fn json_rpc_pushes_no_gap() {
    let server = NODE.server("jsonrpc", &[]);
    let outcome = run("json-rpc-pushes", &server, &[]);
    accounted(&outcome);
    let tally = &outcome.0.total.measured;
    assert!(tally.counts.sent == 0 && tally.other_events.pushed > 0, "{tally:?}");
    server.finish();
}

#[test]
fn rabbitmq_brings_each_message_of_a_queue() {
    let server = STOMP.server("serve", &[]);
    accounted(&run("stomp", &server, &[]));
    // It sends heartbeats to those for whom it has nothing else.
    let outcome = run("stomp", &server, &[("rate = 20", "rate = 2")]);
    accounted(&outcome);
    let tally = &outcome.0.total.measured;
    assert!(tally.counts.sent > 0 && tally.other_events.answered > 0, "heartbeats: {tally:?}");
    let outcome = run("stomp-rooms", &server, &[]);
    accounted(&outcome);
    delivered_to(&outcome, 10);
    server.finish();
}

#[test]
fn a_chat_of_websockets_reaches_each_member_once() {
    let server = PYTHON.server("chat", &[]);
    let outcome = run("chat", &server, WITHOUT_TIME);
    accounted(&outcome);
    delivered_to(&outcome, 10);
    server.finish();
}

#[test]
fn a_chat_of_fastapi_reaches_each_member_once() {
    let server = PYTHON.server("fastapi_chat", &[]);
    let outcome = run("chat", &server, &[WITHOUT_TIME, &[("9001/{{room}}", "9001/ws/{{room}}")]].concat());
    accounted(&outcome);
    delivered_to(&outcome, 10);
    server.finish();
}

/// On a busy machine, time is no reason to fail.
const WITHOUT_TIME: &[(&str, &str)] = &[(r#", "last.p99<500ms""#, "")];

#[test]
fn a_chat_that_sends_in_turn_is_late_at_its_last_member() {
    let server = PYTHON.server("chat", &["0.02"]);
    let slow: &[_] = &[
        ("rate = 2", "rate = 1"),
        ("clients = 100", "clients = 20"),
        ("room_size = 10", "room_size = 10\npublishers = 1"),
    ];
    let outcome = run("chat", &server, &[WITHOUT_TIME, slow].concat());
    accounted(&outcome);
    delivered_to(&outcome, 10);
    // Before each of ten members it waits 20 ms. The sender is one of them, at any place, and its
    // copy is left out: the last is the ninth or the tenth, and the first is one of the first two.
    let latency = &outcome.0.total.latency;
    let (first, last) = (latency.first.min(), latency.last.min());
    assert!(first >= 19_000_000 && last >= 175_000_000 && last - first >= 100_000_000, "{first} ns, {last} ns");
    server.finish();
}

#[test]
fn nchan_brings_each_message_to_all_subscribers() {
    let server = NCHAN.server("serve", &[]);
    let outcome = run("nchan", &server, &[]);
    accounted(&outcome);
    delivered_to(&outcome, 100);
    server.finish();
}
