//! The ledger against scenarios written by hand, and against random histories whose outcome is
//! known by construction.

mod alterations;
mod history;

use history::{Due, LedgerCounts, RUN, SIZE, bytes, bytes_of, play, play_due, play_together, terms};
use loadgen::{
    clock::Time,
    ledger::{CloseCause, Finding, Ledger, MessageEvent, SendTimes, Subject},
    message::{MessageKind, Mix, Payload},
    plan::Expect,
};

/// What was sent, what came, and what the ledger must say.
///
/// Events are separated by blanks. `3` is message 3, whole; `3+4` two in one event; `3[..20]` and
/// `3[20..]` pieces; `3~7` with a bit of byte 7 flipped; `3!` with the other type; `c1:3` of client
/// 1; `r:3` of another run; `x` bytes that nobody sent; `-` an empty event. Counts that are not
/// named must be 0.
const SCENARIOS: &[(&str, u64, &str, &str)] = &[
    ("in order", 3, "0 1 2", "matched=3"),
    ("nothing came", 2, "", "lost=2"),
    ("one lost", 3, "0 2", "matched=2 lost=1"),
    ("doubled at once", 2, "0 0 1", "matched=2 duplicated=1"),
    ("doubled late", 3, "0 1 2 0", "matched=3 duplicated=1"),
    ("doubled after a loss", 3, "1 2 1", "matched=2 lost=1 duplicated=1"),
    ("one late", 4, "1 2 3 0", "matched=4 reordered=1"),
    ("one early", 4, "3 0 1 2", "matched=4 reordered=1"),
    ("two swapped", 4, "1 0 3 2", "matched=4 reordered=2"),
    ("the odd before the even", 4, "1 3 0 2", "matched=4 reordered=2"),
    ("two in one event", 3, "0+1 2", "matched=1 damaged=2 coalesced=1"),
    ("all in one event", 5, "0+1+2+3+4", "damaged=5 coalesced=1"),
    ("one in two events", 2, "0[..30] 0[30..] 1", "matched=1 damaged=1 split=1 split_pieces=2"),
    ("one in three events", 2, "0[..10] 0[10..60] 0[60..] 1", "matched=1 damaged=1 split=1 split_pieces=3"),
    ("cut within the magic", 2, "0[..2] 0[2..] 1", "matched=1 damaged=1 split=1 split_pieces=2"),
    ("cut before the last byte", 2, "0[..63] 0[63..] 1", "matched=1 damaged=1 split=1 split_pieces=2"),
    ("split with another in between", 2, "0[..30] 1 0[30..]", "matched=1 damaged=1 split=1 split_pieces=2"),
    ("two split", 2, "0[..30] 0[30..] 1[..5] 1[5..]", "damaged=2 split=2 split_pieces=4"),
    ("two split, re-cut", 2, "0[..30] 0[30..]+1[..20] 1[20..]", "damaged=2 split=2 split_pieces=3"),
    ("truncated", 3, "0 1[..40] 2", "matched=2 damaged=1 truncated=1"),
    ("truncated to less than a header", 3, "0 1[..3] 2", "matched=2 damaged=1 truncated=1"),
    ("nothing of one", 3, "0 - 2", "matched=2 lost=1 unexpected=1"),
    ("truncated, and nothing of the next", 3, "0[..40] - 2", "matched=1 lost=1 damaged=1 truncated=1 unexpected=1"),
    ("truncated one after the other", 3, "0[..40] 1[..3] 2[..50]", "damaged=3 truncated=3"),
    // Byte 53 of message 0 is an `l`, with which most messages begin.
    ("truncated to what may be more of the one before", 2, "0[..53] 1[..1]", "damaged=2 truncated=2"),
    (
        "split after what may be more of the one before",
        2,
        "0[..53] 1[..1] 1[1..]",
        "damaged=2 split=1 split_pieces=2 truncated=1",
    ),
    (
        "split where the middle may be a beginning",
        2,
        "0[..53] 0[53..54] 0[54..] 1",
        "matched=1 damaged=1 split=1 split_pieces=3",
    ),
    ("short ones truncated", 3, "0[..3] 1[..3] 2[..3]", "damaged=3 truncated=3"),
    ("a short one that may be of more messages", 5, "0 1 3[..3] 2[..1] 4", "matched=3 damaged=2 truncated=2"),
    ("a short one overtakes", 3, "1[..3] 0 2", "matched=2 damaged=1 truncated=1"),
    ("the last truncated", 2, "0 1[..40]", "matched=1 damaged=1 truncated=1"),
    ("a whole one and a piece", 2, "0+1[..20]", "damaged=2 coalesced=1"),
    ("a whole one and a piece, continued", 2, "0+1[..20] 1[20..]", "damaged=2 coalesced=1 split=1 split_pieces=1"),
    ("a whole one and one never sent", 2, "0+2 1", "matched=1 damaged=1 corrupted=1"),
    ("a piece of one that had come", 1, "0 0[..60]", "matched=1 unexpected=1"),
    ("a bit of the body", 2, "0~60 1", "matched=1 damaged=1 corrupted=1"),
    ("a bit of the magic", 2, "0~0 1", "matched=1 damaged=1 corrupted=1"),
    ("a bit of the run", 2, "0~14 1", "matched=1 damaged=1 corrupted=1"),
    ("a bit of the client", 2, "0~29 1", "matched=1 damaged=1 corrupted=1"),
    ("a bit of the sequence", 4, "0 1~23 2~42 3", "matched=2 damaged=2 corrupted=2"),
    ("a bit of the length", 2, "0 1~26", "matched=1 damaged=1 corrupted=1"),
    ("a bit of the checksum", 2, "0 1~5", "matched=1 damaged=1 corrupted=1"),
    // Message 2 has a form feed before its header.
    ("without what is before its header", 3, "0 1 2[1..]", "matched=2 damaged=1 corrupted=1"),
    ("with nothing else of it", 3, "0 1 2[..1]", "matched=2 damaged=1 truncated=1"),
    ("cut behind what is before its header", 3, "0 1 2[..1] 2[1..]", "matched=2 damaged=1 split=1 split_pieces=2"),
    ("all in one event, with something in between", 4, "0+1+2+3", "damaged=4 coalesced=1"),
    ("coalesced up to what is before a header", 3, "0+1+2[..1] 2[1..]", "damaged=3 coalesced=1 split=1 split_pieces=1"),
    ("coalesced and without what is before a header", 3, "0+1+2[1..]", "lost=1 damaged=2 coalesced=1"),
    ("something else before a header", 3, "0 1 2~0", "matched=2 damaged=1 corrupted=1"),
    ("longer than sent", 2, "0x 1", "matched=1 damaged=1 corrupted=1"),
    ("text as binary", 2, "0! 1", "matched=1 damaged=1 wrong_type=1"),
    ("binary as text", 2, "0 1!", "matched=1 damaged=1 wrong_type=1"),
    ("of another client", 2, "0 c1:0 1", "matched=2 misrouted=1"),
    ("of a client that is not", 1, "0 c9:0", "matched=1 unexpected=1"),
    ("of another run", 1, "r:0 0", "matched=1 unexpected=1"),
    ("never sent", 1, "0 1", "matched=1 unexpected=1"),
    ("foreign", 1, "x 0", "matched=1 unexpected=1"),
];

#[test]
fn scenarios() {
    let (text, led) = (bytes(0, 0), bytes(0, 2));
    assert_eq!(text[53], b'l', "where bodies are made otherwise, some scenarios need another place");
    assert!(led.starts_with(b"\x0clg1:"), "or another message that has something before its header");
    for (name, sent, came, expected) in SCENARIOS {
        let events = came.split_whitespace().map(history::parse).collect::<Vec<_>>();
        let terms = terms(Mix::Mixed, Expect::Echo);
        for (how, counts) in [
            ("one by one", play(&terms, *sent, &events)),
            ("together", play_together(&terms, &[Due::Sent(*sent)], &events, usize::MAX)),
        ] {
            assert_eq!(counts.nonzero(), *expected, "{name}: {sent} sent, `{came}` came, {how}");
            counts.check_identities();
        }
    }
}

/// Messages that were due: `2 -3 1` is two sent, three dropped and one sent. A dropped message
/// takes its number. The events are written as in [`SCENARIOS`].
const WITH_DROPS: &[(&str, &str, &str, &str)] = &[
    ("before the first", "-2 2", "2 3", "matched=2"),
    ("in between", "2 -3 2", "0 1 5 6", "matched=4"),
    ("after the last", "2 -1", "0 1", "matched=2"),
    ("every other", "1 -1 1 -1 1", "0 2 4", "matched=3"),
    ("in a row", "1 -1 -2 1", "0 4", "matched=2"),
    ("many", "1 -4000000000000 2", "0 4000000000001 4000000000002", "matched=3"),
    ("nothing but", "-3", "", ""),
    ("one of none comes", "-3", "1", "unexpected=1"),
    ("one comes", "1 -1 1", "0 1 2", "matched=2 unexpected=1"),
    ("one comes first", "1 -1 1", "1 0 2", "matched=2 unexpected=1"),
    ("one comes after all", "1 -1 1 -1", "0 2 1 3 0", "matched=2 duplicated=1 unexpected=2"),
    ("one with another in an event", "1 -1 1", "0+1 2", "matched=1 damaged=1 corrupted=1"),
    ("the two around them in one event", "1 -2 1", "0+3", "damaged=2 coalesced=1"),
    ("a piece of one", "1 -1 1", "0 2 1[..60]", "matched=2 unexpected=1"),
    ("one lost before", "1 -1 1", "2", "matched=1 lost=1"),
    ("one lost after", "1 -1 1", "0", "matched=1 lost=1"),
    ("overtaken across them", "1 -5 1", "6 0", "matched=2 reordered=1"),
    ("one late", "2 -1 2", "1 3 4 0", "matched=4 reordered=1"),
    ("two swapped after them", "-1 2 -1 2", "2 1 5 4", "matched=4 reordered=2"),
    ("truncated after them", "1 -1 2", "0 2[..40] 3", "matched=2 damaged=1 truncated=1"),
    ("truncated to less than a header", "1 -1 2", "0 2[..3] 3", "matched=2 damaged=1 truncated=1"),
    ("split after them", "1 -1 1", "0 2[..30] 2[30..]", "matched=1 damaged=1 split=1 split_pieces=2"),
    ("a bit after them", "1 -1 1", "0 2~60", "matched=1 damaged=1 corrupted=1"),
    ("the other type after them", "1 -1 1", "0 2!", "matched=1 damaged=1 wrong_type=1"),
    ("of another client", "1 -1 1", "0 c1:1 2", "matched=2 misrouted=1"),
];

#[test]
fn scenarios_with_drops() {
    for (name, due, came, expected) in WITH_DROPS {
        let due = Due::parse(due);
        let events = came.split_whitespace().map(history::parse).collect::<Vec<_>>();
        let terms = terms(Mix::Mixed, Expect::Echo);
        for (how, counts) in [
            ("one by one", play_due(&terms, &due, &events)),
            ("together", play_together(&terms, &due, &events, usize::MAX)),
        ] {
            assert_eq!(counts.nonzero(), *expected, "{name}: {due:?}, `{came}` came, {how}");
            counts.check_identities();
        }
    }
}

#[test]
fn what_is_booked_together_ends_where_one_was_dropped() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    // Sequence 2 was dropped, so it does not follow 1 either, whether checksums are known or not.
    for (third, sent_together) in [("5", true), ("5", false), ("2", true), ("2", false)] {
        let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
        for due in Due::parse("2 -3 2 -1") {
            due.happens(&terms, &mut ledger, sent_together);
        }
        assert_eq!((ledger.in_flight(), ledger.next_sequence()), (4, 8));
        let came = ["0", "1", third, "6"].map(history::parse);
        let mut events = came.iter().map(|(kind, bytes)| MessageEvent { kind: *kind, bytes });
        let next = ledger.received_in_order(&terms, &mut events, &mut counts).expect("it does not follow 1");
        assert_eq!((next.bytes, counts.last), (came[2].1.as_slice(), Some((0, 2, history::TIMES))));
        let rest = ledger.received_in_order(&terms, std::iter::once(next).chain(events), &mut counts);
        assert_eq!((rest.is_none(), counts.matched), if third == "5" { (true, 4) } else { (false, 2) });
    }
}

#[test]
fn the_oldest_message_is_one_that_was_sent() {
    for expect in [Expect::Count, Expect::Reply("x".to_owned())] {
        let terms = terms(Mix::Mixed, expect);
        let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
        for due in Due::parse("-4 1 -3 1 -2") {
            due.happens(&terms, &mut ledger, false);
        }
        for oldest in [Some((4, 1, history::TIMES)), Some((8, 1, history::TIMES))] {
            ledger.received(&terms, MessageEvent { kind: MessageKind::Text, bytes: b"x" }, &mut counts);
            assert_eq!(counts.last, oldest);
        }
        assert_eq!((ledger.in_flight(), ledger.next_sequence()), (0, 11));
        ledger.received(&terms, MessageEvent { kind: MessageKind::Text, bytes: b"x" }, &mut counts);
        assert_eq!(counts.unexpected, 1);
    }
}

/// A message with which a server broke a rule of the protocol: what is found, and the rest is
/// undetermined.
#[test]
fn what_can_be_told_of_a_message_that_broke_a_rule_is_found() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    for (name, kind, event, expected) in [
        ("the other kind", MessageKind::Text, bytes(0, 1), "damaged=1 undetermined=2 wrong_type=1"),
        (
            "the beginning of the other kind",
            MessageKind::Text,
            bytes(0, 1)[..40].to_vec(),
            "damaged=1 undetermined=2 wrong_type=1",
        ),
        ("its beginning", MessageKind::Text, bytes(0, 0)[..60].to_vec(), "damaged=1 undetermined=2 truncated=1"),
        ("two of them", MessageKind::Text, [bytes(0, 0), bytes(0, 1)].concat(), "damaged=2 undetermined=1 coalesced=1"),
        ("whole and right", MessageKind::Binary, bytes(0, 1), "undetermined=3"),
        ("nothing of ours", MessageKind::Text, vec![0xc3, 0x28], "undetermined=3"),
        ("nothing", MessageKind::Text, Vec::new(), "undetermined=3"),
    ] {
        let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
        (0..3).for_each(|_| ledger.sent(history::TIMES));
        ledger.protocol_violation(&terms, MessageEvent { kind, bytes: &event }, &mut counts);
        ledger.close(CloseCause::Died, &terms, &mut counts);
        assert_eq!(counts.nonzero(), expected, "{name}");
    }
}

#[test]
fn a_dead_connection_leaves_messages_undetermined() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
    (0..3).for_each(|_| ledger.sent(history::TIMES));
    ledger.received(&terms, MessageEvent { kind: MessageKind::Text, bytes: &bytes(0, 0) }, &mut counts);
    ledger.close(CloseCause::Died, &terms, &mut counts);
    assert_eq!(counts.nonzero(), "matched=1 undetermined=2");
    assert_eq!(ledger.in_flight(), 0);
}

#[test]
fn times_belong_to_their_message() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
    let times = |n| SendTimes { due: Time::from_nanos(n), written: Time::from_nanos(n + 1) };
    (0..4).for_each(|n| ledger.sent(times(100 * n)));
    ledger.skip(3);
    ledger.sent(times(700));
    for sequence in [2, 0, 7, 3, 1] {
        let kind = terms.payload().kind(sequence);
        ledger.received(&terms, MessageEvent { kind, bytes: &bytes(0, sequence) }, &mut counts);
        assert_eq!(counts.last, Some((sequence, 1, times(100 * sequence))));
    }
}

#[test]
fn messages_that_came_together_are_booked_together() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
    let checksums: Vec<u32> =
        (0..5).map(|sequence| terms.payload().encode(0, sequence, &mut [0; SIZE as usize])).collect();
    ledger.sent_together(history::TIMES, &checksums);
    let came = ["0", "1", "2", "2", "3"].map(history::parse);
    let mut events = came.iter().map(|(kind, bytes)| MessageEvent { kind: *kind, bytes });
    let again = ledger.received_in_order(&terms, &mut events, &mut counts).expect("2 came again");
    assert_eq!((again.kind, again.bytes), (came[3].0, came[3].1.as_slice()));
    assert_eq!((counts.last, counts.matched), (Some((0, 3, history::TIMES)), 3));
    assert_eq!((ledger.in_flight(), ledger.next_sequence()), (2, 5));
    // Nothing was done about it, nor about any of these.
    for other in ["1!", "4", "3~60", "3!"] {
        let (kind, bytes) = history::parse(other);
        let handed_back =
            ledger.received_in_order(&terms, std::iter::once(MessageEvent { kind, bytes: &bytes }), &mut counts);
        assert!(handed_back.is_some(), "{other}");
    }
    assert_eq!((counts.matched, ledger.in_flight()), (3, 2));
    assert!(ledger.received_in_order(&terms, &mut events, &mut counts).is_none(), "3 is what must come next");
    assert_eq!((counts.last, ledger.in_flight()), (Some((3, 1, history::TIMES)), 1));
    assert!(ledger.received_in_order(&terms, std::iter::empty(), &mut counts).is_none());
}

#[test]
fn none_is_the_next_where_any_event_will_do() {
    let whole = bytes(0, 0);
    for expect in [Expect::Count, Expect::Reply(String::new())] {
        let terms = terms(Mix::Mixed, expect);
        let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
        ledger.sent(history::TIMES);
        let event = MessageEvent { kind: MessageKind::Text, bytes: &whole };
        assert!(ledger.received_in_order(&terms, std::iter::once(event), &mut counts).is_some());
        assert_eq!((ledger.in_flight(), counts.matched), (1, 0));
    }
}

#[test]
fn a_lent_book_is_the_book() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
    (0..2).for_each(|_| ledger.sent(history::TIMES));
    for came in ["0", "x"] {
        let (kind, bytes) = history::parse(came);
        ledger.received(&terms, MessageEvent { kind, bytes: &bytes }, &mut &mut counts);
    }
    ledger.close(CloseCause::Drained, &terms, &mut &mut counts);
    assert_eq!(counts.nonzero(), "matched=1 lost=1 unexpected=1");
}

#[test]
fn count_takes_any_event_for_a_reply() {
    let terms = terms(Mix::Mixed, Expect::Count);
    let counts = play(&terms, 3, &[history::parse("x"), history::parse("-")]);
    assert_eq!(counts.nonzero(), "matched=2 lost=1");
    let counts = play(&terms, 1, &[history::parse("x"), history::parse("x")]);
    assert_eq!(counts.nonzero(), "matched=1 unexpected=1");
}

#[test]
fn a_known_reply_is_checked() {
    let reply = r#"{"a":1,"b":2}"#;
    let terms = terms(Mix::Mixed, Expect::Reply(reply.to_owned()));
    let text = |text: &str| (MessageKind::Text, text.as_bytes().to_vec());
    let counts = play(&terms, 2, &[text(reply), text(reply)]);
    assert_eq!(counts.nonzero(), "matched=2");
    let counts = play(&terms, 3, &[text(&reply.repeat(2)), text(reply)]);
    assert_eq!(counts.nonzero(), "matched=1 damaged=2 coalesced=1");
    let counts = play(&terms, 1, &[text(r#"{"a":1,"b":3}"#)]);
    assert_eq!(counts.nonzero(), "damaged=1 corrupted=1");
    let counts = play(&terms, 1, &[(MessageKind::Binary, reply.as_bytes().to_vec())]);
    assert_eq!(counts.nonzero(), "damaged=1 wrong_type=1");
    let counts = play(&terms, 1, &[text(reply), text(reply)]);
    assert_eq!(counts.nonzero(), "matched=1 unexpected=1");
}

#[test]
fn a_header_of_this_client_outweighs_a_wrong_body() {
    // The header of message 0, and a body that is a little like that of message 1: neither differs
    // by half or less.
    let alike = |header: Payload, client| {
        let (mut event, one) = (vec![0; SIZE as usize], bytes_of(Mix::Binary, 1));
        header.encode(client, 0, &mut event);
        let (zero, body) = (bytes_of(Mix::Binary, 0), MessageKind::Binary.header_len());
        event[body..body + 8].copy_from_slice(&one[body..body + 8]);
        for at in body + 8..event.len() {
            event[at] = (0..=u8::MAX).find(|byte| ![zero[at], one[at]].contains(byte)).expect("there are 256");
        }
        let counts = play(&terms(Mix::Binary, Expect::Echo), 2, &[(MessageKind::Binary, event)]);
        assert_eq!(counts.nonzero(), "lost=1 damaged=1 corrupted=1");
        counts.found[0].1.sequence
    };
    let of_run = |run| Payload::new(run, SIZE, Mix::Binary);
    assert_eq!(alike(of_run(RUN), 0), Some(0));
    assert_eq!(alike(of_run(RUN), 1), Some(1), "another client's header names none of this connection");
    assert_eq!(alike(of_run(RUN + 1), 0), Some(1), "nor does another run's");
}

#[test]
fn a_finding_names_its_message_and_when_it_was_sent() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    let known = |sequence| Subject { sequence: Some(sequence), times: Some(history::TIMES) };
    let gone = |sequence| Subject { sequence: Some(sequence), times: None };
    let table = [
        ("1!", Finding::WrongType, known(1)),
        ("1~60", Finding::Corrupted, known(1)),
        ("1+2", Finding::Coalesced, known(1)),
        ("1[..60]", Finding::Truncated, known(1)),
        ("c2:1", Finding::Misrouted { owner: 2 }, gone(1)),
        ("9", Finding::Unexpected, gone(9)),
        ("x", Finding::Unexpected, Subject::default()),
    ];
    for (came, finding, subject) in table {
        assert_eq!(play(&terms, 3, &[history::parse(came)]).found, [(finding, subject)], "{came}");
    }
    let counts = play(&terms, 3, &["1[..60]", "1[60..]"].map(history::parse));
    assert_eq!(counts.found, [(Finding::Split { earlier: 1 }, known(1))]);
    let counts = play(&terms, 3, &["1", "1"].map(history::parse));
    assert_eq!(counts.found, [(Finding::Duplicated, gone(1))]);
}

#[test]
fn each_connection_has_books_of_its_own() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    let (mut ledger, mut counts) = (Ledger::new(2), LedgerCounts::default());
    assert_eq!(ledger.client(), 2);
    (0..4).for_each(|_| ledger.sent(history::TIMES));
    for came in ["c2:1", "c2:0", "0", "c2:2[..60]", "c2:2[60..]", "c2:3~60"] {
        let (kind, bytes) = history::parse(came);
        ledger.received(&terms, MessageEvent { kind, bytes: &bytes }, &mut counts);
    }
    assert_eq!(counts.nonzero(), "matched=2 damaged=2 reordered=1 split=1 split_pieces=2 corrupted=1 misrouted=1");
    assert_eq!(counts.found[0].0, Finding::Misrouted { owner: 0 });
}
