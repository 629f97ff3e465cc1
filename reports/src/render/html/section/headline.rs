//! The headline numbers: what readers look for first.

use super::content::{ContentBlock, Tile};
use crate::{
    human::{count, nanoseconds, rate},
    metric::quantiles::Quantiles,
    model::Measurement,
    render::{
        html::{
            labelled_part::LabelledPart,
            table::{Fact, TableCell, facts},
        },
        tone::Tone,
        wording,
    },
};

const FACTS: [Fact; 9] = [
    ("verdict", |labelled| {
        TableCell::from(wording::verdict(labelled.part.report, labelled.judgement).0)
            .tone(labelled.judgement.verdict.into())
    }),
    ("response p50", |labelled| latency(labelled, |quantiles| quantiles.p50)),
    ("response p99", |labelled| latency(labelled, |quantiles| quantiles.p99)),
    ("response p99.9", |labelled| latency(labelled, |quantiles| quantiles.p99_9)),
    ("response max", |labelled| latency(labelled, |quantiles| quantiles.max)),
    ("matched/s", |labelled| per_second(labelled.part.throughput().matched_per_s).into()),
    ("messages sent", |labelled| count(labelled.part.measurement.measured.counts.sent).into()),
    ("lost or damaged", |labelled| {
        let n = not_whole(labelled.part.measurement);
        TableCell::from(count(n)).tone(Tone::Bad.unless_zero(n))
    }),
    ("anomalies", |labelled| {
        let n = anomalies(labelled.part.measurement);
        TableCell::from(count(n)).tone(Tone::Bad.unless_zero(n))
    }),
];

/// Tiles for one result, or a table for several.
pub(crate) fn block(parts: &[LabelledPart<'_>]) -> ContentBlock {
    let [labelled] = parts else {
        return ContentBlock::Tables(vec![facts("The results side by side", parts, &FACTS)]);
    };
    // The banner shows the verdict already.
    let tiles = FACTS.iter().skip(1).map(|(name, fact)| {
        let cell = fact(labelled);
        Tile { name, value: cell.text, tone: cell.tone }
    });
    ContentBlock::Tiles(tiles.collect())
}

fn latency(labelled: &LabelledPart<'_>, pick: fn(&Quantiles) -> Option<u64>) -> TableCell {
    pick(&Quantiles::of(&labelled.part.measurement.latency.response))
        .map_or_else(|| "–".to_owned(), |ns| nanoseconds(ns as f64))
        .into()
}

/// A rate, or a dash.
pub(crate) fn per_second(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), rate)
}

/// Messages of both phases that were lost, damaged or misrouted.
pub(crate) fn not_whole(measurement: &Measurement) -> u64 {
    let phases = [&measurement.measured.counts, &measurement.warmup.counts];
    phases.iter().flat_map(|counts| [counts.lost, counts.damaged, counts.misrouted]).fold(0, u64::saturating_add)
}

/// Anomalies of both phases.
pub(crate) fn anomalies(measurement: &Measurement) -> u64 {
    let phases = [&measurement.measured.anomalies, &measurement.warmup.anomalies];
    phases.iter().flat_map(|found| found.by_name()).map(|(_, n)| n).fold(0, u64::saturating_add)
}
