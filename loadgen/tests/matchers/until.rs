//! `--until REGEX`: replies of several events.

use loadgen::ledger::Expectation;

use super::rig::{Row, check_rows, event, expecting, play};

fn until(expect: &str) -> Expectation {
    expecting(expect).with_until(Some("done".parse().expect("an expression")))
}

const IDS: &[Row<'_>] = &[
    ("three events", 1, &[r#"{"id":@0}"#, r#"{"id":@0}"#, r#"{"id":@0,"done":1}"#], "first=1 matched=1 partial=2"),
    ("one event", 1, &[r#"{"id":@0,"done":1}"#], "first=1 matched=1"),
    (
        "two at once",
        2,
        &[r#"{"id":@0}"#, r#"{"id":@1}"#, r#"{"id":@1,"done":1}"#, r#"{"id":@0,"done":1}"#],
        "first=2 matched=2 partial=2",
    ),
    ("never ends", 2, &[r#"{"id":@0}"#, r#"{"id":@0}"#, r#"{"id":@1,"done":1}"#], "first=2 lost=1 matched=1 partial=2"),
    (
        "more behind the last",
        1,
        &[r#"{"id":@0,"done":1}"#, r#"{"id":@0}"#, r#"{"id":@0,"done":1}"#],
        "duplicated=2 first=1 matched=1",
    ),
    ("two ends in one event", 2, &[r#"{"id":@0}{"id":@1,"done":1}"#], "coalesced=1 damaged=2"),
];

#[test]
fn the_last_event_of_a_reply_is_its_match() {
    check_rows(&until("id=/id"), IDS);
}

#[test]
fn with_count_the_oldest_message_has_all_events_up_to_the_last() {
    check_rows(
        &until("count"),
        &[
            ("two replies", 2, &["a", "b", "done", "c", "done"], "first=2 matched=2 partial=3"),
            ("a surplus", 1, &["a", "done", "b"], "first=1 matched=1 partial=1 unexpected=1"),
            ("never ends", 2, &["a", "b"], "first=1 lost=2 partial=2"),
        ],
    );
}

#[test]
fn with_marks_each_event_of_a_reply_has_it() {
    check_rows(
        &until("mark"),
        &[("two at once", 2, &["<0>", "<1>", "<0> done", "<1> done"], "first=2 matched=2 partial=2")],
    );
}

#[test]
fn what_began_and_never_ended_says_how_many_events_came() {
    let events = ["{\"id\":@0}", "{\"id\":@2}", "{\"id\":@2}", "{\"id\":@1,\"done\":1}"].map(event);
    let counts = play(&until("id=/id"), 4, &events);
    assert_eq!(counts.unfinished, [(0, 1), (2, 2)]);
    assert_eq!(counts.of("lost"), 3);
}
