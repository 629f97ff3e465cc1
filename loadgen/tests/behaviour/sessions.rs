//! Clients that come and go, over sockets.

use std::time::Duration;

use loadgen::plan::{EngineKind, Jitter, Reconnect, SessionLength, Sessions, Storm, Until};
use reports::{
    Report, Verdict, judge,
    model::{Anomalies, EndRecord},
};
use server::{FaultKind, Faults, Options, Reply};

use crate::rig::{Reference, TestPlan, closed, n32, open, plan, run};

on_each_engine!(
    sessions_follow_each_other_and_nothing_is_lost,
    drops_and_storms_are_by_plan,
    a_ramp_opens_clients_in_the_load,
    faults_are_told_apart_while_clients_come_and_go,
    who_dies_comes_back
);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Comes back soon.
fn soon() -> Reconnect {
    Reconnect { min: millis(5), max: millis(20), jitter: Jitter::Full }
}

/// Eight clients for two seconds.
fn churn(engine: EngineKind, server: &Reference, sessions: Sessions) -> TestPlan {
    TestPlan {
        clients: n32(8),
        load: open(100.0, 1),
        until: Until::Elapsed(Duration::from_secs(2)),
        sessions,
        ..plan(engine, &server.url())
    }
}

fn checked(report: &Report, verdict: Verdict) {
    let ends: u64 = report.total.ends.iter().map(|end| end.connections).sum();
    assert_eq!(ends, report.total.connections.opened, "each connection ended in one way");
    let judgement = judge(report, &[]);
    assert_eq!(judgement.verdict, verdict, "{judgement:?}");
}

fn by_plan(report: &Report, kind: &str) -> u64 {
    let of_kind = |end: &&EndRecord| end.kind == kind && end.by_plan;
    report.total.ends.iter().filter(of_kind).map(|end| end.connections).sum()
}

fn sessions_follow_each_other_and_nothing_is_lost(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let lengths = [SessionLength::Elapsed(millis(200)), SessionLength::Messages(7.try_into().expect("not 0"))];
    for (length, load) in [(lengths[0], open(100.0, 1)), (lengths[1], open(100.0, 1)), (lengths[0], closed(4))] {
        let sessions = Sessions { session: Some(length), reconnect: Some(soon()), ..Sessions::default() };
        let report = run(&TestPlan { load, ..churn(engine, &server, sessions) });
        let (counts, total) = (report.total.measured.counts, &report.total);
        assert_eq!((counts.matched, counts.events), (counts.sent, counts.sent), "{length:?}");
        assert!(total.measured.anomalies.is_clean());
        assert!(total.sessions.closed_by_plan >= 16, "{:?}", total.sessions);
        assert_eq!((total.connections.died, by_plan(&report, "session")), (0, total.sessions.closed_by_plan));
        assert_eq!(total.latency.away.len(), total.connections.opened - 8);
        assert!(total.latency.first_reply.len() >= 16);
        checked(&report, Verdict::Pass);
    }
    // The server saw as many connections.
    assert!(server.finish().faults.is_empty());
}

fn drops_and_storms_are_by_plan(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let storms = vec![Storm { share: n32(500_000), at: millis(1_000) }];
    let sessions = Sessions { drop: Some(millis(400)), storms, reconnect: Some(soon()), ..Sessions::default() };
    let report = run(&churn(engine, &server, sessions));
    let (counts, total) = (report.total.measured.counts, &report.total);
    assert_eq!((counts.lost, counts.undetermined, total.connections.died), (0, 0, 0));
    assert_eq!(counts.sent, counts.matched + counts.undetermined_by_plan);
    let (drops, storms) = (by_plan(&report, "drop"), by_plan(&report, "storm"));
    assert_eq!(drops + storms, total.sessions.cut_by_plan);
    assert!(drops > 8 && storms > 0, "{:?}", total.ends);
    checked(&report, Verdict::Pass);
}

fn a_ramp_opens_clients_in_the_load(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let sessions = Sessions { ramp: Some(millis(1_600)), stop: Some(millis(1_900)), ..Sessions::default() };
    let report = run(&churn(engine, &server, sessions));
    let (counts, total) = (report.total.measured.counts, &report.total);
    assert_eq!((total.connections.opened, counts.matched), (8, counts.sent));
    assert_eq!((by_plan(&report, "stop"), total.sessions.waiting_at_end), (8, 8));
    // On average each is there for 1.2 s.
    assert!((500..=1_300).contains(&counts.scheduled), "{counts:?}");
    checked(&report, Verdict::Pass);
}

fn faults_are_told_apart_while_clients_come_and_go(engine: EngineKind) {
    use FaultKind::{Corrupt, Drop, Duplicate, Unexpected};
    let faults = [(Drop, 0.01), (Duplicate, 0.03), (Corrupt, 0.03), (Unexpected, 0.03)];
    let faults = Faults::new(faults).expect("chances");
    let server = Reference::start_with(Options { faults, seed: 5, ..Options::default() });
    let length = SessionLength::Messages(10.try_into().expect("not 0"));
    let sessions = Sessions { session: Some(length), reconnect: Some(soon()), ..Sessions::default() };
    // A session in which a message is lost waits for all of the drain.
    let report = run(&TestPlan { drain: Duration::from_secs(3), ..churn(engine, &server, sessions) });
    let ledger = server.finish().faults;
    let n = |kind| ledger.iter().filter(|fault| fault.kind == kind).count() as u64;
    let tally = report.total.measured;
    let anomalies = Anomalies {
        duplicated: n(Duplicate),
        corrupted: n(Corrupt),
        unexpected: n(Unexpected),
        ..Anomalies::default()
    };
    assert_eq!((tally.anomalies, tally.counts.lost, tally.counts.damaged), (anomalies, n(Drop), n(Corrupt)));
    assert_eq!(tally.counts.undetermined + tally.counts.undetermined_by_plan, 0);
    assert!(report.total.sessions.closed_by_plan > 8 && !ledger.is_empty(), "{:?}", report.total.sessions);
    checked(&report, Verdict::Delivery);
}

fn who_dies_comes_back(engine: EngineKind) {
    let faults = Faults::new([(FaultKind::Die, 0.02), (FaultKind::Close, 0.02)]).expect("chances");
    let server = Reference::start_with(Options { faults, seed: 5, ..Options::default() });
    let report = run(&churn(engine, &server, Sessions { reconnect: Some(soon()), ..Sessions::default() }));
    let deaths = server.finish().faults.len() as u64;
    let (connections, sessions) = (&report.total.connections, report.total.sessions);
    assert_eq!((connections.died, connections.opened), (deaths, deaths + sessions.open_at_end));
    assert!(deaths > 4, "{sessions:?}");
    assert!(sessions.returned + sessions.away_at_end >= deaths.min(1) && sessions.returned <= deaths);
    assert!(report.total.measured.counts.undetermined >= deaths);
}
