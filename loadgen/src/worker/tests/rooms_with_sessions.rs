//! Clients in rooms that come and go.

use std::{num::NonZeroU64, time::Duration};

use reports::model::{Anomalies, Deliveries, Tally};

use super::rig::{Case, Done, GroupCase, MILLI, START, at, n, open_model};
use crate::{
    engine::simulated::{EndScript, PeerScript, RoomScript},
    plan::{Expect, Jitter, Load, OwnCopy, Reconnect, RoomBy, Rooms, SessionLength, Sessions, Storm},
};

/// One client publishes every 30 ms and stays. As many others listen in its room, and each is away
/// for 100 ms at a time.
fn talk(listeners: u32, durable: bool, sessions: Sessions) -> Case {
    let rooms = |size, publishers| Rooms {
        by: RoomBy::Size(n(size)),
        publishers: Some(publishers),
        own: OwnCopy::Refuse,
        durable,
    };
    let speaker = GroupCase { expect: Expect::Broadcast, rooms: Some(rooms(1, 1)), ..open_model(1, 30, 1, 1) };
    let listeners = GroupCase {
        clients: listeners,
        load: Load::Listen,
        rooms: Some(rooms(listeners, 0)),
        sessions,
        ..speaker.clone()
    };
    let members = 1 + listeners.clients as usize;
    let mut case = Case { warmup: 0, ..Case::new(speaker, vec![PeerScript::default()]) };
    case.groups.push(listeners);
    case.script.rooms = Some(RoomScript { rooms: vec![0; members], ..RoomScript::default() });
    case
}

fn back_after(millis: u64) -> Reconnect {
    let wait = Duration::from_millis(millis);
    Reconnect { min: wait, max: wait, jitter: Jitter::None }
}

fn drops(every: u64) -> Sessions {
    Sessions { drop: Some(Duration::from_millis(every)), reconnect: Some(back_after(100)), ..Sessions::default() }
}

fn keeping(mut case: Case) -> Case {
    case.script.rooms.as_mut().unwrap().keeps = true;
    case
}

/// What came to the listeners.
fn heard(done: &Done) -> Tally {
    done.group(1).recorder.measured
}

/// Messages that are due within 100 ms of each of these times, which are milliseconds.
fn due_while_away(cuts: &[u64]) -> u64 {
    cuts.iter().map(|cut| (0..1_000).step_by(30).filter(|due| (cut + 1..=cut + 100).contains(due)).count() as u64).sum()
}

/// When each of three listeners is cut, at most, and is back in the load.
const CUTS: [u64; 7] = [123, 246, 370, 493, 616, 740, 863];

#[test]
fn what_is_due_while_away_need_not_come() {
    let done = talk(3, false, drops(370)).run();
    // At 986 ms one is cut, and the last message is due at 990 ms.
    let expected = 3 * 34 - due_while_away(&CUTS) - 1;
    let deliveries = Deliveries { expected: 0, matched: expected, ..Deliveries::default() };
    assert_eq!((heard(&done).deliveries, heard(&done).anomalies), (deliveries, Anomalies::default()));
    assert_eq!(done.group(1).sessions.counts.cut_by_plan, 8);
}

#[test]
fn what_comes_of_an_absence_is_history() {
    let heard = heard(&keeping(talk(3, false, drops(370))).run());
    assert_eq!(heard.other_events.history, due_while_away(&CUTS));
    assert_eq!(heard.deliveries.matched, 3 * 34 - due_while_away(&CUTS) - 1);
}

#[test]
fn durable_rooms_are_replayed_what_is_due_while_away() {
    let done = keeping(talk(3, true, drops(370))).run();
    // The last one may still come to the client that is away at the end.
    let deliveries = Deliveries {
        matched: 3 * 34 - 1,
        replayed: due_while_away(&CUTS),
        undetermined_by_plan: 1,
        ..Deliveries::default()
    };
    assert_eq!((heard(&done).deliveries, heard(&done).anomalies), (deliveries, Anomalies::default()));
    let recorder = done.outcome.groups.into_iter().nth(1).unwrap().recorder;
    assert!(recorder.service.max() < 2 * MILLI, "what is replayed has no service time");
    let replayed = recorder.rare.replayed.into_histogram();
    assert_eq!(replayed.len(), due_while_away(&CUTS));
    assert!(replayed.max() <= 101 * MILLI, "{}", replayed.max());
    // A server that keeps nothing loses just that.
    let lost = due_while_away(&CUTS);
    let deliveries = Deliveries { matched: 3 * 34 - 1 - lost, replayed: 0, lost, lost_away: lost, ..deliveries };
    assert_eq!(heard(&talk(3, true, drops(370)).run()).deliveries, deliveries);
}

#[test]
fn what_is_in_flight_at_a_cut_is_undetermined_by_plan() {
    // The message of 300 ms comes after the storm, and nobody gets it.
    let storm = Storm { share: n(1_000_000), at: Duration::from_millis(310) };
    let sessions = Sessions { storms: vec![storm], reconnect: Some(back_after(100)), ..Sessions::default() };
    let slow = |mut case: Case| {
        case.script.peers = vec![PeerScript { delay: 15 * MILLI, ..PeerScript::default() }];
        case
    };
    let of_many = heard(&slow(talk(4, false, sessions.clone())).run()).deliveries;
    assert_eq!((of_many.undetermined_by_plan, of_many.undetermined, of_many.lost), (4, 0, 0));
    assert_eq!(of_many.matched, 4 * (34 - 4), "330, 360 and 390 ms were due while they were away");
    // The server had sent it when the clients were cut, so it does not keep it for them.
    let durable = heard(&slow(keeping(talk(4, true, sessions))).run()).deliveries;
    assert_eq!((durable.matched, durable.replayed, durable.lost, durable.lost_away), (4 * 33, 4 * 3, 4, 0));
}

#[test]
fn who_died_and_came_back_must_hear_what_is_due_then() {
    let mortal = PeerScript { ends: vec![(at(START + 310), EndScript::Reset)], ..PeerScript::default() };
    let with = |sessions| {
        let mut case = talk(2, false, sessions);
        case.script.peers = vec![PeerScript::default(), mortal.clone(), PeerScript::default()];
        heard(&case.run()).deliveries
    };
    let back = with(Sessions { reconnect: Some(back_after(100)), ..Sessions::default() });
    assert_eq!((back.matched, back.undetermined, back.lost), (2 * 34 - 3, 0, 0));
    let gone = with(Sessions::default());
    assert_eq!((gone.matched, gone.undetermined, gone.lost), (34 + 11, 23, 0));
}

#[test]
fn publishers_that_are_away_send_nothing() {
    // All publish, every 30 ms together, for sessions of seven messages.
    let mut case = talk(1, false, Sessions::default());
    case.groups.truncate(1);
    let rooms = Rooms { by: RoomBy::Size(n(3)), publishers: None, own: OwnCopy::Expect, durable: false };
    let sessions = Sessions {
        session: Some(SessionLength::Messages(NonZeroU64::new(7).unwrap())),
        reconnect: Some(back_after(100)),
        ..Sessions::default()
    };
    case.groups[0] = GroupCase { clients: 3, rooms: Some(rooms), sessions, ..case.groups[0].clone() };
    case.script.rooms = Some(RoomScript { rooms: vec![0; 3], own: true, ..RoomScript::default() });
    let done = case.run();
    let tally = done.group(0).recorder.measured;
    let Deliveries { matched, lost, undetermined, undetermined_by_plan, .. } = tally.deliveries;
    assert_eq!((tally.anomalies, lost, undetermined), (Anomalies::default(), 0, 0));
    assert!(tally.dropped.away > 0 && tally.counts.sent + tally.dropped.away == tally.counts.scheduled);
    // In flight are the last message of each session, and what the others sent meanwhile.
    let closed = done.group(0).sessions.counts.closed_by_plan;
    assert!(matched > 100 && (1..=3 * closed).contains(&undetermined_by_plan), "{:?}", tally.deliveries);
}
