//! Clients that only listen.

use super::rig::{Case, GroupCase, MILLI, START, at, closed_model, open_model};
use crate::{
    engine::simulated::{EndScript, PeerScript},
    plan::{Expect, Load},
};

fn listeners(clients: u32) -> GroupCase {
    GroupCase { load: Load::Listen, ..open_model(clients, 100, 1, 1) }
}

#[test]
fn listeners_stay_for_the_whole_run_and_send_nothing() {
    let done = Case::new(listeners(3), vec![PeerScript::default()]).run();
    assert_eq!((done.connections(), done.window()), ([3, 0, 0], (200, 1_200)));
    assert_eq!((done.all().scheduled, done.all().events), (0, 0));
    assert!((START + 1_200..START + 1_205).contains(&done.ended), "there is nothing to wait for: {}", done.ended);
    // Other replies than an echo have no name, so a surplus is waited for.
    let counting = GroupCase { expect: Expect::Count, ..listeners(3) };
    let done = Case::new(counting, vec![PeerScript::default()]).run();
    assert!((START + 1_400..START + 1_405).contains(&done.ended), "{}", done.ended);
}

#[test]
fn a_listener_whose_connection_ends_has_died() {
    let ends = |end| PeerScript { ends: vec![(at(START + 700), end)], ..PeerScript::default() };
    for end in [EndScript::Close(1000), EndScript::Reset] {
        let done = Case::new(listeners(2), vec![ends(end), PeerScript::default()]).run();
        assert_eq!((done.connections(), done.window()), ([2, 0, 1], (200, 1_200)), "{end:?}");
        let done = Case::new(listeners(2), vec![ends(end)]).run();
        assert_eq!(done.connections(), [2, 0, 2], "{end:?}");
        assert!((START + 700..START + 705).contains(&done.ended), "nobody is left: {}", done.ended);
    }
}

#[test]
fn listeners_are_there_until_the_senders_are_done() {
    for (senders, ends) in [(open_model(1, 100, 1, 100), 1_200), (closed_model(1, 1), 210)] {
        let slow = PeerScript { delay: MILLI, ..PeerScript::default() };
        let mut case = Case::new(senders, vec![slow]).messages(10);
        case.groups.push(listeners(2));
        let done = case.run();
        assert_eq!((done.counts()[1].matched, done.group(1).connections.died), (10, 0));
        assert!(done.window().1.abs_diff(ends) <= 2, "{:?}", done.window());
    }
}
