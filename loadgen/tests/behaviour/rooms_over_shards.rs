//! Rooms that shards cut, at the reference server: three runs at once, each with a part of the
//! clients. Their merged result must say what the server did.

use std::time::{Duration, SystemTime};

use loadgen::plan::{EngineKind, OwnCopy, Plan, RunOptions, Shard, Start};
use reports::{
    Report, Verdict, judge,
    merge::{Merge, MergeOptions},
    model::ShardRecord,
};
use server::FaultKind;

use crate::{
    rig::{Reference, TestPlan, at_once, run_plan},
    rooms::{Chat, DRAIN, FaultyRun, JSON, WHOLE, all_heard},
};

on_each_engine!(
    members_on_several_shards_hear_each_other,
    faults_between_shards_are_told_as_the_server_did_them,
    members_that_die_on_one_shard_are_known_on_all
);

const SHARDS: u32 = 3;

/// One room and two, of clients on all shards or on two.
const CHATS: [Chat; 2] = [
    Chat { clients: 12, size: 12, publishers: 12, own: OwnCopy::Expect, threads: 2, says: JSON },
    Chat { clients: 12, size: 6, publishers: 4, own: OwnCopy::Refuse, threads: 1, says: JSON },
];

/// Runs all shards of a chat at once, and merges their results. They wait longer for each other
/// until all of them begin in time.
fn run(engine: EngineKind, chat: Chat, server: impl Fn() -> Reference) -> (Report, Reference) {
    for wait in [1, 2, 4, 8, 16] {
        let server = server();
        let start = Start::At(SystemTime::now() + Duration::from_secs(wait));
        let reports = at_once(1..=SHARDS, |number| {
            let plan = TestPlan { drain: DRAIN, ..chat.plan(engine, &server) };
            let shard = Some(Shard::new(number, SHARDS).expect("a shard"));
            let options = RunOptions { shard, start: Some(start), ..plan.run() };
            run_plan(&Plan::new(options, vec![chat.group("main", &plan)]).expect("it fits together"))
        });
        let in_time = |shard: &ShardRecord| shard.start.ready && !shard.start.is_late();
        if !reports.iter().flat_map(|report| &report.shards).all(in_time) {
            continue;
        }
        let mut merge = Merge::new(MergeOptions::default());
        for (report, number) in reports.into_iter().zip(1..) {
            assert!(report.partial && report.unresolved.rooms.is_some(), "{:?}", report.unresolved);
            merge.add(&format!("shard {number}"), report).expect("a shard of this run");
        }
        let report = merge.finish().expect("all shards are there");
        assert!(!report.partial && report.unresolved.rooms.is_none(), "{:?}", report.unresolved);
        return (report, server);
    }
    panic!("three runs did not begin within 0.1 s of a time that was 16 s ahead");
}

fn members_on_several_shards_hear_each_other(engine: EngineKind) {
    at_once(CHATS, |chat| {
        let (report, server) = run(engine, chat, || chat.server(&[], 1));
        all_heard(&report, chat.hearers(), chat.scheduled());
        let (tally, stats) = (&report.total.measured, server.finish());
        assert_eq!((stats.messages, stats.deliveries), (tally.counts.sent, tally.counts.events), "{chat:?}");
        let rooms = &report.total.rooms;
        assert_eq!((rooms.count, rooms.cut), (u64::from(chat.clients / chat.size), 0), "{rooms:?}");
        assert!(rooms.kept.iter().all(|room| room.members == chat.size), "{rooms:?}");
        // Only what a shard's own clients sent has a latency.
        let (response, across) = (report.total.latency.response.len(), rooms.across_shards);
        assert_eq!(response + across, tally.deliveries.matched);
        assert!(response > 0 && across > 0, "{response} and {across}");
    });
}

fn faults_between_shards_are_told_as_the_server_did_them(engine: EngineKind) {
    at_once((41..).zip(CHATS), |(seed, chat)| {
        // With one room there is no other that a message could go to.
        let kinds = WHOLE.into_iter().filter(|kind| chat.size < chat.clients || *kind != FaultKind::Misroute);
        let rates: Vec<_> = kinds.map(|kind| (kind, 0.02)).collect();
        let (report, server) = run(engine, chat, || chat.server(&rates, seed));
        let (ledger, name) = (server.finish().faults, format!("{chat:?}, {rates:?}, seed {seed}"));
        assert!(ledger.len() > 20, "{name}: {ledger:?}");
        FaultyRun { chat, report, ledger, name }.check_counts();
    });
}

/// Members die, and the others hear each other as before. What was due of the dead was not sent,
/// and other shards learn that.
fn members_that_die_on_one_shard_are_known_on_all(engine: EngineKind) {
    at_once((51..).zip(CHATS), |(seed, chat)| {
        let (report, server) = run(engine, chat, || chat.server(&[(FaultKind::Die, 0.005)], seed));
        let ledger = server.finish().faults;
        let (total, deliveries) = (&report.total, report.total.measured.deliveries);
        assert!(total.connections.died > 0 && deliveries.undetermined > 0, "{deliveries:?}");
        assert_eq!(total.connections.died, ledger.len() as u64, "{ledger:?}");
        assert_eq!((deliveries.lost, deliveries.damaged), (0, 0), "{deliveries:?}");
        assert!(total.measured.anomalies.is_clean(), "{:?}", total.measured.anomalies);
        assert_eq!(judge(&report, &[]).verdict, Verdict::Connections);
    });
}
