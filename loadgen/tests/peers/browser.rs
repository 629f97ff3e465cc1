//! The page that the reference server serves, in a headless Chromium: buttons are pressed, and what
//! is shown is read.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};
use server::{FaultKind, Faults, Options, Reply};

use crate::rig::{Process, Reference, installed};

/// More than the script waits for.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);

/// What the page shows after each job, in their order.
fn click(jobs: &[Value]) -> Vec<Value> {
    let folder = installed("browser", "node_modules/playwright-core");
    let mut command = Command::new("node");
    command.arg(folder.join("click.mjs")).arg(Value::from(jobs).to_string());
    let outcome = Process::start(&mut command).wait(LIMIT);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{:?}", outcome.lines);
    let pages: Vec<Value> = serde_json::from_str(&outcome.lines.concat()).expect("JSON");
    for page in &pages {
        assert_eq!(page["complaints"], json!([]), "console: {page}");
        assert_eq!(page["sockets"], 1, "one WebSocket a press: {page}");
        assert_eq!(page["busy"], false, "{page}");
        assert_eq!(page["injected"], 0, "text of the server made elements: {page}");
        for width in ["360", "1280"] {
            let wider = page["wider"][width].as_i64().expect("a number");
            assert!(wider <= 0, "{wider} pixels must be scrolled to the side at a width of {width}");
        }
    }
    pages
}

fn burst(server: &Reference, count: u64, kind: &str) -> Value {
    json!({
        "url": format!("http://{}/", server.address()),
        "press": ["send-burst"],
        "fields": { "count": count.to_string(), "kind": kind },
    })
}

fn five(server: &Reference) -> Value {
    json!({ "url": format!("http://{}/?five", server.address()), "press": ["send-five"] })
}

/// A count as the page writes it.
fn shown(page: &Value, id: &str) -> u64 {
    let text = page[id].as_str().unwrap_or_else(|| panic!("{id}: {page}"));
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("{id} is {text}: {page}"))
}

/// Nothing is shown but that each of `count` messages came back as it must.
fn passed(page: &Value, count: u64) {
    assert_eq!(page["judged"], "pass", "{page}");
    for id in ["sent", "received", "matched"] {
        assert_eq!(shown(page, id), count, "{id}: {page}");
    }
    for id in ["lost", "undetermined", "duplicated"] {
        assert_eq!(shown(page, id), 0, "{id}: {page}");
    }
    assert_eq!((&page["findings"], &page["dots"], &page["strokes"]), (&json!([]), &json!(count), &json!(0)), "{page}");
    let time = |id: &str| page[id].as_str().and_then(|text| text.strip_suffix(" ms")?.parse::<f64>().ok());
    let times =
        ["rtt-min", "rtt-p50", "rtt-p99", "rtt-max"].map(|id| time(id).unwrap_or_else(|| panic!("{id}: {page}")));
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn a_burst_comes_back_message_by_message() {
    let server = Reference::start(Reply::Echo);
    let bursts = [(1000, "mixed"), (1, "text"), (2000, "binary"), (500, "text")];
    let pages = click(&bursts.map(|(count, kind)| burst(&server, count, kind)));
    for (page, (count, _)) in pages.iter().zip(bursts) {
        passed(page, count);
        for id in ["out-of-order", "damaged", "wrong-type"] {
            assert_eq!(shown(page, id), 0, "{id}: {page}");
        }
    }
    assert_eq!(server.finish().messages, 3501);
}

#[test]
fn five_messages_are_five_events_in_order() {
    let server = Reference::start(Reply::Echo);
    let page = &click(&[five(&server)])[0];
    passed(page, 5);
    let zeros = ["00"; 10].join(" ");
    assert_eq!(
        page["events"],
        json!([
            ["1", "text", "11", "\"HelloWorld1\"", "as sent"],
            ["2", "text", "11", "\"HelloWorld2\"", "as sent"],
            ["3", "text", "11", "\"HelloWorld3\"", "as sent"],
            ["4", "text", "11", "\"HelloWorld4\"", "as sent"],
            ["5", "binary", "10", zeros, "as sent"],
        ])
    );
    assert_eq!(server.finish().messages, 5);
}

#[test]
fn fixed_replies_are_counted() {
    let server = Reference::start(Reply::Text(r#"{"a":1,"b":2}"#.to_owned()));
    let pages = click(&[burst(&server, 300, "mixed"), five(&server)]);
    for (page, count) in pages.iter().zip([300, 5]) {
        passed(page, count);
        assert!(page["verdict"].as_str().expect("words").contains("not judged"), "{page}");
        assert_eq!(page["out-of-order"], "–", "{page}");
    }
    assert_eq!(pages[1]["events"][4], json!(["5", "text", "13", r#""{\"a\":1,\"b\":2}""#, "one a send"]));
    server.finish();
}

#[test]
fn two_presses_at_once_are_one_burst() {
    let server = Reference::start(Reply::Echo);
    let job = json!({
        "url": format!("http://{}/", server.address()),
        "press": ["send-burst", "send-burst", "send-five"],
        "fields": { "count": "100" },
    });
    passed(&click(&[job])[0], 100);
    assert_eq!(server.finish().messages, 100);
}

#[test]
fn what_the_server_breaks_is_shown() {
    let kinds = [
        (FaultKind::Drop, "lost"),
        (FaultKind::Duplicate, "duplicated"),
        (FaultKind::Reorder, "out-of-order"),
        (FaultKind::Coalesce, "damaged"),
        (FaultKind::Split, "damaged"),
        (FaultKind::Truncate, "damaged"),
        (FaultKind::Corrupt, "damaged"),
        (FaultKind::WrongType, "wrong-type"),
        (FaultKind::Unexpected, "damaged"),
        (FaultKind::Die, "undetermined"),
        (FaultKind::Close, "undetermined"),
    ];
    let servers = kinds.map(|(kind, _)| {
        let faults = Faults::new([(kind, 0.05)]).expect("a chance");
        Reference::start_with(Options { faults, seed: 3, ..Options::default() })
    });
    let jobs: Vec<_> = servers.iter().map(|server| burst(server, 400, "text")).collect();
    for ((page, server), (kind, shown_at)) in click(&jobs).iter().zip(servers).zip(kinds) {
        let done = server.finish().faults.len() as u64;
        assert!(done > 0, "{kind}");
        assert_eq!((&page["judged"], page["verdict"].as_str().map(|text| &text[..5])), (&json!("fail"), Some("Fail:")));
        let count = shown(page, shown_at);
        match kind {
            FaultKind::Split => assert_eq!(count, 2 * done, "{kind}: {page}"),
            // All that was in flight.
            FaultKind::Die | FaultKind::Close => assert!(count > 0, "{kind}: {page}"),
            _ => assert_eq!(count, done, "{kind}: {page}"),
        }
        if kind == FaultKind::Close {
            let words = page["verdict"].as_str().expect("words");
            assert!(words.contains("code 1011") && words.contains("<script>"), "{words}");
            assert!(!words.contains(|c: char| c.is_control() || c == '\u{202e}'), "{words:?}");
        }
    }
}
