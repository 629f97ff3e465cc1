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
    ledger.close(false, &terms, &mut counts);
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
