//! Each rule alone, with the arithmetic beside it.

use super::{
    super::{AttemptCause, SessionCommand, SessionSchedule},
    rig::{
        After::{self, Death, Drop, Failure, Session, Start},
        Happened, Peer, Play,
        What::{Close, Cut, Open},
        alone, at, elapsed, messages, n, ns, reconnect, storm,
    },
};
use crate::plan::{Jitter, Reconnect, Sessions};

/// Opening takes 1, closing 2.
const PEER: Peer = Peer { opening: 1, fails: false, dies: None, sends: None, closing: 2 };

/// Events of clients that all have such peers, from 0 to 100, the measured phase from 10 on.
fn played(rules: &Sessions, clients: u32, peer: impl Fn(u32, u32) -> Peer) -> Vec<(u64, u32, super::rig::What)> {
    let happened = Play { rules, clients, from: 10, until: 100, peer: &peer }.alone();
    happened.into_iter().map(|Happened { at, client, what }| (at, client, what)).collect()
}

#[test]
fn a_plain_group_wants_nothing() {
    let died = Peer { dies: Some(3), ..PEER };
    assert_eq!(played(&Sessions::default(), 3, |_, _| PEER), []);
    assert_eq!(played(&Sessions::default(), 3, |_, _| died), [], "it stays away");
}

#[test]
fn a_ramp_opens_clients_evenly() {
    let rules = Sessions { ramp: Some(ns(40)), ..Sessions::default() };
    let opened = |at, client| (at, client, Open(Start));
    assert_eq!(played(&rules, 4, |_, _| PEER), [opened(10, 0), opened(20, 1), opened(30, 2), opened(40, 3)]);
    let late = Sessions { start: Some(ns(5)), ..rules };
    // 40 / 3 = 13.3 and 26.7: never early.
    assert_eq!(played(&late, 3, |_, _| PEER), [opened(15, 0), opened(29, 1), opened(42, 2)]);
    let at_once = Sessions { start: Some(ns(5)), ..Sessions::default() };
    assert_eq!(played(&at_once, 2, |_, _| PEER), [opened(15, 0), opened(15, 1)]);
}

#[test]
fn a_session_of_a_time_ends_after_it() {
    // It opens at 11, so it ends at 41, and is gone at 43.
    let rules = Sessions { start: Some(ns(0)), session: Some(elapsed(30)), ..Sessions::default() };
    assert_eq!(played(&rules, 1, |_, _| PEER), [(10, 0, Open(Start)), (41, 0, Close)]);
    let back = Sessions { reconnect: Some(reconnect(5, 5)), ..rules };
    // Away from 43 to 48, open at 49.
    let all = [(10, 0, Open(Start)), (41, 0, Close), (48, 0, Open(Session)), (79, 0, Close), (86, 0, Open(Session))];
    assert_eq!(played(&back, 1, |_, _| PEER), all);
}

#[test]
fn whoever_was_open_before_ends_in_the_phase() {
    // Open at 1 and at 3. Sessions of 4 would end at 5, 9, 13 and at 7, 11.
    let rules = Sessions { session: Some(elapsed(4)), ..Sessions::default() };
    let peer = |client, _| Peer { opening: 1 + 2 * u64::from(client), ..PEER };
    assert_eq!(played(&rules, 2, peer), [(11, 1, Close), (13, 0, Close)]);
}

#[test]
fn a_session_of_messages_ends_after_the_last() {
    let rules = Sessions { session: Some(messages(3)), reconnect: Some(reconnect(4, 4)), ..Sessions::default() };
    // Open at 1, messages at 11, 21 and 31; gone at 33, back at 37, open at 38.
    let peer = Peer { sends: Some(10), ..PEER };
    assert_eq!(
        played(&rules, 1, |_, _| peer),
        [(31, 0, Close), (37, 0, Open(Session)), (68, 0, Close), (74, 0, Open(Session))]
    );
}

#[test]
fn a_session_says_how_many_messages_it_has_room_for() {
    let rules = Sessions { session: Some(messages(3)), ..Sessions::default() };
    let mut schedule = SessionSchedule::new(&rules, &alone(1), n(1), 0);
    schedule.begin(at(0));
    schedule.opened(0, at(1));
    assert_eq!(schedule.left_in_session(0), 3);
    schedule.sent(0, 2);
    assert_eq!((schedule.left_in_session(0), schedule.next(at(2))), (1, None));
    schedule.sent(0, 2);
    assert_eq!((schedule.left_in_session(0), schedule.wake()), (0, at(0)));
    assert_eq!((schedule.next(at(2)), schedule.next(at(2))), (Some(SessionCommand::Close(0)), None));
    schedule.ended(0, at(3));
    assert_eq!((schedule.left_in_session(0), schedule.returns(0)), (u32::MAX, false));
}

#[test]
fn each_client_is_cut_on_its_own_grid() {
    // Every 30: client 0 at 10, 40, ..., client 1 at 20, ..., client 2 at 30, ... after 10.
    let rules = Sessions { drop: Some(ns(30)), reconnect: Some(reconnect(2, 2)), ..Sessions::default() };
    let cut = |at, client| [(at, client, Cut), (at + 2, client, Open(Drop))];
    let all: Vec<_> = (0..8_u32).flat_map(|k| cut(20 + 10 * u64::from(k), k % 3)).collect();
    assert_eq!(played(&rules, 3, |_, _| PEER), all);
    // Who is away is not cut: 35 away.
    let long = Sessions { reconnect: Some(reconnect(35, 35)), ..rules };
    assert_eq!(played(&long, 1, |_, _| PEER), [(40, 0, Cut), (75, 0, Open(Drop))]);
}

#[test]
fn a_storm_cuts_its_share_of_who_is_open() {
    let storms = vec![storm(50, 60), storm(50, 20)];
    let rules = Sessions { storms, ..Sessions::default() };
    // The first, at 30, has 0 and 3, the second, at 70, 1 and 2.
    assert_eq!(played(&rules, 4, |_, _| PEER), [(30, 0, Cut), (30, 3, Cut), (70, 1, Cut), (70, 2, Cut)]);
    let died = |client, _| Peer { dies: (client == 3).then_some(5), ..PEER };
    assert_eq!(played(&rules, 4, died), [(30, 0, Cut), (70, 1, Cut), (70, 2, Cut)]);
    let back = Sessions { storms: vec![storm(100, 20)], reconnect: Some(reconnect(3, 3)), ..rules };
    let cut = |client| (30, client, Cut);
    let opened = |client| (33, client, Open(After::Storm));
    assert_eq!(played(&back, 2, |_, _| PEER), [cut(0), cut(1), opened(0), opened(1)]);
}

#[test]
fn deaths_and_failures_come_back_after_the_backoff() {
    let rules = Sessions { reconnect: Some(reconnect(4, 16)), ..Sessions::default() };
    let fails = Peer { fails: true, ..PEER };
    // Each fails 1 after its beginning. The waits are 4, 8, 16, 16.
    let all = [(5, 0, Open(Failure)), (14, 0, Open(Failure)), (31, 0, Open(Failure)), (48, 0, Open(Failure))];
    assert_eq!(played(&rules, 1, |_, _| fails)[..4], all);
    // Open at 1, dead at 21; the backoff goes on, as it was open for less than a second.
    let dies = |_, attempt| Peer { dies: (attempt < 2).then_some(20), ..PEER };
    assert_eq!(played(&rules, 1, dies), [(25, 0, Open(Death)), (54, 0, Open(Death))]);
}

#[test]
fn a_second_of_being_open_begins_the_backoff_anew() {
    let second = 1_000_000_000;
    let rules = Sessions { reconnect: Some(reconnect(4, 64)), ..Sessions::default() };
    let opened_after = |open: u64| {
        let mut schedule = SessionSchedule::new(&rules, &alone(1), n(1), 0);
        for (failed, back) in [(0, 4), (5, 13)] {
            schedule.failed(0, at(failed));
            assert_eq!(schedule.wake(), at(back));
            assert!(schedule.next(at(back)).is_some());
        }
        schedule.opened(0, at(20));
        schedule.ended(0, at(20 + open));
        schedule.wake().since(at(20 + open))
    };
    assert_eq!([opened_after(second - 1), opened_after(second)], [16, 4]);
}

#[test]
fn jitter_is_of_the_seed_and_the_client() {
    let jittered = Some(Reconnect { min: ns(1000), max: ns(1000), jitter: Jitter::Full });
    let rules = Sessions { reconnect: jittered, ..Sessions::default() };
    let back = |seed, slot| {
        let mut schedule = SessionSchedule::new(&rules, &alone(2), n(2), seed);
        schedule.failed(slot, at(0));
        schedule.wake()
    };
    assert!(back(1, 0) != back(1, 1) && back(1, 0) != back(2, 0));
    assert_eq!(back(1, 1), back(1, 1));
}

#[test]
fn at_its_stop_a_group_closes_and_stays_away() {
    let rules = Sessions { stop: Some(ns(30)), reconnect: Some(reconnect(5, 5)), ..Sessions::default() };
    // Client 1 would be back at 41 and stays away from 36 on. Client 2 opens at 45, too late.
    let peer = |client, _| Peer { dies: (client == 1).then_some(35), ..PEER };
    let late = |client, attempt| Peer { opening: if client == 2 { 45 } else { 1 }, ..peer(client, attempt) };
    assert_eq!(played(&rules, 3, late), [(40, 0, Close), (45, 2, Close)]);
    let ramped = Sessions { ramp: Some(ns(60)), ..rules };
    assert_eq!(
        played(&ramped, 4, |_, _| PEER),
        [(10, 0, Open(Start)), (25, 1, Open(Start)), (40, 0, Close), (40, 1, Close)]
    );
}

#[test]
fn who_returns_is_known() {
    let rules =
        Sessions { start: Some(ns(20)), reconnect: Some(reconnect(5, 5)), stop: Some(ns(60)), ..Sessions::default() };
    let mut schedule = SessionSchedule::new(&rules, &alone(2), n(2), 0);
    assert!(schedule.returns(0) && schedule.somebody_returns(), "it opens later");
    schedule.begin(at(0));
    while schedule.next(at(20)).is_some() {}
    assert!(!schedule.returns(0) && !schedule.somebody_returns(), "both are being opened");
    schedule.failed(1, at(30));
    assert!(schedule.returns(1) && schedule.somebody_returns() && !schedule.returns(0));
    schedule.opened(0, at(30));
    schedule.ended(0, at(55));
    assert!(!schedule.returns(0), "it would be back when the group has stopped");
    assert_eq!(schedule.next(at(60)), None);
    assert!(!schedule.returns(1) && !schedule.somebody_returns());
    assert_eq!(schedule.wake(), crate::clock::Time::NEVER);
}

#[test]
fn after_the_end_nothing_is_wanted() {
    let all = Sessions {
        session: Some(elapsed(30)),
        drop: Some(ns(7)),
        storms: vec![storm(100, 50)],
        reconnect: Some(reconnect(5, 5)),
        stop: Some(ns(90)),
        ..Sessions::default()
    };
    let mut schedule = SessionSchedule::new(&all, &alone(2), n(2), 0);
    schedule.begin(at(0));
    schedule.opened(0, at(1));
    schedule.failed(1, at(1));
    schedule.end();
    assert_eq!((schedule.wake(), schedule.next(at(1000))), (crate::clock::Time::NEVER, None));
    schedule.ended(0, at(1001));
    schedule.opened(1, at(1001));
    assert_eq!((schedule.wake(), schedule.next(at(2000))), (crate::clock::Time::NEVER, None));
    assert!(!schedule.returns(0) && !schedule.returns(1) && !schedule.somebody_returns());
}

#[test]
fn before_the_phase_only_what_ended_comes_back() {
    let rules = Sessions {
        session: Some(elapsed(3)),
        drop: Some(ns(3)),
        storms: vec![storm(100, 0)],
        reconnect: Some(reconnect(5, 5)),
        ..Sessions::default()
    };
    let mut schedule = SessionSchedule::new(&rules, &alone(2), n(2), 0);
    schedule.opened(0, at(1));
    schedule.failed(1, at(1));
    assert_eq!(schedule.wake(), at(6));
    assert_eq!(schedule.next(at(1000)), Some(SessionCommand::Open { slot: 1, after: AttemptCause::Failure }));
    assert_eq!(schedule.next(at(1000)), None);
}

#[test]
fn timers_stay_few_however_long_it_goes_on() {
    // Each session leaves a timer behind that is an hour away.
    let rules =
        Sessions { session: Some(elapsed(3_600_000_000_000)), reconnect: Some(reconnect(1, 1)), ..Sessions::default() };
    let mut schedule = SessionSchedule::new(&rules, &alone(10), n(10), 0);
    schedule.begin(at(0));
    for now in 0..100_000_u64 {
        let slot = usize::try_from(now % 10).unwrap();
        schedule.opened(slot, at(now * 10));
        schedule.ended(slot, at(now * 10 + 1));
        while schedule.next(at(now * 10 + 2)).is_some() {}
    }
    assert!(schedule.timers.len() < 2000, "{}", schedule.timers.len());
}
