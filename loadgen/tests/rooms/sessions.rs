//! Scenarios of clients that come and go, written by hand.

use loadgen::plan::{Group, OwnCopy, Rooms as RoomsOfPlan};
use reports::model::Order;

use crate::{
    rig::Play,
    script::{self, Rooms},
};

const ONE_OF_THREE: Rooms = Rooms(3, 3, Some(1), OwnCopy::Refuse);
const ALL_OF_TWO: Rooms = Rooms(2, 2, None, OwnCopy::Refuse);
const OWN_OF_TWO: Rooms = Rooms(2, 2, None, OwnCopy::Expect);

/// Rooms that are not durable. See [`script`](crate::script); the last text has messages by their
/// worst delivery.
const SCENARIOS: &[(&str, Rooms, &str, &str, &str)] = &[
    ("back before anything is due", ONE_OF_THREE, "s0 0.0>1 0.0>2 c2 j2 s0 0.1>1 0.1>2", "matched=4", ""),
    ("due while away by plan", ONE_OF_THREE, "s0 0.0>1 0.0>2 c2 s0 0.1>1 j2 s0 0.2>1 0.2>2", "matched=5", ""),
    ("due while away after a death", ONE_OF_THREE, "s0 0.0>1 0.0>2 e2 s0 0.1>1 j2 s0 0.2>1 0.2>2", "matched=5", ""),
    ("due while away and it comes", ONE_OF_THREE, "s0 0.0>1 0.0>2 c2 s0 0.1>1 j2 0.1>2", "history=1 matched=3", ""),
    (
        "due while away and it comes twice",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 c2 s0 0.1>1 j2 0.1>2 0.1>2",
        "history=2 matched=3",
        "",
    ),
    ("away by plan to the end", ONE_OF_THREE, "s0 0.0>1 0.0>2 c2 s0 0.1>1", "matched=3", ""),
    ("dead to the end", ONE_OF_THREE, "s0 0.0>1 0.0>2 e2 s0 0.1>1", "matched=3 undetermined=1", "undetermined=1"),
    ("lost after it came back", ONE_OF_THREE, "s0 0.0>1 0.0>2 c2 j2 s0 0.1>1", "lost=1 matched=3", "lost=1"),
    ("in flight at a cut", ONE_OF_THREE, "s0 0.0>1 c2 j2 s0 0.1>1 0.1>2", "by_plan=1 matched=3", "by_plan=1"),
    (
        "in flight at a death",
        ONE_OF_THREE,
        "s0 0.0>1 e2 j2 s0 0.1>1 0.1>2",
        "matched=3 undetermined=1",
        "undetermined=1",
    ),
    ("in flight at a cut, away to the end", ONE_OF_THREE, "s0 0.0>1 c2 s0 0.1>1", "by_plan=1 matched=2", "by_plan=1"),
    (
        "in flight at two cuts",
        ONE_OF_THREE,
        "s0 0.0>1 c2 j2 s0 0.1>1 c2 s0 0.2>1 j2 s0 0.3>1 0.3>2",
        "by_plan=2 matched=5",
        "by_plan=2",
    ),
    (
        "late in the next session",
        ONE_OF_THREE,
        "s0 0.0>1 c2 j2 0.0>2 s0 0.1>1 0.1>2",
        "by_plan=1 late=1 matched=3",
        "by_plan=1",
    ),
    (
        "late twice",
        ONE_OF_THREE,
        "s0 0.0>1 c2 j2 0.0>2 0.0>2 s0 0.1>1 0.1>2",
        "by_plan=1 duplicated=1 late=1 matched=3",
        "by_plan=1",
    ),
    (
        "late two sessions later",
        ONE_OF_THREE,
        "s0 0.0>1 e2 j2 c2 j2 0.0>2 s0 0.1>1 0.1>2",
        "late=1 matched=3 undetermined=1",
        "undetermined=1",
    ),
    (
        "late behind a later one is in order",
        ONE_OF_THREE,
        "s0 0.0>1 c2 j2 s0 0.1>1 0.1>2 0.0>2",
        "by_plan=1 late=1 matched=3",
        "by_plan=1",
    ),
    (
        "matched in an earlier session",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 c2 j2 0.0>2 s0 0.1>1 0.1>2",
        "duplicated=1 matched=4",
        "",
    ),
    (
        "lost before a later one came and the cut",
        ONE_OF_THREE,
        "s0 s0 0.0>1 0.1>1 0.1>2 c2 j2 s0 0.2>1 0.2>2",
        "lost=1 matched=5",
        "lost=1",
    ),
    (
        "lost before a later one came and the death",
        ONE_OF_THREE,
        "s0 s0 s0 0.0>1 0.1>1 0.2>1 0.1>2 e2",
        "lost=1 matched=4 undetermined=1",
        "lost=1 undetermined=1",
    ),
    (
        "a later session says nothing of an earlier one",
        ONE_OF_THREE,
        "s0 s0 0.0>1 0.1>1 0.0>2 c2 j2 s0 0.2>1 0.2>2",
        "by_plan=1 matched=5",
        "by_plan=1",
    ),
    (
        "late says nothing of what was before it",
        ONE_OF_THREE,
        "s0 s0 0.0>1 0.1>1 c2 j2 0.1>2 s0 0.2>1 0.2>2",
        "by_plan=2 late=1 matched=4",
        "by_plan=2",
    ),
    (
        "overtaken in a later session",
        ONE_OF_THREE,
        "s0 0.0>1 c2 s0 0.1>1 j2 s0 s0 0.2>1 0.3>1 0.3>2 0.2>2",
        "by_plan=1 matched=6 reordered=1",
        "by_plan=1",
    ),
    ("a sender is cut before anyone heard", ONE_OF_THREE, "s0 c0", "by_plan=2", "by_plan=1"),
    (
        "a sender is cut after one heard",
        ONE_OF_THREE,
        "s0 s0 s0 0.1>1 c0 d0*2 j0 s0 0.5>1 0.5>2",
        "by_plan=2 lost=3 matched=3",
        "lost=2 by_plan=1",
    ),
    (
        "a sender is cut, and its next session is heard",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 s0 c0 j0 s0 0.2>1 0.2>2",
        "by_plan=2 matched=4",
        "by_plan=1",
    ),
    (
        "a sender dies, and its next session is heard",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 s0 e0 d0 j0 s0 0.3>1 0.3>2",
        "matched=4 undetermined=2",
        "undetermined=1",
    ),
    (
        "a sender is cut in two sessions",
        ONE_OF_THREE,
        "s0 c0 j0 s0 0.1>1 0.1>2 e0 j0 s0 0.2>1",
        "by_plan=2 lost=1 matched=3",
        "lost=1 by_plan=1",
    ),
    ("a sender that was cut sends nothing", ONE_OF_THREE, "s0 0.0>1 0.0>2 c0 d0*3 j0 s0 0.4>1 0.4>2", "matched=4", ""),
    ("a sender is cut in the drain", ONE_OF_THREE, "s0 s0 0.0>1 0.0>2 drain c0", "by_plan=2 matched=2", "by_plan=1"),
    ("a receiver is cut in the drain", ONE_OF_THREE, "s0 0.0>1 drain c2", "by_plan=1 matched=1", "by_plan=1"),
    ("back in the drain", ONE_OF_THREE, "s0 0.0>1 c2 s0 0.1>1 drain j2", "by_plan=1 matched=2", "by_plan=1"),
    (
        "late in the drain",
        ONE_OF_THREE,
        "s0 0.0>1 c2 s0 0.1>1 drain j2 0.0>2 0.1>2",
        "by_plan=1 history=1 late=1 matched=2",
        "by_plan=1",
    ),
    ("both are cut", ALL_OF_TWO, "s0 s1 c0 c1 j0 j1 s0 s1 0.1>1 1.1>0", "by_plan=2 matched=2", "by_plan=2"),
    (
        "a death counts at its receiver, whatever the sender",
        ALL_OF_TWO,
        "s0 c0 e1 j0 j1 s0 0.1>1",
        "matched=1 undetermined=1",
        "undetermined=1",
    ),
    (
        "an own copy is in flight at a cut",
        OWN_OF_TWO,
        "s0 0.0>1 c0 j0 s0 0.1>0 0.1>1",
        "by_plan=1 matched=3",
        "by_plan=1",
    ),
];

/// Rooms in which order is no matter.
const ANY_ORDER: &[(&str, Rooms, &str, &str, &str)] = &[(
    "a later one says nothing",
    ONE_OF_THREE,
    "s0 s0 0.0>1 0.1>1 0.1>2 c2 j2 s0 0.2>1 0.2>2",
    "by_plan=1 matched=5",
    "by_plan=1",
)];

/// Rooms that are durable.
const DURABLE: &[(&str, Rooms, &str, &str, &str)] = &[
    ("nobody leaves", ONE_OF_THREE, "s0 0.0>1 0.0>2 s0 0.1>1", "lost=1 matched=3", "lost=1"),
    ("due while away", ONE_OF_THREE, "s0 0.0>1 0.0>2 c2 s0 0.1>1 j2 0.1>2 s0 0.2>1 0.2>2", "matched=6 replayed=1", ""),
    (
        "due while away and lost",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 e2 s0 0.1>1 j2 s0 0.2>1 0.2>2",
        "lost=1 lost_away=1 matched=5",
        "lost=1",
    ),
    (
        "due while away and it comes twice",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 c2 s0 0.1>1 j2 0.1>2 0.1>2",
        "duplicated=1 matched=4 replayed=1",
        "",
    ),
    (
        "matched before",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 c2 s0 0.1>1 j2 0.0>2 0.1>2",
        "duplicated=1 matched=4 replayed=1",
        "",
    ),
    ("in flight at a cut", ONE_OF_THREE, "s0 0.0>1 c2 j2 0.0>2", "matched=2 replayed=1", ""),
    ("in flight at a cut and lost", ONE_OF_THREE, "s0 0.0>1 c2 j2 s0 0.1>1 0.1>2", "lost=1 matched=3", "lost=1"),
    (
        "overtaken by a new one",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 c2 s0 0.1>1 j2 s0 0.2>1 0.2>2 0.1>2",
        "matched=6 reordered=1 replayed=1",
        "",
    ),
    ("before it joined first", ONE_OF_THREE, "s0 0.0>1 j2 0.0>2 s0 0.1>1 0.1>2", "history=1 matched=3", ""),
    (
        "before it joined first, after it was away",
        ONE_OF_THREE,
        "s0 0.0>1 j2 c2 s0 0.1>1 j2 0.0>2 0.1>2",
        "history=1 matched=3 replayed=1",
        "",
    ),
    (
        "away by plan to the end",
        ONE_OF_THREE,
        "s0 s0 0.0>1 0.0>2 0.1>1 c2 s0 0.2>1",
        "by_plan=2 matched=4",
        "by_plan=2",
    ),
    (
        "dead to the end",
        ONE_OF_THREE,
        "s0 s0 0.0>1 0.0>2 0.1>1 e2 s0 0.2>1",
        "matched=4 undetermined=2",
        "undetermined=2",
    ),
    (
        "lost while away, then away by plan to the end",
        ONE_OF_THREE,
        "s0 0.0>1 c2 s0 0.1>1 j2 0.1>2 c2 s0 0.2>1",
        "by_plan=1 lost=1 matched=4 replayed=1",
        "lost=1 by_plan=1",
    ),
    (
        "damaged on its return",
        ONE_OF_THREE,
        "s0 0.0>1 c2 s0 0.1>1 j2 0.0~5>2 0.1>2",
        "corrupted=1 damaged=1 matched=3 replayed=1",
        "damaged=1",
    ),
    ("replayed in the drain", ONE_OF_THREE, "s0 0.0>1 c2 s0 0.1>1 drain j2 0.0>2 0.1>2", "matched=4 replayed=2", ""),
    (
        "back in the drain for nothing",
        ONE_OF_THREE,
        "s0 0.0>1 0.0>2 c2 s0 0.1>1 drain j2",
        "lost=1 lost_away=1 matched=3",
        "lost=1",
    ),
    (
        "the sender was cut, and nobody heard",
        ONE_OF_THREE,
        "s0 c2 s0 c0 d0 j2 j0 s0 0.3>1 0.3>2",
        "by_plan=4 matched=2",
        "by_plan=2",
    ),
    (
        "made up, and it comes in the next session",
        ONE_OF_THREE,
        "d0 c2 j2 0.0>2 s0 0.1>1 0.1>2",
        "matched=2 unexpected=1",
        "",
    ),
    (
        "a new one that is heard by all before it is replayed",
        ONE_OF_THREE,
        "s0 c2 0.0>1 j2 0.0>2 s0 0.1>2 c1 j1 0.1>1",
        "matched=4 replayed=2",
        "",
    ),
];

/// A group of these rooms, in which what was due while a member was away must come.
fn durable(group: Group) -> Group {
    let rooms = group.rooms.clone().map(|rooms| RoomsOfPlan { durable: true, ..rooms });
    Group { rooms, ..group }
}

#[test]
fn scenarios() {
    let any_order = |group| Group { order: Some(Order::Any), ..group };
    let as_it_is = |group| group;
    let tables = [(SCENARIOS, as_it_is as fn(Group) -> Group), (ANY_ORDER, any_order), (DURABLE, durable)];
    for (table, with) in tables {
        for (name, rooms, script, counts, messages) in table {
            for workers in 1..=3 {
                let played = script::played(Play::new(&[with(rooms.group())], workers, 0), script);
                let what = format!("{name}: `{script}` on {workers} workers");
                assert_eq!(played.counts.nonzero(), *counts, "{what}");
                assert_eq!(played.counts.events(), played.events, "each event has one finding: {what}");
                assert_eq!(script::fates(&played), *messages, "messages of {what}");
            }
        }
    }
}

#[test]
fn what_is_forgotten_has_its_fate() {
    let played = |group, workers, script| {
        let play = Play::new(&[group], workers, 0).remembering(2);
        script::played(play, script).counts.nonzero()
    };
    let lost = "s0 s0 0.0>1 0.1>1 0.1>2 c2 j2 c2 j2 c2 j2 0.0>2 0.1>2";
    let late = "s0 0.0>1 c2 j2 0.0>2 c2 j2 c2 j2 0.0>2";
    for (workers, expected) in [
        (1, ["history=2 lost=1 matched=3", "by_plan=1 history=1 late=1 matched=1"]),
        // The sender is a client of another worker, and may have dropped what is missing.
        (3, ["history=2 matched=3", "history=1 late=1 matched=1"]),
    ] {
        let told = [lost, late].map(|script| played(ONE_OF_THREE.group(), workers, script));
        assert_eq!(told, expected, "on {workers} workers");
    }
    // What is durable is never forgotten.
    let script = "s0 0.0>1 0.0>2 c2 s0 0.1>1 j2 c2 j2 c2 j2 c2 j2 0.1>2 0.0>2";
    let durable = played(durable(ONE_OF_THREE.group()), 3, script);
    assert_eq!(durable, "duplicated=1 matched=4 replayed=1");
}
