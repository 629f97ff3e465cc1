//! Rates that change, random gaps, and clients that think.

use std::time::Duration;

use super::rig::{Case, GroupCase, MILLI, START, closed_model, n, open_model};
use crate::{
    engine::simulated::PeerScript,
    plan::{Arrivals, Jitter, Load, Rate, RatePlan, Reconnect, Sessions, Spacing, Stage},
    schedule::Schedule,
};

/// Two clients go from 0 to 40 messages a second within half a second, and stay there for another:
/// 10 and 20 messages of each.
fn arrivals(spacing: Spacing) -> Arrivals {
    let (rate, length) = (Rate::new(40.0), Duration::from_millis(500));
    let stages = [Stage { from: None, to: rate, length }, Stage { from: rate, to: rate, length }];
    Arrivals { rate: RatePlan::Stages(stages.into()), spacing }
}

fn group(spacing: Spacing) -> GroupCase {
    let load = Load::Open { arrivals: arrivals(spacing), burst: n(1), max_in_flight: n(10) };
    GroupCase { load, ..open_model(2, 1, 1, 1) }
}

#[test]
fn stages_are_sent_on_time_and_hold_their_first_rate_before() {
    let done = Case::new(group(Spacing::Even), vec![PeerScript::default()]).run();
    let [warmup, measured] = done.counts();
    assert_eq!((warmup.scheduled, measured.scheduled, measured.matched), (0, 60, 60));
    assert_eq!((done.window(), done.drops()), ((200, 1_200), [0, 0, 0]));
    assert!((START + 1_200..START + 1_205).contains(&done.ended), "{}", done.ended);
    assert!(done.group(0).recorder.send_lag.max() < 100_000, "{}", done.group(0).recorder.send_lag.max());
}

#[test]
fn random_gaps_follow_the_seed() {
    let case = || Case::new(group(Spacing::Poisson), vec![PeerScript::default()]).run();
    let (done, again) = (case(), case());
    let schedule = |seed| Schedule::of(n(2), &arrivals(Spacing::Poisson), n(1), 200 * MILLI, seed);
    let planned = |seed| [0, 1].map(|client| schedule(seed).messages_before(client, u64::MAX)).iter().sum::<u64>();
    // The seed of the rig.
    let measured = done.counts()[1];
    assert_eq!((measured.scheduled, measured.matched), (planned(7), planned(7)));
    assert_eq!(done.counts(), again.counts());
    assert!((0..20).any(|seed| planned(seed) != planned(7)), "another seed has other gaps");
    assert!(done.group(0).recorder.send_lag.max() < 100_000, "{}", done.group(0).recorder.send_lag.max());
}

#[test]
fn who_thinks_sends_a_think_time_after_each_reply() {
    let load = Load::Closed { window: n(1), think: Duration::from_millis(50) };
    let peer = PeerScript { delay: 10 * MILLI, ..PeerScript::default() };
    let done = Case::new(GroupCase { load, ..closed_model(2, 1) }, vec![peer]).run();
    // From 0 and from 25 ms on, every 60 ms and a little. So one is due at 180 ms or 145 ms last in
    // the warm-up, and 17 or 16 more of each come before 1200 ms.
    let [warmup, measured] = done.counts();
    assert_eq!((warmup.sent, done.drops()), (4 + 3, [0, 0, 0]));
    assert!((16 + 16..=17 + 17).contains(&measured.sent), "{}", measured.sent);
    assert_eq!(measured.matched, measured.sent);
    let recorder = &done.group(0).recorder;
    // Response time counts from when a message was due, which is a think time after the reply.
    assert!(recorder.send_lag.max() < 100_000, "{}", recorder.send_lag.max());
}

#[test]
fn a_window_is_filled_again_once_its_client_is_back() {
    let wait = Duration::from_millis(10);
    let sessions = Sessions {
        drop: Some(Duration::from_millis(300)),
        reconnect: Some(Reconnect { min: wait, max: wait, jitter: Jitter::None }),
        ..Sessions::default()
    };
    let peer = PeerScript { delay: 10 * MILLI, ..PeerScript::default() };
    let done = Case::new(GroupCase { sessions, ..closed_model(1, 1) }, vec![peer]).run();
    // A message every 10 ms, less four times that it is away or waits for the next turn.
    let measured = done.counts()[1];
    assert!((80..=100).contains(&measured.sent), "{}", measured.sent);
}
