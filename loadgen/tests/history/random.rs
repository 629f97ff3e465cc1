//! Random histories, whose outcome is known by construction.

use proptest::prelude::*;

use super::*;

/// What a server does to a message, and what the ledger must then count.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Echo,
    Drop,
    Duplicate,
    /// Joined with the next message.
    Coalesce,
    Split(usize),
    Truncate(usize),
    Corrupt(usize, u8),
    WrongType,
    Misroute,
    Unexpected,
    /// Echoed after this many of the later ones.
    Late(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => Just(Deed::Echo),
        1 => Just(Deed::Drop),
        1 => Just(Deed::Duplicate),
        1 => Just(Deed::Coalesce),
        1 => (1..SIZE as usize).prop_map(Deed::Split),
        1 => (1..SIZE as usize).prop_map(Deed::Truncate),
        1 => (0..SIZE as usize, 0..8_u8).prop_map(|(at, bit)| Deed::Corrupt(at, bit)),
        1 => Just(Deed::WrongType),
        1 => Just(Deed::Misroute),
        1 => Just(Deed::Unexpected),
        1 => (1..5_u64).prop_map(Deed::Late),
    ]
}

/// The events that a history brings, and the counts that it must lead to.
fn history(mix: Mix, deeds: &[Deed]) -> (Vec<(Kind, Vec<u8>)>, Books) {
    let (mut events, mut books) = (Vec::new(), Books::default());
    let (mut late, mut order): (Vec<(u64, u64)>, _) = (Vec::new(), Vec::new());
    let mut joined = false;
    for (sequence, deed) in (0_u64..).zip(deeds) {
        let whole = (mix.kind(sequence), bytes_of(mix, sequence));
        let follows = sequence + 1 < deeds.len() as u64;
        if std::mem::take(&mut joined) {
            // Taken along by the one before.
        } else {
            match *deed {
                Deed::Coalesce if follows => {
                    let both = [bytes_of(mix, sequence), bytes_of(mix, sequence + 1)].concat();
                    events.push((whole.0, both));
                    books.coalesced += 1;
                    books.damaged += 2;
                    joined = true;
                }
                Deed::Echo | Deed::Coalesce => {
                    events.push(whole);
                    order.push(sequence);
                }
                Deed::Drop => books.lost += 1,
                Deed::Duplicate => {
                    events.extend([whole.clone(), whole]);
                    order.push(sequence);
                    books.duplicated += 1;
                }
                Deed::Split(at) => {
                    let (head, tail) = whole.1.split_at(at);
                    events.extend([(whole.0, head.to_vec()), (whole.0, tail.to_vec())]);
                    books.split += 1;
                    books.split_pieces += 2;
                    books.damaged += 1;
                }
                // What another message begins with may as well be the end of this one, if that came without it.
                Deed::Truncate(at) if (0..deeds.len() as u64).any(|n| bytes_of(mix, n).starts_with(&whole.1[at..])) => {
                    events.push(whole);
                    order.push(sequence);
                }
                Deed::Truncate(at) => {
                    events.push((whole.0, whole.1[..at].to_vec()));
                    books.truncated += 1;
                    books.damaged += 1;
                }
                Deed::Corrupt(at, bit) => {
                    let mut wrong = whole.1;
                    wrong[at] ^= 1 << bit;
                    events.push((whole.0, wrong));
                    books.corrupted += 1;
                    books.damaged += 1;
                }
                Deed::WrongType => {
                    events.push((other(whole.0), whole.1));
                    books.wrong_type += 1;
                    books.damaged += 1;
                }
                Deed::Misroute => {
                    // To another connection, and one of its messages to this.
                    let mut foreign = vec![0; SIZE as usize];
                    Payload::new(RUN, SIZE, mix).encode(1, sequence, &mut foreign);
                    events.push((whole.0, foreign));
                    books.misrouted += 1;
                    books.lost += 1;
                }
                Deed::Unexpected => {
                    events.extend([(Kind::Text, b"surprise".to_vec()), whole]);
                    order.push(sequence);
                    books.unexpected += 1;
                }
                Deed::Late(by) => late.push((sequence + by, sequence)),
            }
        }
        // Late ones come between messages, never within one.
        if !joined {
            for (_, sequence) in late.extract_if(.., |(after, _)| *after <= sequence) {
                events.push((mix.kind(sequence), bytes_of(mix, sequence)));
                order.push(sequence);
            }
        }
    }
    for (_, sequence) in late {
        events.push((mix.kind(sequence), bytes_of(mix, sequence)));
        order.push(sequence);
    }
    books.matched = order.len() as u64;
    books.reordered = books.matched - longest_increasing(&order);
    (events, books)
}

fn longest_increasing(order: &[u64]) -> u64 {
    let mut best = vec![1; order.len()];
    for i in 0..order.len() {
        for j in 0..i {
            if order[j] < order[i] {
                best[i] = best[i].max(best[j] + 1);
            }
        }
    }
    best.into_iter().max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn histories_are_told_exactly(
        deeds in prop::collection::vec(deed(), 1..60),
        mix in prop::sample::select(vec![Mix::Text, Mix::Binary, Mix::Mixed]),
        together in prop::option::of(1..10_usize),
    ) {
        let (events, expected) = history(mix, &deeds);
        let (terms, sent) = (terms(mix, Expect::Echo), deeds.len() as u64);
        let books = match together {
            Some(a_read) => play_together(&terms, sent, &events, a_read),
            None => play(&terms, sent, &events),
        };
        prop_assert_eq!(books.nonzero(), expected.nonzero());
        books.check_identities();
    }

    #[test]
    fn whatever_comes_every_event_and_message_is_counted_once(
        sent in 0..20_u64,
        events in prop::collection::vec(chaos(), 0..40),
    ) {
        play(&terms(Mix::Mixed, Expect::Echo), sent, &events).check_identities();
    }
}

/// Slices of streams of messages: what a server does that has no idea of messages.
fn chaos() -> impl Strategy<Value = (Kind, Vec<u8>)> {
    (0..20_u64, 0..200_usize, 0..200_usize, any::<bool>(), prop::option::of((any::<prop::sample::Index>(), 1..=255_u8)))
        .prop_map(|(first, from, len, text, flip)| {
            let stream: Vec<u8> = (first..first + 8).flat_map(|sequence| bytes(0, sequence)).collect();
            let mut slice = stream[from..from + len].to_vec();
            if let Some((at, flip)) = flip.filter(|_| len > 0) {
                slice[at.index(len)] ^= flip;
            }
            (if text { Kind::Text } else { Kind::Binary }, slice)
        })
}
