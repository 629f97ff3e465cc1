//! A run that is stopped before its time.

use std::{num::NonZeroUsize, time::Duration};

use loadgen::{
    RunError, Stage, Stop,
    plan::{EngineKind, Until},
};
use reports::{Verdict, judge};
use server::Reply;

use crate::rig::{
    BadHandshake, BadHandshakeServer, Behaviour, Reference, ScriptedServer, TestPlan, closed, n32, open, plan, rate,
    run_observed, run_plan,
};

on_each_engine!(
    what_was_measured_until_then_is_reported,
    stopped_in_the_warm_up_nothing_was_measured,
    stopped_while_connecting_a_run_closes_what_is_open,
    stopped_before_anything_is_open_there_is_no_report,
    the_stages_follow_each_other,
    a_threshold_that_is_missed_for_long_ends_the_run
);

const LONG: Duration = Duration::from_secs(600);

fn what_was_measured_until_then_is_reported(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for load in [open(250.0, 5), closed(2)] {
        let plan = TestPlan { clients: n32(4), load, until: Until::Elapsed(LONG), ..plan(engine, &server.url()) };
        let stop = Stop::default();
        let report = run_observed(&plan, &stop, |snapshot| {
            if snapshot.stage == Stage::Measuring && snapshot.matched > 0 {
                stop.stop();
            }
        });
        let report = report.expect("a report");
        assert!(report.interrupted);
        let counts = &report.total.measured.counts;
        assert!(counts.matched > 0);
        assert_eq!(counts.matched, counts.sent, "what was in flight is waited for");
        assert!(report.measured_s > 0.0 && report.measured_s < 600.0, "{}", report.measured_s);
        assert!(counts.scheduled < 4 * 250 * 600, "what was not due yet was not dropped");
        let judgement = judge(&report, &[]);
        assert!(judgement.reasons.iter().any(|reason| reason.starts_with("interrupted: ")), "{judgement:?}");
    }
}

fn stopped_in_the_warm_up_nothing_was_measured(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let plan = TestPlan { warmup: LONG, ..plan(engine, &server.url()) };
    let stop = Stop::default();
    let report = run_observed(&plan, &stop, |snapshot| {
        if snapshot.stage == Stage::Warmup && snapshot.matched > 0 {
            stop.stop();
        }
    });
    let report = report.expect("a report");
    assert!(report.interrupted);
    assert_eq!(report.total.measured.counts.scheduled, 0);
    assert_eq!(report.total.warmup.counts.matched, report.total.warmup.counts.sent);
    assert!(report.total.warmup.counts.sent > 0);
}

fn stopped_while_connecting_a_run_closes_what_is_open(engine: EngineKind) {
    let server = ScriptedServer::start(Behaviour::Echo);
    let mut plan = TestPlan { clients: n32(1000), ..plan(engine, &server.url()) };
    plan.connect_rate = rate(20.0);
    let stop = Stop::default();
    let report = run_observed(&plan, &stop, |snapshot| {
        if snapshot.stage == Stage::Connecting && snapshot.open > 0 {
            stop.stop();
        }
    });
    let report = report.expect("some were open");
    assert!(report.interrupted);
    let connections = &report.total.connections;
    assert!(connections.opened > 0 && connections.failed > 0, "{connections:?}");
    assert_eq!(connections.errors.get("interrupted"), Some(&connections.failed));
    assert_eq!((report.total.measured.counts.scheduled, report.total.warmup.counts.scheduled), (0, 0));
    let seen = server.finish();
    assert!(seen.iter().filter(|seen| seen.closed == Some(1000)).count() as u64 >= connections.opened);
}

fn stopped_before_anything_is_open_there_is_no_report(engine: EngineKind) {
    let server = BadHandshakeServer::start(BadHandshake::Silent);
    let stop = Stop::default();
    let result = run_observed(&plan(engine, &server.url), &stop, |_| stop.stop());
    assert!(matches!(&result, Err(RunError::Interrupted)), "{result:?}");
}

fn the_stages_follow_each_other(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    let plan = TestPlan {
        warmup: Duration::from_millis(300),
        until: Until::Elapsed(Duration::from_millis(300)),
        ..plan(engine, &server.url())
    };
    let mut stages = Vec::new();
    let report = run_observed(&plan, &Stop::default(), |snapshot| {
        if stages.last() != Some(&snapshot.stage) {
            stages.push(snapshot.stage);
        }
        assert!(snapshot.matched <= snapshot.sent);
        assert_eq!(snapshot.anomalies, 0);
    });
    assert!(!report.expect("a report").interrupted);
    let order = [Stage::Connecting, Stage::Warmup, Stage::Measuring, Stage::Draining];
    let mut rest = order.iter();
    assert!(stages.iter().all(|stage| rest.any(|next| next == stage)), "{stages:?}");
    assert_eq!(stages.first(), Some(&Stage::Connecting));
}

fn a_threshold_that_is_missed_for_long_ends_the_run(engine: EngineKind) {
    let server = Reference::start(Reply::Echo);
    for (load, threads) in [(open(250.0, 5), 1), (closed(2), 2)] {
        let plan = TestPlan { clients: n32(4), load, until: Until::Elapsed(LONG), ..plan(engine, &server.url()) };
        let plan = plan.to_plan().with(|run, _| {
            run.thresholds = vec!["lost==0".parse().expect("a threshold"), "sent<10".parse().expect("a threshold")];
            run.stop_on_miss = Some(Duration::from_millis(500));
            run.threads = NonZeroUsize::new(threads);
        });
        let plan = plan.expect("it fits together");
        let report = run_plan(&plan);
        let stopped = report.stopped_on_miss.as_ref().expect("it was stopped");
        assert_eq!((stopped.threshold.as_str(), report.interrupted), ("sent<10", false));
        assert!(stopped.at_s >= 1.5 && stopped.at_s < 600.0 && report.measured_s >= stopped.at_s, "{stopped:?}");
        let counts = &report.total.measured.counts;
        assert_eq!(counts.matched, counts.sent, "what was in flight is waited for");
        let judgement = judge(&report, &[]);
        assert_eq!(judgement.verdict, Verdict::Threshold, "{judgement:?}");
        assert!(judgement.reasons[0].starts_with("stopped at "), "{judgement:?}");
    }
}
