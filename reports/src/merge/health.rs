//! Health and start of the generator, over all shards.

use crate::model::{GeneratorHealth, ShardRecord, StartRecord};

/// The health of all processes as of one generator. Times and threads are sums. Shares and memory
/// are the largest. Standstills are those of the worker that stood still the longest.
pub(super) fn of_all(shards: &[ShardRecord]) -> GeneratorHealth {
    let mut all = GeneratorHealth::default();
    for ShardRecord { generator, .. } in shards {
        let GeneratorHealth { cpu_s, spin_s, busiest_worker, peak_rss_bytes, threads, .. } = *generator;
        let GeneratorHealth { stops, stopped_s, longest_stop_s, stolen, .. } = *generator;
        all.cpu_s += cpu_s;
        all.spin_s += spin_s;
        all.busiest_worker = all.busiest_worker.max(busiest_worker);
        all.peak_rss_bytes = all.peak_rss_bytes.max(peak_rss_bytes);
        all.threads = all.threads.saturating_add(threads);
        if stopped_s > all.stopped_s {
            (all.stops, all.stopped_s, all.longest_stop_s) = (stops, stopped_s, longest_stop_s);
        }
        all.stolen = all.stolen.into_iter().chain(stolen).reduce(f64::max);
    }
    all
}

/// The start of the whole run: that of the first shard, with the largest error of all. Several
/// clocks have no record.
pub(super) fn start_of_all(shards: &[ShardRecord]) -> StartRecord {
    let starts = || shards.iter().map(|shard| &shard.start);
    let first = starts().min_by(|a, b| a.at.cmp(&b.at));
    StartRecord {
        at: first.map(|start| start.at.clone()).unwrap_or_default(),
        planned: first.and_then(|start| start.planned.clone()),
        error_s: starts().filter_map(|start| start.error_s).reduce(f64::max),
        ready: starts().all(|start| start.ready),
        clock: None,
    }
}
