//! Whether a verdict or a number is good news. Each format shows it in its own way.

use crate::{
    compare::{self, MetricFinding},
    judge,
    search::{FailureCause, StepOutcome},
};

/// Good news, bad news, or in doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
    Doubtful,
}

impl Tone {
    /// The tone of a number that should be 0 and is not.
    pub(crate) fn unless_zero(self, n: u64) -> Self {
        if n == 0 { Self::Plain } else { self }
    }
}

impl From<judge::Verdict> for Tone {
    fn from(verdict: judge::Verdict) -> Self {
        use judge::Verdict;
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Threshold | Verdict::Delivery | Verdict::Connections => Self::Bad,
            Verdict::Invalid => Self::Doubtful,
        }
    }
}

impl From<compare::ComparisonVerdict> for Tone {
    fn from(verdict: compare::ComparisonVerdict) -> Self {
        use compare::ComparisonVerdict;
        match verdict {
            ComparisonVerdict::Pass => Self::Good,
            ComparisonVerdict::Regression
            | ComparisonVerdict::Missing
            | ComparisonVerdict::Delivery
            | ComparisonVerdict::Connections => Self::Bad,
            ComparisonVerdict::Invalid | ComparisonVerdict::Inconclusive | ComparisonVerdict::Incomparable => {
                Self::Doubtful
            }
        }
    }
}

impl From<MetricFinding> for Tone {
    fn from(finding: MetricFinding) -> Self {
        match finding {
            MetricFinding::Pass => Self::Good,
            MetricFinding::Regression | MetricFinding::Missing => Self::Bad,
            MetricFinding::Inconclusive | MetricFinding::Refused { .. } => Self::Doubtful,
        }
    }
}

impl From<StepOutcome> for Tone {
    fn from(outcome: StepOutcome) -> Self {
        match outcome {
            StepOutcome::Holds => Self::Good,
            // This is no news about the target.
            StepOutcome::Fails(FailureCause::Generator) => Self::Doubtful,
            StepOutcome::Fails(_) => Self::Bad,
        }
    }
}
