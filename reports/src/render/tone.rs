//! Whether a verdict or a number is good news. Each format shows it in its own way.

use crate::{
    compare::{self, Finding},
    judge,
    search::{Cause, Outcome},
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

impl From<compare::Verdict> for Tone {
    fn from(verdict: compare::Verdict) -> Self {
        use compare::Verdict;
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Regression | Verdict::Missing | Verdict::Delivery | Verdict::Connections => Self::Bad,
            Verdict::Invalid | Verdict::Inconclusive | Verdict::Incomparable => Self::Doubtful,
        }
    }
}

impl From<Finding> for Tone {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Pass => Self::Good,
            Finding::Regression | Finding::Missing => Self::Bad,
            Finding::Inconclusive | Finding::Refused { .. } => Self::Doubtful,
        }
    }
}

impl From<Outcome> for Tone {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Holds => Self::Good,
            // This is no news about the target.
            Outcome::Fails(Cause::Generator) => Self::Doubtful,
            Outcome::Fails(_) => Self::Bad,
        }
    }
}
