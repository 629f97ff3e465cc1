//! The numbers that are looked for first.

use super::{
    banner::tone,
    content::{Block, Tile},
};
use crate::{
    human::{count, nanoseconds, rate},
    metric::{quantiles::Quantiles, throughput::Throughput},
    model::Report,
    render::{
        Entry,
        html::table::{Cell, Fact, Tone, facts},
        words,
    },
};

const FACTS: [Fact; 9] = [
    ("verdict", |entry| {
        Cell::from(words::verdict(entry.report, entry.judgement).0).tone(tone(entry.judgement.verdict))
    }),
    ("response p50", |entry| latency(entry, |quantiles| quantiles.p50)),
    ("response p99", |entry| latency(entry, |quantiles| quantiles.p99)),
    ("response p99.9", |entry| latency(entry, |quantiles| quantiles.p99_9)),
    ("response max", |entry| latency(entry, |quantiles| quantiles.max)),
    ("matched/s", |entry| per_second(Throughput::of(entry.report).matched_per_s).into()),
    ("messages sent", |entry| count(entry.report.measured.counts.sent).into()),
    ("lost or damaged", |entry| {
        let n = not_whole(entry.report);
        Cell::from(count(n)).tone(Tone::Bad.unless_zero(n))
    }),
    ("anomalies", |entry| {
        let n = anomalies(entry.report);
        Cell::from(count(n)).tone(Tone::Bad.unless_zero(n))
    }),
];

/// Tiles for one result, a table for several.
pub(crate) fn block(entries: &[Entry<'_>]) -> Block {
    let [entry] = entries else {
        return Block::Tables(vec![facts("The results side by side", entries, &FACTS)]);
    };
    // The verdict stands above already.
    let tiles = FACTS.iter().skip(1).map(|(name, fact)| {
        let cell = fact(entry);
        Tile { name, value: cell.text, tone: cell.tone }
    });
    Block::Tiles(tiles.collect())
}

fn latency(entry: &Entry<'_>, pick: fn(&Quantiles) -> Option<u64>) -> Cell {
    pick(&Quantiles::of(&entry.report.latency.response))
        .map_or_else(|| "–".to_owned(), |ns| nanoseconds(ns as f64))
        .into()
}

/// A rate, where there is one.
pub(crate) fn per_second(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), rate)
}

/// Messages of both phases that must have come back and did not, or not as they were.
fn not_whole(report: &Report) -> u64 {
    let phases = [&report.measured.counts, &report.warmup.counts];
    phases.iter().flat_map(|counts| [counts.lost, counts.damaged, counts.misrouted]).fold(0, u64::saturating_add)
}

/// Findings of both phases other than a match.
fn anomalies(report: &Report) -> u64 {
    let phases = [&report.measured.anomalies, &report.warmup.anomalies];
    phases.iter().flat_map(|found| found.by_name()).map(|(_, n)| n).fold(0, u64::saturating_add)
}
