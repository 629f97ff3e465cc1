//! Results against earlier results: `loadgen compare BASELINE... -- CANDIDATE...` and `--baseline`.
//!
//! ```text
//! compare.rs            runs of two sides -> Comparison
//! compare/sides.rs      one metric on both sides: missing, too few messages, or ready to compute
//! compare/scale.rs      logarithms of ratios, where more is worse
//! compare/row.rs        what is found out about one metric
//! compare/verdict.rs    what all of them come to
//! ```
//!
//! The unit is the run. How much can be said depends on how many there are a side:
//!
//! | runs | what is done |
//! |---|---|
//! | 1 and 1 | the ratio against its margin. That can't tell noise from change, and the output says so |
//! | fewer than an interval needs on either side (4 for 95 %) | the ratio is shown, and no verdict given: *inconclusive* |
//! | more | the shift of the mean logarithms with a bootstrap interval: *regression* if all of it is over the margin, *pass* if all of it is under, else *inconclusive* |
//!
//! Each interval holds for its metric alone. What changed between the making of one side and of the other (another day,
//! another neighbour on the machine) is part of the change that is found; [`crate::compare::paired`] alternates the sides instead.

mod comparable;
mod compared_metric;
pub mod gate;
pub mod paired;
mod scale;
mod sides;
#[cfg(test)]
mod simulation;
pub(crate) mod statistics;
mod verdict;

use crate::{
    judge::{
        bounds::{PossibleRange, is_marked_metric},
        judge,
    },
    metric::Metric,
    model::Report,
    text::human,
};
pub use comparable::Difference;
use comparable::differences;
pub use compared_metric::{ChangeInterval, ComparedMetric, MetricFinding, RelativeChange};
use gate::{Confidence, Gate};
pub(crate) use scale::exceeds;
pub use sides::Measured;
pub(crate) use sides::Sides;
use statistics::{RESAMPLES, mean, runs_needed, shift};
pub use verdict::ComparisonVerdict;

/// How to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareOptions {
    /// What decides; [`Gate::defaults`] by default. Everything else is shown.
    pub gates: Vec<Gate>,
    /// Of the intervals, each by itself.
    pub confidence: Confidence,
    /// Of the bootstrap: the same seed gives the same interval. Any is as good as another; 1 by default.
    pub seed: u64,
    /// Judge runs that differ in more than what is tested. The output names the differences all the same.
    pub force: bool,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { gates: Gate::defaults(), confidence: Confidence::default(), seed: 1, force: false }
    }
}

/// What runs of a candidate are beside runs of a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is compared with.
    pub baseline: ComparedSide,
    /// What is judged.
    pub candidate: ComparedSide,
    /// What differs beside what is tested.
    pub differences: Vec<Difference>,
    /// Judged in spite of differences.
    pub forced: bool,
    /// On what findings rest.
    pub basis: Basis,
    /// Of the intervals, each by itself.
    pub confidence: Confidence,
    /// Every metric of either side; those that decide first, in their order.
    pub rows: Vec<ComparedMetric>,
    /// What it comes to.
    pub verdict: ComparisonVerdict,
    /// What speaks against a pass, one line each, what outranks first.
    pub reasons: Vec<String>,
    /// What has to be known to read the verdict, one line each.
    pub notes: Vec<String>,
}

/// The runs of one side, for a heading. Texts are as they stood in the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedSide {
    /// Number of runs.
    pub runs: usize,
    /// URLs of the targets, each once.
    pub targets: Vec<String>,
    /// When the first run started.
    pub started_at: String,
}

/// On what findings rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// One run a side: a ratio.
    Ratio,
    /// Too few runs for an interval.
    TooFewRuns {
        /// Runs that each side needs.
        needed: usize,
    },
    /// Intervals over runs.
    Intervals,
}

impl Basis {
    fn of(baseline: usize, candidate: usize, confidence: Confidence) -> Self {
        let needed = runs_needed(confidence.error());
        match (baseline, candidate) {
            (1, 1) => Self::Ratio,
            (one, other) if one.min(other) < needed => Self::TooFewRuns { needed },
            _ => Self::Intervals,
        }
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::TooFewRuns { .. } => "too_few_runs",
            Self::Intervals => "intervals",
        }
    }
}

/// Compares runs of a candidate with runs of a baseline. Each run is judged again, without its thresholds, so that what
/// broke is known whatever its file says.
///
/// On a side without runs every metric is missing.
pub fn compare(baseline: &[Report], candidate: &[Report], options: &CompareOptions) -> Comparison {
    let basis = Basis::of(baseline.len(), candidate.len(), options.confidence);
    let differences = differences(baseline, candidate);
    let comparable = differences.is_empty() || options.force;
    let rows: Vec<ComparedMetric> = metrics(&options.gates)
        .filter_map(|(metric, gate)| row(metric, gate.filter(|_| comparable), [baseline, candidate], basis, options))
        .map(|row| if comparable { row } else { ComparedMetric { finding: None, ..row } })
        .collect();
    let (worst_run, mut reasons) = runs(baseline, candidate);
    let by_metrics = if comparable { ComparisonVerdict::of_rows(&rows) } else { ComparisonVerdict::Incomparable };
    if comparable {
        reasons.extend(rows.iter().filter_map(ComparedMetric::reason));
    } else {
        let keys: Vec<&str> = differences.iter().map(|difference| difference.key.as_str()).collect();
        reasons.push(format!("incomparable, the runs differ in {}; --force compares all the same", keys.join(", ")));
    }
    Comparison {
        baseline: side(baseline),
        candidate: side(candidate),
        forced: options.force && !differences.is_empty(),
        differences,
        basis,
        confidence: options.confidence,
        rows,
        verdict: worst_run.unwrap_or(by_metrics),
        reasons,
        notes: notes(basis, options, baseline.len(), candidate.len()),
    }
}

/// Every metric that is compared, those that decide first.
fn metrics(gates: &[Gate]) -> impl Iterator<Item = (Metric, Option<Gate>)> {
    let series = ["response", "service", "send_lag", "connect"];
    let statistics = ["p50", "p90", "p99", "p99.9", "max"];
    let latencies = series.into_iter().flat_map(move |series| statistics.map(|name| format!("{series}.{name}")));
    let others = ["throughput", "sent_rate", "efficiency", "dropped"].map(str::to_owned);
    let shown = latencies.chain(others).map(|name| name.parse::<Metric>().expect("a constant metric is valid"));
    let shown = shown.filter(|metric| gates.iter().all(|gate| gate.metric() != *metric));
    gates.iter().map(|gate| (gate.metric(), Some(*gate))).chain(shown.map(|metric| (metric, None)))
}

fn row(
    metric: Metric,
    gate: Option<Gate>,
    sides: [&[Report]; 2],
    basis: Basis,
    options: &CompareOptions,
) -> Option<ComparedMetric> {
    let [baseline, candidate] =
        sides.map(|runs| runs.iter().map(|report| Measured::of(metric, report)).collect::<Vec<_>>());
    let Sides { mut row, logs } = Sides::of(metric, gate, &baseline, &candidate)?;
    let Some([baseline, candidate]) = logs else { return Some(row) };
    let worse = mean(&candidate) - mean(&baseline);
    let error = options.confidence.error();
    let interval = (basis == Basis::Intervals).then(|| shift(&baseline, &candidate, error, RESAMPLES, options.seed));
    row.change =
        Some(RelativeChange::new(metric, worse, interval.map(|interval| (interval, options.confidence.share()))));
    let Some(gate) = gate else { return Some(row) };
    let margin = gate.log_margin();
    row.finding = Some(match (basis, interval) {
        (Basis::TooFewRuns { needed }, _) => {
            row.note = Some(format!("{needed} runs a side are needed for an interval"));
            MetricFinding::Inconclusive
        }
        (_, Some(interval)) if exceeds(interval.low, margin) => MetricFinding::Regression,
        (_, Some(interval)) if exceeds(interval.high, margin) => {
            row.note = Some(format!("the margin of {} is inside of the interval", gate.margin()));
            MetricFinding::Inconclusive
        }
        (_, None) if exceeds(worse, margin) => MetricFinding::Regression,
        _ => MetricFinding::Pass,
    });
    if let (Some(MetricFinding::Regression | MetricFinding::Pass), Some(count)) = (row.finding, touched(metric, sides))
    {
        let possible = possible(metric, sides, |a, b| {
            let worse = mean(b) - mean(a);
            let interval = interval.map(|_| shift(a, b, error, RESAMPLES, options.seed));
            interval.map_or((worse, worse), |interval| (interval.low, interval.high))
        });
        let certain = possible.is_some_and(|(least, most)| exceeds(least, margin) || !exceeds(most, margin));
        if !certain {
            row.finding = Some(MetricFinding::Inconclusive);
            row.note =
                Some(format!("the generator was late in {count} of one side: what it may have a part in decides this"));
        }
    }
    Some(row)
}

/// The runs of one side in which the generator may have a notable part in a metric, in words. None where there is none, and
/// where both sides have some: what the same load costs the generator is in both.
fn touched(metric: Metric, sides: [&[Report]; 2]) -> Option<String> {
    let [baseline, candidate] = sides.map(|side| side.iter().filter(|report| is_marked_metric(metric, report)).count());
    match (baseline, candidate) {
        (0, 0) | (1.., 1..) => None,
        (marked, 0) | (0, marked) => Some(format!("{marked} {}", if marked == 1 { "run" } else { "runs" })),
    }
}

/// The least and the most by which the candidate may be worse, on the scale: with the floors of one side and the times of the
/// other. `change` compares two sides: the low and the high end of what it can tell.
fn possible(
    metric: Metric,
    sides: [&[Report]; 2],
    change: impl Fn(&[f64], &[f64]) -> (f64, f64),
) -> Option<(f64, f64)> {
    let logs = |runs: &[Report], end: fn(&PossibleRange) -> f64| -> Option<Vec<f64>> {
        let value =
            |report: &Report| PossibleRange::of(metric, report).map(|range| end(&range)).filter(|value| *value > 0.0);
        runs.iter().map(|report| value(report).map(|value| scale::log(metric.better(), value))).collect()
    };
    let [baseline, candidate] = sides;
    let (least, _) = change(&logs(baseline, |range| range.high)?, &logs(candidate, |range| range.low)?);
    let (_, most) = change(&logs(baseline, |range| range.low)?, &logs(candidate, |range| range.high)?);
    Some((least, most))
}

/// What the runs come to by themselves, and why.
fn runs(baseline: &[Report], candidate: &[Report]) -> (Option<ComparisonVerdict>, Vec<String>) {
    let mut found: Vec<(ComparisonVerdict, String)> = Vec::new();
    for (side, runs) in [("baseline", baseline), ("candidate", candidate)] {
        for (number, report) in (1_usize..).zip(runs) {
            let judgement = judge(report, &[]);
            if let Some(verdict) = ComparisonVerdict::of_run(judgement.verdict) {
                let name = if runs.len() == 1 { side.to_owned() } else { format!("{side}, run {number}") };
                found.extend(judgement.reasons.iter().map(|reason| (verdict, format!("{name}: {reason}"))));
            }
        }
    }
    found.sort_by_key(|(verdict, _)| verdict.rank());
    let worst = found.first().map(|(verdict, _)| *verdict);
    (worst, found.into_iter().map(|(_, reason)| reason).collect())
}

fn side(runs: &[Report]) -> ComparedSide {
    let mut targets: Vec<String> = Vec::new();
    for report in runs {
        if !targets.contains(&report.target.url) {
            targets.push(report.target.url.clone());
        }
    }
    // RFC 3339 in UTC sorts as text.
    let started_at = runs.iter().map(|report| report.started_at.clone()).min().unwrap_or_default();
    ComparedSide { runs: runs.len(), targets, started_at }
}

fn notes(basis: Basis, options: &CompareOptions, baseline: usize, candidate: usize) -> Vec<String> {
    let confidence = options.confidence;
    let needed = runs_needed(confidence.error());
    let mut notes = vec![match basis {
        Basis::Ratio => format!(
            "one run a side: a ratio can't tell noise from change; {needed} runs a side give an interval, and `loadgen ab` \
             takes turns"
        ),
        Basis::TooFewRuns { needed } => format!(
            "{} and {} runs can't carry a {confidence} interval: each side needs {needed}, so there is no verdict",
            human::count(baseline as u64),
            human::count(candidate as u64)
        ),
        Basis::Intervals => format!(
            "{confidence} intervals, each for its metric alone, by bootstrap over {} and {} runs (expanded percentile{}, seed {})",
            human::count(baseline as u64),
            human::count(candidate as u64),
            // What the bootstrap's tails can't tell.
            if confidence > Confidence::default() { ", at least Student's" } else { "" },
            options.seed
        ),
    }];
    if basis == Basis::Intervals {
        notes.push(
            "whatever changed between the making of the two sides counts as change; `loadgen ab` takes turns"
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests;
