//! What a worker hands over while the load goes on, and the end of the load by the run.

use std::time::Duration;

use super::rig::{Case, MILLI, START, open_model};
use crate::{engine::simulated::PeerScript, plan::Until};

fn case(delay: u64) -> Case {
    let peer = PeerScript { delay: delay * MILLI, ..PeerScript::default() };
    let case = Case::new(open_model(2, 100, 3, 1000), vec![peer]);
    Case { until: Until::Elapsed(Duration::from_secs(3)), tells_so_far: true, ..case }
}

#[test]
fn each_second_hands_over_all_that_came() {
    let mut done = case(30).run();
    // In the third second the load is over.
    assert_eq!(done.so_far.len(), 2);
    for (second, outcome) in (1..).zip(&mut done.so_far) {
        let took = outcome.window.to.since(outcome.window.from) / MILLI;
        assert!((1000 * second..1000 * second + 51).contains(&took), "{took}");
        let group = &mut outcome.groups[0];
        let counts = group.recorder.measured.counts;
        // Two clients with three messages every 100 ms.
        assert!((60 * second..=60 * second + 6).contains(&counts.sent), "{counts:?}");
        assert!(counts.matched > 60 * second - 6 && counts.matched <= counts.sent, "{counts:?}");
        // Latencies of one look are those of the same messages.
        let responses = group.recorder.take_responses();
        assert_eq!((responses.len(), group.recorder.floor.len()), (counts.matched, counts.matched));
        assert_eq!(group.recorder.service.len(), counts.matched);
        assert!(responses.min() >= 30 * MILLI - MILLI, "{}", responses.min());
        assert_eq!(group.connections.opened, 2);
    }
}

#[test]
fn nothing_is_handed_over_unasked() {
    let done = Case { tells_so_far: false, ..case(30) }.run();
    assert!(done.so_far.is_empty());
}

#[test]
fn a_load_that_the_run_ends_is_drained_as_planned() {
    // Replies take longer than the drain after a signal waits.
    let done = Case { end_load: Some(START + 1400), drain: 2000, ..case(900) }.run();
    let (from, to) = done.window();
    assert!(from == 200 && (1400..=1450).contains(&to), "{to}");
    let all = done.all();
    assert_eq!((all.matched, all.undetermined, all.lost), (all.sent, 0, 0));
    // 1400 ms of 60 messages a second, and what was due until it was noticed.
    assert!((84..=90).contains(&all.sent), "{all:?}");
}
