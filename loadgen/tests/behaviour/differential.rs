//! Both engines, against the same servers: they must say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU64,
    time::Duration,
};

use loadgen::plan::{EngineKind, Until};
use reports::{
    Report, judge,
    model::{Anomalies, Counts},
};
use server::{FaultKind, Faults, Options};

use crate::{
    deaths, hostile, lawful,
    rig::{Behaviour, Reference, ScriptedServer, TestPlan, at_once, close_frame, n32, open, plan, run},
};

/// What a report says of a server, without times and totals.
#[derive(Debug, PartialEq, Eq)]
struct ReportSummary {
    exit_code: u8,
    /// Connections that opened, and that died.
    connections: [u64; 2],
    errors: BTreeMap<String, u64>,
    evidence: BTreeSet<String>,
    anomalies: BTreeSet<&'static str>,
}

impl ReportSummary {
    fn of(report: &Report) -> Self {
        let judgement = judge(report, &[]);
        // A machine that is too slow for a moment says nothing of the server.
        let slow = !judgement.reasons.is_empty() && judgement.reasons.iter().all(|why| why.starts_with("generator: "));
        let found = report.total.measured.anomalies.by_name().into_iter().filter(|&(_, count)| count > 0);
        Self {
            exit_code: if slow { 0 } else { judgement.verdict.exit_code() },
            connections: [report.total.connections.opened, report.total.connections.died],
            errors: report.total.connections.errors.clone(),
            evidence: report.total.evidence.iter().map(|evidence| evidence.kind.to_string()).collect(),
            anomalies: found.map(|(name, _)| name).collect(),
        }
    }
}

/// The reports of both engines on a plan, against servers that `start` makes.
fn both<S>(start: impl Fn(EngineKind) -> (S, TestPlan) + Sync, end: impl Fn(S) + Sync) -> [Report; 2] {
    let reports = at_once([EngineKind::Lean, EngineKind::Tungstenite], |engine| {
        let (server, plan) = start(engine);
        let report = run(&plan);
        assert_eq!(report.plan.run.engine.name(), engine.name());
        end(server);
        report
    });
    reports.try_into().expect("one for each engine")
}

/// They agree; exactly, where `counted` says that nothing depends on how the bytes came, and both
/// had the time to send all.
fn agree(name: &str, reports: &[Report; 2], counted: bool) {
    let [lean, tungstenite] = reports;
    assert_eq!(ReportSummary::of(lean), ReportSummary::of(tungstenite), "{name}");
    let figures =
        |report: &Report| -> (Counts, Anomalies) { (report.total.measured.counts, report.total.measured.anomalies) };
    if counted && lean.total.measured.counts.sent == tungstenite.total.measured.counts.sent {
        assert_eq!(figures(lean), figures(tungstenite), "{name}");
    }
}

fn scripted(behaviour: &Behaviour, plan: impl Fn(EngineKind, &str) -> TestPlan + Sync) -> [Report; 2] {
    let start = |engine| {
        let server = ScriptedServer::start(behaviour.clone());
        let plan = plan(engine, &server.url());
        (server, plan)
    };
    both(start, |server| drop(server.finish()))
}

#[test]
fn on_servers_that_break_delivery() {
    for case in hostile::CASES {
        let reports = scripted(&case.behaviour, |engine, url| TestPlan {
            mix: case.mix,
            drain: hostile::DRAIN,
            ..plan(engine, url)
        });
        agree(&format!("{:?}", case.behaviour), &reports, true);
    }
}

#[test]
fn on_servers_that_do_what_they_may() {
    for behaviour in lawful::BEHAVIOURS {
        agree(
            &format!("{behaviour:?}"),
            &scripted(behaviour, |engine, url| TestPlan { clients: n32(2), ..plan(engine, url) }),
            true,
        );
    }
}

#[test]
fn on_every_way_to_end_a_connection() {
    let says = |bytes: &[u8]| Behaviour::SendsInstead { after: deaths::AFTER, bytes: bytes.to_vec() };
    let mut behaviours = vec![
        Behaviour::EndsTcp { after: deaths::AFTER },
        Behaviour::Resets { after: deaths::AFTER },
        says(&[0x88, 0]),
        // Half of a code, and a reason that is not UTF-8.
        says(&[0x88, 1, 3]),
        says(&[0x88, 3, 3, 0xe8, 0xff]),
    ];
    behaviours.extend([1000, 1001, 1003, 1011, 3000, 4999].map(|code| says(&close_frame(code, "bye"))));
    // Codes that must not be sent.
    behaviours
        .extend([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(|code| says(&close_frame(code, ""))));
    behaviours.extend(deaths::OFFENCES.iter().map(|&(_, bytes, ..)| says(bytes)));
    for behaviour in behaviours {
        agree(&format!("{behaviour:?}"), &scripted(&behaviour, plan), false);
    }
}

#[test]
fn on_every_fault_of_the_reference_server() {
    at_once(FaultKind::ALL, |kind| {
        let start = |engine| {
            let faults = Faults::new([(kind, 0.1)]).expect("a chance");
            let server = Reference::start_with(Options { faults, seed: 5, ..Options::default() });
            let plan = TestPlan {
                clients: n32(4),
                load: open(200.0, 8),
                until: Until::Messages(NonZeroU64::new(80).expect("not 0")),
                drain: Duration::from_secs(1),
                ..plan(engine, &server.url())
            };
            (server, plan)
        };
        agree(&kind.to_string(), &both(start, |server| drop(server.finish())), false);
    });
}
