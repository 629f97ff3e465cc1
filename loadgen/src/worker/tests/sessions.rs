//! Clients that come and go: every way in which a session begins and ends.

use std::time::Duration;

use super::rig::{Case, Done, GroupCase, MILLI, START, at, closed_model, n, open_model};
use crate::{
    engine::simulated::{EndScript, OpeningScript, PeerScript},
    plan::{Jitter, Reconnect, SessionLength, Sessions, Storm},
};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Tries again after exactly so many milliseconds.
fn back_after(wait: u64) -> Reconnect {
    back_off(wait, wait)
}

/// Tries again after so many milliseconds, then after twice as many, and so on.
fn back_off(min: u64, max: u64) -> Reconnect {
    Reconnect { min: millis(min), max: millis(max), jitter: Jitter::None }
}

fn lasting(length: u64) -> Sessions {
    Sessions { session: Some(SessionLength::Elapsed(millis(length))), ..Sessions::default() }
}

fn peer(delay: u64) -> PeerScript {
    PeerScript { delay: delay * MILLI, ..PeerScript::default() }
}

fn with(sessions: Sessions, group: GroupCase, peers: Vec<PeerScript>) -> Case {
    let mut case = Case::new(GroupCase { sessions, ..group }, peers);
    case.warmup = 0;
    case
}

/// Drops of the first group for which the client was away.
fn away(done: &Done) -> u64 {
    done.group(0).recorder.measured.dropped.away
}

#[test]
fn a_session_ends_with_a_handshake_and_another_begins() {
    // It opened 1 s before. So it closes at 200 and 700 ms, and is away for 100 ms each time. There
    // is one message every 10 ms.
    let sessions = Sessions { reconnect: Some(back_after(100)), ..lasting(400) };
    let done = with(sessions, open_model(1, 10, 1, 10), vec![peer(1)]).run();
    let counts = done.sessions();
    assert_eq!((counts.closed_by_plan, counts.open_at_end, counts.after.start, counts.after.session), (2, 1, 1, 2));
    assert_eq!((done.connections(), done.ends()), ([3, 0, 0], vec![("open_at_end", 1), ("session", 2)]));
    assert_eq!(done.all().matched, done.all().sent);
    assert!((18..=22).contains(&away(&done)), "{}", away(&done));
    assert_eq!((done.all().scheduled, done.drops()), (100, [0, 0, 0]));
}

#[test]
fn without_reconnect_a_client_stays_away() {
    let done = with(lasting(300), open_model(2, 10, 1, 10), vec![peer(1)]).run();
    let counts = done.sessions();
    assert_eq!((counts.closed_by_plan, counts.waiting_at_end, counts.attempts), (2, 2, 2));
    assert_eq!((done.connections(), done.all().matched, done.all().lost), ([2, 0, 0], done.all().sent, 0));
}

#[test]
fn a_session_of_messages_ends_after_the_last_reply() {
    // A message every 10 ms, whose replies take 25 ms.
    let sessions = Sessions {
        session: Some(SessionLength::Messages(10.try_into().unwrap())),
        reconnect: Some(back_after(50)),
        ..Sessions::default()
    };
    let done = with(sessions, open_model(1, 10, 1, 100), vec![peer(25)]).run();
    // A session takes 90 + 25 ms, and the next one begins 50 ms later.
    let counts = done.sessions();
    assert_eq!((counts.closed_by_plan, done.all().lost, done.drops()), (6, 0, [0, 0, 0]));
    assert_eq!((done.all().sent, done.all().matched), (counts.closed_by_plan * 10, done.all().sent));
    assert!(away(&done) >= 6 * 6, "{}", away(&done));
}

#[test]
fn a_session_that_is_over_waits_for_replies_within_the_drain() {
    // The drain is 500 ms.
    for (delay, lost) in [(450, false), (550, true)] {
        let done = with(lasting(300), open_model(1, 100, 1, 100), vec![peer(delay)]).run();
        assert_eq!((done.all().sent, done.all().lost > 0), (3, lost), "{delay}");
        assert_eq!((done.all().lost + done.all().matched, done.sessions().closed_by_plan), (3, 1));
    }
}

#[test]
fn a_peer_that_does_not_answer_a_close_is_reset() {
    let silent = PeerScript { close: None, ..peer(1) };
    let sessions = Sessions { reconnect: Some(back_after(10)), ..lasting(100) };
    let mut case = with(sessions, open_model(1, 10, 1, 10), vec![silent]);
    case.until = crate::plan::Until::Elapsed(Duration::from_secs(3));
    let done = case.run();
    // 100 ms open, and 2 s until it is reset.
    assert_eq!((done.sessions().closed_by_plan, done.connections()), (2, [2, 0, 0]));
}

#[test]
fn a_drop_cuts_each_client_from_time_to_time() {
    let sessions = Sessions { drop: Some(millis(400)), reconnect: Some(back_after(50)), ..Sessions::default() };
    let done = with(sessions, open_model(4, 10, 1, 10), vec![peer(15)]).run();
    // At 100, 200, ... 1000 ms one of them, but at the end of the load nobody.
    let counts = done.sessions();
    assert_eq!((counts.cut_by_plan, counts.after.drop, counts.open_at_end), (9, 9, 4));
    assert_eq!((done.connections(), done.all().lost), ([13, 0, 0], 0));
    assert_eq!(done.ends(), [("drop", 9), ("open_at_end", 4)]);
    let all = done.all();
    assert!(all.undetermined_by_plan >= 9 && all.undetermined == 0, "what was in flight: {all:?}");
}

#[test]
fn a_storm_cuts_its_share_at_once() {
    let storm = |share, at| Storm { share: n(share), at: millis(at) };
    let storms = vec![storm(500_000, 300), storm(1_000_000, 700)];
    let sessions = Sessions { storms, reconnect: Some(back_after(50)), ..Sessions::default() };
    let done = with(sessions, open_model(10, 10, 1, 10), vec![peer(1)]).run();
    let counts = done.sessions();
    assert_eq!((counts.cut_by_plan, counts.after.storm, counts.open_at_end), (15, 15, 10));
    assert_eq!((done.connections(), done.ends()), ([25, 0, 0], vec![("open_at_end", 10), ("storm", 15)]));
}

#[test]
fn who_died_comes_back() {
    let mortal = PeerScript { ends: vec![(at(START + 500), EndScript::Reset)], ..peer(1) };
    let sessions = Sessions { reconnect: Some(back_after(100)), ..Sessions::default() };
    let done = with(sessions, open_model(2, 10, 1, 10), vec![mortal.clone(), peer(1)]).run();
    let counts = done.sessions();
    assert_eq!((done.connections(), counts.returned, counts.after.death), ([3, 0, 1], 1, 1));
    assert_eq!((counts.open_at_end, counts.away_at_end), (2, 0));
    assert_eq!((done.ends(), done.drops()), (vec![("open_at_end", 2), ("reset", 1)], [0, 0, 0]));
    assert!((9..=12).contains(&away(&done)), "{}", away(&done));
    // Without backoff it is a death like any other.
    let done = with(lasting(800), open_model(2, 10, 1, 10), vec![mortal, peer(1)]).run();
    assert_eq!((done.connections(), done.sessions().away_at_end), ([2, 0, 1], 1));
    // The session of the other one ends at 600 ms.
    assert_eq!((done.drops()[1], away(&done)), (49, 40));
}

#[test]
fn who_fails_tries_again() {
    let openings = vec![
        OpeningScript::Fails(MILLI, "refused"),
        OpeningScript::Fails(MILLI, "http_503"),
        OpeningScript::Opens(MILLI),
    ];
    let late = PeerScript { openings, ..peer(1) };
    let sessions = Sessions { reconnect: Some(back_off(1_000, 9_000)), ..Sessions::default() };
    let mut case = with(sessions, open_model(2, 10, 1, 10), vec![late, peer(1)]);
    case.until = crate::plan::Until::Elapsed(Duration::from_secs(4));
    let done = case.run();
    let counts = done.sessions();
    assert_eq!((done.connected, done.connections()), (Some(2), [2, 0, 0]), "one that may open counts");
    assert_eq!((counts.attempts, counts.failed_attempts, counts.after.failure), (4, 2, 2));
    assert_eq!(done.kinds(), [("http_503", 1), ("refused", 1)]);
    assert!((200..=202).contains(&away(&done)), "{}", away(&done));
}

#[test]
fn who_never_opens_is_counted_once() {
    let refuses = PeerScript { openings: vec![OpeningScript::Fails(MILLI, "refused")], ..peer(1) };
    let sessions = Sessions { reconnect: Some(back_after(100)), ..Sessions::default() };
    let done = with(sessions, open_model(2, 10, 1, 10), vec![refuses, peer(1)]).run();
    let counts = done.sessions();
    assert_eq!((done.connections(), counts.away_at_end, counts.open_at_end), ([1, 1, 0], 1, 1));
    assert!(counts.failed_attempts > 3, "{counts:?}");
}

#[test]
fn clients_of_a_ramp_open_one_after_the_other() {
    let sessions = Sessions { ramp: Some(millis(500)), ..Sessions::default() };
    let done = with(sessions, open_model(5, 100, 1, 10), vec![peer(1)]).run();
    // Client `c` opens at 100 c ms, and what is due before is nothing.
    assert_eq!((done.connected, done.connections()), (Some(1), [5, 0, 0]));
    let all = done.all();
    assert!((38..=42).contains(&all.scheduled), "{all:?}");
    assert_eq!((all.matched, all.dropped), (all.scheduled, 0));
}

#[test]
fn a_group_begins_and_stops_when_it_is_to() {
    let sessions = Sessions { start: Some(millis(200)), stop: Some(millis(700)), ..Sessions::default() };
    for group in [open_model(3, 10, 1, 10), closed_model(3, 1)] {
        let done = with(sessions.clone(), group, vec![peer(10)]).run();
        let (all, counts) = (done.all(), done.sessions());
        assert_eq!((counts.closed_by_plan, counts.open_at_end, counts.waiting_at_end), (3, 0, 3));
        assert_eq!((done.ends(), all.lost, all.matched), (vec![("stop", 3)], 0, all.sent));
        assert!((140..=150).contains(&all.sent), "{all:?}");
    }
}
