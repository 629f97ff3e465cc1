mod closed;

use std::num::NonZeroU32;

use proptest::prelude::*;

use self::closed::closed_model;
use super::*;
use crate::{
    plan::{Partition, Rate, Share},
    schedule::Schedule,
};

const MILLI: u64 = 1_000_000;

fn at(millis: u64) -> Time {
    Time::from_nanos(millis * MILLI)
}

fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn share(clients: u32) -> Share {
    Partition::new([n(clients)], n(1)).share(0, 0)
}

/// A client with an open connection and so many messages in flight.
fn open(in_flight: u32) -> ClientView {
    ClientView { presence: Presence::Open, blocked: false, in_flight, in_session: u32::MAX }
}

const GONE: ClientView = without(Presence::Gone);
const BLOCKED: ClientView = ClientView { presence: Presence::Open, blocked: true, in_flight: 0, in_session: u32::MAX };

/// A client without an open connection.
const fn without(presence: Presence) -> ClientView {
    ClientView { presence, blocked: false, in_flight: 0, in_session: u32::MAX }
}

/// A client with an open connection, whose session has room for so many messages.
fn in_session(in_session: u32) -> ClientView {
    ClientView { in_session, ..open(0) }
}

fn send(slot: usize, due: u64, messages: u32, wanted: u32) -> Command {
    Command::Send(SendCommand { slot, due: at(due), messages, wanted })
}

fn dropped(slot: usize, due: u64, messages: u32, cause: DropCause) -> Command {
    Command::Drop(DropCommand { slot, due: at(due), messages, cause })
}

/// Two clients send three messages every 100 ms, 50 ms apart, and may have four in flight. The
/// warm-up takes 200 ms, the measured phase 300 ms. The load begins at 1 s.
fn open_model() -> Driver {
    let schedule = Schedule::new(n(2), Rate::new(30.0).unwrap(), n(3));
    let mut driver = Driver::Open(OpenDriver::elapsed(schedule, share(2), 4, 300 * MILLI));
    assert_eq!(driver.next(at(5_000), |_| open(0)), None, "the load has not begun");
    driver.begin(at(1_000), 200 * MILLI);
    driver
}

/// All commands at `now`. What is to be sent is sent whole.
fn all(driver: &mut Driver, now: u64, view: impl Fn(usize) -> ClientView) -> Vec<Command> {
    let next = || {
        let command = driver.next(at(now), &view)?;
        if let Command::Send(command) = &command {
            driver.sent(command, command.messages);
        }
        Some(command)
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn the_open_model_sends_what_is_due() {
    let mut driver = open_model();
    assert_eq!((driver.wake(), driver.end()), (at(1_000), Some(at(1_500))));
    assert_eq!(driver.next(Time::from_nanos(1_000 * MILLI - 1), |_| open(0)), None, "never early");
    assert_eq!(all(&mut driver, 1_000, |_| open(0)), [send(0, 1_000, 3, 3)]);
    assert_eq!(driver.wake(), at(1_050));
    let late = [send(1, 1_050, 3, 3), send(0, 1_100, 3, 3)];
    assert_eq!(all(&mut driver, 1_149, |_| open(0)), late, "what it was late with comes first");
    assert_eq!(driver.replied(0, at(1_149), || open(0)), None, "a reply makes nothing due");
}

#[test]
fn the_open_model_drops_what_is_over_the_cap() {
    let cases = [
        (open(1), vec![send(0, 1_000, 3, 3)]),
        (open(2), vec![send(0, 1_000, 2, 3), dropped(0, 1_000, 1, DropCause::InFlightCap)]),
        (open(4), vec![dropped(0, 1_000, 3, DropCause::InFlightCap)]),
        (open(9), vec![dropped(0, 1_000, 3, DropCause::InFlightCap)]),
        (BLOCKED, vec![dropped(0, 1_000, 3, DropCause::InFlightCap)]),
        (GONE, vec![dropped(0, 1_000, 3, DropCause::DeadConnection)]),
        (without(Presence::Away), vec![dropped(0, 1_000, 3, DropCause::Away)]),
        (without(Presence::Before), vec![Command::Skip { slot: 0, messages: 3 }]),
        (in_session(3), vec![send(0, 1_000, 3, 3)]),
        (in_session(2), vec![send(0, 1_000, 2, 2), dropped(0, 1_000, 1, DropCause::Away)]),
        (in_session(0), vec![dropped(0, 1_000, 3, DropCause::Away)]),
        (
            ClientView { in_flight: 3, ..in_session(2) },
            vec![
                send(0, 1_000, 1, 2),
                dropped(0, 1_000, 1, DropCause::InFlightCap),
                dropped(0, 1_000, 1, DropCause::Away),
            ],
        ),
        (
            ClientView { in_flight: 4, ..in_session(2) },
            vec![dropped(0, 1_000, 2, DropCause::InFlightCap), dropped(0, 1_000, 1, DropCause::Away)],
        ),
    ];
    for (view, expected) in cases {
        assert_eq!(all(&mut open_model(), 1_000, |_| view), expected, "{view:?}");
    }
    // The engine took only one.
    let mut driver = open_model();
    let Some(Command::Send(command)) = driver.next(at(1_000), |_| open(0)) else { panic!("it is due") };
    driver.sent(&command, 1);
    assert_eq!(all(&mut driver, 1_000, |_| open(0)), [dropped(0, 1_000, 2, DropCause::InFlightCap)]);
}

#[test]
fn the_open_model_is_over_once_all_is_sent_or_it_is_late() {
    let none = Progress::default();
    let mut driver = open_model();
    all(&mut driver, 1_499, |_| open(0));
    assert!(driver.is_spent() && !driver.is_over(at(1_499), none));
    assert_eq!(driver.wake(), at(1_500));
    assert!(driver.is_over(at(1_500), none));

    let mut driver = open_model();
    all(&mut driver, 1_400, |_| open(0));
    assert!(!driver.is_over(at(1_599), none), "a burst is left");
    assert_eq!(driver.planned(), [1]);
    assert!(driver.is_over(at(1_600), none));
    let left = |view: ClientView| {
        let mut driver = open_model();
        all(&mut driver, 1_400, |_| open(0));
        std::iter::from_fn(|| driver.next_left(|_| view)).collect::<Vec<_>>()
    };
    assert_eq!(left(open(0)), [dropped(1, 1_450, 3, DropCause::BehindSchedule)]);
    assert_eq!(left(GONE), [dropped(1, 1_450, 3, DropCause::DeadConnection)]);
    assert_eq!(left(without(Presence::Away)), [dropped(1, 1_450, 3, DropCause::Away)]);
    assert_eq!(left(in_session(0)), [dropped(1, 1_450, 3, DropCause::Away)]);
    assert_eq!(left(without(Presence::Before)), [Command::Skip { slot: 1, messages: 3 }]);
}

#[test]
fn what_was_cut_from_the_last_burst_is_not_forgotten() {
    let mut driver = open_model();
    driver.cut(at(1_001));
    let Some(Command::Send(command)) = driver.next(at(1_001), |_| open(0)) else { panic!("it is due") };
    driver.sent(&command, 2);
    let left = driver.next_left(|_| open(0));
    assert_eq!(left, Some(dropped(0, 1_000, 1, DropCause::InFlightCap)));
    assert_eq!(driver.next_left(|_| open(0)), None);
}

#[test]
fn a_cut_takes_what_is_not_due_yet() {
    let mut driver = open_model();
    driver.cut(at(1_100));
    assert_eq!(driver.planned(), [0, 1], "due before the cut");
    assert_eq!(all(&mut driver, 1_100, |_| open(0)), [send(0, 1_000, 3, 3), send(1, 1_050, 3, 3)]);
    assert!(driver.is_over(at(1_100), Progress::default()) && driver.planned().is_empty());
    assert_eq!(driver.end(), Some(at(1_100)));
    driver.cut(at(1_200));
    assert_eq!(driver.end(), Some(at(1_100)), "it does not grow");
}

#[test]
fn a_count_of_messages_leaves_out_the_warm_up() {
    let schedule = Schedule::new(n(2), Rate::new(30.0).unwrap(), n(3));
    let mut driver = Driver::Open(OpenDriver::counted(schedule, share(2), 100, 4));
    driver.begin(at(1_000), 200 * MILLI);
    // Two bursts of 3 in the warm-up, then one of 3 and one of 1.
    assert_eq!(driver.end(), Some(at(1_400)));
    let mut sent = [0; 2];
    for command in all(&mut driver, 9_000, |_| open(0)) {
        let Command::Send(SendCommand { slot, messages, .. }) = command else { panic!("{command:?}") };
        sent[slot] += messages;
    }
    assert_eq!(sent, [10, 10]);
    assert!(driver.is_spent());
}

#[test]
fn only_the_open_model_drops() {
    assert!(open_model().drops() && !closed_model().drops());
    assert_eq!(closed_model().next_left(|_| open(0)), None);
}

#[test]
fn a_share_without_clients_has_nothing_to_do() {
    let schedule = Schedule::new(n(1), Rate::new(30.0).unwrap(), n(3));
    let none = Partition::new([n(1)], n(2)).share(1, 0);
    let mut drivers = [
        Driver::Open(OpenDriver::elapsed(schedule, none.clone(), 4, 300 * MILLI)),
        Driver::Closed(ClosedDriver::counted(&none, 4, 3, 5, 0)),
    ];
    for driver in &mut drivers {
        driver.begin(at(1_000), 0);
        assert_eq!(all(driver, 1_000, |_| open(0)), []);
        assert!(driver.is_spent() && driver.planned().is_empty());
        assert!(driver.is_over(at(1_300), Progress { in_flight: 0, last_reply: at(1_000) }));
    }
}

proptest! {
    /// Workers ask at any times. Each client sends as much as the schedule says, never early, and
    /// in order.
    #[test]
    fn the_open_model_keeps_to_the_schedule(
        clients in 1_u32..12, workers in 1_u32..4, burst in 1_u32..6, micro in 100_000_u64..1_000_000_000,
        steps in prop::collection::vec(0_u64..50_000_000, 1..60),
    ) {
        let schedule = Schedule::new(n(clients), Rate::new(micro as f64 / 1e6).unwrap(), n(burst));
        let (warmup, length) = (schedule.slot_due(20), schedule.slot_due(200));
        let mut sent = vec![0_u64; clients as usize];
        for worker in 0..workers {
            let share = Partition::new([n(clients)], n(workers)).share(worker, 0);
            let mut driver = Driver::Open(OpenDriver::elapsed(schedule.clone(), share.clone(), u32::MAX, length));
            driver.begin(at(1_000), warmup);
            let (mut now, mut last) = (at(1_000), Time::default());
            for step in steps.iter().chain(&[u64::MAX]) {
                now = now.plus(*step);
                prop_assert!(driver.wake() >= last);
                while let Some(command) = driver.next(now, |_| open(0)) {
                    let Command::Send(command) = command else { panic!("{command:?}") };
                    prop_assert!(command.due <= now && command.due >= last, "early, or out of order");
                    last = command.due;
                    sent[share.index(command.slot) as usize] += u64::from(command.messages);
                    driver.sent(&command, command.messages);
                }
                prop_assert!(driver.wake() > now || driver.is_spent());
            }
        }
        for client in 0..clients {
            prop_assert_eq!(sent[client as usize], schedule.messages_before(client, warmup + length));
        }
    }
}

#[test]
fn a_listener_waits_for_its_time_and_no_message_is_due() {
    let mut driver = Driver::Listen(ListenDriver::new(300 * MILLI));
    assert!(!driver.is_over(at(5_000), Progress::default()), "the load has not begun");
    driver.begin(at(1_000), 200 * MILLI);
    assert_eq!((driver.end(), driver.wake()), (Some(at(1_500)), at(1_500)));
    assert_eq!(all(&mut driver, 1_200, |_| open(0)), []);
    assert_eq!((driver.replied(0, at(1_200), || open(0)), driver.planned()), (None, vec![]));
    assert!(driver.is_spent() && !driver.drops());
    assert_eq!([1_499, 1_500].map(|now| driver.is_over(at(now), Progress::default())), [false, true]);
    driver.cut(at(1_300));
    assert!(driver.is_over(at(1_300), Progress::default()));
}
