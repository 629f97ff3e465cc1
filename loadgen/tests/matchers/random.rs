//! Random histories, whose outcome is known by construction.

use std::collections::BTreeSet;

use loadgen::{
    ledger::{CloseCause, Expectation, Ledger, MessageEvent},
    message::MessageKind,
    plan::Order,
};
use proptest::prelude::*;

use super::rig::{Counts, TIMES, escaped, expecting, id, mark, receive};

/// What a server does with a message, and what the ledger must then count.
#[derive(Clone, Copy, Debug)]
enum ServerAction {
    Answer,
    Drop,
    Duplicate,
    /// Joined with the next message.
    Coalesce,
    /// What names it is cut short.
    Truncate(usize),
    /// A bit of a mark's digits is flipped.
    Corrupt(usize, u8),
    Misroute,
    Unexpected,
    /// Answered after this many of the later ones.
    Late(usize),
}

fn action() -> impl Strategy<Value = ServerAction> {
    prop_oneof![
        8 => Just(ServerAction::Answer),
        1 => Just(ServerAction::Drop),
        1 => Just(ServerAction::Duplicate),
        1 => Just(ServerAction::Coalesce),
        1 => (13..53_usize).prop_map(ServerAction::Truncate),
        1 => (4..53_usize, 0..7_u8).prop_map(|(at, bit)| ServerAction::Corrupt(at, bit)),
        1 => Just(ServerAction::Misroute),
        1 => Just(ServerAction::Unexpected),
        1 => (1..5_usize).prop_map(ServerAction::Late),
    ]
}

/// What names a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Mark,
    Id,
}

/// How a server writes its answer.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// The place and the spaces around it differ.
    form: u8,
    escapes: bool,
}

fn style() -> impl Strategy<Value = Style> {
    (0..4_u8, any::<bool>()).prop_map(|(form, escapes)| Style { form, escapes })
}

fn name_of(by: By, client: u32, sequence: u64) -> String {
    match by {
        By::Mark => mark(super::rig::RUN, client, sequence),
        By::Id => id(client, sequence).to_string(),
    }
}

/// An answer that has `name` in it.
fn answer(by: By, name: &str, style: Style) -> String {
    let name = if style.escapes { escaped(name) } else { name.to_owned() };
    match (by, style.form) {
        (By::Mark, 0) => format!(r#"{{"text":"{name}"}}"#),
        (By::Mark, 1) => format!(r#"{{ "other" : ["{name}", "\"" ] }}"#),
        (By::Mark, 2) => format!("{name}\n"),
        (By::Mark, _) => format!(r#"{{"a":"{name}","b":"{name}"}}"#),
        (By::Id, 0) if !style.escapes => format!(r#"{{"id":{name}}}"#),
        (By::Id, 1) => format!(r#"{{ "a": [1, {{"id": 7}}], "id" : "{name}" }}"#),
        (By::Id, 2) => format!(r#"{{"id":"{name}","z":null}}"#),
        (By::Id, _) => format!("\n\t{{\"\\u0069d\":\"{name}\"}} "),
    }
}

/// What a history brings, and the counts that it must lead to.
struct History {
    events: Vec<String>,
    counts: Counts,
}

fn history(by: By, steps: &[(ServerAction, Style)], keeps_order: bool) -> History {
    let (mut events, mut counts) = (Vec::new(), Counts::default());
    let (mut late, mut order): (Vec<(usize, u64, Style)>, Vec<u64>) = (Vec::new(), Vec::new());
    let mut joined = false;
    for (at, &(action, style)) in steps.iter().enumerate() {
        let sequence = at as u64;
        let name = name_of(by, 0, sequence);
        let whole = answer(by, &name, style);
        if !std::mem::take(&mut joined) {
            match action {
                ServerAction::Coalesce if at + 1 < steps.len() => {
                    events.push(whole + &answer(by, &name_of(by, 0, sequence + 1), style));
                    counts.add("coalesced", 1);
                    counts.add("damaged", 2);
                    joined = true;
                }
                ServerAction::Answer | ServerAction::Coalesce => {
                    events.push(whole);
                    order.push(sequence);
                }
                ServerAction::Drop => counts.add("lost", 1),
                ServerAction::Duplicate => {
                    events.extend([whole.clone(), whole]);
                    order.push(sequence);
                    counts.add("duplicated", 1);
                }
                ServerAction::Truncate(len) => {
                    // A mark says what it was. A cut text is no JSON, and nobody's.
                    let (event, fate) = match by {
                        By::Mark => (answer(by, &name[..len], style), "damaged"),
                        By::Id => (whole.trim_end()[..whole.trim_end().len() - 1].to_owned(), "lost"),
                    };
                    events.push(event);
                    counts.add("corrupted", 1);
                    counts.add(fate, 1);
                }
                ServerAction::Corrupt(at, bit) if by == By::Mark => {
                    let mut bytes = name.into_bytes();
                    bytes[at] ^= 1 << bit;
                    events.push(answer(
                        by,
                        &String::from_utf8(bytes).expect("it is ASCII"),
                        Style { form: 2, ..style },
                    ));
                    counts.add("corrupted", 1);
                    counts.add("damaged", 1);
                }
                ServerAction::Corrupt(..) => {
                    events.push("{}".to_owned());
                    counts.add("unexpected", 1);
                    counts.add("lost", 1);
                }
                ServerAction::Misroute => {
                    events.push(answer(by, &name_of(by, 1, sequence), style));
                    counts.add("misrouted", 1);
                    counts.add("lost", 1);
                }
                ServerAction::Unexpected => {
                    events.extend([r#"{"hello":1}"#.to_owned(), whole]);
                    counts.add("unexpected", 1);
                    order.push(sequence);
                }
                ServerAction::Late(by) => late.push((at + by, sequence, style)),
            }
        }
        if !joined {
            for (_, sequence, style) in late.extract_if(.., |(after, ..)| *after <= at) {
                events.push(answer(by, &name_of(by, 0, sequence), style));
                order.push(sequence);
            }
        }
    }
    for (_, sequence, style) in late {
        events.push(answer(by, &name_of(by, 0, sequence), style));
        order.push(sequence);
    }
    counts.add("matched", order.len() as u64);
    counts.add("reordered", if keeps_order { order.len() as u64 - longest_increasing(&order) } else { 0 });
    History { events, counts }
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

/// Sends as many messages as must have been sent before each event, and `ahead` more.
fn play(expectation: &Expectation, steps: usize, events: &[String], ahead: usize) -> Counts {
    let (mut ledger, mut counts) = (Ledger::new(0), Counts::default());
    let mut sent = 0;
    for (at, event) in events.iter().enumerate() {
        // No event is about a message further on than this.
        let needed = (2 * at + 2 + ahead).min(steps);
        for _ in sent..needed {
            ledger.sent(TIMES);
        }
        sent = sent.max(needed);
        let event = MessageEvent { kind: MessageKind::Text, bytes: event.as_bytes() };
        receive(&mut ledger, expectation, &[event], &mut counts);
    }
    (sent..steps).for_each(|_| ledger.sent(TIMES));
    ledger.close(CloseCause::Drained, expectation, &mut counts);
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn histories_are_told_exactly(
        steps in prop::collection::vec((action(), style()), 1..60),
        by in prop::sample::select(vec![By::Mark, By::Id]),
        keeps_order in any::<bool>(),
        batched in any::<bool>(),
    ) {
        // What is joined is lawful where a server batches.
        let steps: Vec<_> = steps
            .into_iter()
            .map(|(action, style)| match action {
                ServerAction::Coalesce if batched => (ServerAction::Answer, style),
                action => (action, style),
            })
            .collect();
        let History { events, counts: expected } = history(by, &steps, keeps_order);
        let order = if keeps_order { Order::Keep } else { Order::Any };
        let text = if by == By::Mark { "mark" } else { "id=/id" };
        let expectation = expecting(text).with_order(order).with_batched(batched);
        let counts = play(&expectation, steps.len(), &events, steps.len());
        prop_assert_eq!(counts.nonzero(), expected.nonzero());
        counts.check(steps.len() as u64, events.len() as u64);
    }

    #[test]
    fn whatever_comes_every_event_and_message_is_counted_once(
        sent in 0..8_u64,
        parts in prop::collection::vec((0..12_u64, 0..3_u32, 0..60_usize, 0..60_usize, style()), 0..30),
        expect in prop::sample::select(vec!["mark", "id=/id", "id=", "id=~(\\d+)", "count", "reply=x", "sequence=/id"]),
        until in any::<bool>(),
    ) {
        let sent = if expect.starts_with("sequence") { 0 } else { sent };
        let events: Vec<Vec<u8>> = parts
            .iter()
            .map(|&(sequence, client, from, len, style)| {
                let by = if sequence % 2 == 0 { By::Mark } else { By::Id };
                let text = answer(by, &name_of(by, client, sequence), style);
                text.bytes().skip(from / 10).take(len * 5).collect()
            })
            .collect();
        let until = until.then(|| "a|b".parse().expect("an expression"));
        let counts = super::rig::play(&expecting(expect).with_until(until), sent, &events);
        counts.check(sent, events.len() as u64);
    }

    #[test]
    fn pushes_are_told_exactly(numbers in prop::collection::vec(0..40_u64, 0..60)) {
        let (mut seen, mut expected) = (BTreeSet::new(), Counts::default());
        for &number in &numbers {
            let overtaken = seen.last().is_some_and(|highest| *highest > number);
            if seen.insert(number) {
                expected.add("pushed", 1);
                expected.add("reordered", overtaken.into());
            } else {
                expected.add("duplicated", 1);
            }
        }
        if let (Some(base), Some(highest)) = (numbers.first(), seen.last()) {
            expected.add("gaps", (*base..*highest).filter(|number| !seen.contains(number)).count() as u64);
        }
        let events: Vec<String> = numbers.iter().map(|n| format!(r#"{{"n":{n}}}"#)).collect();
        prop_assert_eq!(super::rig::play(&expecting("sequence=/n"), 0, &events).nonzero(), expected.nonzero());
    }
}
