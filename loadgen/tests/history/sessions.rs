//! Clients that have one connection after the other.

use proptest::prelude::*;

use super::*;

/// What happens, in this order: `+3` three messages are sent, `-2` two are dropped, an event as in
/// the other scenarios comes, or a connection ends: `drained`, `died` or `cut`.
const SCENARIOS: &[(&str, &str, &str)] = &[
    ("the next session takes what was in flight", "+3 0 cut +1 1 3 2", "matched=2 undetermined_by_plan=2 late=2"),
    ("so after a death", "+2 0 died 1", "matched=1 undetermined=1 late=1"),
    ("and after a drain", "+1 drained +1 0 1", "matched=1 lost=1 late=1"),
    ("any later session does", "+1 cut cut +1 died 0 1", "undetermined=1 undetermined_by_plan=1 late=2"),
    ("it is late once", "+1 cut 0 0", "undetermined_by_plan=1 duplicated=1 late=1"),
    ("once over all sessions", "+1 cut 0 cut 0", "undetermined_by_plan=1 duplicated=1 late=1"),
    ("what had come comes again", "+2 0 cut 0 1", "matched=1 undetermined_by_plan=1 duplicated=1 late=1"),
    ("what came damaged comes again", "+1 0~60 cut 0", "damaged=1 duplicated=1 corrupted=1"),
    ("order is not judged across sessions", "+2 cut +2 2 1 3 0", "matched=2 undetermined_by_plan=2 late=2"),
    ("it is within one", "+2 cut +2 3 1 2 0", "matched=2 undetermined_by_plan=2 reordered=1 late=2"),
    ("of the other type", "+1 cut 0! 0", "undetermined_by_plan=1 duplicated=1 wrong_type=1"),
    ("never sent", "+1 cut +1 1 2", "matched=1 undetermined_by_plan=1 unexpected=1"),
    ("what was dropped while away", "+1 cut -2 +1 1 3 0", "matched=1 undetermined_by_plan=1 unexpected=1 late=1"),
    ("a piece that a cut left", "+2 0[..30] cut +1 2", "matched=1 damaged=1 undetermined_by_plan=1 truncated=1"),
    ("its rest is nobody's", "+1 0[..30] cut 0[30..]", "damaged=1 truncated=1 unexpected=1"),
    ("two late in one event", "+2 cut 0+1", "undetermined_by_plan=2 coalesced=1"),
    ("of another client", "+1 cut c1:0", "undetermined_by_plan=1 misrouted=1"),
];

/// Plays a scenario. `together` takes events as an engine does.
fn play(terms: &Expectation, scenario: &str, together: bool) -> LedgerCounts {
    let (mut ledger, mut counts) = (Ledger::new(0), LedgerCounts::default());
    for part in scenario.split_whitespace().chain(["drained"]) {
        let cause = match part {
            "drained" => Some(CloseCause::Drained),
            "died" => Some(CloseCause::Died),
            "cut" => Some(CloseCause::ByPlan),
            _ => None,
        };
        let due = part.strip_prefix('+').unwrap_or(part);
        if let Some(cause) = cause {
            ledger.close(cause, terms, &mut counts);
            assert_eq!(ledger.in_flight(), 0);
        } else if part.starts_with(['+', '-']) && part != "-" {
            for due in Due::parse(due) {
                due.happens(terms, &mut ledger, together);
                counts.sent += due.sent();
            }
        } else {
            let (kind, bytes) = parse(part);
            counts.events += 1;
            let event = MessageEvent { kind, bytes: &bytes };
            let other = if together {
                ledger.received_in_order(terms, std::iter::once(event), &mut counts)
            } else {
                Some(event)
            };
            if let Some(event) = other {
                ledger.received(terms, event, &mut counts);
            }
        }
    }
    counts.check_identities();
    counts
}

fn reconnecting() -> Expectation {
    terms(Mix::Mixed, Expect::Echo).with_reconnects(true)
}

#[test]
fn a_message_may_come_on_a_later_connection() {
    for (name, scenario, expected) in SCENARIOS {
        for together in [false, true] {
            assert_eq!(play(&reconnecting(), scenario, together).nonzero(), *expected, "{name}: {scenario}");
        }
    }
}

#[test]
fn without_reconnects_nothing_is_remembered() {
    let terms = terms(Mix::Mixed, Expect::Echo);
    assert_eq!(play(&terms, "+1 died 0", false).nonzero(), "undetermined=1 duplicated=1");
    let mut ledger = Ledger::new(0);
    (0..1000).for_each(|_| ledger.sent(TIMES));
    let held = ledger.capacity();
    ledger.close(CloseCause::Died, &terms, &mut LedgerCounts::default());
    assert_eq!(ledger.capacity(), held);
}

#[test]
fn ten_thousand_sessions_take_little_memory() {
    let (terms, mut counts, mut ledger) = (reconnecting(), LedgerCounts::default(), Ledger::new(0));
    let mut held = Vec::new();
    for session in 0..10_000_u64 {
        // The first comes, the second does not, and two are due while the client is away.
        (0..2).for_each(|_| ledger.sent(TIMES));
        let message = bytes(0, 4 * session);
        ledger.received(&terms, MessageEvent { kind: Mix::Mixed.kind(4 * session), bytes: &message }, &mut counts);
        ledger.close(CloseCause::ByPlan, &terms, &mut counts);
        ledger.skip(2);
        held.push(ledger.capacity());
    }
    assert!(held[9_999] <= held[200] && held[200] < 1000, "{} and {}", held[200], held[9_999]);
    assert_eq!(counts.nonzero(), "matched=10000 undetermined_by_plan=10000");
    // The last and the first come late. Nobody knows any more whether the first had come before.
    for (sequence, late) in [(39_997, 1), (1, 2), (1, 3)] {
        let event = MessageEvent { kind: Mix::Mixed.kind(sequence), bytes: &bytes(0, sequence) };
        ledger.received(&terms, event, &mut counts);
        assert_eq!((counts.late, counts.duplicated), (late, 0));
    }
}

/// What the model knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    InFlight,
    Unanswered,
    Came,
    Dropped,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(usize),
    Drop(usize),
    Event(usize),
    End(CloseCause),
}

fn step() -> impl Strategy<Value = Step> {
    let causes = vec![CloseCause::Drained, CloseCause::Died, CloseCause::ByPlan];
    prop_oneof![
        4 => (1..4_usize).prop_map(Step::Send),
        1 => (1..3_usize).prop_map(Step::Drop),
        8 => (0..12_usize).prop_map(Step::Event),
        2 => prop::sample::select(causes).prop_map(Step::End),
    ]
}

/// Messages that were overtaken in one session, by the definition.
fn overtaken(order: &[usize]) -> u64 {
    let mut best = vec![1; order.len()];
    for i in 0..order.len() {
        for j in 0..i {
            if order[j] < order[i] {
                best[i] = best[i].max(best[j] + 1);
            }
        }
    }
    (order.len() - best.into_iter().max().unwrap_or(0)) as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn sessions_are_told_exactly(steps in prop::collection::vec(step(), 1..60), together in any::<bool>()) {
        let (terms, mut ledger, mut counts) = (reconnecting(), Ledger::new(0), LedgerCounts::default());
        let (mut messages, mut expected) = (Vec::new(), LedgerCounts::default());
        let mut order = Vec::new();
        for step in steps.into_iter().chain([Step::End(CloseCause::Drained)]) {
            match step {
                Step::Send(n) => {
                    Due::Sent(n as u64).happens(&terms, &mut ledger, together);
                    messages.extend(vec![Message::InFlight; n]);
                    expected.sent += n as u64;
                }
                Step::Drop(n) => {
                    ledger.skip(n as u64);
                    messages.extend(vec![Message::Dropped; n]);
                }
                Step::Event(back) => {
                    let sequence = (messages.len() + 2).saturating_sub(back + 1);
                    let (number, kind) = (sequence as u64, Mix::Mixed.kind(sequence as u64));
                    let event = bytes(0, number);
                    ledger.received(&terms, MessageEvent { kind, bytes: &event }, &mut counts);
                    expected.events += 1;
                    match messages.get_mut(sequence) {
                        Some(message @ Message::InFlight) => {
                            *message = Message::Came;
                            expected.matched += 1;
                            order.push(sequence);
                        }
                        Some(message @ Message::Unanswered) => {
                            *message = Message::Came;
                            expected.late += 1;
                        }
                        Some(Message::Came) => expected.duplicated += 1,
                        Some(Message::Dropped) | None => expected.unexpected += 1,
                    }
                }
                Step::End(cause) => {
                    ledger.close(cause, &terms, &mut counts);
                    expected.reordered += overtaken(&std::mem::take(&mut order));
                    for message in messages.iter_mut().filter(|message| **message == Message::InFlight) {
                        *message = Message::Unanswered;
                        expected.fate(cause.fate(), 0, TIMES);
                    }
                }
            }
        }
        (counts.sent, counts.events) = (expected.sent, expected.events);
        counts.check_identities();
        prop_assert_eq!(counts.nonzero(), expected.nonzero());
    }
}
