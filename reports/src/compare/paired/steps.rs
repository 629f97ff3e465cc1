//! Judges each metric of a test by its interval and its sign flips, stepping down over the metrics.

use super::{Observation, PairedTest};
use crate::{
    compare::{
        ComparedMetric, MetricFinding, MetricSides, RelativeChange, exceeds,
        gate::Gate,
        statistics::{ConfidenceInterval, Moments, detectable_shift, least_p, sign_flip},
    },
    metric::Metric,
    text::human,
};

/// A metric that is still open, with its differences: positive where the candidate is worse.
struct Candidate {
    row: ComparedMetric,
    gate: Gate,
    differences: Vec<f64>,
    moments: Moments,
    p_value: f64,
    /// The numbers of pairs at the looks so far, with this one.
    looks: Vec<usize>,
}

/// A metric of the test: decided, or still open.
enum GateState {
    Done(ComparedMetric),
    Open(Candidate),
}

/// One comparison for each gate.
pub(super) fn rows(test: &PairedTest, pairs: &[(Observation, Observation)], seed: u64) -> Vec<ComparedMetric> {
    let mut states: Vec<GateState> =
        test.gates.iter().enumerate().map(|(index, gate)| start(test, index, *gate, pairs, seed)).collect();
    // All declared metrics count, even those that can't be judged. The declaration does not depend
    // on the results.
    let mut remaining = states.len();
    loop {
        let error = test.error_of_a_look() / remaining as f64;
        let mut found = 0;
        for state in &mut states {
            if let GateState::Open(candidate) = state
                && candidate.regressed(error)
            {
                found += 1;
                *state = GateState::Done(candidate.finish(error, MetricFinding::Regression, None));
            }
        }
        remaining -= found;
        if found == 0 || remaining == 0 {
            return states.into_iter().map(|state| conclude(state, error)).collect();
        }
    }
}

/// Whether more pairs could change the finding.
pub(super) fn is_open(row: &ComparedMetric) -> bool {
    row.finding == Some(MetricFinding::Inconclusive) && row.baseline.is_some() && row.candidate.is_some()
}

fn start(test: &PairedTest, index: usize, gate: Gate, pairs: &[(Observation, Observation)], seed: u64) -> GateState {
    let metric = gate.metric();
    let baseline: Vec<_> = pairs.iter().map(|(a, _)| a.values[index]).collect();
    let candidate: Vec<_> = pairs.iter().map(|(_, b)| b.values[index]).collect();
    let Some(sides) = MetricSides::of(metric, Some(gate), &baseline, &candidate) else {
        return GateState::Done(undecided(ComparedMetric::new(metric), gate, "measured on neither side"));
    };
    let Some([a, b]) = sides.logs else { return GateState::Done(sides.row) };
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let Some(moments) = Moments::of(&differences) else {
        return GateState::Done(undecided(sides.row, gate, "one pair does not say how much pairs vary"));
    };
    let beyond: Vec<f64> = differences.iter().map(|difference| difference - gate.log_margin()).collect();
    let (p_value, looks) = (sign_flip(&beyond, seed), test.looks_until(pairs.len()));
    GateState::Open(Candidate { row: sides.row, gate, differences, moments, p_value, looks })
}

fn undecided(row: ComparedMetric, gate: Gate, note: &str) -> ComparedMetric {
    ComparedMetric {
        margin: Some(gate.margin()),
        finding: Some(MetricFinding::Inconclusive),
        note: Some(note.to_owned()),
        ..row
    }
}

impl Candidate {
    /// Whether the whole interval is beyond the margin and the signs agree.
    fn regressed(&self, error: f64) -> bool {
        self.interval_is_beyond(error) && self.signs_agree(error)
    }

    fn interval_is_beyond(&self, error: f64) -> bool {
        exceeds(self.moments.interval(error).low, self.gate.log_margin())
    }

    /// Whether the sign-flip test agrees. Regressions are on one side, so its level is half of the
    /// error. If so few pairs can't reach that level, each of them must be beyond the margin.
    fn signs_agree(&self, error: f64) -> bool {
        let level = error / 2.0;
        if least_p(self.differences.len()) > level {
            return self.differences.iter().all(|difference| exceeds(*difference, self.gate.log_margin()));
        }
        self.p_value <= level
    }

    fn finish(&self, error: f64, finding: MetricFinding, note: Option<String>) -> ComparedMetric {
        let metric = self.gate.metric();
        let interval = self.moments.interval(error);
        let detectable = self.gate.log_margin() + detectable_shift(&self.looks, error) * self.moments.sd;
        ComparedMetric {
            change: Some(RelativeChange::new(metric, self.moments.mean, Some((interval, 1.0 - error)))),
            detectable: Some(share(metric, detectable)),
            p_value: Some(self.p_value),
            finding: Some(finding),
            note,
            ..self.row.clone()
        }
    }
}

/// The finding on a metric that has not regressed: a pass, or inconclusive.
fn conclude(state: GateState, error: f64) -> ComparedMetric {
    let candidate = match state {
        GateState::Done(row) => return row,
        GateState::Open(candidate) => candidate,
    };
    let ConfidenceInterval { high, .. } = candidate.moments.interval(error);
    if !exceeds(high, candidate.gate.log_margin()) {
        return candidate.finish(error, MetricFinding::Pass, None);
    }
    let margin = candidate.gate.margin();
    let note = if candidate.interval_is_beyond(error) {
        format!(
            "the interval is beyond the margin of {margin}, but the sign-flip test is not sure: p = {}, and {} is the most",
            human::percent_apart(candidate.p_value, error / 2.0),
            human::percent(error / 2.0),
        )
    } else {
        format!("the margin of {margin} is inside of the interval")
    };
    candidate.finish(error, MetricFinding::Inconclusive, Some(note))
}

fn share(metric: Metric, worse: f64) -> f64 {
    RelativeChange::new(metric, worse, None).share
}
