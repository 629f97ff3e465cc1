//! What a paired test keeps of one run.

use crate::{
    compare::{Measured, gate::Gate},
    judge::{Judgement, Verdict, judge, limits},
    metric::Quantity,
    model::Report,
};

/// One run of one side: the declared metrics, and whether the run itself can be trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The declared metrics, in their order.
    pub values: Vec<Measured>,
    /// The verdict on the run by itself, without thresholds.
    pub verdict: Verdict,
    /// What speaks against the run.
    pub reasons: Vec<String>,
}

impl Observation {
    /// Reads these metrics from a report.
    pub fn of(report: &Report, gates: &[Gate]) -> Self {
        let Judgement { mut verdict, mut reasons, .. } = judge(report, &[]);
        // What the generator adds to every message, it adds on both sides. But a standstill lowers
        // the rates of a single run.
        let rates =
            gates.iter().any(|gate| matches!(gate.metric().quantity(), Quantity::Throughput | Quantity::SentRate));
        let standstill = limits::standstill(report).filter(|_| rates);
        if let (Some(standstill), Verdict::Pass | Verdict::Threshold) = (standstill, verdict) {
            verdict = Verdict::Invalid;
            reasons.retain(|reason| *reason != standstill);
            reasons.insert(0, standstill);
        }
        Self { values: gates.iter().map(|gate| Measured::of(gate.metric(), report)).collect(), verdict, reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn a_run_that_stood_still_is_the_generators_fault() {
        let gates = ["throughput=5%", "p99=10%"].map(|gate| gate.parse::<Gate>().unwrap());
        let mut report = sample::closed();
        assert_eq!(Observation::of(&report, &gates).verdict, Verdict::Pass);
        report.generator.stopped_s = report.measured_s / 10.0;
        let observation = Observation::of(&report, &gates);
        assert_eq!(observation.verdict, Verdict::Invalid);
        assert!(observation.reasons[0].starts_with("generator: it stood still"), "{:?}", observation.reasons);
        assert_eq!(Observation::of(&report, &gates[1..]).verdict, Verdict::Pass, "no rate decides");
    }

    #[test]
    fn a_marked_figure_is_no_reason_to_discard_a_run() {
        let mut report = sample::closed();
        report.total.latency.floor.reset();
        report.total.latency.floor.record_n(0, report.total.latency.response.len()).unwrap();
        assert!(!crate::judge::bounds::all_marked(&report.total.latency).is_empty());
        assert_eq!(Observation::of(&report, &["p99=10%".parse().unwrap()]).verdict, Verdict::Pass);
    }
}
