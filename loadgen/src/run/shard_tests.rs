//! Shards together plan the messages of the whole run: the same bytes at the same times.

use std::num::{NonZeroU32, NonZeroUsize};

use proptest::prelude::*;

use super::*;
use crate::{
    plan::{
        Load, Shard,
        keys::{GroupKeys, PlanFile, RunKeys},
    },
    schedule::{Agenda, Schedule, Senders},
};

/// A planned message: its client, its number there, when it is due, and its bytes.
type Planned = (u32, u64, u64, Vec<u8>);

/// Open models of every kind, generated messages and templates, and publishers of rooms.
const PLANS: &[&str] = &[
    "clients = 1000\nrate = 2\nburst = 2",
    "clients = 100\nrate = 20\narrival = 'poisson'\nsize = '60..90'",
    "clients = 60\nstage = ['0..40@400ms', '40@200ms', '40..5@400ms']\nsize_dist = 'p50=60,p99=200'",
    "clients = 37\nrate = 30\nmessage = ['{{client}} {{sequence}} {{id}} {{uuid}} {{random:4}}', '{{mark}}']\nexpect = 'count'",
    "rate = 10\n[[group]]\nname = 'a'\nclients = 13\n[[group]]\nname = 'b'\nclients = 40\nsize = 300\narrival = 'poisson'",
    "rate = 10\nexpect = 'broadcast'\nroom_size = 5\npublishers = 2\nclients = 63\narrival = 'poisson'",
    "expect = 'broadcast'\n[[group]]\nname = 'a'\nclients = 20\nrate = 9\nroom_size = 2\n\
     [[group]]\nname = 'b'\nclients = 31\nrate = 0\nroom_size = 4",
];

fn plan(keys: &str) -> Plan {
    let text = format!("target = 'ws://127.0.0.1:9001'\nseed = 7\nduration = '1s'\nwarmup = '300ms'\n{keys}");
    let file = PlanFile::parse("plan.toml", text).unwrap();
    file.plan(RunKeys::default(), GroupKeys::default()).unwrap()
}

/// What a process plans that has so many workers.
fn planned(plan: &Plan, workers: usize) -> Vec<Planned> {
    let run = run_id(plan.seed());
    let partition = Partition::of(plan, NonZeroUsize::new(workers).unwrap());
    let membership = Membership::of(plan.groups()).unwrap();
    let mut all = Vec::new();
    for (index, (group, values)) in plan.groups().iter().zip(&values(plan, run)).enumerate() {
        let Load::Open { arrivals, burst, .. } = &group.load else { continue };
        let source = source(run, group, values);
        let senders = membership.as_ref().map_or(Some(group.clients), |rooms| rooms.publishers_of(index));
        let seed = Schedule::seed_of_group(plan.seed(), index);
        let schedule = Schedule::of(senders.unwrap(), arrivals, *burst, 300_000_000, seed);
        for worker in 0..partition.workers() {
            let share = partition.share(worker, index);
            let publisher = |membership: &Membership, slot| {
                let number = membership.publisher_number(partition.client(worker, slot))?;
                Some((membership.publisher(number).rank, slot))
            };
            let senders = match &membership {
                Some(rooms) => Senders::Some(share.slots.filter_map(|slot| publisher(rooms, slot)).collect()),
                None => Senders::All(share),
            };
            let mut agenda = Agenda::new(schedule.clone(), &senders, 1_300_000_000, None);
            let mut sent = vec![0_u64; partition.total() as usize];
            while let Some(due) = agenda.peek() {
                let client = partition.client(worker, senders.slot(due.client));
                for _ in 0..due.messages {
                    let sequence = &mut sent[client as usize];
                    all.push((client, *sequence, due.due, source.of(client).bytes(*sequence)));
                    *sequence += 1;
                }
                agenda.advance();
            }
        }
    }
    all.sort_unstable();
    all
}

/// What `of` shards plan together, with so many workers each.
fn planned_by_shards(plan: &Plan, of: u32, workers: usize) -> Vec<Planned> {
    let shard = |number| {
        let shard = Shard::new(number, of).unwrap();
        let plan = plan.clone().with(|run, _| run.shard = Some(shard)).unwrap();
        assert!(plan.clients_here().get() <= plan.clients().get());
        planned(&plan, workers)
    };
    let mut all: Vec<_> = (1..=of).flat_map(shard).collect();
    all.sort_unstable();
    all
}

#[test]
fn four_times_250_clients_plan_what_1000_do() {
    let plan = plan(PLANS[0]);
    let whole = planned(&plan, 1);
    assert_eq!(whole.len(), 2 * 1000 + 600, "a second, and 300 ms of warm-up");
    let quarter = plan.clone().with(|run, _| run.shard = Shard::new(3, 4).ok()).unwrap();
    assert_eq!(quarter.clients_here(), NonZeroU32::new(250).unwrap());
    assert!(planned(&quarter, 1).iter().all(|(client, ..)| (500..750).contains(client)));
    assert!(planned_by_shards(&plan, 4, 1) == whole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn shards_together_plan_the_whole_run(
        keys in prop::sample::select(PLANS), of in 1_u32..=12, workers in 1_usize..4,
    ) {
        let plan = plan(keys);
        prop_assert!(planned_by_shards(&plan, of, workers) == planned(&plan, 1), "{} shards of {}", of, keys);
    }
}
