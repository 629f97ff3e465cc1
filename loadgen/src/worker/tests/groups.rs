//! Several groups on one worker: each does as if it were alone.

use super::rig::{Case, GroupCase, MILLI, START, at, closed_model, open_model};
use crate::engine::simulated::{EndScript, Fault, PeerScript};

fn peer(delay: u64) -> PeerScript {
    PeerScript { delay: delay * MILLI, ..PeerScript::default() }
}

fn both(first: GroupCase, second: GroupCase, peers: Vec<PeerScript>) -> Case {
    let mut case = Case::new(first, peers);
    case.groups.push(second);
    case
}

#[test]
fn each_group_does_as_if_alone() {
    let groups = [open_model(3, 100, 3, 10), open_model(2, 40, 1, 10)];
    let done = both(groups[0].clone(), groups[1].clone(), vec![peer(1)]).run();
    for (group, case) in groups.into_iter().enumerate() {
        let alone = Case::new(case, vec![peer(1)]).run();
        let [of_both, of_one] = [done.group(group), alone.group(0)].map(|group| &group.recorder);
        assert_eq!((of_both.warmup, of_both.measured), (of_one.warmup, of_one.measured), "{group}");
        assert_eq!(of_both.writes, of_one.writes);
        assert_eq!(done.group(group).connections, alone.group(0).connections);
        assert!(of_both.send_lag.max() < 100_000, "a client's index within its group says when");
    }
}

#[test]
fn open_and_closed_groups_run_side_by_side() {
    let done = both(open_model(3, 100, 3, 10), closed_model(2, 4), vec![peer(10)]).run();
    let [open, closed] = [0, 1].map(|group| done.group(group).recorder.measured.counts);
    assert_eq!((open.sent, open.matched), (90, 90));
    assert!((98 * 8..=100 * 8).contains(&closed.sent) && closed.matched == closed.sent, "{closed:?}");
    assert_eq!(done.window(), (200, 1_200));
    assert_eq!(done.connected, Some(5));
}

#[test]
fn client_numbers_run_through_the_groups() {
    let mut loses = peer(1);
    loses.faults.insert(1, Fault::Lose);
    let done = both(open_model(3, 100, 3, 10), open_model(2, 100, 3, 10), vec![peer(1), peer(1), peer(1), loses]).run();
    let missing = |group: usize| done.group(group).missing.kept.iter().map(|one| one.client).collect::<Vec<_>>();
    assert_eq!((missing(0), missing(1)), (vec![], vec![3, 4]));
}

#[test]
fn the_phase_ends_with_the_group_that_takes_longest() {
    // The open group has its 9 messages within 300 ms.
    let window = |delay| {
        let done = both(open_model(3, 100, 3, 10), closed_model(2, 4), vec![peer(1), peer(1), peer(1), peer(delay)])
            .messages(9)
            .run();
        let counts = [0, 1].map(|group| done.group(group).recorder.measured.counts);
        assert_eq!(counts.map(|counts| counts.matched), [27, 18]);
        assert!(done.outcome.cpu < 20 * MILLI, "a group that is over keeps nobody busy: {}", done.outcome.cpu);
        let (from, to) = done.window();
        assert!(done.ended <= START + to + 103, "{} {to}", done.ended);
        (from, to)
    };
    assert_eq!(window(10), (200, 500));
    let (_, to) = window(250);
    // Windows are refilled at 250 and 500 ms; after that, one message is left.
    assert!((750..=1_010).contains(&to), "{to}");
}

#[test]
fn one_group_may_lose_all_its_connections() {
    let mortal = PeerScript { ends: vec![(at(START + 605), EndScript::Reset)], ..peer(10) };
    for (first, second) in
        [(open_model(1, 100, 3, 10), closed_model(1, 4)), (closed_model(1, 4), open_model(1, 100, 3, 10))]
    {
        let done = both(first, second, vec![mortal.clone(), peer(10)]).run();
        let died = [0, 1].map(|group| done.group(group).connections.died);
        assert_eq!((died, done.window()), ([1, 0], (200, 1_200)));
        let other = done.group(1).recorder.measured.counts;
        assert!(other.matched == other.sent && other.sent >= 30);
    }
    let done = both(open_model(1, 100, 3, 10), closed_model(1, 4), vec![mortal]).run();
    assert_eq!(done.window(), (200, 605), "nobody is left");
}
