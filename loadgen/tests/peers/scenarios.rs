//! What is asked of the peers of every language.

use std::collections::BTreeSet;

use reports::{
    Report, Verdict,
    model::{Anomalies, Counts},
};
use serde_json::{Value, json};
use server::{Reply, Stats};

use crate::rig::{Language, Reference, complete, loadgen};

const REPLY: &str = r#"{"a":1,"b":2}"#;
const EXPECT_REPLY: &str = r#"reply={"a":1,"b":2}"#;

/// 10 000 messages a second, and time for a slow peer to answer them.
const LOAD: &[&str] = &["-c", "200", "-r", "50", "-d", "2s", "--warmup", "500ms", "--drain", "30s"];
const CLIENTS: usize = 200;

/// An echo server of a few lines brings every message back.
pub(crate) fn echo(language: &Language) {
    let server = language.server("echo", &[]);
    let (report, judgement) = loadgen(&server.url, LOAD);
    complete(&report, &judgement);
    server.finish();
}

/// Each send brings one event with the reply in it, and the server saw what was sent.
pub(crate) fn fixed_reply(language: &Language) {
    answered(language, EXPECT_REPLY);
}

/// Each send brings one event, and the generator only counts them.
pub(crate) fn counted(language: &Language) {
    answered(language, "count");
}

fn answered(language: &Language, expect: &str) {
    let server = language.server("reply", &[]);
    let (report, judgement) = loadgen(&server.url, &[LOAD, &["--expect", expect]].concat());
    complete(&report, &judgement);
    logged(&server.finish(), &report);
}

/// The log of a server has what the generator says it did, and nothing else.
fn logged(log: &[Value], report: &Report) {
    let events = |name: &str| log.iter().filter(move |entry| entry["event"] == name).collect::<Vec<_>>();
    assert_eq!(events("error"), [] as [&Value; 0]);

    let connections = events("connection");
    let remotes: BTreeSet<_> = connections.iter().map(|entry| entry["remote"].as_str().expect("an address")).collect();
    assert_eq!((connections.len(), remotes.len()), (CLIENTS, CLIENTS), "each has a port of its own");
    for connection in connections {
        let headers = &connection["headers"];
        assert_eq!(headers["upgrade"], "websocket", "{headers}");
        assert_eq!(headers["sec-websocket-version"], "13", "{headers}");
        assert_eq!(headers["sec-websocket-extensions"], Value::Null, "{headers}");
    }

    let messages = events("message");
    let sent = report.total.measured.counts.sent + report.total.warmup.counts.sent;
    assert_eq!(messages.len() as u64, sent);
    assert!(messages.iter().all(|message| message["bytes"] == 64), "of the default size");
    let texts = messages.iter().filter(|message| message["type"] == "text").count() as u64;
    // They alternate, so a client sends as many texts as binary messages or one more.
    assert!((sent..=sent + CLIENTS as u64).contains(&(2 * texts)), "{texts} texts of {sent} messages");

    let closes = events("close");
    assert!(closes.iter().all(|close| close["code"] == 1000), "{closes:?}");
    let ended: BTreeSet<_> = closes.iter().map(|entry| entry["remote"].as_str().expect("an address")).collect();
    assert_eq!((closes.len(), ended), (CLIENTS, remotes), "each was closed once");
}

/// The closed model drops nothing on the slowest machine, so what a server does to every tenth
/// message can be counted.
const EXACT: &[&str] = &["-c", "10", "-w", "20", "--expect", EXPECT_REPLY];

/// A server that answers every tenth message of 95 twice.
pub(crate) fn answers_twice(language: &Language) {
    let (counts, anomalies) = violated(language, "reply", &["twice"], &[EXACT, &["-n", "95"]].concat());
    assert_eq!(anomalies, Anomalies { unexpected: 90, ..Anomalies::default() });
    assert_eq!(counts, Counts { matched: 950, events: 1040, ..of(950) });
}

/// A server that answers every tenth message of 100 not at all.
pub(crate) fn forgets_to_answer(language: &Language) {
    let (counts, anomalies) =
        violated(language, "reply", &["never"], &[EXACT, &["-n", "100", "--drain", "30s"]].concat());
    assert_eq!(anomalies, Anomalies::default());
    assert_eq!(counts, Counts { matched: 900, lost: 100, events: 900, ..of(1000) });
}

/// A server that answers every tenth message of 99 together with the next.
pub(crate) fn merges_answers(language: &Language) {
    let (counts, anomalies) = violated(language, "reply", &["merged"], &[EXACT, &["-n", "99"]].concat());
    assert_eq!(anomalies, Anomalies { coalesced: 90, ..Anomalies::default() });
    assert_eq!(counts, Counts { matched: 810, damaged: 180, events: 900, ..of(990) });
}

/// An echo server that is wrong in four ways, each twice in 80 messages.
pub(crate) fn breaks_echoes(language: &Language) {
    let arguments = ["-c", "10", "-w", "20", "-n", "80", "--payload", "text", "--drain", "30s"];
    let (counts, anomalies) = violated(language, "rogue", &[], &arguments);
    assert_eq!(anomalies, Anomalies { duplicated: 20, coalesced: 20, wrong_type: 20, ..Anomalies::default() });
    assert_eq!(counts, Counts { matched: 720, lost: 20, damaged: 60, events: 780, ..of(800) });
}

/// Counts of a run that sent all of its messages.
fn of(messages: u64) -> Counts {
    Counts { scheduled: messages, sent: messages, ..Counts::default() }
}

/// What a run found against a server that breaks delivery.
fn violated(language: &Language, program: &str, fault: &[&str], arguments: &[&str]) -> (Counts, Anomalies) {
    let server = language.server(program, fault);
    let (report, judgement) = loadgen(&server.url, arguments);
    assert_eq!((judgement.verdict, judgement.verdict.exit_code()), (Verdict::Delivery, 4), "{judgement:?}");
    server.finish();
    (report.total.measured.counts, report.total.measured.anomalies)
}

/// A client that sends four texts and ten zero bytes at once gets them back one by one.
pub(crate) fn client_gets_echoes(language: &Language) {
    let binary = json!({ "event": "message", "type": "binary", "data": "00".repeat(10) });
    let texts = ["HelloWorld1", "HelloWorld2", "HelloWorld3", "HelloWorld4"].map(text);
    client(language, Reply::Echo, &[&texts[..], &[binary]].concat());
}

/// A client that sends four texts and ten zero bytes gets five replies from a server with a fixed
/// reply.
pub(crate) fn client_gets_replies(language: &Language) {
    client(language, Reply::Text(REPLY.to_owned()), &vec![text(REPLY); 5]);
}

fn text(data: &str) -> Value {
    json!({ "event": "message", "type": "text", "data": data })
}

fn client(language: &Language, reply: Reply, messages: &[Value]) {
    let server = Reference::start(reply);
    let seen = language.client(&server);
    // The pong comes after all that the server had to say to the messages before the ping.
    let end = [json!({ "event": "pong" }), json!({ "event": "close", "code": 1000 })];
    assert_eq!(seen, [&[json!({ "event": "open" })], messages, &end].concat());
    assert_eq!(server.finish(), Stats { accepted: 1, messages: 5, ..Stats::default() });
}
