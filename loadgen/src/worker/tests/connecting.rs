//! How connections open, or don't.

use super::rig::{Case, MILLI, START, at, closed_model, open_model};
use crate::engine::simulated::{EndScript, OpeningScript, PeerScript};

fn opens(openings: &[OpeningScript]) -> PeerScript {
    PeerScript { openings: openings.to_vec(), ..PeerScript::default() }
}

fn refuses() -> PeerScript {
    opens(&[OpeningScript::Fails(MILLI, "refused")])
}

#[test]
fn connections_open_at_the_rate_of_the_plan() {
    let mut case = Case::new(open_model(50, 100, 1, 10), vec![PeerScript::default()]);
    // Client 49 is due at 490 ms.
    case.connect_rate = 100.0;
    case.stop = Some(485);
    let done = case.run();
    assert_eq!((done.connected, done.connections()), (Some(49), [49, 1, 0]));
    assert_eq!(done.kinds(), [("interrupted", 1)]);
    case.stop = None;
    let done = case.run();
    assert_eq!((done.connected, done.connections()), (Some(50), [50, 0, 0]));
}

#[test]
fn workers_keep_the_rate_together() {
    let mut case = Case::new(open_model(100, 100, 1, 10), vec![PeerScript::default()]);
    // Of two workers this one has every second client.
    (case.connect_rate, case.workers, case.stop) = (100.0, 2, Some(475));
    assert_eq!(case.run().connections(), [24, 26, 0]);
}

#[test]
fn no_more_than_so_many_are_opened_at_once() {
    // A million clients a second, and each takes 100 ms.
    let mut case = Case::new(closed_model(5_000, 1), vec![opens(&[OpeningScript::Opens(100 * MILLI)])]);
    (case.connect_rate, case.stop) = (1_000_000.0, Some(150));
    assert_eq!(case.run().connected, Some(4_096));
    case.stop = Some(290);
    assert_eq!(case.run().connected, Some(5_000));
}

#[test]
fn each_failure_is_counted_by_its_kind() {
    let peers =
        vec![PeerScript::default(), refuses(), opens(&[OpeningScript::Fails(0, "http_503")]), PeerScript::default()];
    let mut case = Case::new(open_model(5, 100, 2, 10), peers);
    case.script.peers.push(refuses());
    let done = case.run();
    assert_eq!((done.connections(), done.connected), ([2, 3, 0], Some(2)));
    assert_eq!(done.kinds(), [("http_503", 1), ("refused", 2)]);
    assert_eq!(done.group(0).connections.details["refused"], "it was to be refused");
    // A client without a connection drops what is due.
    assert_eq!((done.drops(), done.counts()[1].matched), ([0, 3 * 20, 0], 2 * 20));
}

#[test]
fn without_any_connection_the_load_ends_at_once() {
    for group in [open_model(3, 100, 2, 10), closed_model(3, 4)] {
        let done = Case::new(group, vec![refuses()]).run();
        assert_eq!((done.connections(), done.connected), ([0, 3, 0], Some(0)));
        assert_eq!((done.all().sent, done.window()), (0, (0, 0)));
        assert!(done.ended <= START, "{}", done.ended);
    }
}

#[test]
fn a_silent_server_times_out() {
    let done =
        Case::new(open_model(2, 100, 1, 10), vec![PeerScript::default(), opens(&[OpeningScript::TimesOut])]).run();
    assert_eq!((done.connections(), done.kinds()), ([1, 1, 0], vec![("timeout", 1)]));
}

#[test]
fn a_time_out_while_the_worker_stood_still_is_its_own() {
    for (stop, kind) in [(79, "timeout"), (81, "timeout_stopped")] {
        let mut case = Case::new(open_model(1, 100, 1, 10), vec![opens(&[OpeningScript::TimesOut])]);
        case.script.stops = vec![(at(300), stop * MILLI)];
        assert_eq!(case.run().kinds(), [(kind, 1)], "{stop} ms of 800");
    }
    // Only time-outs are in doubt.
    let mut case = Case::new(open_model(1, 100, 1, 10), vec![opens(&[OpeningScript::Fails(500 * MILLI, "refused")])]);
    case.script.stops = vec![(at(300), 100 * MILLI)];
    assert_eq!(case.run().kinds(), [("refused", 1)]);
    // A stop before an attempt says nothing about it.
    let mut case = Case::new(open_model(2, 100, 1, 10), vec![PeerScript::default(), opens(&[OpeningScript::TimesOut])]);
    case.script.stops = vec![(at(30), 100 * MILLI)];
    case.connect_rate = 5.0;
    assert_eq!(case.run().kinds(), [("timeout", 1)]);
}

#[test]
fn the_times_of_opening_are_kept() {
    let peers = vec![opens(&[OpeningScript::Opens(5 * MILLI)]), opens(&[OpeningScript::Opens(50 * MILLI)]), refuses()];
    let mut done = Case::new(open_model(3, 100, 1, 10), peers).run();
    let openings = &mut done.outcome.groups[0].openings;
    let connect = openings.connect.take();
    assert_eq!(connect.len(), 2);
    assert!(connect.min() >= 4_990_000 && connect.max() >= 50 * MILLI && connect.max() < 51 * MILLI);
    assert_eq!(
        [&mut openings.tcp, &mut openings.tls, &mut openings.upgrade].map(|times| times.take().len()),
        [2, 0, 2]
    );
    assert_eq!(done.group(0).peer.map(|peer| peer.to_string()).as_deref(), Some("127.0.0.1:2"));
}

#[test]
fn a_connection_may_end_before_the_load() {
    let ends = |end| PeerScript { ends: vec![(at(100), end)], ..PeerScript::default() };
    for (end, died) in [(EndScript::Reset, 1), (EndScript::Close(1000), 1)] {
        let done = Case::new(open_model(2, 100, 1, 10), vec![ends(end), PeerScript::default()]).run();
        assert_eq!((done.connections(), done.connected), ([2, 0, died], Some(2)));
        assert_eq!((done.drops(), done.counts()[1].matched), ([0, 10, 0], 10));
    }
}

#[test]
fn a_connection_may_open_and_end_in_one_read() {
    let mut peer = opens(&[OpeningScript::Opens(50 * MILLI)]);
    peer.ends = vec![(at(51), EndScript::Reset)];
    let mut case = Case::new(open_model(1, 100, 1, 10), vec![peer]);
    // Both lie there when the worker looks.
    case.script.stops = vec![(at(49), 10 * MILLI)];
    assert_eq!(case.run().connections(), [1, 0, 1]);
}

#[test]
fn many_connections_open_and_send_at_once() {
    let mut case = Case::new(open_model(2_000, 1_000, 1, 10), vec![PeerScript::default()]);
    case.connect_rate = 100_000.0;
    let done = case.run();
    assert_eq!((done.connections(), done.counts()[1].matched, done.drops()), ([2_000, 0, 0], 2_000, [0, 0, 0]));
}
