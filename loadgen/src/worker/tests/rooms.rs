//! Clients in rooms: what each sends must come to everyone in its room.

use hdrhistogram::Histogram;
use reports::model::{Anomalies, Deliveries, EvidenceKind, Measurement};

use super::rig::{Case, Done, GroupCase, MILLI, START, at, n, open_model};
use crate::{
    engine::simulated::{EndScript, Fault, PeerScript, RoomScript},
    message::{Mix, Payload},
    plan::{Expect, Load, OwnCopy, RoomBy, Rooms},
};

/// Rooms of `size` clients, who all publish a message every 100 ms.
fn group(clients: u32, size: u32) -> GroupCase {
    let rooms = Rooms { by: RoomBy::Size(n(size)), publishers: None, own: OwnCopy::Expect, durable: false };
    GroupCase { expect: Expect::Broadcast, rooms: Some(rooms), ..open_model(clients, 100, 1, 1) }
}

/// As many publish in each room, and hear nothing of their own.
fn with_publishers(group: GroupCase, publishers: u32) -> GroupCase {
    let rooms = Rooms { publishers: Some(publishers), own: OwnCopy::Refuse, ..group.rooms.unwrap() };
    GroupCase { rooms: Some(rooms), ..group }
}

/// A server with a room for each `size` slots, which answers after a millisecond.
fn case(group: GroupCase, size: usize, own: bool) -> Case {
    let clients = group.clients as usize;
    let mut case = Case::new(group, vec![PeerScript::default()]);
    let rooms = (0..clients).map(|slot| slot / size).collect();
    case.script.rooms = Some(RoomScript { rooms, own, ..RoomScript::default() });
    case
}

fn with_faults(mut case: Case, faults: &[((usize, u64, usize), Fault)]) -> Case {
    case.script.rooms.as_mut().unwrap().faults = faults.iter().copied().collect();
    case
}

/// What a group's clients sent, and what was matched, lost, damaged and undetermined at them.
fn of_group(done: &Done, group: usize) -> [u64; 5] {
    let measured = done.group(group).recorder.measured;
    let Deliveries { matched, lost, damaged, undetermined, .. } = measured.deliveries;
    [measured.counts.sent, matched, lost, damaged, undetermined]
}

fn millis(times: &Histogram<u64>) -> Vec<u64> {
    times.iter_recorded().map(|value| value.value_iterated_to() / MILLI).collect()
}

#[test]
fn everyone_in_a_room_hears_everything() {
    let done = case(group(6, 3), 3, true).run();
    assert_eq!(of_group(&done, 0), [60, 180, 0, 0, 0]);
    let recorder = &done.group(0).recorder;
    assert_eq!((recorder.warmup.counts.sent, recorder.warmup.deliveries.matched), (12, 36));
    assert_eq!((recorder.measured.anomalies, recorder.measured.counts.events), (Anomalies::default(), 180));
    assert!(recorder.send_lag.max() < 100_000);
    assert_eq!(recorder.service.len(), 180, "the writes of the last messages are remembered");
    assert_eq!(recorder.floor.len(), 180);
    assert_eq!(done.seconds.iter().sum::<u64>(), 180);
    assert!((START + 1_200..START + 1_210).contains(&done.ended), "{}", done.ended);
}

#[test]
fn only_publishers_send_and_they_are_spread() {
    let done = case(with_publishers(group(6, 3), 1), 3, false).run();
    assert_eq!(of_group(&done, 0), [20, 40, 0, 0, 0]);
    assert!(done.group(0).recorder.send_lag.max() < 100_000);
    // Nobody bounds what is in flight, and nothing is waited for.
    let silent = Case { drain: 300, ..case(with_publishers(group(3, 3), 1), 3, false) };
    let faults: Vec<_> = (0..12).map(|sequence| ((0, sequence, 2), Fault::Lose)).collect();
    let done = with_faults(silent, &faults).run();
    assert_eq!(of_group(&done, 0), [10, 10, 10, 0, 0]);
    assert!((START + 1_500..START + 1_520).contains(&done.ended), "lost after the drain: {}", done.ended);
}

#[test]
fn each_fault_of_a_delivery_is_found() {
    let faults = [
        ((0, 3, 1), Fault::Lose),
        ((0, 4, 2), Fault::Duplicate),
        ((1, 5, 2), Fault::Corrupt),
        ((2, 6, 0), Fault::Delay(150 * MILLI)),
        ((1, 7, 0), Fault::Misroute(4)),
    ];
    let done = with_faults(case(group(6, 3), 3, true), &faults).run();
    // One is lost, and one came to another room instead.
    assert_eq!(of_group(&done, 0), [60, 177, 2, 1, 0]);
    let expected = Anomalies { duplicated: 1, corrupted: 1, reordered: 1, misrouted_events: 1, ..Anomalies::default() };
    assert_eq!(done.group(0).recorder.measured.anomalies, expected);
    let rooms = &done.outcome.rooms.as_ref().unwrap().ledger;
    let fates: Vec<_> = rooms.fates.iter().map(|fates| (fates.sender, fates.measured())).collect();
    assert_eq!(
        fates.iter().map(|(sender, counts)| (*sender, counts.lost, counts.damaged)).collect::<Vec<_>>(),
        [(0, 1, 0), (1, 1, 1)]
    );
    let evidence = done.outcome.groups.into_iter().next().unwrap().recorder.evidence.into_kept();
    let mut found: Vec<_> =
        evidence.iter().map(|found| (found.kind, found.sender, found.sequence, found.client)).collect();
    found.sort_unstable();
    let of = |kind, sender, sequence, receiver| (kind, Some(sender), Some(sequence), receiver);
    assert_eq!(
        found,
        [
            of(EvidenceKind::Lost, 0, 3, 1),
            of(EvidenceKind::Lost, 1, 7, 0),
            of(EvidenceKind::Duplicated, 0, 4, 2),
            of(EvidenceKind::Reordered, 2, 6, 0),
            of(EvidenceKind::Corrupted, 1, 5, 2),
            of(EvidenceKind::Misrouted, 1, 7, 4),
        ]
    );
}

#[test]
fn the_last_receiver_waits_for_those_before() {
    let mut case = case(with_publishers(group(4, 4), 1), 4, false);
    case.script.rooms.as_mut().unwrap().stagger = 5 * MILLI;
    let done = case.run();
    let mut sums = Measurement::default();
    let recorder = done.outcome.groups.into_iter().next().unwrap().recorder;
    let rare = recorder.rare;
    sums.latency.first = rare.first.into_histogram();
    sums.latency.last = rare.last.into_histogram();
    assert_eq!((millis(&sums.latency.first), millis(&sums.latency.last)), (vec![1], vec![11]));
    assert_eq!((sums.latency.first.len(), sums.latency.last.len()), (10, 10));
    let receivers = done.outcome.rooms.unwrap().ledger.receivers;
    let means: Vec<_> = receivers.iter().map(|of| (of.receiver, of.sum / of.deliveries / MILLI)).collect();
    assert_eq!(means, [(1, 1), (2, 6), (3, 11)]);
}

#[test]
fn groups_share_rooms() {
    let publishers = with_publishers(group(2, 1), 1);
    let subscribers = GroupCase { load: Load::Listen, ..with_publishers(group(6, 3), 0) };
    let mut case = case(publishers, 1, false);
    case.groups.push(subscribers);
    case.script.rooms.as_mut().unwrap().rooms = vec![0, 1, 0, 0, 0, 1, 1, 1];
    let done = with_faults(case, &[((1, 5, 6), Fault::Lose)]).run();
    assert_eq!([of_group(&done, 0), of_group(&done, 1)], [[20, 0, 0, 0, 0], [0, 59, 1, 0, 0]]);
    let rooms = &done.outcome.rooms.as_ref().unwrap().ledger;
    assert_eq!(rooms.rooms.iter().map(|room| (room.matched, room.lost)).collect::<Vec<_>>(), [(30, 0), (29, 1)]);
    assert_eq!(rooms.fates[0].sender, 1);
}

#[test]
fn what_a_dead_receiver_missed_is_undetermined() {
    let mut case = case(with_publishers(group(3, 3), 1), 3, false);
    let mortal = PeerScript { ends: vec![(at(START + 605), EndScript::Reset)], ..PeerScript::default() };
    case.script.peers = vec![PeerScript::default(), mortal, PeerScript::default()];
    let done = case.run();
    assert_eq!(of_group(&done, 0), [10, 15, 0, 0, 5]);
    assert_eq!(done.connections(), [3, 0, 1]);
}

#[test]
fn a_publisher_without_a_connection_drops_what_is_due() {
    let mut case = case(with_publishers(group(3, 3), 1), 3, false);
    let mortal = PeerScript { ends: vec![(at(START + 605), EndScript::Reset)], ..PeerScript::default() };
    case.script.peers = vec![mortal, PeerScript::default()];
    let done = case.run();
    assert_eq!((of_group(&done, 0), done.drops()), ([5, 10, 0, 0, 0], [0, 5, 0]));
}

#[test]
fn workers_wait_for_each_other() {
    // One room on two workers. The other worker's client never opened, so nothing came of it.
    let cut = || Case { workers: 2, drain: 100, ..case(with_publishers(group(3, 3), 1), 3, false) };
    let done = Case { others_say: Some(START + 1_900), ..cut() }.run();
    assert_eq!(of_group(&done, 0), [10, 10, 0, 0, 0]);
    assert!((START + 1_900..START + 1_910).contains(&done.ended), "{}", done.ended);
    // Others know more of the first and the last receiver.
    assert_eq!(done.outcome.rooms.unwrap().heard.kept.len(), 12);
    // After a signal it waits for a moment only.
    let done = Case { stop: Some(START + 1_500), ..cut() }.run();
    assert!(done.ended < START + 1_500 + 1_500, "{}", done.ended);
}

#[test]
fn nobody_sends_before_all_workers_have_begun() {
    // Who receives a message must know when it was due.
    let case = Case {
        workers: 2,
        others_begin: false,
        others_say: Some(START + 1_300),
        ..case(with_publishers(group(3, 3), 1), 3, false)
    };
    let recorder = &case.run_unchecked().outcome.groups[0].recorder;
    assert_eq!((recorder.warmup.counts.sent, recorder.measured.counts.sent), (0, 0));
}

#[test]
fn a_worker_late_for_the_start_knows_what_others_sent() {
    // Client 1 is on another worker. Its first message is due 50 ms after the start. It comes while
    // this worker stands still.
    let mut case =
        Case { workers: 2, others_say: Some(START + 1_300), ..case(with_publishers(group(2, 2), 2), 2, false) };
    let mut mark = [0; 53];
    Payload::new(7, 53, Mix::Text).encode(1, 0, &mut mark);
    let mark: &str = String::from_utf8(mark.into()).unwrap().leak();
    case.script.peers = vec![PeerScript { pushes: vec![(at(START + 51), mark)], ..PeerScript::default() }];
    case.script.stops = vec![(at(START - 30), 90 * MILLI)];
    let warmup = case.run().group(0).recorder.warmup;
    assert_eq!((warmup.deliveries.matched, warmup.anomalies.unexpected, warmup.counts.events), (1, 0, 1));
}

#[test]
fn a_signal_cuts_the_drain_short() {
    let faults: Vec<_> = (0..12).map(|sequence| ((0, sequence, 2), Fault::Lose)).collect();
    let slow = Case { stop: Some(START + 805), drain: 60_000, ..case(with_publishers(group(3, 3), 1), 3, false) };
    let done = with_faults(slow, &faults).run();
    assert_eq!(of_group(&done, 0), [7, 7, 0, 0, 7], "they might still have come");
    assert!(done.ended < START + 805 + 1_000, "{}", done.ended);
}

#[test]
fn a_room_whose_members_are_all_gone_holds_nobody_up() {
    let mortal = PeerScript { ends: vec![(at(START + 605), EndScript::Reset)], ..PeerScript::default() };
    let mut case = case(group(3, 3), 3, true);
    case.script.peers = vec![mortal];
    let done = case.run();
    assert!(done.ended < START + 620, "{}", done.ended);
    assert_eq!(done.connections(), [3, 0, 3]);
}
