//! Clients that come and go: every way in which a session begins and ends.

use std::time::Duration;

use super::rig::{Case, Done, GroupCase, MILLI, START, at, closed_model, n, open_model};
use crate::{
    engine::simulated::{EndScript, Fault, OpeningScript, PeerScript},
    plan::{Dialogue, Expect, Jitter, JoinStep, Reconnect, SessionLength, Sessions, Storm, Until},
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
    case.until = Until::Elapsed(Duration::from_secs(3));
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
    case.until = Until::Elapsed(Duration::from_secs(4));
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

#[test]
fn a_stop_ends_every_state_in_time() {
    let slow = PeerScript { openings: vec![OpeningScript::Opens(700 * MILLI)], ..peer(1) };
    let silent = PeerScript { close: None, ..peer(1) };
    let reopens = PeerScript { openings: vec![OpeningScript::Opens(MILLI), OpeningScript::TimesOut], ..peer(1) };
    let back = |wait| Sessions { reconnect: Some(back_after(wait)), ..lasting(300) };
    for (state, sessions, script) in [
        ("opening", Sessions { ramp: Some(millis(100)), ..Sessions::default() }, slow),
        ("opening again", back(1), reopens),
        ("finishing", lasting(200), peer(3_000)),
        ("closing", lasting(300), silent),
        ("away", back(600), peer(1)),
        ("open", lasting(900), peer(1)),
    ] {
        let mut case = with(sessions, open_model(3, 10, 1, 1_000), vec![script]);
        (case.stop, case.drain) = (Some(START + 500), 5_000);
        let done = case.run();
        assert!(done.ended <= START + 500 + 52 + 750 + 500 + 5, "{state}: {}", done.ended);
        let all = done.all();
        assert_eq!((all.lost, all.undetermined_by_plan), (0, 0), "{state}");
    }
}

#[test]
fn what_is_under_way_at_the_end_of_the_load_is_given_up() {
    let reopens = PeerScript { openings: vec![OpeningScript::Opens(MILLI), OpeningScript::TimesOut], ..peer(1) };
    let sessions = Sessions { reconnect: Some(back_after(1)), ..lasting(700) };
    let done = with(sessions, open_model(2, 10, 1, 10), vec![reopens]).run();
    let counts = done.sessions();
    assert_eq!((counts.attempts, counts.given_up, counts.waiting_at_end), (4, 2, 2));
    assert!(done.ended <= START + 1_010, "{}", done.ended);
}

#[test]
fn nothing_of_an_old_connection_comes_on_the_next() {
    // A reply takes 100 ms, and a client is back within 10 ms.
    let sessions = Sessions { drop: Some(millis(250)), reconnect: Some(back_after(9)), ..Sessions::default() };
    let done = with(sessions, open_model(1, 10, 1, 100), vec![peer(100)]).run();
    let all = done.all();
    assert_eq!((done.sessions().cut_by_plan, all.lost, all.undetermined), (3, 0, 0));
    assert!((27..=33).contains(&all.undetermined_by_plan), "{all:?}");
    assert_eq!(all.events, all.matched);
}

#[test]
fn windows_are_filled_again_in_the_next_session() {
    let sessions = Sessions { drop: Some(millis(500)), reconnect: Some(back_after(100)), ..Sessions::default() };
    let done = with(sessions, closed_model(2, 4), vec![peer(10)]).run();
    // Cut at 250 and 500, 750 ms, and away for 100 ms each time.
    let all = done.all();
    assert_eq!((done.sessions().cut_by_plan, all.undetermined_by_plan), (3, 12));
    assert!((4 * 165..=4 * 175).contains(&all.sent), "{all:?}");
}

#[test]
fn who_comes_back_waits_for_the_connect_rate() {
    let storms = vec![Storm { share: n(1_000_000), at: millis(100) }];
    let sessions = Sessions { storms, reconnect: Some(back_after(1)), ..Sessions::default() };
    let mut case = with(sessions, open_model(50, 100, 1, 10), vec![peer(1)]);
    case.connect_rate = 100.0;
    let mut done = case.run();
    assert_eq!((done.connections(), done.sessions().open_at_end), ([100, 0, 0], 50));
    let away = std::mem::take(&mut done.outcome.groups[0].sessions.away).into_histogram();
    // The last of them after 490 ms.
    assert!((240..=260).contains(&(away.value_at_quantile(0.5) / MILLI)), "{}", away.value_at_quantile(0.5));
    assert!((489..=500).contains(&(away.max() / MILLI)), "{}", away.max());
}

#[test]
fn a_session_waits_for_surplus_where_replies_have_no_name() {
    let mut twice = peer(1);
    twice.faults.insert(9, Fault::Repeat(150 * MILLI));
    let sessions = |length| Sessions { session: Some(SessionLength::Messages(length)), ..Sessions::default() };
    let group = GroupCase { expect: Expect::Count, ..open_model(1, 10, 1, 10) };
    let done = with(sessions(10.try_into().unwrap()), group, vec![twice]).run();
    assert_eq!((done.all().matched, done.sessions().closed_by_plan), (10, 1));
    assert_eq!(done.group(0).recorder.measured.anomalies.unexpected, 1);
}

#[test]
fn the_server_may_end_a_session_that_is_over() {
    // The session ends at 300 ms, and the reply to its last message takes 200 ms.
    for (end, died) in [(EndScript::Reset, 1), (EndScript::Close(1000), 1)] {
        let ends = PeerScript { ends: vec![(at(START + 400), end)], ..peer(200) };
        let done = with(lasting(1_299), open_model(1, 100, 1, 10), vec![ends]).run();
        assert_eq!((done.connections()[2], done.sessions().closed_by_plan), (died, 1 - died), "{end:?}");
        assert!(done.all().undetermined > 0);
    }
    // In the wait for surplus nothing is undone.
    let ends = PeerScript { ends: vec![(at(START + 400), EndScript::Reset)], ..peer(1) };
    let group = GroupCase { expect: Expect::Count, ..open_model(1, 100, 1, 10) };
    let done = with(lasting(1_350), group, vec![ends]).run();
    assert_eq!((done.connections(), done.sessions().closed_by_plan), ([1, 0, 0], 1));
}

#[test]
fn clients_join_each_session() {
    let step = JoinStep { send: Some("login".parse().unwrap()), expect: Some("^ok".parse().unwrap()) };
    let dialogue = Dialogue { on_open: vec![step], ..Dialogue::default() };
    let replies = |after| [("login", vec![(after, "ok")])].into();
    let sessions = Sessions { reconnect: Some(back_after(10)), ..lasting(400) };
    let group = GroupCase { dialogue, ..open_model(2, 10, 1, 10) };
    let peers = |after| vec![PeerScript { replies: replies(after), ..peer(1) }];
    let done = with(sessions.clone(), group.clone(), peers(20 * MILLI)).run();
    let counts = done.sessions();
    assert_eq!((counts.attempts, counts.failed_attempts, done.connections()), (6, 0, [6, 0, 0]));
    assert_eq!(done.all().matched, done.all().sent);
    // Who takes too long to join has failed, and tries again.
    let mut case = with(sessions, group, peers(150 * MILLI));
    case.timeout = 100;
    let done = case.run();
    assert_eq!(done.connections(), [0, 2, 0]);
    assert_eq!(done.kinds(), [("join_timeout", done.sessions().failed_attempts)]);
    assert!(done.sessions().failed_attempts > 10, "{:?}", done.sessions());
}

#[test]
fn groups_come_and_go_each_by_itself() {
    let sessions = Sessions { reconnect: Some(back_after(50)), ..lasting(200) };
    let mut case = with(sessions, open_model(2, 10, 1, 10), vec![peer(1)]);
    case.groups.push(open_model(3, 10, 1, 10));
    let done = case.run();
    let [first, second] = [0, 1].map(|group| done.group(group));
    assert!(first.sessions.counts.closed_by_plan >= 6 && second.connections.opened == 3);
    // The total has to add up, so the other group has counts, too.
    assert_eq!((second.sessions.counts.attempts, second.sessions.counts.open_at_end), (3, 3));
    assert_eq!((second.recorder.measured.dropped.away, second.recorder.measured.counts.matched), (0, 300));
}
