//! Clients that ping.

use reports::model::Pings;

use super::rig::{Case, Done, GroupCase, MILLI, START, at, open_model};
use crate::{
    engine::simulated::{EndScript, PeerScript},
    plan::Load,
};

/// Clients that only listen, and ping each 300 ms.
fn idle(clients: u32) -> GroupCase {
    GroupCase { load: Load::Listen, ping: Some(300), ..open_model(clients, 100, 1, 1) }
}

fn pings(done: &Done) -> (u64, u64) {
    let Pings { sent, answered } = done.group(0).recorder.pings;
    (sent, answered)
}

#[test]
fn idle_clients_ping_and_the_last_pong_ends_the_run() {
    let done = Case::new(idle(3), vec![PeerScript::default()]).run();
    // A ping each 100 ms. Two of twelve are in the warm-up.
    assert_eq!(pings(&done), (10, 10));
    assert_eq!((done.all().events, done.connections()), (0, [3, 0, 0]), "a pong is no event");
    assert!((START + 1_200..START + 1_205).contains(&done.ended), "{}", done.ended);
    let times = done.outcome.groups.into_iter().next().unwrap().recorder.rare.ping.into_histogram();
    assert_eq!(times.len(), 10);
    assert!((100_000..=200_000).contains(&times.min()) && times.max() < 200_000, "{} to {}", times.min(), times.max());
}

#[test]
fn pongs_that_are_under_way_are_waited_for() {
    let late = PeerScript { pong: Some(250 * MILLI), ..PeerScript::default() };
    let done = Case::new(idle(3), vec![late]).run();
    assert_eq!(pings(&done), (10, 10));
    assert!((START + 1_300..START + 1_405).contains(&done.ended), "{}", done.ended);
}

#[test]
fn pings_without_an_answer_are_counted() {
    let silent = PeerScript { pong: None, ..PeerScript::default() };
    let done = Case::new(idle(3), vec![silent.clone(), PeerScript::default()]).run();
    let (sent, answered) = pings(&done);
    assert_eq!(sent, 10);
    assert!((6..=7).contains(&answered), "{answered}: that of one of three clients is missing");
    assert!((START + 1_700..START + 1_705).contains(&done.ended), "it might have come in the drain: {}", done.ended);
    assert_eq!(done.connections(), [3, 0, 0], "no death");
    // Nobody waits for it after a signal.
    let stopped = Case { stop: Some(START + 600), ..Case::new(idle(3), vec![silent]) }.run();
    assert!(stopped.ended < START + 1_400, "{}", stopped.ended);
}

#[test]
fn only_open_clients_ping_and_nobody_waits_for_the_others() {
    let ends = PeerScript { ends: vec![(at(START + 700), EndScript::Reset)], pong: None, ..PeerScript::default() };
    let done = Case::new(idle(2), vec![ends, PeerScript::default()]).run();
    // A ping each 150 ms: one client 200 to 1200 ms, the other up to 700 ms.
    let (sent, answered) = pings(&done);
    assert_eq!((done.connections(), answered), ([2, 0, 1], 3));
    assert!((4..=5).contains(&sent), "{sent}");
    assert!((START + 1_200..START + 1_205).contains(&done.ended), "{}", done.ended);
}

#[test]
fn pings_take_nothing_from_messages() {
    let busy = |ping| Case::new(GroupCase { ping, ..open_model(4, 20, 2, 100) }, vec![PeerScript::default()]).run();
    let (with, without) = (busy(Some(10)), busy(None));
    assert_eq!(with.counts(), without.counts());
    assert_eq!(with.group(0).recorder.traffic, without.group(0).recorder.traffic);
    assert_eq!(pings(&with), (400, 400));
    assert_eq!(pings(&without), (0, 0));
}
