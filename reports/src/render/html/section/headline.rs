//! The headline numbers: what readers look for first.

use hdrhistogram::Histogram;

use super::content::{ContentBlock, Tile};
use crate::{
    human::{count, nanoseconds, rate},
    metric::quantiles::Quantiles,
    model::{Deliveries, Measurement},
    render::{
        html::{
            labelled_part::LabelledPart,
            table::{Fact, TableCell, facts},
            visible_text::VisibleText,
        },
        tone::Tone,
        wording,
    },
};

const FACTS: [Fact; 11] = [
    ("verdict", |labelled| {
        TableCell::from(wording::verdict(labelled.part.report, labelled.judgement).0)
            .tone(labelled.judgement.verdict.into())
    }),
    ("response p50", |labelled| response(labelled, |quantiles| quantiles.p50)),
    ("response p99", |labelled| response(labelled, |quantiles| quantiles.p99)),
    ("response p99.9", |labelled| response(labelled, |quantiles| quantiles.p99_9)),
    ("response max", |labelled| response(labelled, |quantiles| quantiles.max)),
    // Without rooms, and without replies in several events, there is none.
    ("last p99", |labelled| {
        let last = &labelled.part.measurement.latency.last;
        if last.is_empty() { TableCell::default() } else { latency(last, |quantiles| quantiles.p99) }
    }),
    ("matched/s", |labelled| per_second(labelled.part.throughput().matched_per_s).into()),
    ("messages sent", |labelled| count(labelled.part.measurement.measured.counts.sent).into()),
    ("deliveries lost or damaged", |labelled| {
        let deliveries = [&labelled.part.measurement.measured, &labelled.part.measurement.warmup].map(|t| t.deliveries);
        let n = deliveries.iter().flat_map(|found| [found.lost, found.damaged]).fold(0, u64::saturating_add);
        if deliveries.iter().all(Deliveries::is_empty) {
            return TableCell::default();
        }
        TableCell::from(count(n)).tone(Tone::Bad.unless_zero(n))
    }),
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
    let cells = FACTS.iter().skip(1).map(|(name, fact)| (name, fact(labelled)));
    let said = cells.filter(|(_, cell)| cell.text != VisibleText::default());
    ContentBlock::Tiles(said.map(|(name, cell)| Tile { name, value: cell.text, tone: cell.tone }).collect())
}

fn response(labelled: &LabelledPart<'_>, pick: fn(&Quantiles) -> Option<u64>) -> TableCell {
    latency(&labelled.part.measurement.latency.response, pick)
}

fn latency(histogram: &Histogram<u64>, pick: fn(&Quantiles) -> Option<u64>) -> TableCell {
    pick(&Quantiles::of(histogram)).map_or_else(|| "–".to_owned(), |ns| nanoseconds(ns as f64)).into()
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
