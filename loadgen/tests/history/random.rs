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
    Late(usize),
}

/// What is due: before each message that is sent, this many are dropped. A server may make one of
/// these up.
#[derive(Clone, Copy, Debug)]
struct Drops {
    messages: u64,
    made_up: Option<u64>,
}

fn drops() -> impl Strategy<Value = Drops> {
    let none = Just(Drops { messages: 0, made_up: None });
    let some = (1..5_u64, prop::option::weighted(0.3, 0..5_u64))
        .prop_map(|(messages, which)| Drops { messages, made_up: which.map(|which| which % messages) });
    prop_oneof![3 => none, 1 => some]
}

/// One message that is sent: what was dropped before it, and what the server does.
type Step = (Drops, ServerAction);

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
        1 => (1..5_usize).prop_map(ServerAction::Late),
    ]
}

/// The sequences of the messages that are sent.
fn sequences(steps: &[Step]) -> Vec<u64> {
    let due = steps.iter().scan(0, |next, (drops, _)| {
        let sequence = *next + drops.messages;
        *next = sequence + 1;
        Some(sequence)
    });
    due.collect()
}

/// What a history brings, and the counts that it must lead to.
struct History {
    events: Vec<(MessageKind, Vec<u8>)>,
    /// How many messages must have been sent before each event.
    after: Vec<usize>,
    counts: LedgerCounts,
}

fn history(mix: Mix, steps: &[Step]) -> History {
    let (sequences, mut after) = (sequences(steps), Vec::new());
    let (mut events, mut counts) = (Vec::new(), LedgerCounts::default());
    let (mut late, mut order): (Vec<(usize, u64)>, _) = (Vec::new(), Vec::new());
    let mut joined = false;
    for (at, (&sequence, (drops, action))) in sequences.iter().zip(steps).enumerate() {
        let whole = (mix.kind(sequence), bytes_of(mix, sequence));
        let next = sequences.get(at + 1).copied();
        if std::mem::take(&mut joined) {
            // Taken along by the one before.
        } else {
            if let Some(made_up) = drops.made_up {
                let made_up = sequence - drops.messages + made_up;
                events.push((mix.kind(made_up), bytes_of(mix, made_up)));
                counts.unexpected += 1;
            }
            match *action {
                ServerAction::Coalesce if next.is_some() => {
                    let both = [whole.1, next.map(|next| bytes_of(mix, next)).unwrap_or_default()].concat();
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
                    if sequences.iter().any(|&n| bytes_of(mix, n).starts_with(&whole.1[at..])) =>
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
                ServerAction::Late(by) => late.push((at + by, sequence)),
            }
        }
        // Late ones come between messages, never within one.
        if !joined {
            for (_, sequence) in late.extract_if(.., |(after, _)| *after <= at) {
                events.push((mix.kind(sequence), bytes_of(mix, sequence)));
                order.push(sequence);
            }
        }
        after.resize(events.len(), at + 1 + usize::from(joined));
    }
    for (_, sequence) in late {
        events.push((mix.kind(sequence), bytes_of(mix, sequence)));
        order.push(sequence);
    }
    counts.matched = order.len() as u64;
    counts.reordered = counts.matched - longest_increasing(&order);
    after.resize(events.len(), steps.len());
    History { events, after, counts }
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
        steps in prop::collection::vec((drops(), action()), 1..60),
        mix in prop::sample::select(vec![Mix::Text, Mix::Binary, Mix::Mixed]),
        together in prop::option::of(1..10_usize),
    ) {
        let History { events, counts: expected, .. } = history(mix, &steps);
        let terms = terms(mix, Expect::Echo);
        let due: Vec<_> =
            steps.iter().flat_map(|(drops, _)| [Due::Dropped(drops.messages), Due::Sent(1)]).collect();
        let counts = match together {
            Some(a_read) => play_together(&terms, &due, &events, a_read),
            None => play_due(&terms, &due, &events),
        };
        prop_assert_eq!(counts.nonzero(), expected.nonzero());
        counts.check_identities();
    }

    #[test]
    fn whatever_comes_every_event_and_message_is_counted_once(
        due in prop::collection::vec(due(), 0..8),
        events in prop::collection::vec(chaos(), 0..40),
    ) {
        play_due(&terms(Mix::Mixed, Expect::Echo), &due, &events).check_identities();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Histories with at most `ahead` messages more in flight than have to be.
    #[test]
    fn histories_are_told_exactly_while_messages_are_sent(
        steps in prop::collection::vec((drops(), action()), 1..60),
        mix in prop::sample::select(vec![Mix::Text, Mix::Binary, Mix::Mixed]),
        ahead in 0..5_usize,
    ) {
        let History { events, after, counts: expected } = history(mix, &steps);
        let (terms, mut ledger) = (terms(mix, Expect::Echo), Ledger::new(0));
        let (sent, came) = (steps.len() as u64, events.len() as u64);
        let mut counts = LedgerCounts { sent, events: came, ..LedgerCounts::default() };
        let mut due = steps.iter().map(|(drops, _)| drops.messages);
        let mut sent = 0;
        for ((kind, bytes), after) in events.iter().zip(after) {
            for messages in due.by_ref().take((after + ahead).saturating_sub(sent)) {
                ledger.skip(messages);
                ledger.sent(TIMES);
                sent += 1;
            }
            ledger.received(&terms, MessageEvent { kind: *kind, bytes }, &mut counts);
        }
        for messages in due {
            ledger.skip(messages);
            ledger.sent(TIMES);
        }
        prop_assert_eq!(ledger.next_sequence(), sequences(&steps)[steps.len() - 1] + 1);
        ledger.close(CloseCause::Drained, &terms, &mut counts);
        prop_assert_eq!(counts.nonzero(), expected.nonzero());
        counts.check_identities();
    }
}

fn due() -> impl Strategy<Value = Due> {
    prop_oneof![2 => (0..6_u64).prop_map(Due::Sent), 1 => (0..4_u64).prop_map(Due::Dropped)]
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
