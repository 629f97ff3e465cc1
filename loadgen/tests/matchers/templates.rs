//! `--expect echo` of messages that were made of templates.

use std::sync::Arc;

use loadgen::{
    ledger::{Expectation, Finding, Ledger, MessageEvent, Subject},
    message::{MessageKind, Place, Source, Template, Templates, Values},
    plan::{Expect, Order},
};

use super::rig::{CLIENTS, Counts, RUN, TIMES, play};

pub(crate) fn echo_of(templates: &[&str]) -> Expectation {
    let values = Arc::new(Values::new(RUN, CLIENTS, 0, None));
    let bind = |text: &&str| {
        let template: Template = text.parse().expect("a template");
        values.bind(&template, Place::Message).expect("its names are known")
    };
    let source = Source::Templates(Templates::new(templates.iter().map(bind).collect()));
    Expectation::new(source, &Expect::Echo, CLIENTS)
}

/// Message `sequence` of `client`.
fn message(expectation: &Expectation, client: u32, sequence: u64) -> Vec<u8> {
    expectation.source.of(client).bytes(sequence)
}

/// An event: `3` is message 3, `3+4` two, `3[..5]` and `3[5..]` pieces, `3~7` with a bit of byte 7
/// flipped, `c1:3` of another client, anything else is itself.
pub(crate) fn event_of(expectation: &Expectation, text: &str) -> Vec<u8> {
    text.split('+').flat_map(|part| parse_part(expectation, part)).collect()
}

fn parse_part(expectation: &Expectation, text: &str) -> Vec<u8> {
    let (client, rest) = match text.split_once(':') {
        Some((client, rest)) => (client[1..].parse().expect("a client"), rest),
        None => (0, text),
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (sequence, change) = rest.split_at(digits);
    let Ok(sequence) = sequence.parse() else { return text.as_bytes().to_vec() };
    let mut bytes = message(expectation, client, sequence);
    if let Some(range) = change.strip_prefix('[').and_then(|change| change.strip_suffix(']')) {
        let (from, to) = range.split_once("..").expect("a range");
        bytes = bytes[from.parse().unwrap_or(0)..to.parse().unwrap_or(bytes.len())].to_vec();
    } else if let Some(at) = change.strip_prefix('~') {
        bytes[at.parse::<usize>().expect("an offset")] ^= 1;
    }
    bytes
}

fn check(templates: &[&str], rows: &[(&str, u64, &str, &str)]) {
    check_echo(&echo_of(templates), rows);
}

/// Plays each row: a name, how many messages were sent, the events in the notation of [`event_of`],
/// and the counts.
pub(crate) fn check_echo(expectation: &Expectation, rows: &[(&str, u64, &str, &str)]) {
    for (name, sent, came, expected) in rows {
        let events: Vec<_> = came.split_whitespace().map(|text| event_of(expectation, text)).collect();
        let counts = play(expectation, *sent, &events);
        assert_eq!(counts.nonzero(), *expected, "{name}: `{came}` came");
    }
}

#[test]
fn messages_that_differ_are_told_apart() {
    check(
        &[r#"{"id":{{id}},"text":"{{mark}}"}"#],
        &[
            ("in order", 3, "0 1 2", "matched=3"),
            ("one lost", 3, "0 2", "lost=1 matched=2"),
            ("one late", 3, "1 2 0", "matched=3 reordered=1"),
            ("doubled", 2, "0 0 1", "duplicated=1 matched=2"),
            ("two in one event", 3, "0+1 2", "coalesced=1 damaged=2 matched=1"),
            ("one in two events", 2, "0[..30] 0[30..] 1", "damaged=1 matched=1 split=2"),
            ("truncated", 2, "0[..30] 1", "damaged=1 matched=1 truncated=1"),
            ("a whole one and a piece", 2, "0+1[..30]", "coalesced=1 damaged=2"),
            ("a bit", 2, "0~3 1", "corrupted=1 damaged=1 matched=1"),
            ("of another client", 1, "c1:0 0", "matched=1 misrouted=1"),
            ("never sent", 1, "1 0", "matched=1 unexpected=1"),
            ("foreign", 1, "hello 0", "matched=1 unexpected=1"),
        ],
    );
}

#[test]
fn of_equal_messages_the_oldest_counts() {
    check(
        &["ping"],
        &[
            ("in order", 3, "ping ping ping", "matched=3"),
            ("one lost", 3, "ping ping", "lost=1 matched=2"),
            ("a surplus", 1, "ping ping", "duplicated=1 matched=1"),
            ("two in one event", 3, "pingping ping", "coalesced=1 damaged=2 matched=1"),
            ("changed", 2, "pinh ping", "corrupted=1 damaged=1 matched=1"),
            ("foreign", 1, "no ping", "matched=1 unexpected=1"),
        ],
    );
    check(&["a", "bb"], &[("in turn", 4, "a bb a bb", "matched=4"), ("swapped", 2, "bb a", "matched=2 reordered=1")]);
}

#[test]
fn an_empty_event_is_the_echo_of_an_empty_message() {
    let empty: [&[u8]; 1] = [b""];
    assert_eq!(play(&echo_of(&["x", ""]), 2, &empty).nonzero(), "lost=1 matched=1");
    assert_eq!(play(&echo_of(&["x"]), 1, &empty).nonzero(), "lost=1 unexpected=1");
}

#[test]
fn the_other_type_is_no_echo() {
    let (mut ledger, mut counts, expectation) = (Ledger::new(0), Counts::default(), echo_of(&["{{id}}"]));
    ledger.sent(TIMES);
    let bytes = message(&expectation, 0, 0);
    ledger.received(&expectation, MessageEvent { kind: MessageKind::Binary, bytes: &bytes }, &mut counts);
    let known = Subject { sequence: Some(0), times: Some(TIMES) };
    assert_eq!(counts.found, [(Finding::WrongType, known)]);
    assert_eq!(counts.nonzero(), "damaged=1 wrong_type=1");
}

#[test]
fn a_bare_mark_is_no_echo_of_what_holds_it() {
    let expectation = echo_of(&["<{{mark}}>"]);
    let event = message(&expectation, 0, 0);
    assert_eq!(play(&expectation, 1, &[&event[1..event.len() - 1]]).nonzero(), "corrupted=1 damaged=1");
}

#[test]
fn echoes_may_overtake_each_other_where_the_plan_says_so() {
    let expectation = echo_of(&["{{id}}"]).with_order(Order::Any);
    let events: Vec<_> = [2, 0, 1].map(|sequence| message(&expectation, 0, sequence)).to_vec();
    assert_eq!(play(&expectation, 3, &events).nonzero(), "matched=3");
}
