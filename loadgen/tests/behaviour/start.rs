//! Loads that begin at a planned instant.

use std::time::{Duration, SystemTime};

use loadgen::{
    Stage, Stop,
    plan::{EngineKind, Plan, Start},
};
use reports::{Report, Verdict, judge};
use server::{Limits, Options, Reply};

use crate::rig::{Loadgen, Reference, TestPlan, at_once, n32, plan, run_plan, run_plan_observed};

on_each_engine!(
    nobody_sends_before_the_instant,
    who_connects_too_long_begins_late_and_says_so,
    a_stop_ends_the_wait,
    idle_clients_that_wait_ping_if_the_plan_says_so
);

/// The plan of a test, with a start.
fn starting(plan: &TestPlan, start: Start) -> Plan {
    plan.to_plan().with(|run, _| run.start = Some(start)).expect("a plan")
}

fn error_s(report: &Report) -> f64 {
    report.start.as_ref().and_then(|start| start.error_s).expect("an instant was asked for")
}

fn nobody_sends_before_the_instant(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let plan = TestPlan { clients: n32(3), ..plan(engine, &server.url()) };
    let planned = SystemTime::now() + Duration::from_millis(900);
    let mut waited = Vec::new();
    let report = run_plan_observed(&starting(&plan, Start::At(planned)), &Stop::default(), |snapshot| {
        if snapshot.stage == Stage::Waiting {
            waited.push((snapshot.sent, snapshot.elapsed_s));
        }
    });
    let report = report.expect("a report");
    assert!(waited.iter().all(|(sent, elapsed)| *sent == 0 && *elapsed < 0.0), "{waited:?}");
    assert!(waited.is_sorted_by(|(_, before), (_, after)| before < after), "{waited:?}");
    assert!(error_s(&report) > -0.001, "{:?}", report.start);
    let start = report.start.as_ref().expect("a start");
    assert_eq!(start.planned, Some(humantime::format_rfc3339_micros(planned).to_string()));
    assert_eq!((&report.started_at, report.shards.len(), report.partial), (&start.at, 0, false));
    assert_eq!(report.total.measured.counts.matched, report.total.measured.counts.scheduled);
}

fn who_connects_too_long_begins_late_and_says_so(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    // The second of them opens half a second after the first.
    let connect_rate = loadgen::plan::Rate::new(2.0).expect("a rate");
    let plan = TestPlan { clients: n32(2), connect_rate, ..plan(engine, &server.url()) };
    let report = run_plan(&starting(&plan, Start::In(Duration::from_millis(50))));
    let start = report.start.as_ref().expect("a start");
    assert!(!start.ready && start.is_late() && error_s(&report) > 0.4, "{start:?}");
    let judgement = judge(&report, &[]);
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert!(judgement.reasons.iter().any(|reason| reason.starts_with("start: the load began ")), "{judgement:?}");
}

fn a_stop_ends_the_wait(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let plan = TestPlan { clients: n32(3), ..plan(engine, &server.url()) };
    let stop = Stop::default();
    let ten_minutes = Start::In(Duration::from_secs(600));
    let report = run_plan_observed(&starting(&plan, ten_minutes), &stop, |snapshot| {
        if snapshot.stage == Stage::Waiting {
            stop.stop();
        }
    });
    let report = report.expect("its connections had opened");
    assert!(report.interrupted);
    assert_eq!((report.total.connections.opened, report.total.connections.died), (3, 0));
    assert_eq!((report.total.measured.counts.scheduled, report.total.warmup.counts.scheduled), (0, 0));
    let start = report.start.expect("an instant was asked for");
    assert!(start.planned.is_some() && start.error_s.is_none() && start.ready, "{start:?}");
    let seen = server.finish();
    assert_eq!((seen.accepted, seen.messages), (3, 0));
}

fn idle_clients_that_wait_ping_if_the_plan_says_so(engine: EngineKind) {
    let idle = Duration::from_secs(2);
    let reports = at_once([None, Some(Duration::from_millis(100))], |ping| {
        let limits = Limits { idle: Some(idle), ..Limits::default() };
        let server = Reference::start_with(Options { limits, ..Options::default() });
        let plan = TestPlan { clients: n32(3), ..plan(engine, &server.url()) };
        let plan = starting(&plan, Start::In(idle * 3));
        run_plan(&plan.with(|_, groups| groups[0].ping = ping).expect("a plan"))
    });
    let [silent, pinging] = &reports[..] else { panic!("two runs") };
    assert_eq!((silent.total.connections.died, pinging.total.connections.died), (3, 0));
    assert_eq!(judge(silent, &[]).verdict, Verdict::Connections);
    assert!(pinging.total.measured.counts.matched > 0);
}

#[test]
fn connections_that_end_in_the_wait_are_told() {
    let limits = Limits { idle: Some(Duration::from_secs(1)), ..Limits::default() };
    let server = Reference::start_with(Options { limits, ..Options::default() });
    let outcome = Loadgen::run(&[&server.url(), "-c", "3", "-n", "2", "--warmup", "0s", "--start-in", "4s"]);
    assert_eq!(outcome.code, Some(6), "{outcome:?}");
    let said = "3 connections ended while the run waited for its start; servers may end idle ones, and --ping keeps";
    assert!(outcome.stderr.contains(said), "{outcome:?}");
}

#[test]
fn an_instant_that_has_passed_is_refused() {
    let outcome = Loadgen::run(&["ws://127.0.0.1:1", "--start-at", "2020-01-02T03:04:05Z"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
    let said = "--start-at 2020-01-02T03:04:05.000000Z: that instant has passed; it is 2";
    assert!(outcome.stderr.contains(said), "{outcome:?}");
}

#[test]
fn four_shards_begin_at_the_instant_that_all_were_given() {
    let server = Reference::start(Reply::Echo);
    let planned = humantime::format_rfc3339_micros(SystemTime::now() + Duration::from_secs(3)).to_string();
    let url = server.url();
    let reports = at_once([1, 2, 3, 4], |number| {
        let shard = format!("{number}/4");
        let options = ["-c", "40", "-r", "20", "-n", "10", "--warmup", "0s", "--json=line", "-q", "--only-delivery"];
        let start = [url.as_str(), "--shard", &shard, "--start-at", &planned];
        let outcome = Loadgen::run(&[&start[..], &options[..]].concat());
        reports::store::from_json(outcome.stdout.as_bytes()).expect("a result").0
    });
    for report in &reports {
        let start = report.start.as_ref().expect("a start");
        assert_eq!(start.planned.as_ref(), Some(&planned));
        assert!(error_s(report) > -0.001, "{start:?}");
        // A machine that is too slow says so.
        assert!(start.is_late() == (error_s(report) > 0.1), "{start:?}");
        assert_eq!((&report.shards[0].start, report.total.measured.counts.matched), (start, 100));
    }
    assert_eq!(server.finish().messages, 400);
}
