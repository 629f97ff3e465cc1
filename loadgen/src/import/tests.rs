use std::fmt::Write;

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::plan::keys::PlanFile;

const SOCKET_IO: &str = include_str!("recordings/socketio.har");
const CHROME: &str = include_str!("recordings/chrome.har");
const FIREFOX: &str = include_str!("recordings/firefox.har");

fn import(har: &str, entry: Option<usize>) -> Result<Imported, ImportError> {
    Import { file: "page.har", data: "plan.csv", entry }.read(har.as_bytes())
}

/// A plan that was made of `har`. It is a plan, and what was secret is not in it.
#[track_caller]
fn imported(har: &str, entry: Option<usize>) -> Imported {
    let imported = import(har, entry).unwrap_or_else(|error| panic!("{error}"));
    let parsed = PlanFile::parse("plan.toml", imported.plan.clone());
    parsed.unwrap_or_else(|error| panic!("{error}: {}", imported.plan));
    let texts = [&imported.plan, imported.data.as_ref().unwrap_or(&imported.plan), &imported.notes.join("\n")];
    assert!(!texts.iter().any(|text| text.contains("canary")), "{imported:#?}");
    imported
}

#[track_caller]
fn refused(har: &str, entry: Option<usize>, expected: &str) {
    let error = import(har, entry).expect_err("refused").to_string();
    assert!(error.contains(expected), "{error}");
    assert!(!error.contains("canary"), "{error}");
}

/// A recording of one connection, with messages as `>` or `<` and a text, a second apart.
fn recording(messages: &[(char, &str)]) -> String {
    let messages: Vec<_> = (0_u32..)
        .zip(messages)
        .map(|(at, (direction, data))| {
            let kind = if *direction == '>' { "send" } else { "receive" };
            serde_json::json!({ "type": kind, "time": 1.7e9 + f64::from(at), "opcode": 1, "data": data })
        })
        .collect();
    let request = serde_json::json!({ "url": "wss://shop.example/live", "headers": [] });
    serde_json::json!({ "log": { "entries": [{ "request": request, "_webSocketMessages": messages }] } }).to_string()
}

/// The lines of a plan that are no comments.
fn lines(plan: &str) -> Vec<&str> {
    plan.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn a_page_with_socket_io_becomes_a_plan() {
    // Recorded with Chromium 146 by Playwright 1.65.1, which writes times in milliseconds.
    insta::assert_snapshot!(imported(SOCKET_IO, None).plan);
}

#[test]
fn each_connection_of_a_recording_becomes_a_group() {
    let Imported { plan, data, notes } = imported(CHROME, None);
    insta::assert_snapshot!(format!("{plan}\n== data\n{}\n== notes\n{}", data.unwrap(), notes.join("\n")));
}

#[test]
fn one_connection_is_taken_by_its_number() {
    let plan = imported(CHROME, Some(2)).plan;
    assert!(plan.contains("target = \"wss://shop.example/live/blobs\"") && !plan.contains("[[group]]"), "{plan}");
    assert!(plan.contains("message_hex = [\n    # 0.20 s\n    \"0a03616263\""), "{plan}");
    refused(CHROME, Some(4), "there is no connection 4: the file has 3; take --entry 1 to 3");
    refused(CHROME, Some(3), "connection 3 has no messages");
}

#[test]
fn a_proxy_writes_the_scheme_of_the_request() {
    let plan = imported(&recording(&[('>', "a"), ('<', "b")]).replace("wss://", "https://"), None).plan;
    assert!(plan.contains("target = \"wss://shop.example/live\""), "{plan}");
}

#[test]
fn what_the_recording_tells_of_replies_is_expected() {
    for (messages, expected) in [
        (vec![('>', "a"), ('<', "a"), ('>', "b"), ('<', "b")], "expect = \"echo\""),
        (vec![('>', "a"), ('<', "x"), ('>', "b"), ('<', "y")], "expect = \"count\""),
        (
            vec![('>', r#"{"n":1}"#), ('<', r#"{"re":{"n":1}}"#), ('>', r#"{"n":2}"#), ('<', r#"{"re":{"n":2}}"#)],
            "expect = \"id=/re/n\"",
        ),
        // Phoenix: reference, topic and event in a list.
        (
            vec![
                ('>', r#"["1","7","room","say",{}]"#),
                ('<', r#"["1","7","room","ok",{}]"#),
                ('>', r#"["1","8","room","say",{}]"#),
                ('<', r#"["1","8","room","ok",{}]"#),
            ],
            "expect = \"id=/1\"",
        ),
    ] {
        let plan = imported(&recording(&messages), None).plan;
        assert!(plan.contains(expected), "{plan}");
    }
}

#[test]
fn who_says_nothing_after_joining_listens() {
    let messages = [
        ('>', r#"{"type":"subscribe"}"#),
        ('<', r#"{"type":"ok"}"#),
        ('<', r#"{"type":"tick"}"#),
        ('<', r#"{"type":"tick"}"#),
    ];
    let plan = imported(&recording(&messages), None).plan;
    assert_eq!(
        lines(&plan),
        [
            "target = \"wss://shop.example/live\"",
            "clients = 1",
            "rate = 0",
            "on_open = [",
            r#"{ send = '{"type":"subscribe"}', expect = '"type"\s*:\s*"ok"' },"#,
            "]",
            "ignore = [",
            r#"'"type"\s*:\s*"tick"',"#,
            "]",
        ]
    );
}

#[test]
fn a_file_of_another_kind_is_refused_with_its_place() {
    refused(FIREFOX, None, "its 1 WebSocket connections have no messages; Firefox saves none");
    refused(&CHROME[..CHROME.len() / 2], None, "it ends in the middle");
    refused("GET / HTTP/1.1", None, "page.har:1:1: it is no JSON");
    refused(r#"{"a":"canary"}"#, None, "no HAR file: it has no `log`");
    refused("[\"canary\"]", None, "page.har:1:1: it is no HAR file: expected an object with `log` here");
    refused(r#"{"log":{"entries":[{"request":{"url":{"canary":1}}}]}}"#, None, "expected a string here");
    refused(r#"{"log":{"entries":[{"request":{"url":"https://h/"}}]}}"#, None, "none of its 1 entries");
    refused("", None, "it ends in the middle");
    let attached = r#"{"log":{"entries":[{"request":{"url":"ws://h"},"response":{"content":{"_file":"a.jsonl"}}}]}}"#;
    refused(attached, None, "content: 'embed'");
}

#[test]
fn a_file_with_a_byte_order_mark_is_read() {
    imported(&format!("\u{feff}{}", recording(&[('>', "a")])), None);
}

#[test]
fn many_connections_need_a_choice() {
    let one = r#"{"request":{"url":"ws://h"},"_webSocketMessages":[{"type":"send","time":1,"opcode":1,"data":"a"}]}"#;
    let har = |count: usize| format!(r#"{{"log":{{"entries":[{}]}}}}"#, vec![one; count].join(","));
    imported(&har(20), None);
    refused(&har(21), None, "name one with --entry, from 1 to 21");
    imported(&har(21), Some(21));
}

#[test]
fn a_long_recording_is_read_up_to_a_bound() {
    let mut messages = String::new();
    for n in 0..60_000 {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(messages, r#"{comma}{{"type":"send","time":{n},"opcode":1,"data":"m{}"}}"#, n % 500);
    }
    let har =
        format!(r#"{{"log":{{"entries":[{{"request":{{"url":"ws://h"}},"_webSocketMessages":[{messages}]}}]}}}}"#);
    let Imported { plan, notes, .. } = imported(&har, None);
    assert!(plan.len() < 1 << 20 && plan.matches("    \"m").count() == 100, "{plan}");
    assert!(notes.iter().any(|note| note.contains("the last 10000 messages were not looked at")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("400 of 500 different messages were left out")), "{notes:?}");
}

#[test]
fn a_recording_without_two_messages_alike_is_read_soon() {
    let message = |n: usize| {
        let (kind, name) = if n.is_multiple_of(2) { ("send", "ask") } else { ("receive", "tell") };
        format!(r#"{{"type":"{kind}","time":1,"opcode":1,"data":"{{\"type\":\"{name}-{n}\",\"a{n}\":{n}}}"}}"#)
    };
    let messages: Vec<_> = (0..20_000).map(message).collect();
    let list = messages.join(",");
    let har = format!(r#"{{"log":{{"entries":[{{"request":{{"url":"ws://h"}},"_webSocketMessages":[{list}]}}]}}}}"#);
    // Anything that grows with the square of their number would take minutes.
    assert!(imported(&har, None).plan.len() < 1 << 20);
}

proptest! {
    /// Whatever passed, the plan can be read, and has no value of a header field.
    #[test]
    fn any_recording_becomes_a_plan(
        messages in vec((select(&['>', '<'][..]), vec(select(&PIECES[..]), 0..4)), 1..12),
    ) {
        let texts: Vec<_> = messages.iter().map(|(direction, pieces)| (*direction, pieces.concat())).collect();
        let messages: Vec<_> = texts.iter().map(|(direction, text)| (*direction, text.as_str())).collect();
        let field = r#"[{"name":"Authorization","value":"canary"}]"#;
        imported(&recording(&messages).replace("\"headers\":[]", &format!("\"headers\":{field}")), None);
    }
}

const PIECES: [&str; 16] = [
    "2",
    "3",
    "ping",
    "pong",
    "@",
    "{{",
    "}}",
    "canary",
    "'",
    "\"",
    "\\",
    "\n\0",
    "\u{202e}",
    r#"{"type":"a","id":1}"#,
    r#"{"id":"canary","token":"x"}"#,
    "42[\"say\",1]",
];
