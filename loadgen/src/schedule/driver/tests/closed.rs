//! The closed model.

use std::{cell::Cell, collections::BTreeMap};

use proptest::prelude::*;

use super::*;

/// Two clients keep four messages in flight, at most three at once. From 1 s on, with a warm-up of
/// 200 ms.
pub(super) fn closed_model() -> Driver {
    let mut driver = Driver::Closed(ClosedDriver::elapsed(&share(2), 4, 3, 300 * MILLI));
    assert_eq!(driver.next(at(5_000), |_| open(0)), None, "the load has not begun");
    driver.begin(at(1_000), 200 * MILLI);
    driver
}

/// Each client sends five messages after the warm-up.
fn counted() -> Driver {
    let mut driver = Driver::Closed(ClosedDriver::counted(&share(2), 4, 3, 5, 0));
    driver.begin(at(1_000), 200 * MILLI);
    driver
}

#[test]
fn the_closed_model_fills_windows_then_answers_replies() {
    let mut driver = closed_model();
    assert_eq!((driver.wake(), driver.end()), (at(1_000), Some(at(1_500))));
    assert_eq!(all(&mut driver, 999, |_| open(0)), []);
    assert_eq!(driver.replied(0, at(999), || open(0)), None, "before the load");
    assert_eq!(all(&mut driver, 1_000, |_| open(0)), [send(0, 1_000, 3, 4), send(1, 1_000, 3, 4)]);
    assert_eq!(driver.wake(), Time::default(), "there is more to fill");
    assert_eq!(all(&mut driver, 1_001, |_| open(3)), [send(0, 1_001, 1, 1), send(1, 1_001, 1, 1)]);
    assert_eq!(driver.wake(), at(1_500));
    assert_eq!(driver.replied(1, at(1_002), || open(2)), Some(send(1, 1_002, 2, 2)));
    assert_eq!(driver.replied(1, at(1_002), || open(4)), None, "it brought no reply");
    assert_eq!(driver.replied(1, at(1_002), || BLOCKED), None, "it is ready again once it takes more");
    assert_eq!(driver.replied(1, at(1_002), || GONE), None);
    assert_eq!(driver.replied(1, at(1_500), || open(2)), None, "the phase is over");
    assert_eq!(all(&mut driver, 1_500, |_| open(0)), []);
}

#[test]
fn a_window_that_was_not_filled_waits_for_the_next_turn() {
    let mut driver = closed_model();
    let Some(Command::Send(command)) = driver.next(at(1_000), |_| open(0)) else { panic!("it is due") };
    driver.sent(&command, 2);
    assert_eq!(all(&mut driver, 1_000, |_| open(4)), [], "the other has no room, and the turn is over");
    assert_eq!(all(&mut driver, 1_003, |slot| open([2, 4][slot])), [send(0, 1_003, 2, 2)]);
}

#[test]
fn the_closed_model_ends_with_time_or_with_the_last_reply() {
    let progress = |in_flight, last_reply| Progress { in_flight, last_reply: at(last_reply) };
    let mut driver = closed_model();
    all(&mut driver, 1_000, |_| open(0));
    assert!(!driver.is_over(at(1_499), progress(0, 1_100)) && driver.is_over(at(1_500), progress(4, 1_100)));
    driver.cut(at(1_200));
    assert!(driver.is_over(at(1_200), progress(4, 1_100)));
    assert!(!driver.is_spent() && driver.planned().is_empty());

    let mut driver = counted();
    assert_eq!(driver.end(), None);
    assert_eq!(driver.planned(), [0, 1]);
    assert!(!driver.is_over(at(5_000), progress(0, 1_000)), "it has not begun");
    all(&mut driver, 1_200, |_| open(0));
    assert!(!driver.is_over(at(1_200), progress(0, 1_200)), "messages are left");
    for slot in [0, 1] {
        let Some(Command::Send(command)) = driver.replied(slot, at(1_300), || open(0)) else { panic!("it has room") };
        assert_eq!((command.messages, command.wanted), (2, 2), "no more than are left");
        driver.sent(&command, 2);
        assert_eq!(driver.replied(slot, at(1_300), || open(0)), None);
    }
    assert!(driver.is_spent() && driver.planned().is_empty());
    assert!(driver.is_over(at(1_400), progress(0, 1_400)));
    assert!(!driver.is_over(at(2_399), progress(1, 1_400)), "replies may come");
    assert!(driver.is_over(at(2_400), progress(1, 1_400)), "a second of silence, even with a shorter drain");
}

#[test]
fn the_warm_up_does_not_count_in_the_closed_model() {
    let mut driver = counted();
    assert_eq!(all(&mut driver, 1_000, |_| open(0)), [send(0, 1_000, 3, 4), send(1, 1_000, 3, 4)]);
    assert_eq!(driver.replied(0, at(1_199), || open(0)), Some(send(0, 1_199, 3, 4)));
    assert_eq!(driver.planned(), [0, 1]);
    assert_eq!(driver.replied(0, at(1_200), || open(0)), Some(send(0, 1_200, 3, 4)));
    // Few measured messages leave the warm-up its whole window.
    let mut driver = Driver::Closed(ClosedDriver::counted(&share(1), 4, 9, 2, 0));
    driver.begin(at(1_000), 200 * MILLI);
    assert_eq!(all(&mut driver, 1_000, |_| open(0)), [send(0, 1_000, 4, 4)]);
    assert_eq!(driver.replied(0, at(1_200), || open(0)), Some(send(0, 1_200, 2, 2)));
}

#[test]
fn a_client_that_is_gone_misses_what_was_planned() {
    let mut driver = counted();
    let gone = |slot| if slot == 0 { GONE } else { open(4) };
    assert_eq!(all(&mut driver, 1_000, gone), [Command::Miss(0)]);
    assert_eq!(driver.planned(), [1]);
    assert_eq!(driver.replied(1, at(1_001), || GONE), Some(Command::Miss(1)));
    assert_eq!(driver.replied(1, at(1_001), || GONE), None, "once");
    assert!(driver.is_spent());
}

#[test]
fn a_client_that_is_away_keeps_what_is_planned() {
    for absent in [Presence::Away, Presence::Before].map(without) {
        let mut driver = counted();
        assert_eq!(all(&mut driver, 1_000, |slot| if slot == 0 { absent } else { open(4) }), []);
        assert_eq!(driver.replied(0, at(1_001), || absent), None);
        assert_eq!(driver.planned(), [0, 1]);
        driver.joined(0);
        assert_eq!(driver.wake(), Time::default());
        assert_eq!(all(&mut driver, 1_300, |slot| open([0, 4][slot])), [], "in the next turn");
        assert_eq!(all(&mut driver, 1_301, |slot| open([0, 4][slot])), [send(0, 1_301, 3, 4)]);
    }
}

#[test]
fn a_session_of_messages_bounds_the_window() {
    let mut driver = closed_model();
    assert_eq!(all(&mut driver, 1_000, |slot| in_session([2, 0][slot])), [send(0, 1_000, 2, 2)]);
    assert_eq!(driver.replied(1, at(1_001), || in_session(0)), None);
}

/// [`closed_model`] with a think time of 50 ms.
fn thinking() -> Driver {
    let driver = ClosedDriver::elapsed(&share(2), 4, 3, 300 * MILLI).thinking(&share(2), 2, 50 * MILLI);
    let mut driver = Driver::Closed(driver);
    driver.begin(at(1_000), 200 * MILLI);
    driver
}

#[test]
fn clients_that_think_begin_one_after_the_other() {
    let mut driver = thinking();
    assert_eq!(driver.wake(), at(1_000));
    assert_eq!(all(&mut driver, 1_000, |_| open(0)), [send(0, 1_000, 3, 4)]);
    assert_eq!(driver.wake(), Time::default(), "a message is left");
    assert_eq!(all(&mut driver, 1_001, |_| open(3)), [send(0, 1_000, 1, 1)], "it was due before");
    assert_eq!(driver.wake(), at(1_025));
    assert_eq!(all(&mut driver, 1_024, |_| open(0)), []);
    assert_eq!(all(&mut driver, 1_030, |_| open(0)), [send(1, 1_025, 3, 4)]);
}

#[test]
fn the_next_message_is_due_a_think_time_after_the_reply() {
    let mut driver = thinking();
    all(&mut driver, 1_000, |_| open(0));
    all(&mut driver, 1_030, |_| open(3));
    all(&mut driver, 1_031, |_| open(3));
    assert_eq!(driver.replied(0, at(1_040), || open(2)), None);
    assert_eq!(driver.replied(1, at(1_041), || open(3)), None);
    assert_eq!(driver.replied(0, at(1_042), || open(1)), None, "it thinks about the first two already");
    assert_eq!(driver.replied(0, at(1_043), || open(1)), None, "it brought no reply");
    assert_eq!(driver.wake(), at(1_090));
    assert_eq!(all(&mut driver, 1_091, |slot| open([1, 3][slot])), [send(0, 1_090, 2, 2), send(1, 1_091, 1, 1)]);
    assert_eq!(all(&mut driver, 1_092, |slot| open([3, 4][slot])), [send(0, 1_092, 1, 1)]);
    assert_eq!(driver.wake(), at(1_500), "then nothing is due before the end");
}

#[test]
fn who_can_send_no_more_forgets_its_thoughts() {
    for absent in [BLOCKED, GONE, without(Presence::Away)] {
        let mut driver = thinking();
        assert_eq!(all(&mut driver, 1_030, |_| absent), [], "{absent:?}");
        // A reply makes room again, or the client opens again. Nothing is thought about twice.
        driver.joined(0);
        all(&mut driver, 1_040, |_| open(0));
        assert_eq!(all(&mut driver, 1_041, |_| open(0)), [send(0, 1_041, 3, 4)]);
        assert_eq!(driver.replied(1, at(1_042), || open(0)), None);
        assert_eq!(driver.replied(1, at(1_043), || open(0)), None);
        assert_eq!(all(&mut driver, 1_092, |slot| open([4, 0][slot])), [send(1, 1_092, 3, 4)]);
    }
}

#[test]
fn who_thinks_is_not_silent() {
    let driver = ClosedDriver::counted(&share(1), 1, 1, 2, 0).thinking(&share(1), 1, 5_000 * MILLI);
    let mut driver = Driver::Closed(driver);
    driver.begin(at(1_000), 0);
    assert_eq!(all(&mut driver, 1_000, |_| open(0)), [send(0, 1_000, 1, 1)]);
    assert_eq!(driver.replied(0, at(1_010), || open(0)), None);
    let progress = Progress { in_flight: 0, last_reply: at(1_010) };
    assert!(!driver.is_over(at(6_009), progress));
    assert_eq!(all(&mut driver, 6_010, |_| open(0)), [send(0, 6_010, 1, 1)]);
    assert!(driver.is_spent());
}

proptest! {
    /// Any number of replies, unsent messages and ends: the window holds, and no client sends more
    /// than is planned.
    #[test]
    fn the_closed_model_keeps_to_window_and_count(
        clients in 1_u32..5, window in 1_u32..9, at_once in 1_u32..9, messages in 1_u64..30,
        actions in prop::collection::vec((0_usize..5, 0_u32..9, 0_u8..20), 0..200),
    ) {
        let mut driver = Driver::Closed(ClosedDriver::counted(&share(clients), window, at_once, messages, 0));
        driver.begin(at(0), 0);
        let states: BTreeMap<usize, Cell<ClientView>> =
            (0..clients as usize).map(|slot| (slot, Cell::new(open(0)))).collect();
        let mut sent = vec![0_u64; clients as usize];
        for (now, (slot, many, what)) in (0_u64..).zip(actions) {
            let slot = slot % clients as usize;
            let before = states[&slot].get();
            let view = match what {
                0 => GONE,
                1..4 => ClientView { blocked: !before.blocked, ..before },
                _ => ClientView { in_flight: before.in_flight.saturating_sub(many), ..before },
            };
            states[&slot].set(if before == GONE { before } else { view });
            let mut command = driver.replied(slot, at(now), || states[&slot].get());
            for _ in 0..20 {
                if let Some(Command::Send(command)) = command {
                    let SendCommand { slot, messages, wanted, .. } = command;
                    let view = states[&slot].get();
                    prop_assert!(view != GONE && !view.blocked);
                    prop_assert!(messages > 0 && messages <= at_once.min(wanted));
                    prop_assert!(view.in_flight + wanted <= window);
                    let taken = if what % 2 == 0 { messages } else { messages / 2 };
                    states[&slot].set(ClientView { in_flight: view.in_flight + taken, ..view });
                    sent[slot] += u64::from(taken);
                    driver.sent(&command, taken);
                }
                command = driver.next(at(now), |slot| states[&slot].get());
            }
        }
        for (slot, sent) in sent.iter().enumerate() {
            prop_assert!(*sent <= messages);
            let left = driver.planned().contains(&slot);
            prop_assert!(*sent == messages || left || states[&slot].get() == GONE);
        }
    }
}
