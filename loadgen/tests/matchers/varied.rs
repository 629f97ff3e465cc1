//! `--expect echo` of generated messages whose sizes differ.

use loadgen::{
    ledger::{Expectation, Ledger, MessageEvent},
    message::{Mix, Source},
    plan::{Expect, SizeRange, Sizes},
};

use super::{
    rig::{CLIENTS, Counts, RUN, TIMES, receive},
    templates::check_echo,
};

fn echo_of(sizes: &Sizes, mix: Mix) -> Expectation {
    Expectation::new(Source::generated(RUN, sizes, mix, 53), &Expect::Echo, CLIENTS)
}

#[test]
fn echoes_of_several_sizes_are_told_apart() {
    let sizes = Sizes::Range(SizeRange::new(150, 400).unwrap());
    check_echo(
        &echo_of(&sizes, Mix::Text),
        &[
            ("in order", 3, "0 1 2", "matched=3"),
            ("one lost", 3, "0 2", "lost=1 matched=2"),
            ("one late", 3, "1 2 0", "matched=3 reordered=1"),
            ("doubled", 2, "0 0 1", "duplicated=1 matched=2"),
            ("two in one event", 3, "0+1 2", "coalesced=1 damaged=2 matched=1"),
            ("one in two events", 2, "0[..60] 0[60..] 1", "damaged=1 matched=1 split=2"),
            ("one in two events, a header cut", 2, "0[..30] 0[30..] 1", "damaged=1 matched=1 split=2"),
            ("truncated", 2, "0[..60] 1", "damaged=1 matched=1 truncated=1"),
            ("a whole one and a piece", 2, "0+1[..60]", "coalesced=1 damaged=2"),
            ("a bit of the header", 2, "0~20 1", "corrupted=1 damaged=1 matched=1"),
            ("a bit of the length", 2, "0~51 1", "corrupted=1 damaged=1 matched=1"),
            ("a bit of the body", 2, "0~100 1", "corrupted=1 damaged=1 matched=1"),
            ("of another client", 1, "c1:0 0", "matched=1 misrouted=1"),
            ("never sent", 1, "1 0", "matched=1 unexpected=1"),
            ("foreign", 1, "hello 0", "matched=1 unexpected=1"),
        ],
    );
}

#[test]
fn edges_of_both_kinds_match_with_and_without_checksums() {
    let expectation = echo_of(&Sizes::Edges, Mix::Mixed);
    let Source::Varied(payload) = &expectation.source else { panic!("sizes differ") };
    for with_checksums in [false, true] {
        let (mut ledger, mut counts) = (Ledger::new(1), Counts::default());
        let series = payload.of(1);
        let sent: Vec<_> = (0..70)
            .map(|sequence| {
                let (kind, len) = series.kind_and_len(sequence);
                let mut bytes = vec![0; len];
                let checksum = payload.payload(1, sequence).encode(1, sequence, &mut bytes);
                if with_checksums {
                    ledger.sent_together(TIMES, &[checksum]);
                } else {
                    ledger.sent(TIMES);
                }
                (kind, bytes)
            })
            .collect();
        let events: Vec<_> = sent.iter().map(|(kind, bytes)| MessageEvent { kind: *kind, bytes }).collect();
        events.chunks(7).for_each(|read| receive(&mut ledger, &expectation, read, &mut counts));
        assert_eq!((counts.nonzero().as_str(), ledger.in_flight()), ("matched=70", 0));
    }
}
