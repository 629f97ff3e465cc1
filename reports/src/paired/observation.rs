//! What a paired test keeps of one run.

use crate::bounds::is_marked_metric;
use crate::compare::Measured;
use crate::gate::Gate;
use crate::judge::{Judgement, Verdict, judge};
use crate::metric::Metric;
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
        let Judgement { mut verdict, mut reasons, .. } = judge(report, &[]);
        // A figure in which the generator may have a notable part says little of the side.
        let marked = gates.iter().map(Gate::metric).filter(|metric| is_marked_metric(*metric, report));
        let marked: Vec<String> = marked.map(Metric::name).collect();
        if !marked.is_empty() && matches!(verdict, Verdict::Pass | Verdict::Threshold) {
            verdict = Verdict::Invalid;
            reasons.push(format!(
                "generator: it may have a notable part in {}, for it was late: free its cores, or let more messages outweigh it \
                 (--duration)",
                marked.join(", ")
            ));
        }
        Self { values: gates.iter().map(|gate| Measured::of(gate.metric(), report)).collect(), verdict, reasons }
    }
}
