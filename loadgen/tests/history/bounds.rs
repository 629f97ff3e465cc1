//! How much memory and work long histories cost.

use super::*;

#[test]
fn a_lost_message_does_not_hold_the_memory_of_those_after_it() {
    // A million messages, the first lost: in flight is never more than two.
    let terms = terms(Mix::Binary, Expect::Echo);
    let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
    ledger.sent(TIMES);
    let payload = Payload::new(RUN, SIZE, Mix::Binary);
    let mut message = [0; SIZE as usize];
    for sequence in 1..100_000 {
        ledger.sent(TIMES);
        payload.encode(0, sequence, &mut message);
        ledger.received(&terms, MessageEvent { kind: MessageKind::Binary, bytes: &message }, &mut counts);
    }
    let held = ledger.capacity();
    assert!((1..300).contains(&held), "{held} entries");
    ledger.received(&terms, MessageEvent { kind: MessageKind::Binary, bytes: &bytes_of(Mix::Binary, 0) }, &mut counts);
    assert!(ledger.capacity() < held, "message 0 held a place of its own");
    ledger.close(CloseCause::Drained, &terms, &mut counts);
    assert_eq!(counts.nonzero(), "matched=100000 reordered=1");
}

#[test]
fn messages_lost_before_a_long_stream_do_not_hold_its_memory() {
    // The first of a thousand at once is lost. The others then come one by one.
    let terms = terms(Mix::Binary, Expect::Echo);
    let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
    (0..1_000).for_each(|_| ledger.sent(TIMES));
    assert!(ledger.capacity() >= 1_000);
    for sequence in 1..20_000 {
        if sequence >= 1_000 {
            ledger.sent(TIMES);
        }
        ledger.received(
            &terms,
            MessageEvent { kind: MessageKind::Binary, bytes: &bytes_of(Mix::Binary, sequence) },
            &mut counts,
        );
    }
    assert!(ledger.capacity() < 3_000, "{} entries", ledger.capacity());
}

#[test]
fn drops_in_a_row_take_no_memory() {
    let (mut ledger, terms) = (Ledger::new(0), terms(Mix::Binary, Expect::Echo));
    ledger.sent(TIMES);
    let held = ledger.capacity();
    (0..1_000_000).for_each(|_| ledger.skip(1_000));
    assert!(ledger.capacity() <= held + 4, "{}", ledger.capacity());
    assert_eq!(ledger.next_sequence(), 1_000_000_001);
    let mut counts = LedgerCounts::default();
    for (sequence, finding) in [(0, None), (777_777, Some(Finding::Unexpected)), (0, Some(Finding::Duplicated))] {
        counts.found.clear();
        let bytes = bytes_of(Mix::Binary, sequence);
        ledger.received(&terms, MessageEvent { kind: MessageKind::Binary, bytes: &bytes }, &mut counts);
        assert_eq!(counts.found.first().map(|(finding, _)| *finding), finding);
    }
}

/// A client that is over its cap for a long time sends a message now and then. The first one comes
/// back first, last or never.
#[test]
fn drops_between_messages_take_bounded_memory() {
    let terms = terms(Mix::Binary, Expect::Echo);
    for (first, expected) in
        [("first", "matched=50000"), ("last", "matched=50000 reordered=1"), ("never", "matched=49999 lost=1")]
    {
        let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
        let mut comes = |ledger: &mut Ledger, sequence| {
            let bytes = bytes_of(Mix::Binary, sequence);
            ledger.received(&terms, MessageEvent { kind: MessageKind::Binary, bytes: &bytes }, &mut counts);
        };
        let (mut held, before) = (0, 1_000_000);
        ledger.skip(before);
        for sent in 0..50_000 {
            let sequence = ledger.next_sequence();
            ledger.sent(TIMES);
            ledger.skip(1 + sent % 3);
            if sent > 0 || first == "first" {
                comes(&mut ledger, sequence);
            }
            held = held.max(ledger.capacity());
        }
        assert!(held < 500, "{held} entries");
        if first == "last" {
            comes(&mut ledger, before);
        }
        ledger.close(CloseCause::Drained, &terms, &mut counts);
        assert_eq!(counts.nonzero(), expected);
    }
}

/// More messages in flight than drops are remembered, each with a drop after it. Before that, as
/// many came back.
#[test]
fn drops_between_messages_in_flight_are_all_known() {
    let (terms, mut ledger, mut counts) = (terms(Mix::Binary, Expect::Echo), Ledger::new(0), LedgerCounts::default());
    let mut comes = |ledger: &mut Ledger, sequence| {
        let bytes = bytes_of(Mix::Binary, sequence);
        ledger.received(&terms, MessageEvent { kind: MessageKind::Binary, bytes: &bytes }, &mut counts);
    };
    for sequence in (0..2_000).map(|sent| 2 * sent) {
        ledger.sent(TIMES);
        ledger.skip(1);
        if sequence < 1_000 {
            comes(&mut ledger, sequence);
        }
    }
    for sequence in (1_000..4_000).step_by(2) {
        comes(&mut ledger, sequence + 1);
        comes(&mut ledger, sequence);
    }
    assert_eq!(counts.nonzero(), "matched=2000 unexpected=1500");
}

#[test]
fn an_overtaken_message_keeps_its_place_in_short_orders() {
    let terms = terms(Mix::Binary, Expect::Echo);
    for (sent, came) in [(64, 63), (100, 50)] {
        let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
        (0..sent).for_each(|_| ledger.sent(TIMES));
        let held = ledger.capacity();
        for sequence in 1..=came {
            ledger.received(
                &terms,
                MessageEvent { kind: MessageKind::Binary, bytes: &bytes_of(Mix::Binary, sequence) },
                &mut counts,
            );
        }
        assert_eq!(u64::from(ledger.in_flight()), sent - came);
        assert_eq!(ledger.capacity(), held, "message 0 has no other place");
    }
}

#[test]
fn the_memory_for_pieces_too_short_to_tell_is_bounded() {
    // Each of 5000 messages comes cut to its magic: which message it was is only kept for so many.
    let pieces = vec![(MessageKind::Text, b"lg1".to_vec()); 5_000];
    let counts = play(&terms(Mix::Mixed, Expect::Echo), 5_000, &pieces);
    assert_eq!(counts.nonzero(), "lost=904 damaged=4096 truncated=5000");
    counts.check_identities();
}

#[test]
fn a_header_names_its_message_among_more_than_are_compared() {
    let (terms, sent, at) = (terms(Mix::Binary, Expect::Echo), 5_000, 4_500);
    let whole = |sequence| (MessageKind::Binary, bytes_of(Mix::Binary, sequence));
    let mut wrong = whole(at);
    wrong.1[60] ^= 1;
    let events: Vec<_> =
        std::iter::once(wrong).chain((0..sent).filter(|&sequence| sequence != at).map(whole)).collect();
    let counts = play(&terms, sent, &events);
    assert_eq!(counts.nonzero(), "matched=4999 damaged=1 corrupted=1");
}
