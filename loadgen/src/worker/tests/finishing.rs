//! Drain, wait for surplus replies, and closing handshakes.

use super::rig::{Case, GroupCase, MILLI, START, at, open_model};
use crate::{
    engine::simulated::{EndScript, Fault, PeerScript},
    ledger::CloseCause,
    plan::Expect,
};

fn peer(delay: u64) -> PeerScript {
    PeerScript { delay: delay * MILLI, ..PeerScript::default() }
}

#[test]
fn the_drain_waits_for_what_is_in_flight() {
    // The last bursts are due at 1100 and 1150 ms, and come 300 ms later.
    let done = Case::new(open_model(2, 100, 3, 100), vec![peer(300)]).run();
    assert_eq!((done.counts()[1].matched, done.all().lost), (60, 0));
    assert!((START + 1_450..START + 1_455).contains(&done.ended), "no longer than that: {}", done.ended);
}

#[test]
fn what_comes_after_the_drain_is_lost() {
    let slow_to_close = PeerScript { close: Some(100 * MILLI), ..peer(300) };
    let mut case = Case::new(open_model(2, 100, 3, 100), vec![slow_to_close]);
    case.drain = 220;
    let done = case.run();
    assert_eq!((done.counts()[1].lost, done.counts()[1].matched), (3, 57), "the burst at 1150 ms");
    assert_eq!(done.group(0).recorder.measured.counts.events, 57, "what comes with the Close comes too late");
    let missing = &done.group(0).missing.kept;
    assert_eq!(
        missing.iter().map(|missing| (missing.client, missing.cause)).collect::<Vec<_>>(),
        [(1, CloseCause::Drained); 3]
    );
    case.drain = 0;
    assert_eq!(case.run().counts()[1].lost, 18, "bursts from 900 ms on");
}

#[test]
fn the_drain_ends_when_nobody_is_left() {
    let peer = PeerScript { ends: vec![(at(START + 1_250), EndScript::Reset)], ..peer(300) };
    let done = Case::new(open_model(2, 100, 3, 100), vec![peer]).run();
    assert_eq!((done.all().undetermined, done.connections(), done.window()), (18 - 3, [2, 0, 2], (200, 1_200)));
    assert!(done.ended < START + 1_255, "{}", done.ended);
}

#[test]
fn who_closes_when_all_is_done_has_not_died() {
    for (end, died) in [(EndScript::Close(1000), 0), (EndScript::Close(1001), 0), (EndScript::Reset, 2)] {
        // All replies are there, and one peer has a message left.
        let leaves = PeerScript { ends: vec![(at(START + 1_210), end)], ..peer(1) };
        let slow = peer(100);
        let done = Case::new(open_model(3, 100, 3, 100), vec![leaves.clone(), leaves, slow]).run();
        assert_eq!(done.connections(), [3, 0, died], "{end:?}");
    }
}

fn counting(group: GroupCase) -> GroupCase {
    GroupCase { expect: Expect::Count, ..group }
}

#[test]
fn surplus_replies_are_waited_for_where_replies_have_no_name() {
    let mut surplus = peer(1);
    surplus.faults.insert(35, Fault::Duplicate);
    let late = |millis| {
        let mut late = peer(1);
        // The reply to the last message comes twice, the second time so much later.
        late.faults.insert(35, Fault::Repeat(millis * MILLI));
        late
    };
    let unexpected = |group: GroupCase, peer: PeerScript, drain| {
        let mut case = Case::new(group, vec![peer]);
        case.drain = drain;
        let done = case.run();
        assert_eq!(done.all().matched, 36);
        let anomalies = done.group(0).recorder.measured.anomalies;
        (anomalies.unexpected, anomalies.duplicated, done.ended - START - 1_200)
    };
    let group = || open_model(1, 100, 3, 100);
    // The last reply comes at 1101 ms. From the end on, 200 ms of silence.
    assert_eq!(unexpected(counting(group()), surplus.clone(), 500), (1, 0, 201));
    assert_eq!(unexpected(counting(group()), late(250), 500), (1, 0, 201));
    assert_eq!(unexpected(counting(group()), late(350), 500), (0, 0, 201), "too late");
    assert_eq!(unexpected(counting(group()), surplus.clone(), 50), (1, 0, 51), "no longer than the drain");
    // Messages that name themselves need no wait.
    assert_eq!(unexpected(group(), surplus, 500), (0, 1, 1));
    assert_eq!(unexpected(group(), late(150), 500), (0, 0, 1));
}

#[test]
fn late_replies_prolong_the_wait_for_surplus_to_a_bound() {
    // The drain ends at 2200 ms with 8 messages in flight, whose replies come 150 ms apart from
    // 2250 ms on. Each of them makes silence begin anew, until a second is over.
    let mut peer = peer(1);
    for late in 0..8 {
        let sent = (8 + late / 2) * 100;
        peer.faults.insert(16 + late, Fault::Delay((2_250 + 150 * late - sent) * MILLI));
    }
    let mut case = Case::new(counting(open_model(1, 100, 2, 100)), vec![peer]);
    case.drain = 1_000;
    let done = case.run();
    assert_eq!((done.all().matched, done.all().lost), (16 + 7, 1));
    assert!((START + 3_200..START + 3_205).contains(&done.ended), "{}", done.ended);
}

#[test]
fn nothing_is_awaited_from_the_dead() {
    let ends = PeerScript { ends: vec![(at(START + 1_250), EndScript::Reset)], ..peer(1) };
    let done = Case::new(counting(open_model(1, 100, 3, 100)), vec![ends]).run();
    assert_eq!(done.connections(), [1, 0, 1]);
    assert!(done.ended < START + 1_255, "{}", done.ended);
}

#[test]
fn the_drain_waits_as_long_as_the_plan_says() {
    // Each reply takes longer.
    let mut peer = peer(1);
    for message in 0..24 {
        peer.faults.insert(message, Fault::Delay((1_000 + 180 * message) * MILLI));
    }
    let mut case = Case::new(counting(open_model(1, 100, 2, 100)), vec![peer]);
    case.drain = 10_000;
    let done = case.run();
    assert_eq!((done.all().matched, done.all().lost), (24, 0), "the drain has waited for all");
    assert!(done.ended > START + 1_000 + 23 * 180, "{}", done.ended);
}

#[test]
fn messages_before_the_peers_close_count() {
    let mut twice = PeerScript { close: Some(5 * MILLI), ..peer(1) };
    // The reply to the last message comes again, 101 ms later. The Close is answered after that.
    twice.faults.insert(35, Fault::Repeat(101 * MILLI));
    let done = Case::new(open_model(1, 100, 3, 100), vec![twice]).run();
    assert_eq!(done.group(0).recorder.measured.anomalies.duplicated, 1);
}

#[test]
fn closing_waits_for_each_peer_but_not_for_ever() {
    let close = |close: Option<u64>| PeerScript { close: close.map(|millis| millis * MILLI), ..peer(1) };
    let ended = |peers: Vec<PeerScript>| {
        let clients = u32::try_from(peers.len()).unwrap();
        let done = Case::new(open_model(clients, 100, 1, 10), peers).run();
        assert_eq!((done.connections()[2], done.all().lost), (0, 0), "not closing is no death");
        done.ended - START - 1_200
    };
    assert_eq!(ended(vec![close(Some(1_500)), close(Some(3))]), 1_501);
    assert_eq!(ended(vec![close(None), close(Some(3))]), 2_004, "two seconds after the last answer");
    assert_eq!(ended(vec![close(None)]), 2_001);
    let slow = (1..=5).map(|n| close(Some(1_900 * n))).collect();
    assert_eq!(ended(slow), 6_001, "and six in all");
}
