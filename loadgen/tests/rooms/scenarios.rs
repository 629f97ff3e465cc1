//! Scenarios written by hand.

use loadgen::{
    clock::Time,
    message::{MessageKind, Mix, Payload},
    plan::{Group, Messages, OwnCopy, Sizes},
};

use crate::{
    rig::{self, Play, RUN, START, mark, seconds},
    script::{self, Rooms},
};

const ONE_OF_THREE: Rooms = Rooms(3, 3, Some(1), OwnCopy::Refuse);
const ALL_OF_TWO: Rooms = Rooms(2, 2, None, OwnCopy::Expect);
const TWO_ROOMS: Rooms = Rooms(4, 2, None, OwnCopy::Refuse);

/// What happened, and what the ledgers must say: [`script`](crate::script). The last text has
/// messages by their worst delivery.
const SCENARIOS: &[(&str, Rooms, &str, &str, &str)] = &[
    ("all hear", ONE_OF_THREE, "s0 0.0>1 0.0>2 s0 0.1>2 0.1>1", "matched=4", ""),
    ("nobody hears", ONE_OF_THREE, "s0", "lost=2", "lost=1"),
    ("one does not hear", ONE_OF_THREE, "s0 0.0>1 s0 0.1>1 0.1>2", "lost=1 matched=3", "lost=1"),
    ("one hears twice", ONE_OF_THREE, "s0 0.0>1 0.0>1 0.0>2", "duplicated=1 matched=2", ""),
    ("one hears late", ONE_OF_THREE, "s0 s0 0.1>1 0.0>1 0.0>2 0.1>2", "matched=4 reordered=1", ""),
    ("in the drain", ONE_OF_THREE, "s0 s0 0.0>1 drain 0.1>1 0.0>2 0.1>2", "matched=4", ""),
    ("doubled in the drain", ONE_OF_THREE, "s0 0.0>1 0.0>2 drain 0.0>1", "duplicated=1 matched=2", ""),
    ("own copies come", ALL_OF_TWO, "s0 0.0>0 0.0>1 s1 1.0>1 1.0>0", "matched=4", ""),
    ("an own copy is lost", ALL_OF_TWO, "s0 0.0>1", "lost=1 matched=1", "lost=1"),
    ("an own copy comes twice", ALL_OF_TWO, "s0 0.0>0 0.0>0 0.0>1", "duplicated=1 matched=2", ""),
    ("a refused own copy comes", ONE_OF_THREE, "s0 0.0>0 0.0>1 0.0>2", "matched=2 unexpected=1", ""),
    (
        "an allowed own copy comes",
        Rooms(2, 2, Some(1), OwnCopy::Allow),
        "s0 0.0>0 0.0>1 s0 0.1>1",
        "matched=2 own=1",
        "",
    ),
    (
        "an allowed own copy comes twice",
        Rooms(2, 2, Some(1), OwnCopy::Allow),
        "s0 0.0>0 0.0>0 0.0>1",
        "duplicated=1 matched=1 own=1",
        "",
    ),
    ("to another room", TWO_ROOMS, "s0 0.0>1 0.0>2", "matched=1 misrouted=1", ""),
    ("to another room only", TWO_ROOMS, "s0 0.0>3", "lost=1 misrouted=1", "lost=1"),
    ("to another room before it is due", TWO_ROOMS, "s0 0.0>1 0.5>2", "matched=1 unexpected=1", ""),
    ("of one who does not publish", ONE_OF_THREE, "s0 1.0>2 0.0>1 0.0>2", "matched=2 unexpected=1", ""),
    ("of nobody", ONE_OF_THREE, "s0 9.0>2 0.0>1 0.0>2", "matched=2 unexpected=1", ""),
    ("of another run", ONE_OF_THREE, "s0 r:0.0>1 0.0>1 0.0>2", "matched=2 unexpected=1", ""),
    ("foreign", ONE_OF_THREE, "s0 x>1 0.0>1 0.0>2", "matched=2 unexpected=1", ""),
    ("before it is due", ONE_OF_THREE, "s0 0.1>1 0.0>1 0.0>2", "matched=2 unexpected=1", ""),
    ("beyond the plan", ONE_OF_THREE, "s0 0.0>1 0.0>2 t99 0.40>1", "matched=2 unexpected=1", ""),
    ("beyond what a number holds", ONE_OF_THREE, "s0 0.0>1 0.0>2 0.281474976710655>1", "matched=2 unexpected=1", ""),
    ("some are dropped", ONE_OF_THREE, "s0 d0*2 s0 0.0>1 0.0>2 0.3>1 0.3>2", "matched=4", ""),
    ("the first are dropped", ONE_OF_THREE, "d0*2 s0 0.2>1", "lost=1 matched=1", "lost=1"),
    ("a dropped one comes", ONE_OF_THREE, "s0 d0 s0 0.0>1 0.0>2 0.1>1 0.2>1 0.2>2", "matched=4 unexpected=1", ""),
    ("one is lost beside a gap", ONE_OF_THREE, "s0 d0 s0 0.0>1 0.2>2 0.2>1", "lost=1 matched=3", "lost=1"),
    ("one joins late", ONE_OF_THREE, "s0 0.0>1 j2 s0 0.1>1 0.1>2", "matched=3", ""),
    ("one joins late and hears history", ONE_OF_THREE, "s0 0.0>1 j2 0.0>2 s0 0.1>1 0.1>2", "history=1 matched=3", ""),
    ("one joins late and does not hear", ONE_OF_THREE, "s0 0.0>1 j2 s0 0.1>1", "lost=1 matched=2", "lost=1"),
    ("one never joins", ONE_OF_THREE, "s0 0.0>1 s0 0.1>1 drain j2", "matched=2", ""),
    ("a receiver ends", ONE_OF_THREE, "s0 0.0>1 e2 s0 0.1>1", "matched=2 undetermined=2", "undetermined=2"),
    ("a receiver ends after it heard", ONE_OF_THREE, "s0 0.0>1 0.0>2 e2", "matched=2", ""),
    ("a receiver ends in the drain", ONE_OF_THREE, "s0 0.0>1 drain e2", "matched=1 undetermined=1", "undetermined=1"),
    (
        "worse than undetermined",
        ONE_OF_THREE,
        "s0 s0 0.1>1 e2",
        "lost=1 matched=1 undetermined=2",
        "lost=1 undetermined=1",
    ),
    ("a sender ends before anyone heard", ONE_OF_THREE, "s0 e0", "undetermined=2", "undetermined=1"),
    (
        "a sender ends after one heard",
        ONE_OF_THREE,
        "s0 s0 s0 0.1>1 e0",
        "lost=3 matched=1 undetermined=2",
        "lost=2 undetermined=1",
    ),
    (
        "a sender ends in the drain",
        ONE_OF_THREE,
        "s0 s0 0.0>1 0.0>2 drain e0",
        "matched=2 undetermined=2",
        "undetermined=1",
    ),
    ("a mark is cut short", ONE_OF_THREE, "s0 0.0[..43]>1 0.0>2", "corrupted=1 damaged=1 matched=1", "damaged=1"),
    (
        "a mark is cut before it says which",
        ONE_OF_THREE,
        "s0 0.0[..40]>1 0.0>2",
        "lost=1 matched=1 unexpected=1",
        "lost=1",
    ),
    ("a bit of a checksum", ONE_OF_THREE, "s0 0.0~5>1 0.0>2", "corrupted=1 damaged=1 matched=1", "damaged=1"),
    (
        "a damaged one comes again",
        ONE_OF_THREE,
        "s0 0.0~5>1 0.0>2 0.0>1",
        "corrupted=1 damaged=1 duplicated=1 matched=1",
        "damaged=1",
    ),
    ("a damaged copy of one that came", ONE_OF_THREE, "s0 0.0>1 0.0>2 0.0~5>1", "matched=2 unexpected=1", ""),
    ("damaged at one and lost at another", ONE_OF_THREE, "s0 0.0~5>1", "corrupted=1 damaged=1 lost=1", "lost=1"),
    ("two in one event", ONE_OF_THREE, "s0 s0 0.0+0.1>1 0.0>2 0.1>2", "coalesced=1 damaged=2 matched=2", "damaged=2"),
    (
        "two of two senders in one event",
        ALL_OF_TWO,
        "s0 s1 0.0+1.0>0 0.0>1 1.0>1",
        "coalesced=1 damaged=2 matched=2",
        "damaged=2",
    ),
    (
        "one and a broken one",
        ONE_OF_THREE,
        "s0 s0 0.0+0.1~5>1 0.0>2 0.1>2",
        "coalesced=1 damaged=2 matched=2",
        "damaged=2",
    ),
    ("one and what looks like a mark", ONE_OF_THREE, "s0 0.0+9.9~5>1 0.0>2", "matched=2", ""),
    ("one twice in one event", ONE_OF_THREE, "s0 0.0+0.0>1 0.0>2", "matched=2", ""),
    ("with one of another room", TWO_ROOMS, "s0 s2 0.0+2.0>1 2.0>3", "coalesced=1 damaged=1 matched=1", "damaged=1"),
];

/// Scenarios in which an event may hold several messages.
const BATCHED: &[(&str, Rooms, &str, &str, &str)] = &[
    ("two in one event", ONE_OF_THREE, "s0 s0 0.0+0.1>1 0.0>2 0.1>2", "matched=4", ""),
    ("one had come", ONE_OF_THREE, "s0 s0 0.0>1 0.0+0.1>1 0.0+0.1>2", "duplicated=1 matched=4", ""),
    ("in the wrong order", ONE_OF_THREE, "s0 s0 0.1+0.0>1 0.0+0.1>2", "matched=4 reordered=1", ""),
    ("with one of another room", TWO_ROOMS, "s0 s2 0.0+2.0>1 2.0>3", "matched=2 misrouted=1", ""),
    ("with a broken one", ONE_OF_THREE, "s0 s0 0.0+0.1~5>1 0.0+0.1>2", "corrupted=1 damaged=1 matched=3", "damaged=1"),
];

#[test]
fn scenarios() {
    for (batched, scenarios) in [(false, SCENARIOS), (true, BATCHED)] {
        for (name, rooms, script, counts, messages) in scenarios {
            for workers in 1..=3 {
                let play = Play::new(&[Group { batched, ..rooms.group() }], workers, 0);
                let played = script::played(play, script);
                let what = format!("{name}: `{script}` on {workers} workers");
                assert_eq!(played.counts.nonzero(), *counts, "{what}");
                if !batched {
                    assert_eq!(played.counts.events(), played.events, "each event has one finding: {what}");
                }
                assert_eq!(script::fates(&played), *messages, "messages of {what}");
            }
        }
    }
}

#[test]
fn what_nobody_tells_is_not_missing() {
    // Two workers. The one with the receivers 1 hears nothing of what client 0 sent.
    let groups = [rig::group(2, 2, Some(1), OwnCopy::Refuse)];
    let mut play = Play::new(&groups, 2, 0);
    for client in [0, 1] {
        play.joined(client, Time::default());
    }
    play.begin();
    for sequence in 0..3 {
        assert_eq!(play.sent(0), sequence);
    }
    let now = START.plus(seconds(2));
    play.received(1, &mark(RUN, 0, 0), now);
    assert_eq!(play.begin_drain_with(Vec::new()), 0);
    play.received(1, &mark(RUN, 0, 1), now);
    play.settle(true);
    assert_eq!(play.finish().counts.nonzero(), "matched=2");
}

type Event = (MessageKind, Vec<u8>);

#[test]
fn generated_messages_are_checked_to_the_last_byte() {
    let payload = Payload::new(RUN, 64, Mix::Mixed);
    let bytes = |sequence| {
        let mut bytes = vec![0; 64];
        payload.encode(0, sequence, &mut bytes);
        bytes
    };
    let wrong = |sequence: u64| {
        let mut bytes = bytes(sequence);
        bytes[60] ^= 1;
        bytes
    };
    // Text and binary in turn.
    let (text, binary) = (MessageKind::Text, MessageKind::Binary);
    let cases: [(&str, Vec<Event>, &str); 11] = [
        ("whole", vec![(text, bytes(0)), (binary, bytes(1))], "matched=2"),
        ("with something before its header", vec![(text, bytes(2))], "lost=1 matched=1"),
        ("doubled", vec![(text, bytes(0)), (text, bytes(0))], "duplicated=1 lost=1 matched=1"),
        ("text as binary", vec![(binary, bytes(0)), (binary, bytes(1))], "damaged=1 matched=1 wrong_type=1"),
        ("doubled as binary", vec![(text, bytes(0)), (binary, bytes(0))], "duplicated=1 lost=1 matched=1"),
        ("never sent, and as text", vec![(text, bytes(3))], "lost=2 unexpected=1"),
        ("wrong bytes", vec![(text, wrong(0)), (binary, wrong(1))], "corrupted=2 damaged=2"),
        ("cut short", vec![(text, bytes(0)[..60].to_vec()), (binary, bytes(1))], "corrupted=1 damaged=1 matched=1"),
        ("two in one", vec![(text, [bytes(0), bytes(1)].concat())], "coalesced=1 damaged=2"),
        ("longer", vec![(text, [bytes(0), b"x".to_vec()].concat())], "corrupted=1 damaged=1 lost=1"),
        ("one and a piece", vec![(text, [&bytes(0)[..], &bytes(1)[..40]].concat())], "coalesced=1 damaged=2"),
    ];
    for (name, events, expected) in cases {
        let messages = Messages::Generated { sizes: Sizes::Fixed(64), mix: Mix::Mixed };
        let mut play = Play::new(&[Group { messages, ..rig::group(2, 2, Some(1), OwnCopy::Refuse) }], 1, 0);
        for client in [0, 1] {
            play.joined(client, Time::default());
        }
        play.begin();
        if name.starts_with("with") {
            play.dropped(0);
        }
        assert_eq!(play.sent(0) + 1, play.sent(0));
        for (kind, bytes) in events {
            play.received_as(1, kind, &bytes, START.plus(seconds(9)));
        }
        play.begin_drain();
        play.settle(false);
        assert_eq!(play.finish().counts.nonzero(), expected, "{name}");
    }
}

#[test]
fn a_binary_message_may_be_as_long_as_a_mark() {
    let messages = Messages::Generated { sizes: Sizes::Fixed(53), mix: Mix::Binary };
    let mut play = Play::new(&[Group { messages, ..rig::group(2, 2, Some(1), OwnCopy::Refuse) }], 1, 0);
    for client in [0, 1] {
        play.joined(client, Time::default());
    }
    play.begin();
    play.sent(0);
    let mut bytes = vec![0; 53];
    Payload::new(RUN, 53, Mix::Binary).encode(0, 0, &mut bytes);
    play.received_as(1, MessageKind::Binary, &bytes, START.plus(seconds(9)));
    play.begin_drain();
    play.settle(false);
    assert_eq!(play.finish().counts.nonzero(), "matched=1");
}
