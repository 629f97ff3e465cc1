//! A run that four processes shared: the result of each, and the merged one.

use super::{all_matched, interval, latency, pass};
use crate::model::{Calls, ClockRecord, Report, ShardClients, ShardRecord, StartRecord, Traffic, Wire};

/// Shards of the run.
const OF: u32 = 4;

/// The second of four shards of [`merged`].
pub(crate) fn shard() -> Report {
    shard_of(2)
}

/// One of the four shards of [`merged`], by its number from 1. Each has 25 of the 100 clients.
pub(crate) fn shard_of(number: u32) -> Report {
    let mut report = elsewhere();
    let ShardRecord { environment, generator, start, .. } = record(number);
    report.started_at.clone_from(&start.at);
    (report.environment, report.generator) = (environment, generator);
    (report.partial, report.start, report.shards) = (true, Some(start), vec![record(number)]);
    let total = &mut report.total;
    (total.connections.requested, total.connections.opened) = (25, 25);
    (total.measured, total.warmup) = (all_matched(125_000), all_matched(12_500));
    total.traffic = Traffic {
        matched_in_window: 124_995,
        sent_in_window: 125_000,
        sent_bytes: 8_000_000,
        received_bytes: 7_999_680,
        ..Traffic::default()
    };
    let before = u64::from(number - 1);
    total.latency = latency(before * 2_500..(before + 1) * 2_500, before * 25..(before + 1) * 25);
    total.wire = Wire {
        reads: Calls { calls: 29_762, messages: 125_000, largest: 10 },
        writes: Calls { calls: 25_000, messages: 125_000, largest: 5 },
    };
    let longest = u64::from(number == 1);
    total.intervals = (0..10).map(|second| interval(second, [12_350 - longest, 150, longest])).collect();
    report
}

/// [`pass`] at another server, of four processes that began within 41 ms. The third ran on another
/// kind of machine, whose clock nobody keeps in step. The system of the fourth tells nothing of its
/// clock.
pub(crate) fn merged() -> Report {
    let mut report = elsewhere();
    report.shards = (1..=OF).map(record).collect();
    let start = |at: &str, error_s| StartRecord { at: at.to_owned(), error_s: Some(error_s), ..record(1).start };
    report.start = Some(StartRecord { clock: None, ..start("2026-01-02T03:04:05.000300Z", 0.0412) });
    report.started_at = "2026-01-02T03:04:05.000300Z".to_owned();
    report.generator.threads = OF;
    report
}

/// [`merged`] with this text wherever a file may have any.
pub(crate) fn merged_with(text: &str) -> Report {
    let mut report = merged();
    let text = || text.to_owned();
    for shard in &mut report.shards {
        let environment = &mut shard.environment;
        (environment.cpu, environment.kernel, environment.version) = (text(), text(), text());
        (shard.start.at, shard.start.planned) = (text(), Some(text()));
    }
    report.start = report.shards.last().map(|shard| shard.start.clone());
    report
}

fn elsewhere() -> Report {
    let mut report = pass();
    report.target.embedded = false;
    report.target.url = "ws://192.0.2.10:9001/".to_owned();
    report
}

fn record(number: u32) -> ShardRecord {
    let mut report = elsewhere();
    let clock = |synchronized, offset_s, max_error_s| Some(ClockRecord { synchronized, offset_s, max_error_s });
    let (at, error_s, clock) = match number {
        1 => ("2026-01-02T03:04:05.000800Z", 0.0008, clock(true, -0.000_012, 0.0004)),
        2 => ("2026-01-02T03:04:05.001200Z", 0.0012, clock(true, 0.000_031, 0.0009)),
        3 => ("2026-01-02T03:04:05.000300Z", 0.0003, clock(false, 0.0, 16.0)),
        _ => ("2026-01-02T03:04:05.041200Z", 0.0412, None),
    };
    let environment = &mut report.environment;
    if number == 3 {
        (environment.cpu, environment.kernel) = ("Other CPU 9000".to_owned(), "Linux 6.6.1".to_owned());
        environment.cores = 16;
    }
    let generator = &mut report.generator;
    (generator.cpu_s, generator.spin_s) = (2.475, 1.625);
    generator.busiest_worker = 0.32 - 0.01 * f64::from(number);
    generator.peak_rss_bytes -= u64::from(number - 1) * 500_000;
    ShardRecord {
        number,
        of: OF,
        clients: vec![ShardClients { first: (number - 1) * 25, clients: 25 }],
        start: StartRecord {
            at: at.to_owned(),
            planned: Some("2026-01-02T03:04:05.000000Z".to_owned()),
            error_s: Some(error_s),
            ready: true,
            clock,
        },
        measured_s: report.measured_s,
        interrupted: false,
        environment: report.environment,
        generator: report.generator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Latency, Tally};

    #[test]
    fn the_shards_add_up_to_the_merged_result() {
        let (mut latency, mut measured, mut cpu_s) = (Latency::default(), Tally::default(), 0.0);
        for shard in (1..=OF).map(shard_of) {
            latency += &shard.total.latency;
            measured += shard.total.measured;
            cpu_s += shard.generator.cpu_s;
        }
        let merged = merged();
        assert!(latency == merged.total.latency, "bucket by bucket");
        assert_eq!(measured, merged.total.measured);
        assert!((cpu_s - merged.generator.cpu_s).abs() < 1e-9);
    }
}
