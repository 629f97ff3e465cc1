//! `--expect sequence=POINTER`.

use super::rig::{Row, check_rows, event, expecting, play};

const SCENARIOS: &[Row<'_>] = &[
    ("in a row", 0, &[r#"{"n":5}"#, r#"{"n":6}"#, r#"{"n":"7"}"#], "pushed=3"),
    ("the first is the base", 0, &[r#"{"n":1000000000000}"#, r#"{"n":1000000000001}"#], "pushed=2"),
    ("a gap", 0, &[r#"{"n":5}"#, r#"{"n":9}"#], "gaps=3 pushed=2"),
    ("two gaps", 0, &[r#"{"n":5}"#, r#"{"n":7}"#, r#"{"n":8}"#, r#"{"n":10}"#], "gaps=2 pushed=4"),
    ("a gap that is filled", 0, &[r#"{"n":5}"#, r#"{"n":7}"#, r#"{"n":6}"#], "pushed=3 reordered=1"),
    ("doubled", 0, &[r#"{"n":5}"#, r#"{"n":5}"#], "duplicated=1 pushed=1"),
    ("doubled after others", 0, &[r#"{"n":5}"#, r#"{"n":7}"#, r#"{"n":5}"#], "duplicated=1 gaps=1 pushed=2"),
    ("below the base", 0, &[r#"{"n":5}"#, r#"{"n":3}"#], "pushed=2 reordered=1"),
    ("below the base, doubled", 0, &[r#"{"n":5}"#, r#"{"n":3}"#, r#"{"n":3}"#], "duplicated=1 pushed=2 reordered=1"),
    ("from zero", 0, &[r#"{"n":0}"#, r#"{"n":1}"#], "pushed=2"),
    ("no number", 0, &[r#"{"n":5}"#, r#"{"n":"x"}"#, r#"{"n":6.0}"#, "{}"], "pushed=1 unexpected=3"),
    ("no JSON", 0, &[r#"{"n":5}"#, "hello"], "corrupted=1 pushed=1"),
    ("empty", 0, &[""], "unexpected=1"),
    ("two in one event", 0, &[r#"{"n":5}{"n":6}"#], "coalesced=1"),
    ("another row", 0, &[r#"{"n":5}"#, r#"{"n":99999999999}"#, r#"{"n":6}"#], "pushed=2 unexpected=1"),
    ("the highest number", 0, &[r#"{"n":18446744073709551615}"#], "pushed=1"),
    ("nothing", 0, &[], ""),
];

#[test]
fn scenarios() {
    check_rows(&expecting("sequence=/n"), SCENARIOS);
}

#[test]
fn a_gap_has_a_place() {
    let events = [5, 8, 9, 12].map(|n| event(&format!(r#"{{"n":{n}}}"#)));
    assert_eq!(play(&expecting("sequence=/n"), 0, &events).gaps, [(Some(6), 2), (Some(10), 2)]);
}

#[test]
fn a_server_that_skips_all_the_time_takes_bounded_memory() {
    let events: Vec<String> = (0..70_000).map(|n| format!(r#"{{"n":{}}}"#, 2 * n)).collect();
    let counts = play(&expecting("sequence=/n"), 0, &events);
    assert_eq!(counts.nonzero(), "gaps=69999 pushed=70000");
    assert!(counts.gaps.len() < 66_000, "{}", counts.gaps.len());
}
