//! One metric of a comparison.

use super::{gate::Margin, scale::change, statistics::ConfidenceInterval};
use crate::{
    metric::{Better, Metric},
    text::human,
};

/// One metric on both sides, and what was found out about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedMetric {
    /// What was measured.
    pub metric: Metric,
    /// How much worse the metric may become. `None` if it is shown but does not decide.
    pub margin: Option<Margin>,
    /// Mean over all runs of the baseline, in the unit of the metric: geometric, but arithmetic for
    /// counts.
    pub baseline: Option<f64>,
    /// Mean over all runs of the candidate, computed like that of the baseline.
    pub candidate: Option<f64>,
    /// The change from baseline to candidate. `None` where there is no ratio.
    pub change: Option<RelativeChange>,
    /// The smallest change that 80 % of repetitions would call a regression, as a share in the
    /// direction of worse. It includes sign flips, metrics and looks as they are. Only pairs have
    /// it.
    pub detectable: Option<f64>,
    /// One-sided p-value of the sign-flip test that the metric is worse by more than the margin.
    /// Only pairs have it.
    pub p_value: Option<f64>,
    /// The finding. `None` if the metric does not decide and is there on both sides.
    pub finding: Option<MetricFinding>,
    /// A remark on the finding.
    pub note: Option<String>,
}

/// A change as a share of the baseline, in the metric's own direction. 0.1 is 10 % more, whether
/// that is better or worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelativeChange {
    /// The estimate.
    pub share: f64,
    /// The range of plausible changes. `None` if there are too few runs to tell.
    pub interval: Option<ChangeInterval>,
}

/// Limits of a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeInterval {
    /// Lower limit, a share as in [`RelativeChange`].
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// The share of repetitions whose interval holds the truth.
    pub confidence: f64,
}

/// The finding about a metric that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricFinding {
    /// It is not worse by more than its margin.
    Pass,
    /// It is worse by more than its margin.
    Regression,
    /// It can't be told.
    Inconclusive,
    /// A run has too few messages for this percentile.
    Refused {
        /// Messages of the run that has the fewest.
        messages: u64,
        /// Messages that each run needs.
        needed: u64,
    },
    /// It was measured on one side and not on the other.
    Missing,
}

impl MetricFinding {
    /// The name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Regression => "regression",
            Self::Inconclusive => "inconclusive",
            Self::Refused { .. } => "refused",
            Self::Missing => "missing",
        }
    }
}

impl ComparedMetric {
    /// A comparison that knows only its metric.
    pub(crate) fn new(metric: Metric) -> Self {
        Self {
            metric,
            margin: None,
            baseline: None,
            candidate: None,
            change: None,
            detectable: None,
            p_value: None,
            finding: None,
            note: None,
        }
    }

    /// One line on what speaks against a pass. `None` if nothing does.
    pub fn reason(&self) -> Option<String> {
        let name = self.metric.name();
        let note = self.note.as_deref().unwrap_or("it can't be told");
        match self.finding? {
            MetricFinding::Pass => None,
            MetricFinding::Missing => Some(format!("{name} is missing: {note}")),
            MetricFinding::Refused { messages, needed } => Some(format!(
                "{name} refused: a run has {} values, and a verdict on this percentile needs {}; a longer --duration gives more",
                human::count(messages),
                human::count(needed),
            )),
            MetricFinding::Inconclusive => Some(format!("{name} inconclusive: {note}")),
            MetricFinding::Regression => {
                let Some((change, margin)) = self.change.zip(self.margin) else {
                    return Some(format!("{name} regressed"));
                };
                let limit = match self.metric.better() {
                    Better::Lower => margin.share(),
                    Better::Higher => -margin.share(),
                };
                Some(format!("{name} regressed: {}, margin {margin}", change.text_apart(limit)))
            }
        }
    }
}

impl RelativeChange {
    /// Converts a change from the scale of the comparison.
    pub(crate) fn new(metric: Metric, worse: f64, interval: Option<(ConfidenceInterval, f64)>) -> Self {
        let share = |worse: f64| change(metric.better(), worse);
        let interval = interval.map(|(interval, confidence)| {
            let (one, other) = (share(interval.low), share(interval.high));
            ChangeInterval { low: one.min(other), high: one.max(other), confidence }
        });
        Self { share: share(worse), interval }
    }

    /// The change with its interval: `+12.3 % (+8.1 to +16.7 %)`.
    pub fn text(self) -> String {
        let estimate = human::change(self.share);
        match self.interval {
            None => estimate,
            Some(interval) => format!("{estimate} ({})", interval.text()),
        }
    }

    /// The change with its interval, with enough digits to tell both from the change that is
    /// allowed.
    fn text_apart(self, allowed: f64) -> String {
        let show = |share| human::change_apart(share, allowed);
        let estimate = show(self.share);
        self.interval.map_or_else(
            || estimate.clone(),
            |interval| format!("{estimate} ({} to {})", show(interval.low).trim_end_matches(" %"), show(interval.high)),
        )
    }
}

impl ChangeInterval {
    /// The interval: `+8.1 to +16.7 %`.
    pub fn text(self) -> String {
        format!("{} to {}", human::change(self.low).trim_end_matches(" %"), human::change(self.high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_printed_in_the_direction_of_its_metric() {
        let interval = |low: f64, high: f64| Some((ConfidenceInterval { low: low.ln(), high: high.ln() }, 0.95));
        let latency = RelativeChange::new("p99".parse().unwrap(), 1.123_f64.ln(), interval(1.081, 1.167));
        assert_eq!(latency.text(), "+12.3 % (+8.1 to +16.7 %)");
        // Worse by a factor of 1.25 is 20 % less of a rate; its limits change places.
        let rate = RelativeChange::new("throughput".parse().unwrap(), 1.25_f64.ln(), interval(1.1, 2.0));
        assert_eq!(rate.text(), "-20.0 % (-50.0 to -9.1 %)");
    }
}
