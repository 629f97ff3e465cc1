//! `--expect mark`.

use loadgen::{
    ledger::{Finding, Ledger, MessageEvent, Subject},
    message::MessageKind,
    plan::Order,
};

use super::rig::{Counts, Row, TIMES, check_rows, event, expecting, play};

const SCENARIOS: &[Row<'_>] = &[
    ("alone", 2, &["<0>", "<1>"], "matched=2"),
    ("in JSON", 2, &[r#"{"text":"<0>"}"#, r#"{"text":"<1>"}"#], "matched=2"),
    ("in another field", 2, &[r#"{"text":"<0>"}"#, r#"{"a":{"b":["<1>"]},"n":1}"#], "matched=2"),
    ("with other white space and keys", 1, &["{ \"x\" : 1,\n \"text\" : \"<0>\" }"], "matched=1"),
    ("with escapes", 2, &[r#"{"text":"<0u>"}"#, r#"{"a":"\"\\","text":"<1u>"}"#], "matched=2"),
    ("twice in one event", 1, &[r#"{"text":"<0>","html":"*<0>*"}"#], "matched=1"),
    ("twice, once with escapes", 1, &[r#"{"text":"<0>","raw":"<0u>"}"#], "matched=1"),
    ("beside a preview of it", 1, &[r#"{"preview":"<0[..20]>...","text":"<0>"}"#], "matched=1"),
    ("beside a mark of another run", 1, &["<0> <r:7>"], "matched=1"),
    ("no JSON", 1, &["=== <0> ==="], "matched=1"),
    ("one lost", 3, &["<0>", "<2>"], "lost=1 matched=2"),
    ("doubled", 2, &["<0>", "<0>", "<1>"], "duplicated=1 matched=2"),
    ("one late", 4, &["<1>", "<2>", "<3>", "<0>"], "matched=4 reordered=1"),
    ("of another client", 1, &["<c1:0>", "<0>"], "matched=1 misrouted=1"),
    ("of a client that is not", 1, &["<c9:0>", "<0>"], "matched=1 unexpected=1"),
    ("of another run", 1, &["<r:0>", "<0>"], "matched=1 unexpected=1"),
    ("never sent", 1, &["<1>", "<0>"], "matched=1 unexpected=1"),
    ("nothing of ours", 1, &["hello", "<0>"], "matched=1 unexpected=1"),
    ("empty", 1, &["", "<0>"], "matched=1 unexpected=1"),
    ("two in one event", 3, &["<0><1>", "<2>"], "coalesced=1 damaged=2 matched=1"),
    ("two texts in one event", 2, &[r#"{"a":"<0>"}{"a":"<1>"}"#], "coalesced=1 damaged=2"),
    ("one and one of another client", 1, &["<0><c1:0>"], "coalesced=1 damaged=1"),
    ("two, one of them not in flight", 2, &["<0>", "<0><1>"], "coalesced=1 damaged=1 matched=1"),
    ("cut behind its sequence", 2, &[r#"{"text":"<0[..43]>"}"#, "<1>"], "corrupted=1 damaged=1 matched=1"),
    ("cut behind its checksum", 2, &[r#"{"text":"<1[..13]>"}"#, "<0>"], "corrupted=1 damaged=1 matched=1"),
    ("cut in its checksum", 2, &[r#"{"text":"<0[..11]>"}"#, "<1>"], "lost=1 matched=1 unexpected=1"),
    ("cut to its magic", 1, &["<0[..4]>"], "lost=1 unexpected=1"),
    ("cut, and had come", 1, &["<0>", "<0[..43]>"], "matched=1 unexpected=1"),
    ("cut, of another client", 1, &["<c1:0[..43]>", "<0>"], "matched=1 unexpected=1"),
    ("a bit of its checksum", 2, &["<0~5>", "<1>"], "corrupted=1 damaged=1 matched=1"),
    ("a bit of its run", 2, &["<0~14>", "<1>"], "corrupted=1 damaged=1 matched=1"),
    ("a bit of its client", 2, &["<0~29>", "<1>"], "corrupted=1 damaged=1 matched=1"),
    // It claims to be message 1, which is in flight as well.
    ("a bit of its sequence", 2, &["<0~42>", "<1>"], "corrupted=1 damaged=1 matched=1"),
    ("a bit of its length", 2, &["<0~51>", "<1>"], "corrupted=1 damaged=1 matched=1"),
    ("a bit of a colon", 2, &["<0~30>", "<1>"], "corrupted=1 damaged=1 matched=1"),
    ("a bit of its magic", 2, &["<0~0>", "<1>"], "lost=1 matched=1 unexpected=1"),
];

#[test]
fn scenarios() {
    check_rows(&expecting("mark"), SCENARIOS);
}

#[test]
fn several_in_an_event_are_lawful_where_the_server_batches() {
    check_rows(
        &expecting("mark").with_batched(true),
        &[
            ("two", 3, &["<0><1>", "<2>"], "matched=3"),
            ("in an array", 3, &[r#"["<0>", "<1>","<2>"]"#], "matched=3"),
            ("out of order", 3, &["<2><0><1>"], "matched=3 reordered=1"),
            ("one had come", 2, &["<0>", "<0><1>"], "duplicated=1 matched=2"),
            ("one of another client", 1, &["<0><c1:4>"], "matched=1 misrouted=1"),
            ("one twice", 2, &["<0><1><0>"], "matched=2"),
        ],
    );
}

#[test]
fn replies_may_overtake_each_other_where_the_plan_says_so() {
    check_rows(&expecting("mark").with_order(Order::Any), &[("swapped", 3, &["<2>", "<1>", "<0>"], "matched=3")]);
}

#[test]
fn a_finding_names_its_message() {
    let known = |sequence| Subject { sequence: Some(sequence), times: Some(TIMES) };
    let gone = |sequence| Subject { sequence: Some(sequence), times: None };
    for (text, finding, subject) in [
        ("<1~42>", Finding::Corrupted, known(1)),
        ("<1[..43]>", Finding::Corrupted, known(1)),
        ("<2><1>", Finding::Coalesced, known(2)),
        ("<c2:1>", Finding::Misrouted { owner: 2 }, gone(1)),
        ("<9>", Finding::Unexpected, gone(9)),
        ("x", Finding::Unexpected, Subject::default()),
    ] {
        assert_eq!(play(&expecting("mark"), 3, &[event(text)]).found, [(finding, subject)], "{text}");
    }
}

#[test]
fn a_message_that_was_dropped_is_unexpected() {
    let (mut ledger, mut counts, expectation) = (Ledger::new(0), Counts::default(), expecting("mark"));
    ledger.sent(TIMES);
    ledger.skip(2);
    ledger.sent(TIMES);
    for text in ["<0>", "<1>", "<3>"].map(event) {
        ledger.received(&expectation, MessageEvent { kind: MessageKind::Text, bytes: text.as_bytes() }, &mut counts);
    }
    assert_eq!(counts.nonzero(), "matched=2 unexpected=1");
}

#[test]
fn a_long_reply_takes_time_in_proportion() {
    let around = "lg1:\\u006c ".repeat(300_000);
    let counts = play(&expecting("mark"), 2, &[event("<0>") + &around, around.clone() + &event("<1u>"), around]);
    assert_eq!(counts.nonzero(), "matched=2 unexpected=1");
}
