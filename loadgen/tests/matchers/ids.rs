//! `--expect id=POINTER` and `id=~REGEX`.

use loadgen::{
    ledger::{Finding, Subject},
    plan::Order,
};

use super::rig::{Row, TIMES, check_rows, event, expecting, id, play};

const SCENARIOS: &[Row<'_>] = &[
    ("a number", 2, &[r#"{"id":@0}"#, r#"{"id":@1}"#], "matched=2"),
    ("a string", 2, &[r#"{"id":"@0"}"#, r#"{"id":"@1"}"#], "matched=2"),
    ("among others", 1, &[r#"{"a":[1,{"id":9}],"id":@0,"z":{"id":8}}"#], "matched=1"),
    ("with white space", 1, &["\n{ \"id\"\t:\r\n @0 }\n"], "matched=1"),
    ("with escapes", 1, &[r#"{"\u0069d":"\u0031"}"#], "matched=1"),
    ("in any order", 3, &[r#"{"id":@2}"#, r#"{"id":@0}"#, r#"{"id":@1}"#], "matched=3"),
    ("given twice: the last counts", 1, &[r#"{"id":@7,"id":@0}"#], "matched=1"),
    ("given twice, the last no number", 1, &[r#"{"id":@0,"id":null}"#], "lost=1 unexpected=1"),
    ("one lost", 3, &[r#"{"id":@0}"#, r#"{"id":@2}"#], "lost=1 matched=2"),
    ("doubled", 2, &[r#"{"id":@0}"#, r#"{"id":@0}"#, r#"{"id":@1}"#], "duplicated=1 matched=2"),
    ("of another client", 1, &[r#"{"id":@c1:0}"#, r#"{"id":@0}"#], "matched=1 misrouted=1"),
    ("never sent", 1, &[r#"{"id":@1}"#, r#"{"id":@0}"#], "matched=1 unexpected=1"),
    ("zero", 1, &[r#"{"id":0}"#, r#"{"id":@0}"#], "matched=1 unexpected=1"),
    ("too large", 1, &[r#"{"id":9007199254740993}"#, r#"{"id":@0}"#], "matched=1 unexpected=1"),
    ("far too large", 1, &[r#"{"id":"99999999999999999999"}"#, r#"{"id":@0}"#], "matched=1 unexpected=1"),
    ("a fraction", 1, &[r#"{"id":@0.0}"#], "lost=1 unexpected=1"),
    ("an exponent", 1, &[r#"{"id":@0e0}"#], "lost=1 unexpected=1"),
    ("a negative one", 1, &[r#"{"id":-@0}"#], "lost=1 unexpected=1"),
    ("a zero before it", 1, &[r#"{"id":"0@0"}"#], "lost=1 unexpected=1"),
    ("a sign before it", 1, &[r#"{"id":"+@0"}"#], "lost=1 unexpected=1"),
    ("a blank before it", 1, &[r#"{"id":" @0"}"#], "lost=1 unexpected=1"),
    ("nothing there", 1, &[r#"{"ID":@0}"#], "lost=1 unexpected=1"),
    ("at another level", 1, &[r#"{"a":{"id":@0}}"#], "lost=1 unexpected=1"),
    ("in an array", 1, &[r#"{"id":[@0]}"#], "lost=1 unexpected=1"),
    ("an array of replies", 2, &[r#"[{"id":@0},{"id":@1}]"#], "lost=2 unexpected=1"),
    ("empty", 1, &["", r#"{"id":@0}"#], "matched=1 unexpected=1"),
    ("no JSON", 1, &["hello"], "corrupted=1 lost=1"),
    ("no JSON, and nothing in flight", 0, &["hello"], "unexpected=1"),
    ("cut short", 2, &[r#"{"id":@0,"text":"hel"#, r#"{"id":@1}"#], "corrupted=1 lost=1 matched=1"),
    ("something behind it", 2, &[r#"{"id":@0}xyz"#, r#"{"id":@1}"#], "coalesced=1 damaged=1 matched=1"),
    ("another behind it", 3, &[r#"{"id":@0}{"id":@1}"#, r#"{"id":@2}"#], "coalesced=1 damaged=2 matched=1"),
    ("another on the next line", 2, &["{\"id\":@0}\n{\"id\":@1}\n"], "coalesced=1 damaged=2"),
    ("the end of one", 2, &[r#"0,"text":"x"}"#, r#"{"id":@1}"#], "corrupted=1 lost=1 matched=1"),
    ("one of another client behind it", 1, &[r#"{"id":@0}{"id":@c1:0}"#], "coalesced=1 damaged=1"),
];

#[test]
fn scenarios() {
    check_rows(&expecting("id=/id"), SCENARIOS);
}

#[test]
fn a_pointer_leads_anywhere() {
    for (expect, text) in [
        ("id=/result/0/id", r#"{"result":[{"id":@0},{"id":@1}]}"#),
        ("id=/result/1/id", r#"{"result":[{"id":@1},{"id":@0}]}"#),
        ("id=/a~1b/c~0d", r#"{"a":1,"a/b":{"c~d":@0}}"#),
        ("id=/", r#"{"":@0}"#),
        ("id=", "@0"),
        ("id=", "\"@0\""),
        ("id=/0", "[@0,@1]"),
        ("id=/é", r#"{"\u00e9":@0}"#),
    ] {
        check_rows(&expecting(expect), &[(expect, 1, &[text], "matched=1")]);
    }
    check_rows(&expecting("id=/result/2/id"), &[("short", 1, &[r#"{"result":[{"id":@0}]}"#], "lost=1 unexpected=1")]);
    check_rows(
        &expecting("id=/result/01/id"),
        &[("no index", 1, &[r#"{"result":[1,{"id":@0}]}"#], "lost=1 unexpected=1")],
    );
}

#[test]
fn several_in_an_event_are_lawful_where_the_server_batches() {
    check_rows(
        &expecting("id=/id").with_batched(true),
        &[
            ("an array", 2, &[r#"[{"id":@0},{"id":@1}]"#], "matched=2"),
            ("an array of one", 1, &[r#"[{"id":@0}]"#], "matched=1"),
            ("no array", 1, &[r#"{"id":@0}"#], "matched=1"),
            ("an array at the place", 3, &[r#"{"id":[@0,"@1",@2]}"#], "matched=3"),
            ("lines", 2, &["{\"id\":@0}\n{\"id\":@1}\n"], "matched=2"),
            ("lines of arrays", 3, &["[{\"id\":@0},{\"id\":@1}]\n{\"id\":@2}"], "matched=3"),
            ("one had come", 2, &[r#"{"id":@0}"#, r#"[{"id":@0},{"id":@1}]"#], "duplicated=1 matched=2"),
            ("twice in an element", 2, &[r#"[{"id":@0},{"id":@0,"id":@1}]"#], "matched=2"),
            ("elements without", 1, &[r#"[{"a":1},{"id":@0},7,null]"#], "matched=1"),
            ("nothing there", 1, &["[]"], "lost=1 unexpected=1"),
            ("no JSON", 1, &["["], "corrupted=1 lost=1"),
        ],
    );
    check_rows(
        &expecting("id=/1/id").with_batched(true),
        &[("by index", 1, &[r#"[{"id":9},{"id":@0}]"#], "matched=1")],
    );
    check_rows(&expecting("id=").with_batched(true), &[("of numbers", 2, &["[@1,@0]"], "matched=2")]);
}

#[test]
fn the_group_of_an_expression_is_the_number() {
    check_rows(
        &expecting(r"id=~^43(\d+)"),
        &[
            ("an acknowledgement", 1, &[r"43@0[]"], "matched=1"),
            ("another event", 1, &[r#"42["x",@0]"#, "43@0[]"], "matched=1 unexpected=1"),
            ("a zero before it", 1, &["430@0[]"], "lost=1 unexpected=1"),
            ("empty", 1, &[""], "lost=1 unexpected=1"),
        ],
    );
    check_rows(&expecting(r"id=~id:(\d+)"), &[("the first counts", 2, &["id:@0 id:@1"], "lost=1 matched=1")]);
    check_rows(&expecting(r"id=~id:(\d+)").with_batched(true), &[("all count", 2, &["id:@0 id:@1"], "matched=2")]);
    check_rows(&expecting(r"id=~id:(\d+)|none"), &[("no group there", 1, &["none"], "lost=1 unexpected=1")]);
}

#[test]
fn order_is_kept_where_the_plan_says_so() {
    check_rows(
        &expecting("id=/id").with_order(Order::Keep),
        &[("one late", 3, &[r#"{"id":@1}"#, r#"{"id":@2}"#, r#"{"id":@0}"#], "matched=3 reordered=1")],
    );
}

#[test]
fn a_finding_names_its_message() {
    let known = |sequence| Subject { sequence: Some(sequence), times: Some(TIMES) };
    let gone = |sequence| Subject { sequence: Some(sequence), times: None };
    for (text, finding, subject) in [
        (r#"{"id":@1}{"id":@2}"#, Finding::Coalesced, known(1)),
        (r#"{"id":@c2:1}"#, Finding::Misrouted { owner: 2 }, gone(1)),
        (r#"{"id":@9}"#, Finding::Unexpected, gone(9)),
        (r"{}", Finding::Unexpected, Subject::default()),
        (r"{", Finding::Corrupted, Subject::default()),
    ] {
        assert_eq!(play(&expecting("id=/id"), 3, &[event(text)]).found, [(finding, subject)], "{text}");
    }
}

#[test]
fn long_and_deep_replies_take_time_in_proportion() {
    let reply = |before: &str, after: &str| format!("{before}\"id\":{}{after}", id(0, 0)).into_bytes();
    let one = |event: Vec<u8>| play(&expecting("id=/id"), 1, &[event]).nonzero();
    assert_eq!(one(reply(&format!("{{\"a\":\"{}\",", "\\u0041".repeat(500_000)), "}")), "matched=1");
    let (open, close) = ("[".repeat(1_500_000), "]".repeat(1_500_000));
    assert_eq!(one(reply(&format!("{{\"a\":{open}{close},"), "}")), "matched=1");
    assert_eq!(one("1 ".repeat(1_500_000).into_bytes()), "corrupted=1 lost=1");
    assert_eq!(one(open.into_bytes()), "corrupted=1 lost=1");
}
