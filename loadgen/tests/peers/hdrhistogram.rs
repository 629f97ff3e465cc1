//! The interval log, read by the port of
//! [HdrHistogram](https://github.com/HdrHistogram/HdrHistogram_py) to Python.

use std::{collections::BTreeMap, fs::File, process::Command};

use hdrhistogram::Histogram;
use reports::{Judgement, Render, Report, model::Latency, render::Hlog};
use serde::Deserialize;
use server::Reply;

use crate::rig::{PATIENCE, Process, Reference, complete, installed, loadgen};

/// What the peer says of the lines of a tag, all added up.
#[derive(Debug, Deserialize)]
struct Tagged {
    /// From when to when each is, in milliseconds since the start that the log names.
    lines: Vec<[i64; 2]>,
    count: u64,
    min: u64,
    max: u64,
    /// In percent, with its value.
    percentiles: Vec<(f64, u64)>,
    /// Values with their number. A value is the largest of its bucket.
    buckets: Vec<(u64, u64)>,
}

#[test]
fn another_implementation_reads_the_same_percentiles() {
    let server = Reference::start(Reply::Echo);
    let load = ["-c", "50", "-r", "100", "-d", "2s", "--warmup", "200ms", "--drain", "30s"];
    let (report, judgement) = loadgen(&server.url(), &load);
    complete(&report, &judgement);
    server.finish();

    let by_second = read(&report, &judgement);
    agree(&by_second, &report.total.latency);
    let seconds: Vec<_> = report.total.intervals.iter().filter(|interval| interval.matched > 0).collect();
    assert!(seconds.len() >= 2, "{seconds:?}");
    for (interval, line) in seconds.iter().zip(&by_second[""].lines) {
        let from = Milliseconds::of(interval.at_s);
        assert_eq!(*line, [from.0, from.0 + 1000]);
    }
    for tag in ["service", "send_lag", "connect"] {
        assert_eq!(by_second[tag].lines, [[0, Milliseconds::of(report.measured_s).0]], "{tag}");
    }
}

/// Rounded, as the log has no more.
struct Milliseconds(i64);

impl Milliseconds {
    fn of(seconds: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a run is short")]
        Self((seconds * 1000.0).round() as i64)
    }
}

/// The log of a report, as the peer sees it.
fn read(report: &Report, judgement: &Judgement) -> BTreeMap<String, Tagged> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.hlog");
    Hlog.render(report, judgement, &mut File::create(&path).expect("a new file")).expect("a log");
    let peer = installed("hdrhistogram", "venv/bin/python");
    let mut command = Command::new(peer.join("venv/bin/python"));
    let outcome = Process::start(command.arg(peer.join("read.py")).arg(&path)).wait(PATIENCE);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&outcome.lines.join("\n")).unwrap_or_else(|error| panic!("{error}: {:?}", outcome.lines))
}

/// The peer found every histogram, and no value in another bucket than here.
fn agree(found: &BTreeMap<String, Tagged>, latency: &Latency) {
    let mut missing: Vec<_> = found.keys().map(String::as_str).collect();
    for (name, histogram) in latency.by_name() {
        if histogram.is_empty() {
            continue; // It has no line, as without TLS: so it stands in `missing` if it has one.
        }
        let tag = if name == "response" { "" } else { name };
        missing.retain(|other| *other != tag);
        let tagged = &found[tag];
        assert_eq!(
            (tagged.count, tagged.min, tagged.max),
            (histogram.len(), histogram.min(), histogram.max()),
            "{name}"
        );
        let buckets: Vec<_> = histogram
            .iter_recorded()
            .map(|step| (histogram.highest_equivalent(step.value_iterated_to()), step.count_at_value()))
            .collect();
        assert_eq!(tagged.buckets, buckets, "{name}");
        assert_eq!(tagged.percentiles.len(), 5);
        for &(percentile, value) in &tagged.percentiles {
            assert_eq!(value, at_rank(histogram, rank(percentile, histogram.len())), "{name} p{percentile}");
            let nearest = percentile / 100.0 * histogram.len() as f64;
            // A whole number of values is below it: the peer, which rounds the rank, and this one,
            // which takes the next, mean the same value.
            if nearest.fract() == 0.0 {
                assert_eq!(value, histogram.value_at_quantile(percentile / 100.0), "{name} p{percentile}");
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?} are no histograms of a run");
}

/// The rank of a percentile as the peer has it: rounded to the nearest.
fn rank(percentile: f64, count: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the count")]
    let rank = (percentile * count as f64 / 100.0 + 0.5) as u64;
    rank.max(1)
}

/// The value of that rank, from 1: the largest of its bucket.
fn at_rank(histogram: &Histogram<u64>, rank: u64) -> u64 {
    let mut below = 0;
    let mut steps = histogram.iter_recorded().skip_while(|step| {
        below += step.count_at_value();
        below < rank
    });
    histogram.highest_equivalent(steps.next().expect("as many values").value_iterated_to())
}
