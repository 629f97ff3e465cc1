//! Clients that read slowly.

use super::rig::{Case, Done, GroupCase, MILLI, START, at, closed_model, open_model};
use crate::{
    engine::simulated::{EndScript, PeerScript},
    ledger::CloseCause,
    plan::Load,
};

/// Bytes that a message of 64 bytes takes to read.
const WIRE: u64 = 66;

/// Clients that send 20 messages a second each, and read so many bytes.
fn slow(clients: u32, read: u64) -> GroupCase {
    GroupCase { read: Some(read), ..open_model(clients, 50, 1, 1_000) }
}

/// Messages that a client has read at most, from the first reply to the end of the drain.
fn at_most(read: u64) -> u64 {
    // The bucket holds 100 ms, and a message may be over the bound of a read.
    read * (1_200 + 500 + 100) / 1_000 / WIRE + 1
}

fn unread(done: &Done, group: usize) -> Vec<CloseCause> {
    done.group(group).missing.kept.iter().map(|missing| missing.cause).collect()
}

#[test]
fn what_a_slow_reader_leaves_unread_is_by_plan() {
    for read in [330, 660] {
        let done = Case::new(slow(1, read), vec![PeerScript::default()]).run();
        let all = done.all();
        assert_eq!((all.sent, all.lost, all.undetermined), (24, 0, 0), "{read}: {all:?}");
        assert_eq!(all.matched + all.undetermined_by_plan, 24);
        let most = at_most(read);
        assert!((most - 2..=most).contains(&all.matched), "{read}: {} of {most}", all.matched);
        assert!(unread(&done, 0).iter().all(|cause| *cause == CloseCause::ByPlan));
        assert_eq!(done.connections(), [1, 0, 0]);
        // It waits for them as long as for others, and then for no reader.
        assert!((START + 1_700..START + 1_710).contains(&done.ended), "{read}: {}", done.ended);
    }
}

#[test]
fn a_reader_that_is_fast_enough_reads_everything() {
    let done = Case::new(slow(3, 2 * 20 * WIRE), vec![PeerScript::default()]).run();
    assert_eq!((done.all().sent, done.all().matched), (72, 72));
    assert!(done.ended < START + 1_400, "{}", done.ended);
}

#[test]
fn slow_readers_change_nothing_for_the_others() {
    let others = open_model(3, 20, 2, 100);
    let alone = Case::new(others.clone(), vec![PeerScript::default()]).run();
    let mut case = Case::new(others, vec![PeerScript::default()]);
    case.groups.push(slow(3, 330));
    let beside = case.run();
    assert_eq!(alone.counts(), beside.counts());
    let p99 = |done: &Done| done.group(0).recorder.service.value_at_quantile(0.99);
    assert!(p99(&beside) < p99(&alone) + MILLI / 10, "{} and {}", p99(&beside), p99(&alone));
    let slow = beside.group(1).recorder.measured.counts;
    assert!(slow.undetermined_by_plan > 0 && slow.lost == 0, "{slow:?}");
}

#[test]
fn a_slow_reader_that_the_server_gives_up_is_counted() {
    // A Close is behind what was sent before, and a reset is not.
    for (millis, end) in [(300, EndScript::Close(1008)), (900, EndScript::Reset)] {
        let gives_up = PeerScript { ends: vec![(at(START + millis), end)], ..PeerScript::default() };
        let done = Case::new(slow(2, 330), vec![gives_up, PeerScript::default()]).run();
        assert_eq!(done.connections(), [2, 0, 1], "{end:?}");
        assert_eq!((done.all().lost, done.all().undetermined), (0, 0), "{end:?}");
        assert!(done.all().undetermined_by_plan > 0);
    }
}

#[test]
fn in_the_closed_model_replies_come_as_they_are_read() {
    let slow = GroupCase { read: Some(10 * WIRE), ..closed_model(1, 4) };
    let done = Case::new(slow, vec![PeerScript { delay: MILLI, ..PeerScript::default() }]).run();
    let all = done.all();
    assert!((12..=18).contains(&all.matched), "ten a second: {all:?}");
    assert_eq!((all.lost, all.undetermined), (0, 0));
}

#[test]
fn listeners_may_read_slowly() {
    let pushes = (0..200).map(|push| (at(START + 5 * push), "0123456789")).collect();
    let listeners = GroupCase { load: Load::Listen, read: Some(120), ..open_model(1, 100, 1, 1) };
    let done = Case::new(listeners, vec![PeerScript { pushes, ..PeerScript::default() }]).run();
    let events = done.all().events;
    // Ten a second, from the warm-up on, and those of the bucket.
    assert!((10..=15).contains(&events), "{events}");
}
