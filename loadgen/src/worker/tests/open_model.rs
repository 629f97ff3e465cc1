//! The open model: what is due is sent on time, or dropped for a reason.

use std::time::Duration;

use super::rig::{Case, MILLI, START, at, open_model};
use crate::{
    engine::simulated::{EndScript, Fault, PeerScript},
    ledger::CloseCause,
    plan::Until,
};

#[test]
fn what_is_due_is_sent_and_comes_back() {
    let done = Case::new(open_model(2, 100, 3, 10), vec![PeerScript::default()]).run();
    let [warmup, measured] = done.counts();
    assert_eq!((warmup.scheduled, warmup.matched), (12, 12));
    assert_eq!((measured.scheduled, measured.sent, measured.matched, measured.events), (60, 60, 60, 60));
    assert_eq!(done.connections(), [2, 0, 0]);
    assert_eq!((done.window(), done.connected), ((200, 1_200), Some(2)));
    assert!((START + 1_200..START + 1_205).contains(&done.ended), "{}", done.ended);
    assert_eq!(done.seconds, [60]);
    let recorder = &done.group(0).recorder;
    // A millisecond and what the turns take.
    let service = (recorder.service.min(), recorder.service.max());
    assert!(service.0 >= 990_000 && service.1 < 1_100_000, "{service:?}");
    assert!(recorder.send_lag.max() < 100_000, "{}", recorder.send_lag.max());
    assert_eq!((recorder.writes.calls, recorder.writes.messages, recorder.writes.max), (20, 60, 3));
    assert_eq!(recorder.traffic.matched_in_window, 60);
    assert_eq!(done.outcome.stopped.times, 0);
}

/// What a client does not read lies in the transport.
fn unread(from: u64, to: u64) -> PeerScript {
    PeerScript { unread: vec![at(START + from)..at(START + to)], buffer: 0, ..PeerScript::default() }
}

fn resets(after: u64) -> PeerScript {
    PeerScript { ends: vec![(at(START + after), EndScript::Reset)], ..PeerScript::default() }
}

#[test]
fn each_drop_has_its_cause() {
    let slow = |delay| PeerScript { delay: delay * MILLI, ..PeerScript::default() };
    let large = |clients| {
        let mut group = open_model(clients, 100, 1, 100);
        group.size = 512 * 1024;
        group
    };
    let cases = [
        ("a burst beyond the cap", open_model(2, 100, 3, 2), slow(1), [20, 0, 0]),
        // Seven are in flight after the bursts at 200, 500, 800 and 1100 ms, which had room for
        // one.
        ("replies slower than the bursts", open_model(1, 100, 3, 7), slow(250), [8, 0, 0]),
        // Those at 300 and 400 ms are 1 MiB, and that at 500 ms is over. Two more are dropped.
        ("bytes that the peer does not take", large(1), unread(290, 750), [2, 0, 0]),
        ("no connection any more", open_model(1, 100, 3, 7), resets(650), [0, 0, 0]),
    ];
    for (name, group, peer, drops) in cases {
        let done = Case::new(group, vec![peer]).run();
        assert_eq!(done.drops(), drops, "{name}");
        assert_eq!(done.all().lost + done.all().damaged, 0, "{name}");
    }
}

#[test]
fn a_dead_client_drops_while_others_go_on() {
    let done = Case::new(open_model(2, 100, 3, 7), vec![resets(655), PeerScript::default()]).run();
    // Client 0 is due at 200, 300, ..., so it sent five bursts in the measured phase.
    assert_eq!(done.drops(), [0, 15, 0]);
    assert_eq!((done.all().undetermined, done.connections()), (0, [2, 0, 1]));
    assert_eq!(done.kinds(), [("reset", 1)]);
    assert_eq!(done.window(), (200, 1_200));
}

#[test]
fn what_was_in_flight_when_a_connection_died_is_undetermined() {
    let peer = PeerScript { delay: 20 * MILLI, ..resets(610) };
    let done = Case::new(open_model(2, 100, 3, 7), vec![peer, PeerScript::default()]).run();
    assert_eq!((done.all().undetermined, done.all().lost, done.drops()), (3, 0, [0, 15, 0]));
    assert_eq!(done.group(0).missing.kept.len(), 3);
    assert!(
        done.group(0)
            .missing
            .kept
            .iter()
            .all(|missing| missing.cause == CloseCause::Died && missing.measured && missing.client == 0)
    );
}

#[test]
fn dropped_messages_take_their_sequences() {
    // Of each burst the third is dropped, so sequence 2 is never sent. What was sent matches.
    let done = Case::new(open_model(1, 100, 3, 2), vec![PeerScript::default()]).run();
    assert_eq!((done.all().sent, done.all().matched, done.all().dropped), (24, 24, 12));
    let mut lost = PeerScript::default();
    lost.faults.insert(3, Fault::Lose);
    let done = Case::new(open_model(1, 100, 3, 2), vec![lost]).run();
    let sequences: Vec<_> = done.group(0).missing.kept.iter().map(|missing| missing.sequence).collect();
    assert_eq!(sequences, [4], "the fourth that was sent");
}

/// The worker is stopped at this time for so long, both in milliseconds.
fn stopped(case: Case, from: u64, millis: u64) -> Case {
    let mut case = case;
    case.script.stops = vec![(at(START + from), millis * MILLI)];
    case
}

#[test]
fn a_blocked_worker_sends_late_and_drops_nothing() {
    let case = Case::new(open_model(2, 100, 3, 100), vec![PeerScript::default()]);
    let done = stopped(case, 510, 400).run();
    assert_eq!((done.counts()[1].matched, done.drops()), (60, [0, 0, 0]));
    let recorder = &done.group(0).recorder;
    let [response, service, lag] = [recorder.service.max(), recorder.floor.max(), recorder.send_lag.max()];
    assert!(lag > 330 * MILLI && lag < 410 * MILLI, "{lag}");
    assert!(response < 10 * MILLI && service < 10 * MILLI, "the peer was not slow: {response} {service}");
    assert_eq!(done.outcome.stopped.times, 1);
    let longest = done.outcome.stopped.longest;
    assert!((350 * MILLI..=401 * MILLI).contains(&longest), "{longest}");
}

#[test]
fn bursts_may_be_late_at_the_end_but_not_for_long() {
    // A message is due each millisecond, and a write takes two. There is nothing to read.
    let silent = PeerScript { silent_from: at(0), ..PeerScript::default() };
    let mut case = Case::new(open_model(100, 100, 1, 100), vec![silent]);
    case.script.work = 2 * MILLI;
    let done = case.run();
    let all = done.all();
    assert_eq!((all.scheduled, all.sent + all.dropped), (1_200, 1_200));
    // For 1.2 s and 100 ms more, then what the last turn was late with.
    assert!((640..1_100).contains(&all.sent), "{}", all.sent);
    assert_eq!(done.drops(), [0, 0, all.dropped]);
    assert_eq!(done.window(), (200, 1_200));
}

#[test]
fn a_stop_at_the_end_is_made_up_for() {
    let case = Case::new(open_model(2, 100, 3, 100), vec![PeerScript::default()]);
    let done = stopped(case, 1_095, 90).run();
    assert_eq!((done.all().scheduled, done.drops(), done.counts()[1].matched), (72, [0, 0, 0], 60));
}

#[test]
fn the_phase_ends_when_nobody_is_left() {
    let done = Case::new(open_model(2, 100, 3, 7), vec![resets(655), resets(705)]).run();
    assert_eq!((done.connections(), done.drops()), ([2, 0, 2], [0, 3, 0]), "client 0 at 700 ms");
    assert_eq!(done.window(), (200, 705));
    assert!(done.ended < START + 720, "{}", done.ended);

    // Another worker has connections, so what is due here is dropped.
    let mut case = Case::new(open_model(4, 100, 3, 7), vec![resets(655), resets(705)]);
    case.workers = 2;
    let done = case.run();
    assert_eq!((done.connections(), done.window()), ([2, 0, 2], (200, 1_200)));
    assert_eq!(done.drops(), [0, 5 * 3 + 5 * 3, 0]);

    case.others_without = 1;
    assert_eq!(case.run().window(), (200, 705));
}

fn leaves(after: u64) -> PeerScript {
    PeerScript { ends: vec![(at(START + after), EndScript::Close(1000))], ..PeerScript::default() }
}

#[test]
fn a_peer_may_leave_only_when_all_is_done() {
    // Two bursts of three in the warm-up and two in the measured phase, the last at 300 or 350 ms.
    let case = |peers| Case::new(open_model(2, 100, 3, 7), peers).messages(6).run();
    let done = case(vec![leaves(305), leaves(355)]);
    assert_eq!((done.connections(), done.all().matched), ([2, 0, 0], 24));
    assert_eq!(done.window(), (200, 400), "the phase is as long as planned");

    let done = case(vec![leaves(295), leaves(355)]);
    assert_eq!((done.connections(), done.kinds()), ([2, 0, 1], vec![("closed_1000", 1)]));
    assert_eq!(done.drops(), [0, 3, 0]);

    // Before anything is due, both. The phase ends at once.
    let done = case(vec![leaves(0), leaves(0)]);
    assert_eq!((done.connections(), done.all().scheduled), ([2, 0, 2], 3));
    assert_eq!(done.window().1, 0);

    // A run with a duration wants its connections until that is over, even after the last burst.
    for after in [305, 1_170] {
        let done = Case::new(open_model(2, 100, 3, 7), vec![leaves(after), PeerScript::default()]).run();
        assert_eq!(done.connections(), [2, 0, 1], "{after}");
    }
}

#[test]
fn a_worker_that_may_spin_meets_due_times_and_counts_it() {
    let lag = |may_spin| {
        let mut case = Case::new(open_model(2, 10, 1, 7), vec![PeerScript::default()]);
        case.may_spin = may_spin;
        let done = case.run();
        (done.group(0).recorder.send_lag.max(), done.outcome.spun, done.outcome.cpu)
    };
    let (spinning, sleeping) = (lag(true), lag(false));
    assert!(spinning.0 <= sleeping.0, "{spinning:?} {sleeping:?}");
    assert_eq!(sleeping.1, 0);
    // 200 bursts, with about 20 microseconds of spinning before each.
    assert!((1_000_000..10_000_000).contains(&spinning.1), "{spinning:?}");
    assert!(spinning.1 < spinning.2, "{spinning:?}");
}

#[test]
fn only_processor_time_of_the_measured_phase_counts() {
    let mut case = Case::new(open_model(2, 10, 1, 100), vec![PeerScript::default()]);
    case.script.work = 100_000;
    (case.warmup, case.until) = (1_000, Until::Elapsed(Duration::from_millis(200)));
    // Forty bursts, each with a write and a read, and some looks at the sockets.
    let cpu = case.run().outcome.cpu;
    assert!((8 * MILLI..10 * MILLI).contains(&cpu), "{cpu}");
}

#[test]
fn faults_of_the_peer_are_found() {
    let mut peer = PeerScript::default();
    let faults = [
        (7, Fault::Lose),
        (8, Fault::Duplicate),
        (9, Fault::Corrupt),
        (10, Fault::Misroute(1)),
        (11, Fault::Delay(30 * MILLI)),
        (12, Fault::Withhold(40 * MILLI)),
    ];
    peer.faults.extend(faults);
    let done = Case::new(open_model(2, 100, 3, 100), vec![peer, PeerScript::default()]).run();
    let recorder = &done.group(0).recorder;
    let [_, measured] = done.counts();
    assert_eq!((measured.sent, measured.matched, measured.lost, measured.damaged), (60, 57, 2, 1));
    let anomalies = recorder.measured.anomalies;
    assert_eq!((anomalies.duplicated, anomalies.corrupted, anomalies.misrouted_events), (1, 1, 1));
    assert_eq!(recorder.misrouted.kept.len(), 1);
    assert!(recorder.service.max() > 40 * MILLI, "a message counts when it is whole");
    assert_eq!(recorder.measured.counts.events, 57 + 3);
}
