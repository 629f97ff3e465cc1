//! Clients that have one connection after the other.

use loadgen::{
    ledger::{CloseCause, Expectation, Ledger, MessageEvent},
    message::MessageKind,
};

use super::{
    rig::{Counts, TIMES, event, expecting},
    templates::{echo_of, event_of},
};

/// Plays what happens, in this order: `+3` three messages are sent, a connection ends (`drained`,
/// `died`, `cut`), or an event in the notation of `event` comes.
fn play(expectation: &Expectation, scenario: &str, event: impl Fn(&str) -> Vec<u8>) -> Counts {
    let expectation = expectation.clone().with_reconnects(true);
    let (mut ledger, mut counts) = (Ledger::new(0), Counts::default());
    let (mut sent, mut events) = (0, 0);
    for part in scenario.split_whitespace().chain(["drained"]) {
        match part {
            "drained" => ledger.close(CloseCause::Drained, &expectation, &mut counts),
            "died" => ledger.close(CloseCause::Died, &expectation, &mut counts),
            "cut" => ledger.close(CloseCause::ByPlan, &expectation, &mut counts),
            _ if part.starts_with('+') => {
                let messages: u64 = part[1..].parse().expect("a number");
                (0..messages).for_each(|_| ledger.sent(TIMES));
                sent += messages;
            }
            _ => {
                let bytes = event(part);
                ledger.received(&expectation, MessageEvent { kind: MessageKind::Text, bytes: &bytes }, &mut counts);
                events += 1;
            }
        }
    }
    counts.check(sent, events);
    counts
}

fn check(expectation: &Expectation, rows: &[(&str, &str, &str)]) {
    for (name, scenario, expected) in rows {
        let counts = play(expectation, scenario, |text| event(text).into_bytes());
        assert_eq!(counts.nonzero(), *expected, "{name}: {scenario}");
    }
}

#[test]
fn a_mark_may_come_on_a_later_connection() {
    check(
        &expecting("mark"),
        &[
            ("late", "+2 <0> cut +1 <2> a<1>b", "late=1 matched=2 undetermined_by_plan=1"),
            ("late once", "+1 cut <0> <0>", "duplicated=1 late=1 undetermined_by_plan=1"),
            ("what had come", "+1 <0> died <0>", "duplicated=1 matched=1"),
            ("order is not judged", "+2 died +2 <3> <0> <2>", "late=1 matched=2 reordered=1 undetermined=2"),
            ("never sent", "+1 cut <1>", "undetermined_by_plan=1 unexpected=1"),
            ("together with one in flight", "+1 cut +1 <0><1>", "coalesced=1 damaged=1 undetermined_by_plan=1"),
        ],
    );
}

#[test]
fn an_id_may_come_on_a_later_connection() {
    check(
        &expecting("id=/id"),
        &[
            ("late", r#"+2 {"id":@0} died +1 {"id":@1} {"id":@2}"#, "late=1 matched=2 undetermined=1"),
            ("late once", r#"+1 cut {"id":@0} cut {"id":@0}"#, "duplicated=1 late=1 undetermined_by_plan=1"),
            ("of another client", r#"+1 cut {"id":@c1:0}"#, "misrouted=1 undetermined_by_plan=1"),
        ],
    );
}

#[test]
fn a_late_reply_of_several_events_is_late_up_to_its_last() {
    let until = expecting("id=/id").with_until(Some("done".parse().expect("an expression")));
    check(
        &until,
        &[
            (
                "begun before",
                r#"+1 {"id":@0} cut {"id":@0} {"id":@0,"done":1} {"id":@0}"#,
                "duplicated=1 first=1 late=2 partial=1 undetermined_by_plan=1",
            ),
            ("whole", r#"+1 died {"id":@0} {"id":@0} {"id":@0,"done":1}"#, "late=3 undetermined=1"),
        ],
    );
}

#[test]
fn what_goes_by_order_starts_empty() {
    for expect in ["count", "reply=x"] {
        check(
            &expecting(expect),
            &[
                ("each session has its own", "+2 x cut +1 x", "matched=2 undetermined_by_plan=1"),
                ("a surplus", "+1 cut x", "undetermined_by_plan=1 unexpected=1"),
            ],
        );
    }
}

#[test]
fn pushes_begin_anew_with_each_session() {
    check(
        &expecting("sequence=/n"),
        &[
            ("from the first number", r#"{"n":5} {"n":7} cut {"n":1} {"n":2}"#, "gaps=1 pushed=4"),
            ("the same numbers", r#"{"n":5} {"n":6} died {"n":5} {"n":5}"#, "duplicated=1 pushed=3"),
        ],
    );
}

#[test]
fn the_echo_of_a_template_may_come_on_a_later_connection() {
    let different = echo_of(&["{{sequence}}:abcdefgh"]);
    let equal = echo_of(&["abcdefgh"]);
    for (expectation, scenario, expected) in [
        (&different, "+2 0 cut +1 1 2", "late=1 matched=2 undetermined_by_plan=1"),
        (&different, "+1 cut 0 0", "duplicated=1 late=1 undetermined_by_plan=1"),
        (&different, "+1 0 cut 0", "duplicated=1 matched=1"),
        (&different, "+1 cut 1", "undetermined_by_plan=1 unexpected=1"),
        // Which of equal messages it is, nobody can tell. Their number is right.
        (&equal, "+1 cut +1 0 0 0", "duplicated=1 late=1 matched=1 undetermined_by_plan=1"),
    ] {
        let counts = play(expectation, scenario, |text| event_of(expectation, text));
        assert_eq!(counts.nonzero(), expected, "{scenario}");
    }
}
