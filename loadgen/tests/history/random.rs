//! Random histories, whose outcome is known by construction.

use proptest::prelude::*;

use super::*;

/// What a server does to a message, and what the ledger must then count.
#[derive(Clone, Copy, Debug)]
enum ServerAction {
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

fn action() -> impl Strategy<Value = ServerAction> {
    prop_oneof![
        8 => Just(ServerAction::Echo),
        1 => Just(ServerAction::Drop),
        1 => Just(ServerAction::Duplicate),
        1 => Just(ServerAction::Coalesce),
        1 => (1..SIZE as usize).prop_map(ServerAction::Split),
        1 => (1..SIZE as usize).prop_map(ServerAction::Truncate),
        1 => (0..SIZE as usize, 0..8_u8).prop_map(|(at, bit)| ServerAction::Corrupt(at, bit)),
        1 => Just(ServerAction::WrongType),
        1 => Just(ServerAction::Misroute),
        1 => Just(ServerAction::Unexpected),
        1 => (1..5_u64).prop_map(ServerAction::Late),
    ]
}

/// The events that a history brings, and the counts that it must lead to.
fn history(mix: Mix, actions: &[ServerAction]) -> (Vec<(MessageKind, Vec<u8>)>, LedgerCounts) {
    let (mut events, mut counts) = (Vec::new(), LedgerCounts::default());
    let (mut late, mut order): (Vec<(u64, u64)>, _) = (Vec::new(), Vec::new());
    let mut joined = false;
    for (sequence, action) in (0_u64..).zip(actions) {
        let whole = (mix.kind(sequence), bytes_of(mix, sequence));
        let follows = sequence + 1 < actions.len() as u64;
        if std::mem::take(&mut joined) {
            // Taken along by the one before.
        } else {
            match *action {
                ServerAction::Coalesce if follows => {
                    let both = [bytes_of(mix, sequence), bytes_of(mix, sequence + 1)].concat();
                    events.push((whole.0, both));
                    counts.coalesced += 1;
                    counts.damaged += 2;
                    joined = true;
                }
                ServerAction::Echo | ServerAction::Coalesce => {
                    events.push(whole);
                    order.push(sequence);
                }
                ServerAction::Drop => counts.lost += 1,
                ServerAction::Duplicate => {
                    events.extend([whole.clone(), whole]);
                    order.push(sequence);
                    counts.duplicated += 1;
                }
                ServerAction::Split(at) => {
                    let (head, tail) = whole.1.split_at(at);
                    events.extend([(whole.0, head.to_vec()), (whole.0, tail.to_vec())]);
                    counts.split += 1;
                    counts.split_pieces += 2;
                    counts.damaged += 1;
                }
                // What another message begins with may as well be the end of this one, if that came
                // without it.
                ServerAction::Truncate(at)
                    if (0..actions.len() as u64).any(|n| bytes_of(mix, n).starts_with(&whole.1[at..])) =>
                {
                    events.push(whole);
                    order.push(sequence);
                }
                ServerAction::Truncate(at) => {
                    events.push((whole.0, whole.1[..at].to_vec()));
                    counts.truncated += 1;
                    counts.damaged += 1;
                }
                ServerAction::Corrupt(at, bit) => {
                    let mut wrong = whole.1;
                    wrong[at] ^= 1 << bit;
                    events.push((whole.0, wrong));
                    counts.corrupted += 1;
                    counts.damaged += 1;
                }
                ServerAction::WrongType => {
                    events.push((other(whole.0), whole.1));
                    counts.wrong_type += 1;
                    counts.damaged += 1;
                }
                ServerAction::Misroute => {
                    // To another connection, and one of its messages to this.
                    let mut foreign = vec![0; SIZE as usize];
                    Payload::new(RUN, SIZE, mix).encode(1, sequence, &mut foreign);
                    events.push((whole.0, foreign));
                    counts.misrouted += 1;
                    counts.lost += 1;
                }
                ServerAction::Unexpected => {
                    events.extend([(MessageKind::Text, b"surprise".to_vec()), whole]);
                    order.push(sequence);
                    counts.unexpected += 1;
                }
                ServerAction::Late(by) => late.push((sequence + by, sequence)),
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
    counts.matched = order.len() as u64;
    counts.reordered = counts.matched - longest_increasing(&order);
    (events, counts)
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
        actions in prop::collection::vec(action(), 1..60),
        mix in prop::sample::select(vec![Mix::Text, Mix::Binary, Mix::Mixed]),
        together in prop::option::of(1..10_usize),
    ) {
        let (events, expected) = history(mix, &actions);
        let (terms, sent) = (terms(mix, Expect::Echo), actions.len() as u64);
        let counts = match together {
            Some(a_read) => play_together(&terms, sent, &events, a_read),
            None => play(&terms, sent, &events),
        };
        prop_assert_eq!(counts.nonzero(), expected.nonzero());
        counts.check_identities();
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
fn chaos() -> impl Strategy<Value = (MessageKind, Vec<u8>)> {
    (0..20_u64, 0..200_usize, 0..200_usize, any::<bool>(), prop::option::of((any::<prop::sample::Index>(), 1..=255_u8)))
        .prop_map(|(first, from, len, text, flip)| {
            let stream: Vec<u8> = (first..first + 8).flat_map(|sequence| bytes(0, sequence)).collect();
            let mut slice = stream[from..from + len].to_vec();
            if let Some((at, flip)) = flip.filter(|_| len > 0) {
                slice[at.index(len)] ^= flip;
            }
            (if text { MessageKind::Text } else { MessageKind::Binary }, slice)
        })
}
