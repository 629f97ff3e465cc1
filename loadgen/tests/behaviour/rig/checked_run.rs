//! Runs a plan, and checks what every report must satisfy.

use std::time::Instant;

use loadgen::{Observer, Run, RunError, Snapshot, Stop, plan::Plan};
use reports::{Report, Verdict, identities, judge, judge::session_identities, model::Interval};

use super::{PATIENCE, TestPlan};

/// The report of `plan`.
pub(crate) fn run(plan: &TestPlan) -> Report {
    run_observed(plan, &Stop::default(), |_| {}).expect("a report")
}

/// The report of a plan of any groups.
pub(crate) fn run_plan(plan: &Plan) -> Report {
    watched(plan, &Stop::default(), |_| {}).expect("a report")
}

/// Runs `plan`, which must end by itself or by `stop` while a test is patient.
pub(crate) fn run_observed(plan: &TestPlan, stop: &Stop, observe: impl FnMut(&Snapshot)) -> Result<Report, RunError> {
    watched(&plan.to_plan(), stop, observe)
}

/// The report of a plan of any groups, observed and stopped as [`run_observed`].
pub(crate) fn run_plan_observed(plan: &Plan, stop: &Stop, observe: impl FnMut(&Snapshot)) -> Result<Report, RunError> {
    watched(plan, stop, observe)
}

fn watched(plan: &Plan, stop: &Stop, observe: impl FnMut(&Snapshot)) -> Result<Report, RunError> {
    let mut watch = Watch { observe, stop, started: Instant::now(), endless: false };
    let result = Run::of(plan).stopped_by(stop).observed_by(&mut watch).start();
    let endless = watch.endless;
    assert!(!endless, "the run did not end by itself: {result:?}");
    if let Ok(report) = &result {
        balanced(report);
    }
    result
}

/// Stops a run that does not end by itself.
struct Watch<'a, F> {
    observe: F,
    stop: &'a Stop,
    started: Instant,
    endless: bool,
}

impl<F: FnMut(&Snapshot)> Observer for Watch<'_, F> {
    fn progress(&mut self, snapshot: &Snapshot) {
        (self.observe)(snapshot);
        if self.started.elapsed() > PATIENCE {
            self.endless = true;
            self.stop.stop();
        }
    }
}

/// Why no connection of `plan` opened. A busy machine may stop a run for longer than a connection
/// waits. Then nothing is known of the server, so the run is made again.
pub(crate) fn unreachable(plan: &TestPlan) -> String {
    let started = Instant::now();
    loop {
        match run_observed(plan, &Stop::default(), |_| {}) {
            Err(
                RunError::Unreachable { what, .. }
                | RunError::NobodyJoined { what, .. }
                | RunError::Exhausted { what, .. },
            ) if what.contains("timeout_stopped") && started.elapsed() < PATIENCE => {}
            Err(RunError::Unreachable { what, .. } | RunError::NobodyJoined { what, .. }) => return what,
            other => panic!("not unreachable: {other:?}"),
        }
    }
}

/// Everything adds up: the identities of both phases, histograms and intervals.
fn balanced(report: &Report) {
    assert_eq!(identities(&report.total.measured), Ok(()));
    assert_eq!(identities(&report.total.warmup), Ok(()));
    let (counts, latency) = (&report.total.measured.counts, &report.total.latency);
    let matched = report.total.measured.matched_events();
    let replayed = report.total.measured.deliveries.replayed;
    // What came from another shard has no time.
    let timed = matched - replayed - report.total.rooms.across_shards;
    assert_eq!((latency.response.len(), latency.replayed.len()), (timed, replayed), "response times");
    assert!(latency.service.len() == matched || report.total.rooms.count > 0, "service times");
    assert_eq!(latency.send_lag.len(), counts.sent, "send lags");
    assert_eq!(latency.connect.len(), report.total.connections.opened, "times to connect");
    let recorded = |second: &Interval| second.response.as_ref().map_or(0, |response| response.unpack().len());
    assert_eq!(report.total.intervals.iter().map(recorded).sum::<u64>(), timed, "response times by seconds");
    // Seconds and rates have besides what was due in the warm-up and came in the measured phase.
    let (warmup, traffic) = (&report.total.warmup, &report.total.traffic);
    let sums = |field: fn(&Interval) -> u64| {
        // A phase that ends with the last reply has no length if there is none, and its first row
        // all the same.
        let in_phase = |second: &&Interval| second.at_s < report.measured_s.max(f64::EPSILON);
        let measured = report.total.intervals.iter().filter(in_phase).map(field).sum();
        [report.total.intervals.iter().map(field).sum::<u64>(), measured]
    };
    let [all, measured] = sums(|second| second.sent);
    assert!((counts.sent..=counts.sent + warmup.counts.sent).contains(&all), "{all} sent by seconds");
    assert!(traffic.sent_in_window <= measured, "{measured} sent by seconds of the phase");
    let [all, measured] = sums(|second| second.matched);
    assert!((matched..=matched + warmup.matched_events()).contains(&all), "{all} matched by seconds");
    assert!(traffic.matched_in_window <= measured, "{measured} matched by seconds of the phase");
    if report.measured_s > 0.0 && report.measured_s.fract() == 0.0 {
        assert_eq!(traffic.matched_in_window, measured, "matched by whole seconds");
    }
    assert_eq!(session_identities(&report.total), Ok(()));
    let (connections, sessions) = (&report.total.connections, report.total.sessions);
    let failed = if sessions.is_empty() {
        assert_eq!(connections.requested, connections.opened + connections.failed);
        connections.failed
    } else {
        sessions.failed_attempts
    };
    assert_eq!(connections.errors.values().sum::<u64>(), failed + connections.died);
}

/// Every message came back as it must. The generator may have been too slow to send all of them.
pub(crate) fn complete(report: &Report) {
    for tally in [&report.total.measured, &report.total.warmup] {
        let counts = &tally.counts;
        assert!(tally.anomalies.is_clean(), "{:?}", tally.anomalies);
        assert_eq!(counts.matched, counts.sent);
        assert_eq!(counts.dropped, tally.dropped.behind_schedule, "nothing else is a reason to drop: {tally:?}");
    }
    assert!(report.total.measured.counts.sent > 0);
    assert_eq!(report.total.evidence, []);
    let judgement = judge(report, &[]);
    assert!(matches!(judgement.verdict, Verdict::Pass | Verdict::Invalid), "{judgement:?}");
    only_the_machine(&judgement.reasons);
}

/// Nothing is said against a run but that the generator was too slow for it.
fn only_the_machine(reasons: &[String]) {
    assert!(reasons.iter().all(|reason| reason.starts_with("generator: ")), "{reasons:?}");
}
