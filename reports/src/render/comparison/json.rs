//! Comparisons as JSON: [`Schema::COMPARISON`] and [`Schema::AB`].
//!
//! Keys name their units, and a metric has its unit beside it. What is not known is `null`, so no
//! key is ever missing.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Ab, RenderComparison};
use crate::{
    compare::{Basis, ComparedMetric, ComparedSide, Comparison, ComparisonVerdict, Difference, MetricFinding},
    metric::{Better, Unit},
    paired::{DiscardCounts, DiscardedPair, Observation},
    render::Json,
    schema::Schema,
};

/// Stored results of a candidate beside those of a baseline. Units are in the keys, and that of a
/// metric beside it. What is not known is null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ComparisonDocument<'a> {
    /// Name and version of this format.
    schema: &'static str,
    /// What it comes to.
    verdict: ComparisonVerdict,
    /// Exit code of the command.
    #[schemars(extend("enum" = [0, 1, 3, 4, 5, 6]))]
    exit_code: u8,
    /// What speaks against a pass, one line each, what outranks first.
    reasons: &'a [String],
    /// What has to be known to read the verdict, one line each.
    notes: &'a [String],
    /// On what the verdict rests.
    basis: BasisName,
    /// Confidence of the intervals, each by itself.
    #[schemars(range(min = 0.0))]
    confidence_percent: f64,
    /// Judged in spite of `differences`.
    forced: bool,
    /// What the candidate is compared with.
    baseline: SideDocument<'a>,
    /// What is judged.
    candidate: SideDocument<'a>,
    /// What differs besides what is tested.
    differences: &'a [Difference],
    /// Every metric; those that decide first.
    metrics: Vec<RowDocument>,
}

/// On what the verdict of a comparison rests.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum BasisName {
    /// A ratio, because each side has one run.
    Ratio,
    /// Nothing: there are too few runs for an interval.
    TooFewRuns,
    /// Intervals over the runs.
    Intervals,
}

/// The runs of one side.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Side")]
struct SideDocument<'a> {
    /// Number of runs.
    runs: usize,
    /// URLs of their targets, each once.
    targets: &'a [String],
    /// Start of the first run, RFC 3339 in UTC.
    started_at: &'a str,
}

/// Two sides in pairs of runs. Units are in the keys, and that of a metric beside it. What is not
/// known is null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AbDocument<'a> {
    /// Name and version of this format.
    schema: &'static str,
    /// What it comes to.
    verdict: ComparisonVerdict,
    /// Exit code of the command.
    #[schemars(extend("enum" = [0, 1, 3, 4, 5, 6]))]
    exit_code: u8,
    /// What speaks against a pass, one line each, what outranks first.
    reasons: &'a [String],
    /// What has to be known to read the verdict, one line each.
    notes: Vec<String>,
    /// The baseline: a URL or a command.
    a: &'a str,
    /// The candidate: a URL or a command.
    b: &'a str,
    /// 100 less twice the risk, in percent, of a false regression of any metric at any look.
    #[schemars(range(min = 0.0))]
    confidence_percent: f64,
    /// Pairs that count.
    pairs: usize,
    /// Pairs that did not count and were run again.
    repeated_pairs: u32,
    /// Pairs that did not count, by the run in which the generator was too slow.
    discarded: DiscardsDocument,
    /// Number of this look, from 1.
    #[schemars(range(min = 1))]
    look: usize,
    /// Numbers of pairs of all planned looks.
    looks: &'a [u32],
    /// It is not conclusive, and more pairs may make it so.
    needs_more: bool,
    /// The metrics that decide.
    metrics: Vec<RowDocument>,
    /// One for each pair, in the order of the runs.
    runs: Vec<PairDocument>,
    /// Pairs that did not count, in the order of the runs.
    discarded_runs: Vec<DiscardedPairDocument<'a>>,
}

/// Number of pairs that did not count, by the run that spoiled them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Discards")]
struct DiscardsDocument {
    /// In the run of A alone.
    baseline: u64,
    /// In the run of B alone.
    candidate: u64,
    /// In both.
    both: u64,
    /// Of the sign test that the runs of B are discarded no more often than those of A. At 0.05 or
    /// below, B does not pass.
    #[schemars(range(min = 0.0, max = 1.0))]
    p_value: f64,
}

/// A pair that did not count.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DiscardedPair")]
struct DiscardedPairDocument<'a> {
    /// The number of the pair that it was run for, from 1.
    #[schemars(range(min = 1))]
    pair: usize,
    /// The metrics of the run of A, in the order of `metrics`.
    a: Vec<Option<f64>>,
    /// The metrics of the run of B, in the order of `metrics`.
    b: Vec<Option<f64>>,
    /// What speaks against the run of A.
    a_reasons: &'a [String],
    /// What speaks against the run of B.
    b_reasons: &'a [String],
}

/// One metric on both sides.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Metric")]
struct RowDocument {
    /// Its name, such as `response.p99`.
    metric: String,
    /// Unit of `baseline` and `candidate`.
    unit: Unit,
    /// Which direction of a change is an improvement.
    better: Better,
    /// Of all runs of the baseline: the geometric mean, of counts the arithmetic mean.
    baseline: Option<f64>,
    /// Of all runs of the candidate: the geometric mean, of counts the arithmetic mean.
    candidate: Option<f64>,
    /// From baseline to candidate, in the direction of the metric; null where there is no ratio.
    change_percent: Option<f64>,
    /// Lower limit of the interval of the change.
    low_percent: Option<f64>,
    /// Upper limit of the interval of the change.
    high_percent: Option<f64>,
    /// Confidence of that interval.
    #[schemars(range(min = 0.0))]
    interval_confidence_percent: Option<f64>,
    /// How much worse it may become; null of a metric that does not decide.
    #[schemars(range(min = 0.0))]
    margin_percent: Option<f64>,
    /// The change that would be called a regression by this look in 80 % of repetitions, with sign
    /// flips, metrics and looks as they are. Only of pairs.
    detectable_percent: Option<f64>,
    /// Of the sign-flip test that it is worse by more than the margin, one-sided. Only of pairs.
    #[schemars(range(min = 0.0, max = 1.0))]
    p_value: Option<f64>,
    /// The finding about it; null of a metric that does not decide.
    verdict: Option<FindingName>,
    /// Messages of the run with the fewest, if those are too few.
    messages: Option<u64>,
    /// Messages that each run needs then.
    messages_needed: Option<u64>,
    /// What else is to be said.
    note: Option<String>,
}

/// The finding about a metric that decides.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FindingName {
    /// It is not worse by more than its margin.
    Pass,
    /// It is worse by more than its margin.
    Regression,
    /// It can't be told.
    Inconclusive,
    /// A run has too few messages for this percentile.
    Refused,
    /// It was measured on one side and not on the other.
    Missing,
}

/// The metrics of a pair of runs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Pair")]
struct PairDocument {
    /// The metrics of the run of A, in the order of `metrics`.
    a: Vec<Option<f64>>,
    /// The metrics of the run of B, in the order of `metrics`.
    b: Vec<Option<f64>>,
}

impl From<Basis> for BasisName {
    fn from(basis: Basis) -> Self {
        match basis {
            Basis::Ratio => Self::Ratio,
            Basis::TooFewRuns { .. } => Self::TooFewRuns,
            Basis::Intervals => Self::Intervals,
        }
    }
}

impl From<MetricFinding> for FindingName {
    fn from(finding: MetricFinding) -> Self {
        match finding {
            MetricFinding::Pass => Self::Pass,
            MetricFinding::Regression => Self::Regression,
            MetricFinding::Inconclusive => Self::Inconclusive,
            MetricFinding::Refused { .. } => Self::Refused,
            MetricFinding::Missing => Self::Missing,
        }
    }
}

impl RenderComparison for Json {
    fn comparison(&self, comparison: &Comparison, out: &mut dyn io::Write) -> io::Result<()> {
        let document = ComparisonDocument {
            schema: Schema::COMPARISON.name(),
            verdict: comparison.verdict,
            exit_code: comparison.verdict.exit_code(),
            reasons: &comparison.reasons,
            notes: &comparison.notes,
            basis: comparison.basis.into(),
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
        unit: row.metric.unit(),
        better: row.metric.better(),
        baseline: row.baseline,
        candidate: row.candidate,
        change_percent: row.change.map(|change| percent(change.share)),
        low_percent: interval.map(|interval| percent(interval.low)),
        high_percent: interval.map(|interval| percent(interval.high)),
        interval_confidence_percent: interval.map(|interval| percent(interval.confidence)),
        margin_percent: row.margin.map(|margin| percent(margin.share())),
        detectable_percent: row.detectable.map(percent),
        p_value: row.p_value,
        verdict: row.finding.map(FindingName::from),
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
