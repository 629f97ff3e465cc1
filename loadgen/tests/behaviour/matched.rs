//! Faults of the reference server, where marks or ids tell which message a reply is for: the report
//! must say what the server's ledger says.

use std::num::NonZeroU64;

use loadgen::{
    Run,
    plan::{EngineKind, Group, Messages, Order, Plan, Until},
};
use reports::{
    Report, identities,
    model::{Anomalies, Evidence, EvidenceKind},
};
use server::{Fault, FaultKind, Faults, Options};

use crate::rig::{Reference, at_once, n32, open, plan};

on_each_engine!(
    each_fault_alone_is_told,
    faults_at_once_are_told_apart,
    what_is_damaged_is_no_match,
    without_faults_all_match
);

/// Faults that leave what names a message as it is.
const WHOLE: [FaultKind; 8] = [
    FaultKind::Drop,
    FaultKind::FirstOnly,
    FaultKind::Late,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::Coalesce,
    FaultKind::Misroute,
    FaultKind::Unexpected,
];

/// What a group sends, and how it tells its replies.
const EXPECTED: [(&str, &str); 3] = [
    ("mark", r#"{"type":"say","text":"{{mark}}"}"#),
    ("id=/id", r#"{"type":"say","id":{{id}},"text":"hello"}"#),
    (r#"id=~"id":"(\d+)""#, r#"{"id":"{{id}}"}"#),
];

/// A run of 480 messages of 12 clients, and what the server did meanwhile.
struct FaultyRun {
    expect: &'static str,
    report: Report,
    ledger: Vec<Fault>,
    name: String,
}

impl FaultyRun {
    fn run(engine: EngineKind, (expect, message): (&'static str, &str), rates: &[(FaultKind, f64)], seed: u64) -> Self {
        let faults = Faults::new(rates.iter().copied()).expect("chances");
        let server = Reference::start_with(Options { faults, seed, ..Options::default() });
        let until = Until::Messages(NonZeroU64::new(40).expect("not 0"));
        let drain = std::time::Duration::from_secs(3);
        let plan = crate::rig::TestPlan {
            clients: n32(12),
            load: open(100.0, 4),
            until,
            drain,
            ..plan(engine, &server.url())
        };
        let group = Group {
            messages: Messages::Templates([message.parse().expect("a template")].into()),
            expect: expect.parse().expect("an expectation"),
            order: Some(Order::Keep),
            ..plan.group("main")
        };
        let whole = Plan::new(plan.run(), vec![group]).expect("it fits together");
        let report = Run::of(&whole).start().expect("a report");
        assert_eq!(identities(&report.total.measured), Ok(()));
        let ledger = server.finish().faults;
        Self { expect, report, ledger, name: format!("{expect}, {rates:?}, seed {seed}") }
    }

    fn count(&self, kind: FaultKind) -> u64 {
        self.ledger.iter().filter(|fault| fault.kind == kind).count() as u64
    }

    /// The counts of the report are those of the ledger.
    fn check(&self) {
        use FaultKind::{Coalesce, Drop, Duplicate, FirstOnly, Late, Misroute, Reorder, Unexpected};
        let n = |kind| self.count(kind);
        let tally = &self.report.total.measured;
        let found = tally.anomalies;
        // What the server says by itself is no JSON: that is corrupted while a reply is missing.
        let said = if self.expect.starts_with("id=/") { found.corrupted + found.unexpected } else { found.unexpected };
        assert_eq!(said, n(Unexpected), "{}: {found:?}", self.name);
        let anomalies = Anomalies {
            duplicated: n(Duplicate),
            reordered: n(Reorder),
            coalesced: n(Coalesce),
            misrouted_events: n(Misroute),
            corrupted: n(Unexpected) - found.unexpected,
            unexpected: found.unexpected,
            ..Anomalies::default()
        };
        let counts = &tally.counts;
        let (lost, damaged) = (n(Drop) + n(FirstOnly) + n(Late), 2 * n(Coalesce));
        let fates = (counts.lost, counts.damaged, counts.misrouted, counts.undetermined);
        assert_eq!((found, fates), (anomalies, (lost, damaged, n(Misroute), 0)), "{}: {:?}", self.name, self.ledger);
        assert_eq!(counts.matched, counts.sent - lost - damaged - n(Misroute), "{}", self.name);
        self.report.total.evidence.iter().for_each(|evidence| self.check_evidence(evidence));
    }

    /// Evidence is about a message to which that was done.
    fn check_evidence(&self, evidence: &Evidence) {
        let kinds: &[FaultKind] = match evidence.kind {
            EvidenceKind::Lost => &[FaultKind::Drop, FaultKind::FirstOnly, FaultKind::Late],
            EvidenceKind::Duplicated => &[FaultKind::Duplicate],
            EvidenceKind::Reordered => &[FaultKind::Reorder],
            EvidenceKind::Coalesced => &[FaultKind::Coalesce],
            EvidenceKind::Misrouted => &[FaultKind::Misroute],
            _ => return,
        };
        let local = evidence.local.parse().expect("an address");
        let mut done = self.ledger.iter().filter(|fault| kinds.contains(&fault.kind));
        assert!(
            done.any(|fault| fault.to.unwrap_or(fault.peer) == local && Some(fault.message) == evidence.sequence),
            "{}: {evidence:?}",
            self.name
        );
    }
}

fn each_fault_alone_is_told(engine: EngineKind) {
    at_once((1..).zip(WHOLE), |(seed, kind)| {
        let run = FaultyRun::run(engine, EXPECTED[seed % 2], &[(kind, 0.1)], seed as u64);
        run.check();
        assert!(run.count(kind) > 0, "{}", run.name);
    });
}

fn faults_at_once_are_told_apart(engine: EngineKind) {
    at_once((11..).zip(EXPECTED), |(seed, expected)| {
        // The first number that an expression finds counts, so it can't tell that there are two.
        let by_regex = expected.0.starts_with("id=~");
        let kinds = WHOLE.into_iter().filter(|kind| !by_regex || *kind != FaultKind::Coalesce);
        FaultyRun::run(engine, expected, &kinds.map(|kind| (kind, 0.03)).collect::<Vec<_>>(), seed).check();
    });
}

fn without_faults_all_match(engine: EngineKind) {
    at_once(EXPECTED, |expected| {
        let run = FaultyRun::run(engine, expected, &[], 1);
        assert!(run.report.total.measured.anomalies.is_clean(), "{}", run.name);
        run.check();
    });
}

/// Pieces and flipped bits. What they hit decides what can be told, so only this is sure: a message
/// that was not damaged matches, one whose mark was damaged does not, and all adds up.
fn what_is_damaged_is_no_match(engine: EngineKind) {
    let kinds = [FaultKind::Corrupt, FaultKind::Truncate, FaultKind::Split];
    at_once((21..).zip(kinds), |(seed, kind)| {
        let run = FaultyRun::run(engine, ("mark", "{{mark}}"), &[(kind, 0.1)], seed);
        let (counts, damaged) = (&run.report.total.measured.counts, run.count(kind));
        assert!(damaged > 0, "{}", run.name);
        assert_eq!((counts.lost + counts.damaged, counts.matched), (damaged, counts.sent - damaged), "{}", run.name);
        let found = run.report.total.measured.anomalies;
        let events = if kind == FaultKind::Split { 2 * damaged } else { damaged };
        assert_eq!((found.corrupted, found.corrupted + found.unexpected), (counts.damaged, events), "{}", run.name);
    });
}
