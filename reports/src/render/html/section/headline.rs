//! The headline numbers: what readers look for first.

use super::content::{ContentBlock, Tile};
use crate::{
    human::{count, nanoseconds, rate},
    metric::{quantiles::Quantiles, throughput::Throughput},
    model::Report,
    render::{
        LabelledResult,
        html::table::{ResultFact, TableCell, facts},
        tone::Tone,
        wording,
    },
};

const FACTS: [ResultFact; 9] = [
    ("verdict", |result| {
        TableCell::from(wording::verdict(result.report, result.judgement).0).tone(result.judgement.verdict.into())
    }),
    ("response p50", |result| latency(result, |quantiles| quantiles.p50)),
    ("response p99", |result| latency(result, |quantiles| quantiles.p99)),
    ("response p99.9", |result| latency(result, |quantiles| quantiles.p99_9)),
    ("response max", |result| latency(result, |quantiles| quantiles.max)),
    ("matched/s", |result| per_second(Throughput::of(result.report).matched_per_s).into()),
    ("messages sent", |result| count(result.report.total.measured.counts.sent).into()),
    ("lost or damaged", |result| {
        let n = not_whole(result.report);
        TableCell::from(count(n)).tone(Tone::Bad.unless_zero(n))
    }),
    ("anomalies", |result| {
        let n = anomalies(result.report);
        TableCell::from(count(n)).tone(Tone::Bad.unless_zero(n))
    }),
];

/// Tiles for one result, or a table for several.
pub(crate) fn block(results: &[LabelledResult<'_>]) -> ContentBlock {
    let [result] = results else {
        return ContentBlock::Tables(vec![facts("The results side by side", results, &FACTS)]);
    };
    // The banner shows the verdict already.
    let tiles = FACTS.iter().skip(1).map(|(name, fact)| {
        let cell = fact(result);
        Tile { name, value: cell.text, tone: cell.tone }
    });
    ContentBlock::Tiles(tiles.collect())
}

fn latency(result: &LabelledResult<'_>, pick: fn(&Quantiles) -> Option<u64>) -> TableCell {
    pick(&Quantiles::of(&result.report.total.latency.response))
        .map_or_else(|| "–".to_owned(), |ns| nanoseconds(ns as f64))
        .into()
}

/// A rate, or a dash.
pub(crate) fn per_second(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), rate)
}

/// Messages of both phases that were lost, damaged or misrouted.
fn not_whole(report: &Report) -> u64 {
    let phases = [&report.total.measured.counts, &report.total.warmup.counts];
    phases.iter().flat_map(|counts| [counts.lost, counts.damaged, counts.misrouted]).fold(0, u64::saturating_add)
}

/// Anomalies of both phases.
fn anomalies(report: &Report) -> u64 {
    let phases = [&report.total.measured.anomalies, &report.total.warmup.anomalies];
    phases.iter().flat_map(|found| found.by_name()).map(|(_, n)| n).fold(0, u64::saturating_add)
}
