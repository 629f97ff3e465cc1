use super::*;
use crate::model::{
    EvidenceKind::{Corrupted, Unexpected, WrongType},
    Report, sample,
};

const MESSAGE: &str = "lg1:0a1b2c3d:00000001:00000000:000000000000:00000040:abcdefghijk";

/// A run of ten messages with `matched` good replies and these other events: kind, sequence,
/// received.
fn run(expect: &str, matched: u64, odd: &[(EvidenceKind, Option<u64>, &str)]) -> Report {
    let mut report = sample::pass();
    report.plan.groups[0].expect = expect.parse().unwrap();
    report.plan.groups[0].messages =
        MessagesRecord::Generated { size_bytes: 64, sizes: None, payload: PayloadKind::Mixed };
    report.total.connections.opened = 2;
    report.total.warmup = Tally::default();
    report.total.measured = Tally::default();
    let counts = &mut report.total.measured.counts;
    (counts.scheduled, counts.sent, counts.matched) = (10, 10, matched);
    counts.events = matched + odd.len() as u64;
    let anomalies = &mut report.total.measured.anomalies;
    let of = |kind: EvidenceKind| odd.iter().filter(|(other, ..)| *other == kind).count() as u64;
    (anomalies.unexpected, anomalies.wrong_type, anomalies.corrupted) = (of(Unexpected), of(WrongType), of(Corrupted));
    report.total.measured.counts.damaged = of(Corrupted) + of(WrongType);
    report.total.measured.counts.lost = 10 - matched - report.total.measured.counts.damaged;
    report.total.evidence = odd
        .iter()
        .map(|&(kind, sequence, received)| Evidence {
            kind,
            sequence,
            received: Some(received.to_owned()),
            received_bytes: Some(received.len() as u64),
            ..Evidence::default()
        })
        .collect();
    report
}

#[track_caller]
fn hints(report: &Report, part: &str) {
    let hint = likeliest(&report.plan.groups[0], &report.total).unwrap_or_default();
    assert!(hint.contains(part), "{part:?} is missing in: {hint:?}");
    assert!(!hint.contains('\n'), "one line");
}

#[test]
fn messages_of_another_kind() {
    let wrong = |sequence| (WrongType, Some(sequence), MESSAGE);
    hints(&run("echo", 8, &[wrong(1), wrong(3)]), "2 whole binary messages came back as text");
    hints(&run("echo", 8, &[wrong(0), wrong(2)]), "2 whole text messages came back as binary");
    hints(&run("echo", 7, &[wrong(0), wrong(1), wrong(2)]), "text as binary and binary as text");
}

#[test]
fn messages_of_another_shape() {
    for (received, part) in [
        (format!("{{\"echo\":\"{MESSAGE}"), "inside other text (`{\"echo\":\"lg1:"),
        (format!("you said: {MESSAGE}"), "inside other text"),
        ("b'lg1\\x00...".to_owned(), "inside other text"),
        (MESSAGE.to_ascii_uppercase(), "in other letters"),
        ("bGcxAAoLDA0=".to_owned(), "as base64"),
        ("6c6731000a0b".to_owned(), "as hexadecimal digits"),
        ("{\"type\":\"Buffer\",\"data\":[108,103,49,0,1]}".to_owned(), "as a list of numbers"),
        ("[object Blob]".to_owned(), "an object of JavaScript"),
        (format!("{MESSAGE}\\x0a"), "with 4 bytes more behind it"),
    ] {
        for matched in [0, 5] {
            hints(&run("echo", matched, &[(Unexpected, None, &received), (Corrupted, None, &received)]), part);
        }
    }
}

#[test]
fn text_before_a_header_is_no_other_shape() {
    let longer = |lead: &str| format!("{lead}{MESSAGE}\\x0a");
    let events = [longer(""), longer("\\x09 "), longer("\\u{3000}")];
    let mut report = run("echo", 0, &[(Unexpected, None, ""); 4]);
    for (evidence, received) in report.total.evidence.iter_mut().zip(&events) {
        (evidence.received, evidence.received_bytes) = (Some(received.clone()), Some(65));
    }
    let both = format!("{MESSAGE}\\x0a{MESSAGE}");
    report.total.evidence[3].kind = EvidenceKind::Coalesced;
    (report.total.evidence[3].received, report.total.evidence[3].received_bytes) = (Some(both), Some(130));
    hints(&report, "with 1 byte more behind it");
}

#[test]
fn replies_with_other_text() {
    let ok = vec![(Unexpected, None, "{\"ok\":true}"); 10];
    hints(&run("echo", 0, &ok), "--expect 'reply={\"ok\":true}'");
    hints(&run("reply=ok", 0, &ok), "--expect 'reply={\"ok\":true}'");
    hints(&run("echo", 0, &vec![(Unexpected, None, "it's"); 10]), "--expect 'reply=it'\\''s'");
    let others: Vec<_> = (0..10).map(|n| format!("reply {n}")).collect();
    let others: Vec<_> = others.iter().map(|text| (Unexpected, None, text.as_str())).collect();
    hints(&run("echo", 0, &others), "for each message, with other text (`reply 0`): test it with --expect count");
    hints(&run("echo", 0, &others[..4]), "say how with --expect count or --expect 'reply=TEXT'");
    let pushes = vec![(Unexpected, None, "tick"); 50];
    hints(&run("echo", 0, &pushes), "pushed 50 messages for 10 messages sent (`tick`)");
}

#[test]
fn messages_that_nobody_asked_for() {
    hints(
        &run("echo", 10, &[(Unexpected, None, "welcome"); 2]),
        "one message to each connection by itself (`welcome`)",
    );
    hints(&run("echo", 10, &[(Unexpected, None, "tick"); 13]), "pushed 13 messages that nobody asked for");
    hints(&run("count", 10, &[(Unexpected, None, "welcome"); 2]), "one message to each connection");
}

/// A run with templates of which some messages are lost, with their ids.
fn run_of_templates(expect: &str, odd: &[(EvidenceKind, Option<u64>, &str)], lost: &[&str]) -> Report {
    let mut report = run(expect, 0, odd);
    report.plan.groups[0].messages =
        MessagesRecord::Templates { templates: 1, largest_bytes: 80, fingerprint: String::new() };
    report.total.evidence.extend(lost.iter().map(|id| Evidence {
        kind: EvidenceKind::Lost,
        expected: Some((*id).to_owned()),
        ..Evidence::default()
    }));
    report
}

#[test]
fn replies_that_hold_a_mark_or_an_id_elsewhere() {
    let mark = "{\"text\":\"lg1:0a1b2c3d:00000001:00000000:000000000011:00000035:\"}";
    for expect in ["id=/id", "reply=x", "echo"] {
        let report = run_of_templates(expect, &[(Unexpected, None, mark)], &[]);
        hints(&report, "the reply holds the mark of message 17 (`{\"text\":");
        hints(&report, "--expect mark");
    }
    let other = |text| [(Unexpected, None, text)];
    let lost = ["21", "22"];
    hints(&run_of_templates("id=/id", &other(r#"{"result":{"a/b":"22"}}"#), &lost), "--expect id=/result/a~1b");
    hints(&run_of_templates("id=/id", &other(r#"{"n":7,"re":21}"#), &lost), "with the id at /re");
    for text in [r#"{"re":23}"#, r#"{"id":21"#, "[21]", "21"] {
        let report = run_of_templates("id=/id", &other(text), &lost);
        let hint = likeliest(&report.plan.groups[0], &report.total).unwrap_or_default();
        assert!(!hint.contains("id="), "{text}: {hint}");
    }
}

#[test]
fn replies_in_another_order() {
    let mut report = run("mark", 10, &[]);
    report.total.measured.anomalies.reordered = 3;
    hints(&report, "--order any");
    report.plan.groups[0].order = crate::model::Order::Any;
    assert_eq!(likeliest(&report.plan.groups[0], &report.total), None);
}

#[test]
fn nothing_at_all() {
    hints(&run("echo", 0, &[]), "nothing at all comes back");
    hints(&run("count", 0, &[]), "nothing at all comes back");
}

#[test]
fn what_is_no_matter_of_a_protocol_has_no_hint() {
    let changed = MESSAGE.replace("abc", "abd");
    let reports: [&dyn Fn() -> Report; 5] = [
        &|| run("echo", 10, &[]),
        &|| run("echo", 9, &[]),
        // Bytes that were changed on the way.
        &|| run("echo", 9, &[(Corrupted, Some(3), &changed)]),
        &|| run("echo", 8, &[(Corrupted, Some(3), MESSAGE), (Unexpected, None, "tick")]),
        &sample::pass,
    ];
    for report in reports {
        let report = report();
        assert_eq!(likeliest(&report.plan.groups[0], &report.total), None, "{:?}", report.total.evidence);
    }
}
