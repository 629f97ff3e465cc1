//! What a paired test keeps of one run.

use crate::compare::Measured;
use crate::gate::Gate;
use crate::judge::{Verdict, judge};
use crate::model::Report;

/// One run of one side: the declared metrics, and whether the run itself can be trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The declared metrics, in their order.
    pub values: Vec<Measured>,
    /// Of the run by itself, without thresholds.
    pub verdict: Verdict,
    /// What speaks against the run.
    pub reasons: Vec<String>,
}

impl Observation {
    /// What these metrics are in a report.
    pub fn of(report: &Report, gates: &[Gate]) -> Self {
        let judgement = judge(report, &[]);
        Self {
            values: gates.iter().map(|gate| Measured::of(gate.metric(), report)).collect(),
            verdict: judgement.verdict,
            reasons: judgement.reasons,
        }
    }
}
