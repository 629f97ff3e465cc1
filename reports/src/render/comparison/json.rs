//! Comparisons as JSON: [`Schema::COMPARISON`] and [`Schema::AB`].
//!
//! Keys name their units, and a metric has its unit beside it. What is not known is `null`, so no
//! key is ever missing.

use std::io;

use serde::Serialize;

use super::{Ab, RenderComparison};
use crate::{
    compare::{ComparedMetric, ComparedSide, Comparison, ComparisonVerdict, Difference, MetricFinding},
    metric::Better,
    paired::{DiscardCounts, DiscardedPair, Observation},
    render::Json,
    schema::Schema,
};

#[derive(Serialize)]
struct ComparisonDocument<'a> {
    schema: &'static str,
    verdict: ComparisonVerdict,
    exit_code: u8,
    reasons: &'a [String],
    notes: &'a [String],
    basis: &'static str,
    confidence_percent: f64,
    forced: bool,
    baseline: SideDocument<'a>,
    candidate: SideDocument<'a>,
    differences: &'a [Difference],
    metrics: Vec<RowDocument>,
}

#[derive(Serialize)]
struct SideDocument<'a> {
    runs: usize,
    targets: &'a [String],
    started_at: &'a str,
}

#[derive(Serialize)]
struct AbDocument<'a> {
    schema: &'static str,
    verdict: ComparisonVerdict,
    exit_code: u8,
    reasons: &'a [String],
    notes: Vec<String>,
    /// The baseline.
    a: &'a str,
    /// The candidate.
    b: &'a str,
    confidence_percent: f64,
    pairs: usize,
    repeated_pairs: u32,
    discarded: DiscardsDocument,
    look: usize,
    looks: &'a [u32],
    needs_more: bool,
    metrics: Vec<RowDocument>,
    /// One for each pair, in the order of the runs. The metrics of a side are in the order of
    /// `metrics`.
    runs: Vec<PairDocument>,
    /// Pairs that did not count, in the order of the runs.
    discarded_runs: Vec<DiscardedPairDocument<'a>>,
}

/// Number of pairs that did not count, by the run that spoiled them.
#[derive(Serialize)]
struct DiscardsDocument {
    baseline: u64,
    candidate: u64,
    both: u64,
    p_value: f64,
}

#[derive(Serialize)]
struct DiscardedPairDocument<'a> {
    /// The number of the pair that it was run for, from 1.
    pair: usize,
    a: Vec<Option<f64>>,
    b: Vec<Option<f64>>,
    a_reasons: &'a [String],
    b_reasons: &'a [String],
}

#[derive(Serialize)]
struct RowDocument {
    metric: String,
    unit: &'static str,
    better: &'static str,
    baseline: Option<f64>,
    candidate: Option<f64>,
    change_percent: Option<f64>,
    low_percent: Option<f64>,
    high_percent: Option<f64>,
    interval_confidence_percent: Option<f64>,
    margin_percent: Option<f64>,
    detectable_percent: Option<f64>,
    p_value: Option<f64>,
    verdict: Option<&'static str>,
    /// Messages of the run with the fewest, if those are too few.
    messages: Option<u64>,
    messages_needed: Option<u64>,
    note: Option<String>,
}

#[derive(Serialize)]
struct PairDocument {
    a: Vec<Option<f64>>,
    b: Vec<Option<f64>>,
}

impl RenderComparison for Json {
    fn comparison(&self, comparison: &Comparison, out: &mut dyn io::Write) -> io::Result<()> {
        let document = ComparisonDocument {
            schema: Schema::COMPARISON.name(),
            verdict: comparison.verdict,
            exit_code: comparison.verdict.exit_code(),
            reasons: &comparison.reasons,
            notes: &comparison.notes,
            basis: comparison.basis.name(),
            confidence_percent: percent(comparison.confidence.share()),
            forced: comparison.forced,
            baseline: side(&comparison.baseline),
            candidate: side(&comparison.candidate),
            differences: &comparison.differences,
            metrics: comparison.rows.iter().map(metric).collect(),
        };
        write(&document, out)
    }

    fn ab(&self, ab: &Ab<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let outcome = ab.outcome;
        let document = AbDocument {
            schema: Schema::AB.name(),
            verdict: outcome.verdict,
            exit_code: outcome.verdict.exit_code(),
            reasons: &outcome.reasons,
            notes: outcome.notes(),
            a: ab.a,
            b: ab.b,
            confidence_percent: percent(outcome.confidence.share()),
            pairs: outcome.pairs.len(),
            repeated_pairs: ab.repeated,
            discarded: discards(DiscardCounts::of(&outcome.discarded)),
            look: outcome.look,
            looks: &outcome.looks,
            needs_more: outcome.needs_more,
            metrics: outcome.rows.iter().map(metric).collect(),
            runs: outcome.pairs.iter().map(|(a, b)| PairDocument { a: values(a), b: values(b) }).collect(),
            discarded_runs: outcome.discarded.iter().map(discarded).collect(),
        };
        write(&document, out)
    }
}

fn side(side: &ComparedSide) -> SideDocument<'_> {
    SideDocument { runs: side.runs, targets: &side.targets, started_at: &side.started_at }
}

fn discards(discards: DiscardCounts) -> DiscardsDocument {
    let DiscardCounts { baseline, candidate, both } = discards;
    DiscardsDocument { baseline, candidate, both, p_value: discards.p_value() }
}

fn discarded(pair: &DiscardedPair) -> DiscardedPairDocument<'_> {
    let DiscardedPair { pair, a, b } = pair;
    DiscardedPairDocument { pair: *pair, a: values(a), b: values(b), a_reasons: &a.reasons, b_reasons: &b.reasons }
}

fn values(run: &Observation) -> Vec<Option<f64>> {
    run.values.iter().map(|measured| measured.value).collect()
}

fn metric(row: &ComparedMetric) -> RowDocument {
    let interval = row.change.and_then(|change| change.interval);
    let messages = match row.finding {
        Some(MetricFinding::Refused { messages, needed }) => Some((messages, needed)),
        _ => None,
    };
    RowDocument {
        metric: row.metric.name(),
        unit: row.metric.unit().key(),
        better: match row.metric.better() {
            Better::Lower => "lower",
            Better::Higher => "higher",
        },
        baseline: row.baseline,
        candidate: row.candidate,
        change_percent: row.change.map(|change| percent(change.share)),
        low_percent: interval.map(|interval| percent(interval.low)),
        high_percent: interval.map(|interval| percent(interval.high)),
        interval_confidence_percent: interval.map(|interval| percent(interval.confidence)),
        margin_percent: row.margin.map(|margin| percent(margin.share())),
        detectable_percent: row.detectable.map(percent),
        p_value: row.p_value,
        verdict: row.finding.map(MetricFinding::name),
        messages: messages.map(|(messages, _)| messages),
        messages_needed: messages.map(|(_, needed)| needed),
        note: row.note.clone(),
    }
}

/// A share in percent, to millionths. More digits are noise: 0.07 * 100 is 7.000000000000001.
fn percent(share: f64) -> f64 {
    // Zero gets no sign.
    (share * 1e8).round() / 1e6 + 0.0
}

fn write(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}
