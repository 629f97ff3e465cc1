//! Compares results with earlier results: `loadgen compare BASELINE... -- CANDIDATE...` and
//! `--baseline`.
//!
//! ```text
//! comparable.rs       what makes runs incomparable
//! gate/               the metrics that decide, with margins
//! sides.rs            one metric on both sides: missing, too few messages, or ready to compute
//! scale.rs            logarithms of ratios, where more is worse
//! statistics/         intervals and tests of a few runs
//! compared_metric.rs  the finding about one metric
//! verdict.rs          the verdict of all metrics
//! mod.rs              runs of two sides -> Comparison
//! paired/             runs that take turns
//! simulation/         tests: how often the statistics err
//! ```
//!
//! The unit is the run. The number of runs on each side decides what can be said:
//!
//! - One run each: the ratio against its margin. It can't tell noise from change, and the output
//!   says so.
//! - Fewer than an interval needs on either side (4 for 95 %): the ratio is shown without a
//!   verdict, *inconclusive*.
//! - More: the shift of the mean logarithms, with a bootstrap interval. It is a *regression* if the
//!   whole interval is over the margin, a *pass* if it is under, and otherwise *inconclusive*.
//!
//! Each interval holds for its metric alone. Whatever changed between the runs of one side and
//! those of the other counts as change: another day, another neighbour on the machine. [`paired`]
//! alternates the sides instead.

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

pub use comparable::Difference;
use comparable::differences;
pub use compared_metric::{ChangeInterval, ComparedMetric, MetricFinding, RelativeChange};
use gate::{Confidence, Gate};
pub(crate) use scale::exceeds;
pub use sides::Measured;
pub(crate) use sides::MetricSides;
use statistics::{RESAMPLES, mean, runs_needed, shift};
pub use verdict::ComparisonVerdict;

use crate::{
    judge::{
        bounds::{PossibleRange, is_marked_metric},
        judge,
    },
    metric::{GroupName, Metric},
    model::Report,
    text::human,
};

/// How to compare runs.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareOptions {
    /// The metrics that decide, [`Gate::defaults`] by default. All others are only shown.
    pub gates: Vec<Gate>,
    /// Confidence of each interval by itself.
    pub confidence: Confidence,
    /// Seed of the bootstrap, 1 by default. A seed always gives the same intervals.
    pub seed: u64,
    /// Whether to judge runs that are incomparable. The output names their differences in any case.
    pub force: bool,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { gates: Gate::defaults(), confidence: Confidence::default(), seed: 1, force: false }
    }
}

/// Runs of a candidate, compared with runs of a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The side that the candidate is compared with.
    pub baseline: ComparedSide,
    /// The side that is judged.
    pub candidate: ComparedSide,
    /// What makes the sides incomparable.
    pub differences: Vec<Difference>,
    /// Whether the sides were judged in spite of differences.
    pub forced: bool,
    /// On what findings rest.
    pub basis: Basis,
    /// Confidence of each interval by itself.
    pub confidence: Confidence,
    /// Every metric that either side has. Those that decide come first, in their order.
    pub rows: Vec<ComparedMetric>,
    /// The verdict.
    pub verdict: ComparisonVerdict,
    /// What speaks against a pass, one line each, in order of rank.
    pub reasons: Vec<String>,
    /// What a reader must know about the verdict, one line each.
    pub notes: Vec<String>,
}

/// The runs of one side, for a heading. Texts stand as in the results.
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
    /// A ratio, because each side has one run.
    Ratio,
    /// Too few runs for an interval.
    TooFewRuns {
        /// Runs that each side needs.
        needed: usize,
    },
    /// Intervals over the runs.
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

/// Compares runs of a candidate with runs of a baseline. It judges each run again, without its
/// thresholds, and so finds out what broke, whatever the file says.
///
/// If a side has no runs, every metric is missing.
pub fn compare(baseline: &[Report], candidate: &[Report], options: &CompareOptions) -> Comparison {
    let sides = [baseline, candidate];
    let basis = Basis::of(baseline.len(), candidate.len(), options.confidence);
    let differences = differences(baseline, candidate);
    let comparable = differences.is_empty() || options.force;
    let rows: Vec<ComparedMetric> = metrics(&options.gates, &common_groups(baseline, candidate))
        .filter_map(|(metric, gate)| row(metric, gate.filter(|_| comparable), sides, basis, options))
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
        notes: notes(basis, options, baseline.len(), candidate.len()).into_iter().chain(processes(sides)).collect(),
    }
}

/// Every metric that is compared: those that decide, those of all groups together, and the most
/// telling ones of each group.
fn metrics(gates: &[Gate], groups: &[GroupName]) -> impl Iterator<Item = (Metric, Option<Gate>)> {
    let quantity = |name: &str| name.parse::<Metric>().expect("a constant metric is valid").quantity();
    let series = ["response", "service", "send_lag", "connect"];
    let statistics = ["p50", "p90", "p99", "p99.9", "max"];
    let latencies = series.into_iter().flat_map(move |series| statistics.map(|name| format!("{series}.{name}")));
    let others = ["throughput", "sent_rate", "efficiency", "dropped"].map(str::to_owned);
    let of_all = latencies.chain(others).map(move |name| Metric::from(quantity(&name)));
    let each = ["p50", "p90", "p99", "p99.9", "max", "throughput", "dropped"].map(quantity);
    let of_groups =
        groups.iter().flat_map(move |group| each.into_iter().filter_map(|quantity| Metric::of_group(*group, quantity)));
    let shown = of_all.chain(of_groups).filter(|metric| gates.iter().all(|gate| gate.metric() != *metric));
    gates.iter().map(|gate| (gate.metric(), Some(*gate))).chain(shown.map(|metric| (metric, None)))
}

/// The groups that every run has. None if the runs have one group, which is the total.
fn common_groups(baseline: &[Report], candidate: &[Report]) -> Vec<GroupName> {
    let mut runs = baseline.iter().chain(candidate);
    let Some(first) = runs.next() else { return Vec::new() };
    let mut groups: Vec<&str> = first.groups.iter().map(|group| group.name.as_str()).collect();
    for run in runs {
        groups.retain(|name| run.groups.iter().any(|group| group.name == *name));
    }
    groups.into_iter().filter_map(|name| name.parse().ok()).collect()
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
    let MetricSides { mut row, logs } = MetricSides::of(metric, gate, &baseline, &candidate)?;
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
    if let (Some(MetricFinding::Regression | MetricFinding::Pass), Some(count)) =
        (row.finding, marked_runs(metric, sides))
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

/// How many runs of one side the generator may have a notable part in, in words. `None` if no side
/// has such runs. It is also `None` if both have some, because the load costs the generator the
/// same on both sides.
fn marked_runs(metric: Metric, sides: [&[Report]; 2]) -> Option<String> {
    let [baseline, candidate] = sides.map(|side| side.iter().filter(|report| is_marked_metric(metric, report)).count());
    match (baseline, candidate) {
        (0, 0) | (1.., 1..) => None,
        (marked, 0) | (0, marked) => Some(format!("{marked} {}", if marked == 1 { "run" } else { "runs" })),
    }
}

/// The range of how much worse the candidate may be, on the scale of the comparison. It combines
/// the floors of one side with the times of the other. `change` returns the low and the high end of
/// a change between two sides.
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

/// The verdict on the runs themselves, and the reasons.
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
    for target in runs.iter().map(|report| &report.target) {
        for url in std::iter::once(&target.url).chain(&target.more_urls) {
            if !targets.contains(url) {
                targets.push(url.clone());
            }
        }
    }
    // RFC 3339 in UTC sorts as text.
    let started_at = runs.iter().map(|report| report.started_at.clone()).min().unwrap_or_default();
    ComparedSide { runs: runs.len(), targets, started_at }
}

/// What is to know of runs that several processes shared.
fn processes([baseline, candidate]: [&[Report]; 2]) -> Vec<String> {
    let part = baseline.iter().chain(candidate).find_map(Report::part);
    let part =
        part.map(|part| format!("these are no whole runs: {part} is a part, and `loadgen merge` makes the whole"));
    let number = |side: &[Report]| side.first().map_or(1, |report| report.shards.len().max(1));
    let [before, after] = [baseline, candidate].map(number);
    let other = (before != after).then(|| {
        let processes = |n: usize| format!("{} {}", human::count(n as u64), if n == 1 { "process" } else { "shards" });
        let (before, after) = (processes(before), processes(after));
        format!("the baseline had {before} and the candidate {after}: memory is that of the largest, and threads are not compared")
    });
    part.into_iter().chain(other).collect()
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
            // The tails that the bootstrap can't tell.
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
