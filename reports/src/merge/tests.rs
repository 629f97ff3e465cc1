use super::*;
use crate::{
    judge::{Verdict, judge, judge_part},
    model::{ShardClients, sample},
};

const PARTIAL: MergeOptions = MergeOptions { allow_partial: true };

/// The merged result of these shards of the sample, in this order. The name of each is its number.
fn merge(options: MergeOptions, numbers: &[u32]) -> Result<Report, MergeError> {
    let mut merge = Merge::new(options);
    for number in numbers {
        merge.add(&format!("{number}.json"), sample::shard_of(*number))?;
    }
    merge.finish()
}

#[test]
fn shards_add_up_to_the_whole_run() {
    let merged = merge(MergeOptions::default(), &[1, 2, 3, 4]).unwrap();
    let mut expected = sample::merged();
    expected.plan.run.threads = 4;
    assert_eq!(merged, expected);
    assert_eq!(judge(&merged, &[]).verdict, Verdict::Pass);
}

#[test]
fn the_order_of_shards_does_not_matter() {
    let merged = merge(MergeOptions::default(), &[1, 2, 3, 4]).unwrap();
    for order in [[4, 3, 2, 1], [2, 4, 1, 3]] {
        assert_eq!(merge(MergeOptions::default(), &order).unwrap(), merged);
    }
}

#[test]
fn with_start_in_each_shard_has_an_instant_of_its_own() {
    let last_second = |after_s: u32| {
        let mut merge = Merge::new(PARTIAL);
        let mut second = sample::shard_of(2);
        let instant = format!("2026-01-02T03:04:{:02}.250000Z", 5 + after_s);
        let start = &mut second.shards[0].start;
        (start.planned, start.at) = (Some(instant.clone()), instant);
        merge.add("1.json", sample::shard_of(1)).unwrap();
        merge.add("2.json", second).unwrap();
        merge.finish().unwrap().total.intervals.last().unwrap().at_s
    };
    let apart = last_second(2) - last_second(0);
    assert!((apart - 2.0).abs() < 1e-9, "seconds are those of the wall clock: {apart}");
}

#[test]
fn missing_shards_are_named() {
    assert_eq!(merge(MergeOptions::default(), &[]).unwrap_err(), MergeError::Empty);
    assert_eq!(
        merge(MergeOptions::default(), &[2]).unwrap_err().to_string(),
        "3 of 4 shards missing: 1, 3, 4; --allow-partial merges the others"
    );
    let merged = merge(PARTIAL, &[4, 2]).unwrap();
    assert!(merged.partial);
    assert_eq!(merged.total.connections.opened, 50);
    let missing = MissingShards::beside(&merged.shards).unwrap();
    assert_eq!(missing.numbers().collect::<Vec<_>>(), [1, 3]);
    let judgement = judge_part(&merged, &[], vec![missing.to_string()]);
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert_eq!(judgement.reasons[0], "2 of 4 shards missing: 1, 3");
    assert!(!merge(PARTIAL, &[1, 2, 3, 4]).unwrap().partial);
}

/// What is said of shard 3, changed so, after the first two shards.
fn refusal(change: impl Fn(&mut Report)) -> String {
    let mut merge = Merge::new(PARTIAL);
    for number in [1, 2] {
        merge.add(&format!("{number}.json"), sample::shard_of(number)).unwrap();
    }
    let mut third = sample::shard_of(3);
    change(&mut third);
    let refused = merge.add("3.json", third);
    let added = merge.len();
    let finished = merge.finish();
    match refused {
        Err(error) => {
            assert_eq!((added, finished.unwrap().shards.len()), (2, 2), "nothing was added");
            error.to_string()
        }
        Ok(()) => finished.unwrap_err().to_string(),
    }
}

#[test]
fn what_is_no_shard_of_the_run_is_refused() {
    type Refusal = (fn(&mut Report), &'static str);
    let table: [Refusal; 22] = [
        (
            |r| (r.shards, r.partial) = (Vec::new(), false),
            "3.json: not a shard; one process had all clients of that run (it began without --shard)",
        ),
        (|r| *r = sample::merged(), "3.json: already merged, of 4 shards; merge the results of the shards themselves"),
        (|r| r.partial = false, "3.json: not the result of a shard: it is of 4 shards and not partial"),
        (|r| r.shards[0].number = 1, "3.json: shard 1 of 4 a second time; 1.json is the same shard"),
        (|r| r.shards[0].number = 0, "3.json: not the result of a shard: its number is 0 of 4"),
        (|r| r.shards[0].number = 5, "3.json: not the result of a shard: its number is 5 of 4"),
        (|r| r.shards[0].of = 5, "3.json: shard 3 of another run: its shards is 5, but 4 in 1.json"),
        (
            |r| r.plan.run.duration_s = Some(20.0),
            "3.json: shard 3 of another run: its plan.run.duration_s is 20.0, but 10.0 in 1.json",
        ),
        (
            |r| r.plan.run.thresholds = vec!["p99<5ms".to_owned()],
            "3.json: shard 3 of another run: its plan.run.thresholds is [\"p99<5ms\"], but [] in 1.json",
        ),
        (
            |r| r.plan.groups[0].name = "other".to_owned(),
            "3.json: shard 3 of another run: its plan.groups.0.name is \"other\", but \"main\" in 1.json",
        ),
        (
            |r| r.plan.groups[0].clients = 101,
            "3.json: shard 3 of another run: its plan.groups.0.clients is 101, but 100 in 1.json",
        ),
        (
            |r| r.target.url = "ws://192.0.2.11:9001/".to_owned(),
            "3.json: shard 3 of another run: its target.url is \"ws://192.0.2.11:9001/\", but \
             \"ws://192.0.2.10:9001/\" in 1.json",
        ),
        (|r| r.environment.seed = 1, "3.json: shard 3 of another run: its seed is 1, but 42 in 1.json"),
        (|r| r.environment.run_id = 1, "3.json: shard 3 of another run: its run_id is 1, but 7 in 1.json"),
        (
            |r| r.environment.version = "0.2.0".to_owned(),
            "3.json: shard 3 of another run: its version is \"0.2.0\", but \"0.1.0\" in 1.json",
        ),
        (
            |r| r.shards[0].start.planned = None,
            "3.json: shard 3 of another run: its planned_start is null, but \"2026-01-02T03:04:05.000000Z\" in 1.json",
        ),
        (
            |r| r.shards[0].start.planned = Some("2026-01-02T03:04:15.000001Z".to_owned()),
            "3.json: shard 3 of another run: its planned_start is \"2026-01-02T03:04:15.000001Z\", but \
             \"2026-01-02T03:04:05.000000Z\" in 1.json",
        ),
        (
            |r| r.shards[0].start.at = "2026-01-02T04:04:05.000000Z".to_owned(),
            "3.json: shard 3 of another run of this plan: it began at 2026-01-02T04:04:05.000000Z, and shard 1 \
             (1.json) at 2026-01-02T03:04:05.000800Z",
        ),
        (
            |r| r.shards[0].start.at = "soon".to_owned(),
            "3.json: not the result of a shard: `shards.start.at` is no instant: premature end of input",
        ),
        (|r| r.shards[0].clients = Vec::new(), "3.json: not the result of a shard: `shards.clients` has 0 groups of 1"),
        (
            |r| r.shards[0].clients[0].first = 49,
            "3.json: not the result of a shard: its clients of group main are 25 from 49 on, after 50 of shards before \
             it, of 100",
        ),
        (
            |r| r.shards[0].clients[0] = ShardClients { first: 50, clients: 51 },
            "3.json: not the result of a shard: its clients of group main are 51 from 50 on, after 50 of shards before \
             it, of 100",
        ),
    ];
    for (change, expected) in table {
        assert_eq!(refusal(change), expected);
    }
}

#[test]
fn machines_may_differ() {
    let mut merge = Merge::new(MergeOptions::default());
    for number in 1..=4 {
        let mut shard = sample::shard_of(number);
        shard.plan.run.threads = number;
        shard.environment.cores = number;
        merge.add("-", shard).unwrap();
    }
    assert_eq!(merge.finish().unwrap().shards.len(), 4);
}
