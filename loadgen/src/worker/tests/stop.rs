//! A signal to stop, in each phase.

use super::rig::{Case, Done, GroupCase, MILLI, START, closed_model, open_model};
use crate::{engine::simulated::PeerScript, plan::Expect};

fn peer(delay: u64) -> PeerScript {
    PeerScript { delay: delay * MILLI, ..PeerScript::default() }
}

/// Two clients, each with three messages every 100 ms or a window of three.
fn groups() -> [GroupCase; 2] {
    [open_model(2, 100, 3, 100), closed_model(2, 3)]
}

/// Runs with a stop at this time, in milliseconds.
fn stopped(group: GroupCase, peer: PeerScript, stop: u64) -> Done {
    let mut case = Case::new(group, vec![peer]);
    (case.stop, case.drain) = (Some(stop), 5_000);
    case.run()
}

#[test]
fn while_connecting_the_rest_is_not_tried() {
    let mut case = Case::new(open_model(5, 100, 3, 100), vec![peer(1)]);
    (case.connect_rate, case.stop) = (10.0, Some(150));
    let done = case.run();
    assert_eq!((done.connections(), done.kinds()), ([2, 3, 0], vec![("interrupted", 3)]));
    assert_eq!((done.connected, done.all().scheduled), (Some(2), 0));
    assert!(done.ended <= 150 + 52, "{}", done.ended);
}

#[test]
fn before_the_start_nothing_is_sent() {
    for group in groups() {
        let done = stopped(group, peer(1), 500);
        assert_eq!((done.connections(), done.all().scheduled), ([2, 0, 0], 0));
        assert!(done.ended <= 500 + 5, "{}", done.ended);
    }
}

#[test]
fn in_the_warm_up_nothing_was_measured() {
    for group in groups() {
        let done = stopped(group, peer(1), START + 105);
        let (from, to) = done.window();
        assert!(from == to && (105..=155).contains(&to), "{from} {to}");
        let [warmup, measured] = done.counts();
        assert!(measured.scheduled == 0 && warmup.sent > 0 && warmup.matched == warmup.sent);
        assert!(done.seconds.is_empty());
        assert!(done.ended <= START + to + 5, "{}", done.ended);
    }
}

#[test]
fn in_the_measured_phase_it_ends_and_is_drained() {
    for group in groups() {
        let done = stopped(group, peer(300), START + 705);
        let (from, to) = done.window();
        assert!(from == 200 && (705..=755).contains(&to), "{to}");
        let all = done.all();
        assert_eq!((all.scheduled, all.matched, all.dropped), (all.sent, all.sent, 0));
        assert!(done.ended <= START + to + 305, "{} {to}", done.ended);
    }
}

#[test]
fn a_drain_is_cut_short_and_nobody_is_blamed() {
    for group in groups() {
        for stop in [705, 1_250] {
            let done = stopped(group.clone(), peer(3_000), START + stop);
            let all = done.all();
            assert_eq!((all.undetermined, all.lost), (all.sent, 0), "it might still have come");
            let least = START + stop + 750;
            assert!((least..=least + 55).contains(&done.ended), "{stop} {}", done.ended);
        }
    }
}

#[test]
fn in_the_drain_replies_that_come_in_time_count() {
    let done = stopped(open_model(2, 100, 3, 100), peer(600), START + 1_250);
    assert_eq!((done.all().matched, done.window()), (72, (200, 1_200)));
    assert!(done.ended <= START + 1_755, "{}", done.ended);
}

#[test]
fn it_ends_the_wait_for_surplus_replies() {
    let group = GroupCase { expect: Expect::Count, ..open_model(2, 100, 3, 100) };
    let done = stopped(group, peer(1), START + 1_250);
    assert!(done.ended <= START + 1_302, "{}", done.ended);
}

#[test]
fn closing_is_cut_short() {
    let silent = PeerScript { close: None, ..peer(1) };
    let done = stopped(open_model(2, 100, 3, 100), silent.clone(), START + 1_500);
    assert!((START + 2_000..=START + 2_055).contains(&done.ended), "{}", done.ended);
    // A stop before it leaves half a second, too.
    let done = stopped(open_model(2, 100, 3, 100), silent.clone(), START + 705);
    let closing = START + done.window().1;
    assert!((closing + 500..=closing + 505).contains(&done.ended), "{}", done.ended);
    // Time that the drain took does not count.
    let slow = PeerScript { delay: 600 * MILLI, ..silent };
    let done = stopped(open_model(2, 100, 3, 100), slow, START + 705);
    assert!(done.ended > START + 1_300 + 500, "{}", done.ended);
    assert_eq!(done.connections(), [2, 0, 0]);
}
