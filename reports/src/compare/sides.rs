//! One metric in each run of both sides.

use super::{
    compared_metric::{ComparedMetric, MetricFinding},
    gate::Gate,
    scale,
    statistics::{geometric_mean, mean},
};
use crate::{
    metric::{Metric, Unit},
    model::Report,
};

/// A metric of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Its value. `None` if nothing was measured for it.
    pub value: Option<f64>,
    /// How many values of the run it rests on: messages, or connections for the time of connecting.
    pub messages: u64,
}

impl Measured {
    /// The metric in a report.
    pub fn of(metric: Metric, report: &Report) -> Self {
        Self { value: metric.measure(report), messages: metric.values(report) }
    }
}

/// What is known of a metric before any statistics.
pub(crate) struct MetricSides {
    /// The means, and the finding if there is nothing left to compute.
    pub(crate) row: ComparedMetric,
    /// Values of both sides on the [`scale`]. `None` if the finding is known.
    pub(crate) logs: Option<[Vec<f64>; 2]>,
}

impl MetricSides {
    /// Returns `None` for a metric that was measured nowhere and does not decide.
    pub(crate) fn of(
        metric: Metric,
        gate: Option<Gate>,
        baseline: &[Measured],
        candidate: &[Measured],
    ) -> Option<Self> {
        let mut row = ComparedMetric {
            margin: gate.map(|gate| gate.margin()),
            baseline: centre(metric, baseline),
            candidate: centre(metric, candidate),
            ..ComparedMetric::new(metric)
        };
        let nowhere = baseline.iter().chain(candidate).all(|run| run.value.is_none());
        if nowhere && gate.is_none() {
            return None;
        }
        let logs = [baseline, candidate].map(|side| logarithms(metric, side));
        let logs = match logs {
            [Some(baseline), Some(candidate)] => Some([baseline, candidate]),
            _ => None,
        };
        let fewest = baseline.iter().chain(candidate).map(|run| run.messages).min().unwrap_or(0);
        let obstacle = if nowhere {
            Some((MetricFinding::Inconclusive, Some("measured on neither side".to_owned())))
        } else if let Some(note) = gaps(baseline, candidate, |value| value.is_none(), "not measured in") {
            Some((MetricFinding::Missing, Some(note)))
        } else if gate.is_none() {
            None
        } else if logs.is_none() {
            // A rate of 0 where there was one is a failure; with 0 on both sides there is nothing
            // to compare.
            let zeros =
                gaps(baseline, candidate, |value| value.is_some_and(|value| value <= 0.0), "0, without a ratio, in");
            let both = [baseline, candidate].iter().all(|side| logarithms(metric, side).is_none());
            Some((if both { MetricFinding::Inconclusive } else { MetricFinding::Missing }, zeros))
        } else if fewest < metric.min_messages() {
            Some((MetricFinding::Refused { messages: fewest, needed: metric.min_messages() }, None))
        } else {
            None
        };
        let Some((finding, note)) = obstacle else { return Some(Self { row, logs }) };
        (row.finding, row.note) = (Some(finding), note);
        Some(Self { row, logs: None })
    }
}

/// The mean of what was measured. It is geometric, because ratios are compared, but arithmetic for
/// counts, which may be 0.
fn centre(metric: Metric, runs: &[Measured]) -> Option<f64> {
    let values: Vec<f64> = runs.iter().filter_map(|run| run.value).collect();
    let arithmetic = metric.unit() == Unit::Count || values.iter().any(|value| *value <= 0.0);
    match values.as_slice() {
        [] => None,
        [single] => Some(*single),
        _ => Some(if arithmetic { mean(&values) } else { geometric_mean(&values) }),
    }
}

/// The logarithms of all values. `None` unless each run has a value above 0.
fn logarithms(metric: Metric, runs: &[Measured]) -> Option<Vec<f64>> {
    let log = |run: &Measured| run.value.filter(|value| *value > 0.0).map(|value| scale::log(metric.better(), value));
    runs.iter().map(log).collect()
}

/// Names the runs that have a gap: `not measured in run 2 of the candidate`.
fn gaps(baseline: &[Measured], candidate: &[Measured], is_gap: fn(Option<f64>) -> bool, what: &str) -> Option<String> {
    let side = |name: &str, runs: &[Measured]| {
        let gaps: Vec<String> = (1..)
            .zip(runs)
            .filter(|(_, run)| is_gap(run.value))
            .map(|(number, _): (usize, _)| number.to_string())
            .collect();
        match gaps.len() {
            0 if !runs.is_empty() => None,
            n if n == runs.len() => Some(format!("the {name}")),
            1 => Some(format!("run {} of the {name}", gaps[0])),
            _ => Some(format!("runs {} of the {name}", gaps.join(", "))),
        }
    };
    let found: Vec<String> = [side("baseline", baseline), side("candidate", candidate)].into_iter().flatten().collect();
    (!found.is_empty()).then(|| format!("{what} {}", found.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(values: &[Option<f64>], messages: u64) -> Vec<Measured> {
        values.iter().map(|value| Measured { value: *value, messages }).collect()
    }

    fn finding(gate: &str, baseline: &[Option<f64>], candidate: &[Option<f64>]) -> (Option<MetricFinding>, String) {
        let gate: Gate = gate.parse().unwrap();
        let sides =
            MetricSides::of(gate.metric(), Some(gate), &runs(baseline, 10_000), &runs(candidate, 10_000)).unwrap();
        assert_eq!(sides.row.finding.is_none(), sides.logs.is_some());
        (sides.row.finding, sides.row.note.unwrap_or_default())
    }

    #[test]
    fn what_is_missing_is_named() {
        let (one, none) = (Some(1.0), None);
        let missing = |text: &str| (Some(MetricFinding::Missing), text.to_owned());
        assert_eq!(finding("p99=10%", &[one, one], &[one, one]), (None, String::new()));
        assert_eq!(finding("p99=10%", &[one], &[none]), missing("not measured in the candidate"));
        assert_eq!(finding("p99=10%", &[one, none], &[one, one]), missing("not measured in run 2 of the baseline"));
        assert_eq!(
            finding("p99=10%", &[none, one, none], &[none]),
            missing("not measured in runs 1, 3 of the baseline and the candidate")
        );
        let nowhere = (Some(MetricFinding::Inconclusive), "measured on neither side".to_owned());
        assert_eq!(finding("p99=10%", &[none], &[none]), nowhere);
        let ungated = |value| MetricSides::of("p99".parse().unwrap(), None, &runs(&[value], 1), &runs(&[value], 1));
        assert!(ungated(None).is_none() && ungated(Some(1.0)).is_some());
        let vanished = MetricSides::of("p99".parse().unwrap(), None, &runs(&[one], 1), &runs(&[none], 1)).unwrap();
        assert_eq!(vanished.row.finding, Some(MetricFinding::Missing));
    }

    #[test]
    fn nothing_has_a_ratio_to_zero() {
        let (one, zero) = (Some(1.0), Some(0.0));
        let note = "0, without a ratio, in the candidate".to_owned();
        assert_eq!(finding("throughput=5%", &[one], &[zero]), (Some(MetricFinding::Missing), note));
        let note = "0, without a ratio, in the baseline and run 2 of the candidate".to_owned();
        assert_eq!(finding("throughput=5%", &[zero], &[one, zero]), (Some(MetricFinding::Inconclusive), note));
        // What does not decide is shown as it is.
        let count =
            MetricSides::of("dropped".parse().unwrap(), None, &runs(&[zero], 1), &runs(&[zero, one], 1)).unwrap();
        assert_eq!((count.row.baseline, count.row.candidate, count.row.finding), (zero, Some(0.5), None));
    }

    #[test]
    fn a_percentile_needs_its_messages_in_every_run() {
        let gate: Gate = "p99=10%".parse().unwrap();
        let mut few = runs(&[Some(1.0); 3], 10_000);
        few[1].messages = 9_999;
        let sides = MetricSides::of(gate.metric(), Some(gate), &few, &runs(&[Some(1.0)], 10_000)).unwrap();
        assert_eq!(sides.row.finding, Some(MetricFinding::Refused { messages: 9_999, needed: 10_000 }));
        assert!(MetricSides::of(gate.metric(), None, &few, &few).unwrap().row.finding.is_none());
    }
}
