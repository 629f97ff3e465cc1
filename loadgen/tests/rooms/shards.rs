//! Rooms that shards cut: the results of shards, and what a merge makes of them.

use std::collections::BTreeMap;

use loadgen::{
    clock::Time,
    plan::{Group, OwnCopy},
    rooms::{CutRoomsOfWorkers, Membership, RoomCounts, RoomOutcome, SenderFates, merge_fates},
};
use reports::{
    Report,
    merge::{Merge, MergeOptions},
    model::{
        Deliveries, EngineKind, Environment, Expect, GeneratorHealth, GroupMeasurement, GroupRecord, LoadRecord,
        Measurement, MessagesRecord, Order, PayloadKind, PlanRecord, RoomRecord, RoomsMeasurement, RunRecord,
        ShardClients, ShardRecord, StartRecord, Tally, TargetRecord, Unresolved,
    },
};

use crate::rig::{self, Counts, Play, RUN, START, mark, seconds};

/// What a merge of all shards tells.
pub(crate) struct Merged {
    /// What was found, and the fates of deliveries.
    pub(crate) counts: Counts,
    /// Messages by their worst delivery: in the warm-up, and after.
    pub(crate) messages: [[u64; 4]; 2],
    pub(crate) rooms: BTreeMap<u32, RoomRecord>,
    pub(crate) report: Report,
}

/// The clients of each of so many shards: of each group those with indices in a row.
pub(crate) fn clients_of_shards(groups: &[Group], shards: u32) -> Vec<Vec<u32>> {
    (0..shards)
        .map(|shard| {
            ranges(groups, shards, shard)
                .into_iter()
                .flat_map(|(first, part)| (first + part.first)..(first + part.first + part.clients))
                .collect()
        })
        .collect()
}

/// The first client of each group, and the part that a shard has of it.
fn ranges(groups: &[Group], shards: u32, shard: u32) -> Vec<(u32, ShardClients)> {
    let mut start = 0;
    let part = |group: &Group| {
        let (first, clients) = (start, group.clients.get());
        start += clients;
        let [from, to] = [shard, shard + 1].map(|shard| clients * shard / shards);
        (first, ShardClients { first: from, clients: to - from })
    };
    groups.iter().map(part).collect()
}

/// Ends a play over so many shards, and merges what they know.
pub(crate) fn merged(play: Play, groups: &[Group], shards: u32) -> Merged {
    let (membership, measured_from) = (play.membership.clone(), play.timetable.measured_from());
    let (mut counts, outcomes) = play.finish_shards();
    counts.by_name.remove("across");
    let mut merge = Merge::new(MergeOptions::default());
    for (number, outcome) in outcomes.into_iter().rev() {
        let report = report(groups, &membership, shards, number, outcome, measured_from);
        merge.add(&format!("{number}.json"), report).unwrap();
    }
    let report = merge.finish().unwrap();
    assert_eq!(report.unresolved.rooms, None, "everything has its fate");
    let tallies = [report.total.warmup, report.total.measured];
    for Deliveries { lost, damaged, undetermined, undetermined_by_plan, .. } in tallies.map(|tally| tally.deliveries) {
        assert_eq!(damaged, 0, "shards know that themselves");
        for (name, number) in [("lost", lost), ("undetermined", undetermined), ("by_plan", undetermined_by_plan)] {
            *counts.by_name.entry(name).or_default() += number;
        }
    }
    let messages = tallies
        .map(|Tally { counts, .. }| [counts.lost, counts.damaged, counts.undetermined, counts.undetermined_by_plan]);
    let rooms = report.total.rooms.kept.iter().map(|room| (room.number, *room)).collect();
    Merged { counts, messages, rooms, report }
}

/// The result of a shard. Of deliveries it has only those that are open.
fn report(
    groups: &[Group],
    membership: &Membership,
    shards: u32,
    number: u32,
    mut outcome: RoomOutcome,
    measured_from: Time,
) -> Report {
    let mut cut = CutRoomsOfWorkers::default();
    cut.take(std::mem::take(&mut outcome.shard));
    let fates = merge_fates(outcome.fates);
    let mut measurements: Vec<Measurement> = groups.iter().map(|_| Measurement::default()).collect();
    for own in fates.iter().filter(|fates| !cut.is_of_other_shard(fates.sender)) {
        let measurement = &mut measurements[membership.group(own.sender)];
        add(&mut measurement.warmup, own, false);
        add(&mut measurement.measured, own, true);
    }
    let clients = ranges(groups, shards, number - 1).into_iter().map(|(_, part)| part).collect();
    let (start, environment) = (start(), environment());
    let generator = GeneratorHealth::default();
    let (measured_s, interrupted) = (1.0, false);
    let shard = ShardRecord {
        number,
        of: shards,
        clients,
        start: start.clone(),
        measured_s,
        interrupted,
        environment: environment.clone(),
        generator,
    };
    let mut total = Measurement::default();
    for measurement in &measurements {
        total.warmup += measurement.warmup;
        total.measured += measurement.measured;
    }
    total.rooms = RoomsMeasurement::of(outcome.rooms.iter().map(|room| record(room, membership)).collect());
    let named = groups.iter().zip(measurements);
    let named = named.map(|(group, measurement)| GroupMeasurement { name: group.name.to_string(), measurement });
    Report {
        target: TargetRecord { url: "ws://127.0.0.1:1/".to_owned(), more_urls: Vec::new(), embedded: false },
        plan: plan(groups),
        environment,
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        measured_s,
        interrupted,
        stopped_on_miss: None,
        partial: true,
        start: Some(start),
        generator,
        shards: vec![shard],
        unresolved: Unresolved { rooms: cut.into_record(membership, &fates, measured_from), ..Unresolved::default() },
        total,
        groups: if groups.len() > 1 { named.collect() } else { Vec::new() },
    }
}

fn add(tally: &mut Tally, fates: &SenderFates, measured: bool) {
    let fates = if measured { fates.measured() } else { fates.warmup() };
    tally.counts.lost += fates.lost;
    tally.counts.damaged += fates.damaged;
    tally.counts.undetermined += fates.undetermined;
    tally.counts.undetermined_by_plan += fates.undetermined_by_plan;
}

fn record(room: &RoomCounts, membership: &Membership) -> RoomRecord {
    let deliveries = Deliveries {
        messages: 1_000_000,
        matched: room.matched,
        lost: room.lost,
        damaged: room.damaged,
        undetermined: room.undetermined,
        undetermined_by_plan: room.undetermined_by_plan,
        ..Deliveries::default()
    };
    let members = u32::try_from(membership.members(room.room).len()).unwrap();
    let RoomCounts { duplicated, reordered, misrouted, .. } = *room;
    RoomRecord { number: room.room, members, deliveries, duplicated, reordered, misrouted }
}

fn start() -> StartRecord {
    let at = "2026-01-02T03:04:05.000000Z".to_owned();
    StartRecord { at: at.clone(), planned: Some(at), error_s: Some(0.0), ready: true, clock: None }
}

fn environment() -> Environment {
    let [cpu, kernel, version] = ["cpu", "kernel", "1.0.0"].map(str::to_owned);
    Environment { cpu, cores: 2, kernel, version, seed: 7, run_id: RUN }
}

fn plan(groups: &[Group]) -> PlanRecord {
    let group = |group: &Group| GroupRecord {
        name: group.name.to_string(),
        target: None,
        clients: group.clients.get(),
        load: LoadRecord::Listen,
        messages: MessagesRecord::Generated { size_bytes: 64, sizes: None, payload: PayloadKind::Text },
        expect: Expect::Broadcast,
        order: Order::Keep,
        until: None,
        batched: false,
        dialogue: None,
        rooms: None,
        connect: None,
        sessions: None,
        wire_shape: None,
        ping_s: None,
        read_bytes_per_s: None,
    };
    PlanRecord {
        run: RunRecord {
            duration_s: Some(1.0),
            messages_per_client: None,
            warmup_s: 0.0,
            drain_s: 1.0,
            connect_rate: 1.0,
            engine: EngineKind::Lean,
            threads: 1,
            thresholds: Vec::new(),
            only_delivery: false,
        },
        groups: groups.iter().map(group).collect(),
    }
}

/// Clients 0 and 1 are on the first shard, 2 and 3 on the second. All are in one room, in which 0
/// publishes.
fn two_shards() -> (Vec<Group>, Play) {
    let groups = vec![rig::group(4, 4, Some(1), OwnCopy::Refuse)];
    let play = Play::new(&groups, 1, 0).over_shards(&clients_of_shards(&groups, 2));
    (groups, play)
}

/// All join before the load, but for these.
fn join(play: &mut Play, late: &[u32]) {
    (0..4).filter(|client| !late.contains(client)).for_each(|client| play.joined(client, Time::default()));
}

#[test]
fn a_message_may_come_before_it_is_due_by_another_clock() {
    let (groups, mut play) = two_shards();
    join(&mut play, &[]);
    // The load has begun on the first shard only.
    play.received(2, &mark(RUN, 0, 0), Time::from_nanos(5));
    play.begin();
    play.received(3, &mark(RUN, 0, 1), START);
    // On its own shard that can't be.
    play.received(1, &mark(RUN, 0, 1), START);
    play.sent(0);
    play.sent(0);
    for (client, sequence) in [(1, 0), (1, 1), (2, 1), (3, 0)] {
        play.received(client, &mark(RUN, 0, sequence), START.plus(seconds(1)));
    }
    play.begin_drain();
    play.settle(false);
    let merged = merged(play, &groups, 2);
    // Two came to client 1 of its own shard; one to 3 was overtaken.
    assert_eq!(merged.counts.nonzero(), "matched=6 reordered=1 unexpected=1");
}

#[test]
fn who_joins_late_hears_from_the_first_message_on() {
    // Message 2 was due within a second of the join. What is due later is owed for certain.
    for (first, expected) in [(3, "lost=1 matched=14"), (4, "lost=2 matched=13")] {
        let (groups, mut play) = two_shards();
        join(&mut play, &[2]);
        play.begin();
        // After message 2 is due by the clock of the second shard, but before it is sent.
        play.joined(2, START.plus(seconds(2) - 1_000));
        for sequence in 0..6 {
            play.sent(0);
            for client in [1, 2, 3] {
                // Of client 2 none is due before, and 5 does not come.
                if client != 2 || (sequence >= first && sequence != 5) {
                    play.received(client, &mark(RUN, 0, sequence), START.plus(seconds(sequence)));
                }
            }
        }
        play.begin_drain();
        play.settle(false);
        assert_eq!(merged(play, &groups, 2).counts.nonzero(), expected, "from {first}");
    }
}

#[test]
fn the_evidence_of_a_merge_names_sender_and_receiver() {
    let (groups, mut play) = two_shards();
    join(&mut play, &[]);
    play.begin();
    for _ in 0..3 {
        play.sent(0);
    }
    for (client, sequence) in [(1, 0), (1, 1), (1, 2), (2, 0), (2, 2), (3, 0), (3, 2)] {
        play.received(client, &mark(RUN, 0, sequence), START.plus(seconds(sequence)));
    }
    play.begin_drain();
    play.settle(false);
    let merged = merged(play, &groups, 2);
    assert_eq!((merged.counts.nonzero().as_str(), merged.messages[1]), ("lost=2 matched=7", [1, 0, 0, 0]));
    let [evidence] = &merged.report.total.evidence[..] else { panic!("{:?}", merged.report.total.evidence) };
    assert_eq!((evidence.client, evidence.sender, evidence.sequence), (2, Some(0), Some(1)));
    assert_eq!((evidence.at_s, evidence.detail.as_deref()), (1.0, Some("and 1 other receiver of the group")));
}
