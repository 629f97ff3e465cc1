//! Rooms at the reference server: what each member must hear is known by arithmetic, and what the
//! server does wrong by its ledger. The report must say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    num::{NonZeroU64, NonZeroUsize},
    time::Duration,
};

use loadgen::plan::{
    Dialogue, EngineKind, Expect, Group, JoinStep, Load, Messages, OwnCopy, Plan, RoomBy, Rooms, RunOptions, Until,
};
use reports::{
    Report, Verdict, judge,
    model::{Anomalies, Deliveries, Evidence, EvidenceKind, RoomRecord},
};
use server::{Fault, FaultKind, Faults, Options, RoomsOptions};

use crate::rig::{Reference, TestPlan, at_once, complete, n32, open, plan, run_plan};

on_each_engine!(
    each_member_hears_each_message_once,
    groups_share_rooms,
    clients_join_by_words_that_the_room_hears,
    own_copies_against_the_plan_are_found,
    each_fault_alone_is_told,
    faults_at_once_are_told_apart,
    a_broken_mark_is_no_delivery,
    members_that_die_leave_deliveries_undetermined
);

/// Messages of each publisher.
const EACH: u64 = 40;

/// Clients in rooms, and what they say there. All rooms are full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chat {
    pub(crate) clients: u32,
    pub(crate) size: u32,
    pub(crate) publishers: u32,
    pub(crate) own: OwnCopy,
    pub(crate) threads: usize,
    /// A template of the messages.
    pub(crate) says: &'static str,
}

/// A room on one worker, and rooms that are cut over two and three.
const CHATS: [Chat; 4] = [
    Chat { clients: 12, size: 4, publishers: 4, own: OwnCopy::Expect, threads: 1, says: JSON },
    Chat { clients: 12, size: 6, publishers: 2, own: OwnCopy::Refuse, threads: 2, says: "{{mark}} hello" },
    Chat { clients: 8, size: 4, publishers: 4, own: OwnCopy::Refuse, threads: 3, says: JSON },
    Chat { clients: 10, size: 5, publishers: 5, own: OwnCopy::Expect, threads: 3, says: "{{room}} {{mark}}" },
];

pub(crate) const JSON: &str = r#"{"type":"say","text":"{{mark}}"}"#;

impl Chat {
    /// A server that serves own copies as the chat wants them.
    pub(crate) fn server(self, faults: &[(FaultKind, f64)], seed: u64) -> Reference {
        let own = if self.own == OwnCopy::Refuse { server::OwnCopy::Refuse } else { server::OwnCopy::Expect };
        let rooms = Some(RoomsOptions { own, ..RoomsOptions::default() });
        let faults = Faults::new(faults.iter().copied()).expect("chances");
        Reference::start_with(Options { rooms, faults, seed, ..Options::default() })
    }

    /// Each publisher sends for 0.4 seconds, four messages at a time.
    pub(crate) fn plan(self, engine: EngineKind, server: &Reference) -> TestPlan {
        TestPlan {
            clients: n32(self.clients),
            load: open(100.0, 4),
            until: Until::Messages(NonZeroU64::new(EACH).expect("not 0")),
            expect: Expect::Broadcast,
            threads: NonZeroUsize::new(self.threads).expect("not 0"),
            ..plan(engine, &format!("{}/{{{{room}}}}", server.url()))
        }
    }

    pub(crate) fn group(self, name: &str, plan: &TestPlan) -> Group {
        let messages = Messages::Templates([self.says.parse().expect("a template")].into());
        let (by, publishers) = (RoomBy::Size(n32(self.size)), Some(self.publishers));
        let rooms = Rooms { by, publishers, own: self.own, durable: false };
        Group { messages, rooms: Some(rooms), ..plan.group(name) }
    }

    fn run(self, engine: EngineKind, server: &Reference) -> Report {
        let plan = self.plan(engine, server);
        run_groups(plan.run(), vec![self.group("main", &plan)])
    }

    /// Clients that must hear a message.
    pub(crate) fn hearers(self) -> u64 {
        u64::from(self.size) - u64::from(self.own != OwnCopy::Expect)
    }

    pub(crate) fn scheduled(self) -> u64 {
        u64::from(self.clients / self.size * self.publishers) * EACH
    }
}

fn run_groups(options: RunOptions, groups: Vec<Group>) -> Report {
    run_plan(&Plan::new(options, groups).expect("it fits together"))
}

/// Everyone heard everything, and nothing else.
pub(crate) fn all_heard(report: &Report, hearers: u64, scheduled: u64) {
    complete(report);
    let tally = &report.total.measured;
    let sent = tally.counts.sent;
    let expected = hearers * sent;
    let deliveries = Deliveries { messages: sent, expected, matched: expected, ..Deliveries::default() };
    assert_eq!((tally.deliveries, tally.counts.scheduled), (deliveries, scheduled));
    let rooms = &report.total.rooms;
    assert_eq!(rooms.kept.iter().map(|room| room.deliveries.expected).sum::<u64>(), expected, "{rooms:?}");
}

fn each_member_hears_each_message_once(engine: EngineKind) {
    let ten = Chat { clients: 20, size: 10, publishers: 10, own: OwnCopy::Expect, threads: 1, says: JSON };
    let one_room = Chat { clients: 10, threads: 2, ..ten };
    let told = Chat { publishers: 1, own: OwnCopy::Refuse, ..one_room };
    let allowed = Chat { own: OwnCopy::Allow, ..one_room };
    for chat in [ten, one_room, told, allowed].into_iter().chain(CHATS) {
        let server = chat.server(&[], 1);
        let report = chat.run(engine, &server);
        all_heard(&report, chat.hearers(), chat.scheduled());
        let tally = &report.total.measured;
        let own_copies = if chat.own == OwnCopy::Allow { tally.counts.sent } else { 0 };
        assert_eq!((tally.other_events.own_copies, tally.other_events.history), (own_copies, 0), "{chat:?}");
        let stats = server.finish();
        assert_eq!((stats.messages, stats.deliveries), (tally.counts.sent, tally.counts.events), "{chat:?}");
        assert_eq!(report.total.rooms.count, u64::from(chat.clients / chat.size), "{chat:?}");
    }
}

fn groups_share_rooms(engine: EngineKind) {
    at_once([1, 2, 4], |threads| {
        let speakers = Chat { clients: 3, size: 1, publishers: 1, own: OwnCopy::Refuse, threads, says: JSON };
        let listeners = Chat { clients: 12, size: 4, publishers: 0, ..speakers };
        let server = speakers.server(&[], 1);
        let plan = speakers.plan(engine, &server);
        let listening = TestPlan { load: Load::Listen, ..listeners.plan(engine, &server) };
        let groups = vec![speakers.group("speakers", &plan), listeners.group("listeners", &listening)];
        let report = run_groups(plan.run(), groups);
        all_heard(&report, 4, 3 * EACH);
        let [speakers, listeners] = [0, 1].map(|group: usize| &report.groups[group].measurement.measured);
        assert_eq!((speakers.deliveries.expected, listeners.counts.sent), (0, 0));
        assert_eq!(listeners.deliveries.matched, 4 * speakers.counts.sent);
    });
}

fn clients_join_by_words_that_the_room_hears(engine: EngineKind) {
    let send = Some("hello from {{client}}".parse().expect("a template"));
    let hello = || "^hello".parse().expect("a pattern");
    let on_open = vec![JoinStep { send, expect: Some(hello()) }];
    let dialogue = Dialogue { on_open, ignore: vec![hello()], ..Dialogue::default() };
    at_once([CHATS[0], CHATS[3]], |chat| {
        let server = chat.server(&[], 1);
        let plan = TestPlan { dialogue: dialogue.clone(), ..chat.plan(engine, &server) };
        let report = run_groups(plan.run(), vec![chat.group("main", &plan)]);
        all_heard(&report, chat.hearers(), chat.scheduled());
        assert_eq!(report.total.latency.join.len(), u64::from(chat.clients));
        assert_eq!(server.finish().messages, report.total.measured.counts.sent + u64::from(chat.clients));
    });
}

fn own_copies_against_the_plan_are_found(engine: EngineKind) {
    let servers = [(OwnCopy::Expect, OwnCopy::Refuse), (OwnCopy::Refuse, OwnCopy::Expect)];
    at_once(servers, |(served, own)| {
        let server = Chat { own: served, ..CHATS[0] }.server(&[], 1);
        let chat = Chat { own, ..CHATS[0] };
        let plan = TestPlan { drain: DRAIN, ..chat.plan(engine, &server) };
        let report = run_groups(plan.run(), vec![chat.group("main", &plan)]);
        let tally = &report.total.measured;
        let sent = tally.counts.sent;
        let (lost, unexpected) = if own == OwnCopy::Expect { (sent, 0) } else { (0, sent) };
        assert_eq!((tally.deliveries.lost, tally.anomalies.unexpected), (lost, unexpected));
        assert_eq!((tally.deliveries.matched, tally.deliveries.damaged), (3 * sent, 0));
        assert_eq!(judge(&report, &[]).verdict, Verdict::Delivery);
        let own = report.total.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Lost);
        assert!(own.into_iter().all(|evidence| evidence.sender == Some(evidence.client)));
    });
}

/// Much longer than a delivery takes; every run in which one is missing waits for so long.
pub(crate) const DRAIN: Duration = Duration::from_secs(3);

/// Faults that leave what names a message as it is.
pub(crate) const WHOLE: [FaultKind; 8] = [
    FaultKind::Drop,
    FaultKind::FirstOnly,
    FaultKind::Late,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::Coalesce,
    FaultKind::Misroute,
    FaultKind::Unexpected,
];

/// What the report of a run says, and what the server did meanwhile.
pub(crate) struct FaultyRun {
    pub(crate) chat: Chat,
    pub(crate) report: Report,
    pub(crate) ledger: Vec<Fault>,
    /// For messages of failed assertions.
    pub(crate) name: String,
}

impl FaultyRun {
    fn run(engine: EngineKind, chat: Chat, rates: &[(FaultKind, f64)], seed: u64) -> Self {
        let server = chat.server(rates, seed);
        let plan = TestPlan { drain: DRAIN, ..chat.plan(engine, &server) };
        let report = run_groups(plan.run(), vec![chat.group("main", &plan)]);
        let ledger = server.finish().faults;
        Self { chat, report, ledger, name: format!("{chat:?}, {rates:?}, seed {seed}") }
    }

    fn done(&self, kinds: &'static [FaultKind]) -> impl Iterator<Item = &Fault> {
        self.ledger.iter().filter(|fault| kinds.contains(&fault.kind))
    }

    fn count(&self, kinds: &'static [FaultKind]) -> u64 {
        self.done(kinds).count() as u64
    }

    /// The report says what the ledger says, and evidence names it.
    fn check(&self) {
        self.check_counts();
        self.check_evidence();
    }

    /// The report counts what the ledger says.
    pub(crate) fn check_counts(&self) {
        let n = |kind: &'static FaultKind| self.count(std::slice::from_ref(kind));
        let anomalies = Anomalies {
            duplicated: n(&FaultKind::Duplicate),
            reordered: n(&FaultKind::Reorder),
            coalesced: n(&FaultKind::Coalesce),
            misrouted_events: n(&FaultKind::Misroute),
            unexpected: n(&FaultKind::Unexpected),
            ..Anomalies::default()
        };
        let tally = &self.report.total.measured;
        let expected = self.chat.hearers() * tally.counts.sent;
        let lost = self.count(LOSING);
        let damaged = 2 * anomalies.coalesced;
        let deliveries = Deliveries {
            messages: tally.counts.matched,
            expected,
            matched: expected - lost - damaged,
            lost,
            damaged,
            ..Deliveries::default()
        };
        assert_eq!((tally.anomalies, tally.deliveries), (anomalies, deliveries), "{}: {:?}", self.name, self.ledger);
        self.check_messages();
        self.check_rooms();
        let verdict = judge(&self.report, &[]).verdict;
        assert_eq!(verdict == Verdict::Delivery, !self.ledger.is_empty(), "{}: {verdict:?}", self.name);
    }

    /// A message has the worst fate of its deliveries.
    fn check_messages(&self) {
        let lost: BTreeSet<_> = self.done(LOSING).map(|fault| (fault.peer, fault.message)).collect();
        let harmed = self.done(&[FaultKind::Coalesce]).flat_map(|fault| {
            let with = fault.with.map(|with| (fault.with_peer.unwrap_or(fault.peer), with));
            with.into_iter().chain([(fault.peer, fault.message)])
        });
        let damaged: BTreeSet<_> = harmed.filter(|message| !lost.contains(message)).collect();
        let (counts, [lost, damaged]) = (&self.report.total.measured.counts, [&lost, &damaged].map(BTreeSet::len));
        let fates = [counts.lost, counts.damaged, counts.misrouted, counts.undetermined];
        assert_eq!(fates, [lost as u64, damaged as u64, 0, 0], "{}: {:?}", self.name, self.ledger);
        assert_eq!(counts.matched, counts.sent - counts.lost - counts.damaged, "{}", self.name);
    }

    /// Rooms add up to the whole.
    fn check_rooms(&self) {
        let (tally, rooms) = (&self.report.total.measured, &self.report.total.rooms.kept);
        let sum = |of: fn(&RoomRecord) -> u64| rooms.iter().map(of).sum::<u64>();
        let by_rooms = [sum(|room| room.duplicated), sum(|room| room.reordered), sum(|room| room.misrouted)];
        let Anomalies { duplicated, reordered, misrouted_events, .. } = tally.anomalies;
        assert_eq!(by_rooms, [duplicated, reordered, misrouted_events], "{}: {rooms:?}", self.name);
        let by_rooms = [sum(|room| room.deliveries.lost), sum(|room| room.deliveries.damaged)];
        assert_eq!(by_rooms, [tally.deliveries.lost, tally.deliveries.damaged], "{}: {rooms:?}", self.name);
    }

    /// Evidence names the sender, the message and the receiver of a fault, and there is ten of each
    /// kind where there are ten.
    fn check_evidence(&self) {
        let all = &self.report.total.evidence;
        let mut addresses: BTreeMap<u32, SocketAddr> = BTreeMap::new();
        for evidence in all {
            let local = evidence.local.parse().expect("an address");
            assert_eq!(*addresses.entry(evidence.client).or_insert(local), local, "{}: {evidence:?}", self.name);
        }
        let distinct: BTreeSet<_> = addresses.values().collect();
        assert_eq!(distinct.len(), addresses.len(), "{}: {addresses:?}", self.name);
        let mut shown: BTreeMap<EvidenceKind, usize> = BTreeMap::new();
        for evidence in all {
            *shown.entry(evidence.kind).or_default() += 1;
            let found = self.done(kinds_of(evidence.kind)).any(|fault| is_about(evidence, fault, &addresses));
            assert!(found, "{}: {evidence:?} is not in {:?}", self.name, self.ledger);
            let room = |client| client / self.chat.size;
            let is_foreign = evidence.sender.is_some_and(|sender| room(sender) != room(evidence.client));
            assert_eq!(is_foreign, evidence.kind == EvidenceKind::Misrouted, "{}: {evidence:?}", self.name);
        }
        for kind in SHOWN {
            let ten = self.done(kinds_of(kind)).take(10).count();
            assert_eq!(shown.get(&kind).copied().unwrap_or(0), ten, "{}: {kind}", self.name);
        }
    }
}

/// Faults by which a delivery does not come.
const LOSING: &[FaultKind] = &[FaultKind::Drop, FaultKind::FirstOnly, FaultKind::Late, FaultKind::Misroute];

/// Evidence of faults.
const SHOWN: [EvidenceKind; 6] = [
    EvidenceKind::Lost,
    EvidenceKind::Duplicated,
    EvidenceKind::Reordered,
    EvidenceKind::Coalesced,
    EvidenceKind::Misrouted,
    EvidenceKind::Unexpected,
];

fn kinds_of(evidence: EvidenceKind) -> &'static [FaultKind] {
    match evidence {
        EvidenceKind::Lost => LOSING,
        EvidenceKind::Duplicated => &[FaultKind::Duplicate],
        EvidenceKind::Reordered => &[FaultKind::Reorder],
        EvidenceKind::Coalesced => &[FaultKind::Coalesce],
        EvidenceKind::Misrouted => &[FaultKind::Misroute],
        EvidenceKind::Unexpected => &[FaultKind::Unexpected],
        _ => &[],
    }
}

/// Whether a fault is what evidence shows. Addresses of clients are known where there is evidence
/// of what came to them.
fn is_about(evidence: &Evidence, fault: &Fault, addresses: &BTreeMap<u32, SocketAddr>) -> bool {
    let shown_at = if evidence.kind == EvidenceKind::Misrouted { fault.to } else { fault.receiver };
    if shown_at != evidence.local.parse().ok() {
        return false;
    }
    let (Some(sender), Some(sequence)) = (evidence.sender, evidence.sequence) else {
        return evidence.kind == EvidenceKind::Unexpected;
    };
    sequence == fault.message && addresses.get(&sender).is_none_or(|peer| *peer == fault.peer)
}

fn each_fault_alone_is_told(engine: EngineKind) {
    at_once((1..).zip(WHOLE.into_iter().zip(CHATS.into_iter().cycle())), |(seed, (kind, chat))| {
        let run = FaultyRun::run(engine, chat, &[(kind, 0.05)], seed);
        assert!(!run.ledger.is_empty() && run.ledger.iter().all(|fault| fault.kind == kind), "{}", run.name);
        run.check();
    });
}

fn faults_at_once_are_told_apart(engine: EngineKind) {
    at_once((11..).zip(CHATS), |(seed, chat)| {
        let rates = WHOLE.map(|kind| (kind, 0.02));
        let run = FaultyRun::run(engine, chat, &rates, seed);
        let kinds: BTreeSet<_> = run.ledger.iter().map(|fault| fault.kind).collect();
        // Of each kind, 20 or more are expected.
        assert!(kinds.len() + 1 >= WHOLE.len(), "{}: {kinds:?}", run.name);
        run.check();
    });
}

/// Pieces and flipped bits of messages that are a mark and nothing else. What they hit decides what
/// can be told. A flipped bit may make the mark of another message, which then comes twice.
fn a_broken_mark_is_no_delivery(engine: EngineKind) {
    let kinds = [FaultKind::Corrupt, FaultKind::Truncate, FaultKind::Split];
    at_once((21..).zip(kinds.into_iter().zip(CHATS)), |(seed, (kind, chat))| {
        let run = FaultyRun::run(engine, Chat { says: "{{mark}}", ..chat }, &[(kind, 0.05)], seed);
        let broken = run.ledger.len() as u64;
        let (found, deliveries) = (run.report.total.measured.anomalies, run.report.total.measured.deliveries);
        let events = if kind == FaultKind::Split { 2 * broken } else { broken };
        assert_eq!((found.corrupted, found.corrupted + found.unexpected), (deliveries.damaged, events), "{}", run.name);
        assert!(broken > 0 && found.corrupted > 0, "{}", run.name);
        assert_eq!(deliveries.matched + found.duplicated, deliveries.expected - broken, "{}", run.name);
        assert!(found.duplicated == 0 || kind == FaultKind::Corrupt, "{}: {found:?}", run.name);
    });
}

/// Members die, and the others hear each other as before.
fn members_that_die_leave_deliveries_undetermined(engine: EngineKind) {
    let kinds = [FaultKind::Die, FaultKind::Close];
    at_once((31..).zip(kinds.into_iter().zip([CHATS[0], CHATS[2]])), |(seed, (kind, chat))| {
        let run = FaultyRun::run(engine, chat, &[(kind, 0.005)], seed);
        let (total, deliveries) = (&run.report.total, run.report.total.measured.deliveries);
        assert!(total.connections.died > 0 && deliveries.undetermined > 0, "{}: {deliveries:?}", run.name);
        assert_eq!(total.connections.died, run.ledger.len() as u64, "{}: {:?}", run.name, run.ledger);
        assert_eq!((deliveries.lost, deliveries.damaged), (0, 0), "{}", run.name);
        assert!(total.measured.anomalies.is_clean(), "{}: {:?}", run.name, total.measured.anomalies);
        assert_eq!(judge(&run.report, &[]).verdict, Verdict::Connections, "{}", run.name);
    });
}
