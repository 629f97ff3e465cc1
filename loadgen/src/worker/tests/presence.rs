//! Who is present in each second.

use std::time::Duration;

use reports::model::IntervalConnections;

use super::rig::{Case, GroupCase, MILLI, n, open_model};
use crate::{
    engine::simulated::{OpeningScript, PeerScript},
    plan::{Jitter, Reconnect, Sessions, Storm, Until},
};

#[test]
fn seconds_have_who_is_present_and_the_attempts() {
    let openings =
        vec![OpeningScript::Opens(MILLI), OpeningScript::Fails(MILLI, "refused"), OpeningScript::Opens(MILLI)];
    // All are cut at 1.5 s, fail to come back at 2.5 s, and are back at 3.5 s.
    let storms = vec![Storm { share: n(1_000_000), at: Duration::from_millis(1_500) }];
    let second = Duration::from_secs(1);
    let reconnect = Some(Reconnect { min: second, max: second, jitter: Jitter::None });
    let sessions = Sessions { storms, reconnect, ..Sessions::default() };
    let group = GroupCase { sessions, ..open_model(10, 100, 1, 10) };
    let case = Case::new(group, vec![PeerScript { openings, delay: MILLI, ..PeerScript::default() }]);
    let done = Case { warmup: 0, until: Until::Elapsed(Duration::from_millis(4_500)), ..case }.run();
    let said = |second: &IntervalConnections| {
        let IntervalConnections { open, opening, away, attempts, failed } = second;
        ([*open, *opening, *away], *attempts, failed.get("refused").copied())
    };
    assert_eq!(
        done.presence.iter().map(said).collect::<Vec<_>>(),
        [
            ([10, 0, 0], 0, None),
            ([0, 0, 10], 0, None),
            ([0, 0, 10], 10, Some(10)),
            ([10, 0, 0], 10, None),
            // Whose connection is closed at the end of the run has not gone away.
            ([10, 0, 0], 0, None),
        ]
    );
}
