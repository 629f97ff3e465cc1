//! The verdict on a comparison.

use program::Exit;
use schemars::JsonSchema;
use serde::Serialize;

use super::compared_metric::{ComparedMetric, MetricFinding};
use crate::judge;

/// The verdict on a comparison, mildest first. Each outranks those before it in the exit code; see
/// [`ComparisonVerdict::exit_code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonVerdict {
    /// No metric that decides is worse by more than its margin.
    Pass,
    /// There are too few runs or messages, or too much noise, to tell.
    Inconclusive,
    /// The runs differ in more than what is tested.
    Incomparable,
    /// A metric was measured on one side and not on the other.
    Missing,
    /// A metric is worse by more than its margin.
    Regression,
    /// A run did not measure what was planned.
    Invalid,
    /// In a run, the target refused or lost connections.
    Connections,
    /// A run lost, damaged or misrouted a message.
    Delivery,
}

impl ComparisonVerdict {
    /// Exit code of a comparison: 0 for a pass, 1 for a regression or a missing metric, 3 for
    /// inconclusive or incomparable, 4 for a delivery violation, 5 for an invalid run, 6 for
    /// connections.
    pub fn exit_code(self) -> u8 {
        self.exit().code()
    }

    /// How a program ends whose comparison has this verdict.
    pub fn exit(self) -> Exit {
        match self {
            Self::Pass => Exit::Pass,
            Self::Regression | Self::Missing => Exit::Failed,
            Self::Inconclusive | Self::Incomparable => Exit::Incomparable,
            Self::Delivery => Exit::Delivery,
            Self::Invalid => Exit::Invalid,
            Self::Connections => Exit::Connections,
        }
    }

    /// The name in files: `pass`, `regression` and so on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Incomparable => "incomparable",
            Self::Missing => "missing",
            Self::Regression => "regression",
            Self::Invalid => "invalid",
            Self::Connections => "connections",
            Self::Delivery => "delivery",
        }
    }

    /// The verdict that a run calls for by itself, whatever it is compared with.
    pub(crate) fn of_run(verdict: judge::Verdict) -> Option<Self> {
        match verdict {
            judge::Verdict::Delivery => Some(Self::Delivery),
            judge::Verdict::Connections => Some(Self::Connections),
            judge::Verdict::Invalid => Some(Self::Invalid),
            judge::Verdict::Threshold | judge::Verdict::Pass => None,
        }
    }

    /// How many verdicts may outrank this one.
    pub(crate) fn rank(self) -> usize {
        self.exit().rank()
    }

    /// The verdict of the metrics: a regression if there is one, otherwise a failure if one is
    /// missing. It is a pass only if all that decide pass, and at least one does.
    pub(crate) fn of_rows(rows: &[ComparedMetric]) -> Self {
        let findings: Vec<MetricFinding> = rows.iter().filter_map(|row| row.finding).collect();
        let any = |wanted: MetricFinding| findings.contains(&wanted);
        if any(MetricFinding::Regression) {
            Self::Regression
        } else if any(MetricFinding::Missing) {
            Self::Missing
        } else if any(MetricFinding::Pass) && findings.iter().all(|finding| *finding == MetricFinding::Pass) {
            Self::Pass
        } else {
            Self::Inconclusive
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(findings: &[Option<MetricFinding>]) -> ComparisonVerdict {
        let rows: Vec<ComparedMetric> = findings
            .iter()
            .map(|finding| ComparedMetric { finding: *finding, ..ComparedMetric::new("p99".parse().unwrap()) })
            .collect();
        ComparisonVerdict::of_rows(&rows)
    }

    #[test]
    fn one_metric_is_enough_to_fail_and_all_are_needed_to_pass() {
        let refused = MetricFinding::Refused { messages: 9, needed: 10 };
        let (pass, doubt) = (Some(MetricFinding::Pass), Some(MetricFinding::Inconclusive));
        let (bad, gone) = (Some(MetricFinding::Regression), Some(MetricFinding::Missing));
        assert_eq!(of(&[pass, None, pass]), ComparisonVerdict::Pass);
        assert_eq!(of(&[pass, doubt]), ComparisonVerdict::Inconclusive);
        assert_eq!(of(&[pass, Some(refused)]), ComparisonVerdict::Inconclusive);
        assert_eq!(of(&[doubt, gone, pass]), ComparisonVerdict::Missing);
        assert_eq!(of(&[gone, bad, pass, doubt]), ComparisonVerdict::Regression);
        assert_eq!(of(&[None]), ComparisonVerdict::Inconclusive);
        assert_eq!(of(&[]), ComparisonVerdict::Inconclusive);
    }

    #[test]
    fn a_violation_outranks_everything() {
        let order = [
            (ComparisonVerdict::Pass, 0),
            (ComparisonVerdict::Inconclusive, 3),
            (ComparisonVerdict::Incomparable, 3),
            (ComparisonVerdict::Missing, 1),
            (ComparisonVerdict::Regression, 1),
            (ComparisonVerdict::Invalid, 5),
            (ComparisonVerdict::Connections, 6),
            (ComparisonVerdict::Delivery, 4),
        ];
        for (verdict, code) in order {
            assert_eq!(verdict.exit_code(), code);
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
        }
    }
}
