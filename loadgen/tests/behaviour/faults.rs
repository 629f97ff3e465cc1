//! The reference server breaks delivery on purpose and keeps a ledger of it: the report must say
//! the same, kind by kind and message by message.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    num::NonZeroU64,
    time::Duration,
};

use loadgen::{
    message::Mix,
    plan::{EngineKind, Plan, RunOptions, Shard, Until},
};
use reports::{
    Report, Verdict, judge,
    merge::{Merge, MergeOptions},
    model::{Anomalies, Counts, Evidence, EvidenceKind},
};
use server::{Fault, FaultKind, Faults, Options};

use crate::rig::{Reference, TestPlan, at_once, n32, open, plan, run, run_plan};

on_each_engine!(
    all_kinds_at_once_are_told_apart,
    random_mixtures_are_told_apart,
    faults_over_shards_are_told_as_the_server_did_them,
    a_reset_connection_leaves_messages_undetermined,
    a_closed_connection_leaves_messages_undetermined
);

/// Much longer than an answer takes; every run in which one is missing waits for so long.
const DRAIN: Duration = Duration::from_secs(3);

/// Who sends what.
#[derive(Clone, Copy, Debug)]
struct ClientLoad {
    clients: u32,
    burst: u32,
    mix: Mix,
}

/// One client and many, bursts and single messages, each type.
const LOADS: [ClientLoad; 6] = [
    ClientLoad { clients: 1, burst: 1, mix: Mix::Text },
    ClientLoad { clients: 1, burst: 8, mix: Mix::Binary },
    ClientLoad { clients: 1, burst: 8, mix: Mix::Mixed },
    ClientLoad { clients: 12, burst: 1, mix: Mix::Binary },
    ClientLoad { clients: 12, burst: 8, mix: Mix::Text },
    ClientLoad { clients: 12, burst: 1, mix: Mix::Mixed },
];

impl ClientLoad {
    /// 480 messages in 0.3 to 0.6 seconds.
    fn plan(self, engine: EngineKind, url: &str) -> TestPlan {
        let (messages, rate) = if self.clients == 1 { (480, 800.0) } else { (40, 100.0) };
        TestPlan {
            clients: n32(self.clients),
            load: open(rate, self.burst),
            until: Until::Messages(NonZeroU64::new(messages).expect("not 0")),
            drain: DRAIN,
            mix: self.mix,
            ..plan(engine, url)
        }
    }

    /// Whether a fault of this kind has something to strike.
    fn allows(self, kind: FaultKind) -> bool {
        match kind {
            FaultKind::Misroute => self.clients > 1,
            // Most binary messages are not UTF-8, and so must not become text.
            FaultKind::WrongType => self.mix != Mix::Binary,
            FaultKind::FirstOnly => self.burst > 1,
            _ => true,
        }
    }
}

/// What the report of a run says, and what the server did meanwhile.
struct FaultyRun {
    load: ClientLoad,
    report: Report,
    ledger: Vec<Fault>,
    /// For messages of failed assertions.
    name: String,
}

impl FaultyRun {
    fn run(engine: EngineKind, rates: &[(FaultKind, f64)], seed: u64, load: ClientLoad) -> Self {
        let faults = Faults::new(rates.iter().copied()).expect("chances");
        let server = Reference::start_with(Options { faults, seed, ..Options::default() });
        let report = run(&load.plan(engine, &server.url()));
        let ledger = server.finish().faults;
        Self { load, report, ledger, name: format!("{rates:?}, seed {seed}, {load:?}") }
    }

    /// The merged result of so many processes that share the clients.
    fn run_shards(engine: EngineKind, rates: &[(FaultKind, f64)], seed: u64, load: ClientLoad, of: u32) -> Self {
        let faults = Faults::new(rates.iter().copied()).expect("chances");
        let server = Reference::start_with(Options { faults, seed, ..Options::default() });
        let shards = at_once(1..=of, |number| {
            let plan = load.plan(engine, &server.url());
            let shard = Some(Shard::new(number, of).expect("a shard"));
            run_plan(
                &Plan::new(RunOptions { shard, ..plan.run() }, vec![plan.group("main")]).expect("it fits together"),
            )
        });
        let mut merge = Merge::new(MergeOptions::default());
        for shard in shards {
            assert!(shard.partial, "{:?}", shard.shards);
            merge.add("a shard", shard).expect("a shard of this run");
        }
        let mut report = merge.finish().expect("all shards are there");
        // What came to a shard before its load began counts as its warm-up.
        report.total.measured += std::mem::take(&mut report.total.warmup);
        let ledger = server.finish().faults;
        Self { load, report, ledger, name: format!("{rates:?}, seed {seed}, {load:?}, {of} shards") }
    }

    fn done(&self, kind: FaultKind) -> impl Iterator<Item = &Fault> {
        self.ledger.iter().filter(move |fault| fault.kind == kind)
    }

    fn count(&self, kind: FaultKind) -> u64 {
        self.done(kind).count() as u64
    }

    fn check(&self) {
        self.check_counts();
        for evidence in &self.report.total.evidence {
            self.check_evidence(evidence);
        }
        self.check_that_all_kinds_are_shown();
        let judgement = judge(&self.report, &[]);
        if self.ledger.is_empty() {
            assert_ne!(judgement.verdict, Verdict::Delivery, "{}: {judgement:?}", self.name);
        } else {
            assert_eq!((judgement.verdict, judgement.verdict.exit_code()), (Verdict::Delivery, 4), "{}", self.name);
        }
    }

    /// The counts of the report are those of the ledger.
    fn check_counts(&self) {
        use FaultKind::{
            Coalesce, Corrupt, Drop, Duplicate, FirstOnly, Late, Misroute, Reorder, Split, Truncate, Unexpected,
            WrongType,
        };
        let n = |kind| self.count(kind);
        let anomalies = Anomalies {
            duplicated: n(Duplicate),
            reordered: n(Reorder),
            coalesced: n(Coalesce),
            split: n(Split),
            split_pieces: 2 * n(Split),
            truncated: n(Truncate),
            corrupted: n(Corrupt),
            wrong_type: n(WrongType),
            misrouted_events: n(Misroute),
            unexpected: n(Unexpected),
            ..Anomalies::default()
        };
        let (tally, scheduled) = (&self.report.total.measured, 480);
        let sent = tally.counts.sent;
        let lost = n(Drop) + n(FirstOnly) + n(Late);
        let damaged = 2 * n(Coalesce) + n(Split) + n(Truncate) + n(Corrupt) + n(WrongType);
        let events = sent - lost - n(Coalesce) + n(Split) + n(Duplicate) + n(Unexpected);
        let counts = Counts {
            scheduled,
            sent,
            dropped: tally.dropped.behind_schedule,
            matched: sent - lost - damaged - n(Misroute),
            lost,
            damaged,
            misrouted: n(Misroute),
            undetermined: 0,
            undetermined_by_plan: 0,
            events,
        };
        assert_eq!((tally.anomalies, tally.counts), (anomalies, counts), "{}: {:?}", self.name, self.ledger);
    }

    /// Evidence is about a message to which that was done, and names its connection.
    fn check_evidence(&self, evidence: &Evidence) {
        let name = &self.name;
        let about = self.suspects(evidence.kind);
        let local: SocketAddr = evidence.local.parse().expect("an address");
        let Some(sequence) = evidence.sequence else {
            // What nobody sent has no number, and a beginning of less than magic and checksum,
            // before which there may be four bytes, could be of any message.
            let short =
                evidence.kind == EvidenceKind::Truncated && evidence.received_bytes.is_some_and(|bytes| bytes < 16);
            assert!(short || evidence.kind == EvidenceKind::Unexpected, "{name}: {evidence:?}");
            assert!(about.iter().any(|&(at, _)| at == local), "{name}: {evidence:?}");
            return;
        };
        assert!(about.contains(&(local, sequence)), "{name}: {evidence:?} is not one of {about:?}");
        assert!(evidence.client < self.load.clients, "{name}: {evidence:?}");
        // A text says itself which message it is.
        if let Some(expected) = evidence.expected.as_ref().filter(|expected| expected.contains("lg1:")) {
            let owner = if evidence.kind == EvidenceKind::Misrouted { None } else { Some(evidence.client) };
            let header = owner.map(|client| format!(":{client:08x}:{sequence:012x}:"));
            assert!(header.is_none_or(|header| expected.contains(&header)), "{name}: {evidence:?}");
        }
    }

    /// Where evidence of this kind may come from: the connection on which it shows, and the
    /// message.
    fn suspects(&self, kind: EvidenceKind) -> BTreeSet<(SocketAddr, u64)> {
        let kinds: &[_] = match kind {
            // Or a truncated message with so little left that it was taken for another, lost one.
            EvidenceKind::Lost => &[FaultKind::Drop, FaultKind::FirstOnly, FaultKind::Late, FaultKind::Truncate],
            EvidenceKind::Duplicated => &[FaultKind::Duplicate],
            EvidenceKind::Reordered => &[FaultKind::Reorder],
            EvidenceKind::Coalesced => &[FaultKind::Coalesce],
            EvidenceKind::Split => &[FaultKind::Split],
            EvidenceKind::Truncated => &[FaultKind::Truncate],
            EvidenceKind::Corrupted => &[FaultKind::Corrupt],
            EvidenceKind::WrongType => &[FaultKind::WrongType],
            EvidenceKind::Misrouted => &[FaultKind::Misroute],
            EvidenceKind::Unexpected => &[FaultKind::Unexpected],
            other @ (EvidenceKind::Undetermined | EvidenceKind::Gap | EvidenceKind::Died) => {
                panic!("{}: evidence of {other}", self.name)
            }
        };
        let faults = kinds.iter().flat_map(|&kind| self.done(kind));
        faults.map(|fault| (fault.to.unwrap_or(fault.peer), fault.message)).collect()
    }

    /// There is evidence of each kind of fault, ten of it where there are ten; with one client the
    /// first is the first.
    fn check_that_all_kinds_are_shown(&self) {
        let mut shown: BTreeMap<EvidenceKind, Vec<Option<u64>>> = BTreeMap::new();
        for evidence in &self.report.total.evidence {
            shown.entry(evidence.kind).or_default().push(evidence.sequence);
        }
        for (&kind, sequences) in &shown {
            let suspects = self.suspects(kind);
            let lost = usize::try_from(self.report.total.measured.counts.lost).expect("few");
            let all = if kind == EvidenceKind::Lost { lost } else { suspects.len() };
            assert_eq!(sequences.len(), all.min(10), "{}: {kind}", self.name);
            if self.load.clients == 1
                && kind != EvidenceKind::Lost
                && let Some(first) = sequences[0]
            {
                assert_eq!(Some(first), suspects.first().map(|&(_, message)| message), "{}: {kind}", self.name);
            }
        }
        let kinds = |kinds: &[FaultKind]| u64::from(kinds.iter().any(|&kind| self.count(kind) > 0));
        let lost = kinds(&[FaultKind::Drop, FaultKind::FirstOnly, FaultKind::Late]);
        let others = FaultKind::ALL.into_iter().filter(|kind| {
            !matches!(kind, FaultKind::Drop | FaultKind::FirstOnly | FaultKind::Late) && self.count(*kind) > 0
        });
        assert_eq!(shown.len() as u64, lost + others.count() as u64, "{}: {shown:?}", self.name);
    }
}

/// One kind of fault, under every load.
fn alone(engine: EngineKind, kind: FaultKind) {
    at_once((1..).zip(LOADS), |(seed, load)| {
        let case = FaultyRun::run(engine, &[(kind, 0.1)], seed, load);
        case.check();
        assert!(case.ledger.iter().all(|fault| fault.kind == kind), "{}", case.name);
        assert!(!case.ledger.is_empty() || !load.allows(kind), "{}", case.name);
    });
}

macro_rules! alone {
    ($($test:ident: $kind:ident,)*) => {
        mod alone {
            use loadgen::plan::EngineKind;
            use server::FaultKind;

            on_each_engine!($($test),*);

            $(
                fn $test(engine: EngineKind) {
                    super::alone(engine, FaultKind::$kind);
                }
            )*
        }
    };
}

alone! {
    dropped_messages_are_lost: Drop,
    what_is_not_the_first_of_a_read_is_lost: FirstOnly,
    what_comes_after_the_drain_is_lost: Late,
    doubled_messages_are_duplicated: Duplicate,
    overtaken_messages_are_reordered: Reorder,
    merged_messages_are_coalesced: Coalesce,
    messages_in_two_are_split: Split,
    beginnings_are_truncated: Truncate,
    a_flipped_bit_is_corrupted: Corrupt,
    text_as_binary_is_of_the_wrong_type: WrongType,
    answers_to_others_are_misrouted: Misroute,
    what_nobody_sent_is_unexpected: Unexpected,
}

/// Kinds that leave the connection alive.
fn survivable() -> impl Iterator<Item = FaultKind> {
    FaultKind::ALL.into_iter().filter(|kind| !matches!(kind, FaultKind::Die | FaultKind::Close))
}

fn all_kinds_at_once_are_told_apart(engine: EngineKind) {
    let rates: Vec<_> = survivable().map(|kind| (kind, 0.03)).collect();
    at_once((11..).zip(LOADS), |(seed, load)| {
        let case = FaultyRun::run(engine, &rates, seed, load);
        case.check();
        let kinds: BTreeSet<_> = case.ledger.iter().map(|fault| fault.kind).collect();
        let possible = survivable().filter(|&kind| load.allows(kind)).count();
        // Of each kind, 14 are expected.
        assert!(kinds.len() + 2 >= possible, "{}: {kinds:?}", case.name);
    });
}

fn random_mixtures_are_told_apart(engine: EngineKind) {
    at_once(21..27_u64, |seed| {
        // Bits of the seed, well stirred, choose kinds and rates: about half of the kinds, up to 8
        // % each.
        let stir = |n: u64| (seed * 16 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let rates: Vec<_> = (0..)
            .zip(survivable())
            .map(|(n, kind)| (kind, stir(n)))
            .filter(|(_, chance)| chance % 2 == 0)
            .map(|(kind, chance)| (kind, (chance % 8 + 1) as f64 / 100.0))
            .collect();
        let load = LOADS[usize::try_from(seed).expect("small") % LOADS.len()];
        FaultyRun::run(engine, &rates, seed, load).check();
    });
}

/// Each shard has a few clients, so most misrouted messages come to another one.
fn faults_over_shards_are_told_as_the_server_did_them(engine: EngineKind) {
    let all: Vec<_> = survivable().map(|kind| (kind, 0.03)).collect();
    let cases =
        [(71, LOADS[3], 4, vec![(FaultKind::Misroute, 0.1)]), (72, LOADS[4], 4, all.clone()), (73, LOADS[5], 3, all)];
    at_once(cases, |(seed, load, of, rates)| {
        let case = FaultyRun::run_shards(engine, &rates, seed, load, of);
        case.check_counts();
        for evidence in &case.report.total.evidence {
            case.check_evidence(evidence);
        }
        assert!(case.count(FaultKind::Misroute) > 0, "{}", case.name);
        assert_eq!(case.report.unresolved.misrouted, [], "{}", case.name);
        assert_eq!(case.report.total.connections.opened, u64::from(load.clients), "{}", case.name);
        assert_eq!(judge(&case.report, &[]).verdict, Verdict::Delivery, "{}", case.name);
    });
}

/// Each connection dies by `kind` sooner or later; before, other things happen to some of its
/// messages.
fn dying(engine: EngineKind, kind: FaultKind, error: &str) {
    for (seed, load) in (31..).zip([LOADS[1], LOADS[4], LOADS[5]]) {
        let others = [(FaultKind::Duplicate, 0.05), (FaultKind::Unexpected, 0.05)];
        for others in [&[][..], &others] {
            let rates = [&[(kind, 0.4)], others].concat();
            let case = FaultyRun::run(engine, &rates, seed, load);
            let (report, name) = (&case.report, &case.name);
            let deaths = case.count(kind);
            assert_eq!(deaths, u64::from(load.clients), "{name}: that one lives has a chance of 1 in 10^7");
            assert_eq!((report.total.connections.opened, report.total.connections.died), (deaths, deaths), "{name}");
            assert_eq!(report.total.connections.errors, BTreeMap::from([(error.to_owned(), deaths)]), "{name}");
            let tally = &report.total.measured;
            let anomalies = Anomalies {
                duplicated: case.count(FaultKind::Duplicate),
                unexpected: case.count(FaultKind::Unexpected),
                ..Anomalies::default()
            };
            assert_eq!(tally.anomalies, anomalies, "{name}: {:?}", case.ledger);
            assert_eq!(tally.counts.matched + tally.counts.undetermined, tally.counts.sent, "{name}");
            assert!(tally.counts.undetermined >= deaths, "{name}: that which brought the death was in flight");
            let verdict = if anomalies.is_clean() { Verdict::Connections } else { Verdict::Delivery };
            assert_eq!(judge(report, &[]).verdict, verdict, "{name}");
            let dead: BTreeSet<SocketAddr> = case.done(kind).map(|fault| fault.peer).collect();
            for death in report.total.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Died) {
                assert!(dead.contains(&death.local.parse().expect("an address")), "{name}: {death:?}");
            }
        }
    }
}

fn a_reset_connection_leaves_messages_undetermined(engine: EngineKind) {
    dying(engine, FaultKind::Die, "reset");
}

fn a_closed_connection_leaves_messages_undetermined(engine: EngineKind) {
    dying(engine, FaultKind::Close, "closed_1011");
}
