use super::*;
use crate::model::{ShardRecord, StartRecord, sample};

/// Shard `number` of `of`, which measured the same as [`sample::pass`].
fn shard(number: u32, of: u32) -> Report {
    let mut report = sample::pass();
    let start = StartRecord {
        at: "2026-01-02T03:04:05.000100Z".to_owned(),
        planned: Some("2026-01-02T03:04:05.000000Z".to_owned()),
        error_s: Some(0.0001),
        ready: true,
        clock: None,
    };
    report.partial = of > 1;
    report.start = Some(start.clone());
    report.shards = vec![ShardRecord {
        number,
        of,
        clients: Vec::new(),
        start,
        measured_s: report.measured_s,
        interrupted: false,
        environment: report.environment.clone(),
        generator: report.generator,
    }];
    report
}

#[test]
fn counts_and_seconds_add_up() {
    let mut merge = Merge::new(MergeOptions::default());
    for number in [2, 1] {
        merge.add(&format!("{number}.json"), shard(number, 2)).unwrap();
    }
    let (merged, one) = (merge.finish().unwrap(), sample::pass());
    assert!(!merged.partial);
    assert_eq!(merged.total.measured.counts.sent, 2 * one.total.measured.counts.sent);
    assert_eq!(merged.total.latency.response.len(), 2 * one.total.latency.response.len());
    assert_eq!(merged.total.intervals.len(), one.total.intervals.len());
    assert_eq!(merged.total.intervals[3].matched, 2 * one.total.intervals[3].matched);
    assert_eq!(merged.total.intervals[3].response_p50_ns, one.total.intervals[3].response_p50_ns);
    assert_eq!(merged.generator.threads, 2 * one.generator.threads);
    assert_eq!(merged.shards.iter().map(|shard| shard.number).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn missing_shards_are_named() {
    let mut merge = Merge::new(MergeOptions::default());
    merge.add("2.json", shard(2, 4)).unwrap();
    assert_eq!(merge.finish().unwrap_err().to_string(), "3 of 4 shards missing: 1, 3, 4");
    let mut merge = Merge::new(MergeOptions { allow_partial: true });
    merge.add("2.json", shard(2, 4)).unwrap();
    assert!(merge.finish().unwrap().partial);
}
