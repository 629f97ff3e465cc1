//! A whole search, ready to be shown.

use super::{Conclusion, FailureCause, Search, Step, StepOutcome};
use crate::{
    judge::threshold::Threshold,
    metric::{Quantity, Series},
    model::{Environment, PlanRecord, TargetRecord},
    text::human::{count, percent, rate},
};

/// Everything that a search measured and found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRecord {
    /// What was tested.
    pub target: TargetRecord,
    /// What was asked for, as in the first step. The other steps differ in the rate.
    pub plan: PlanRecord,
    /// Where it ran.
    pub environment: Environment,
    /// Start of the first step, RFC 3339 in UTC.
    pub started_at: String,
    /// The declared search.
    pub search: Search,
    /// Pause between two steps, in seconds.
    pub pause_s: f64,
    /// The steps, in the order in which they were run.
    pub steps: Vec<Step>,
    /// What the search found.
    pub conclusion: Conclusion,
}

impl SearchRecord {
    /// The steps from the lowest rate to the highest, and in their order within a rate.
    pub fn curve(&self) -> Vec<&Step> {
        let mut steps: Vec<&Step> = self.steps.iter().collect();
        steps.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        steps
    }

    /// The valid tries of a rate.
    pub(crate) fn valid_at(&self, rate: f64) -> impl DoubleEndedIterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.is_valid() && step.rate.total_cmp(&rate).is_eq())
    }

    /// Why the lowest failing rate does not hold: the reasons of its first try with that cause.
    pub fn reasons(&self) -> &[String] {
        let Some(fails) = self.conclusion.fails() else { return &[] };
        let speaks = |step: &&Step| match (step.outcome, self.conclusion.cause()) {
            (StepOutcome::Fails(cause), Some(concluded)) => cause == concluded,
            (outcome, _) => outcome != StepOutcome::Holds,
        };
        let at_the_edge = self.steps.iter().filter(|step| step.rate.total_cmp(&fails).is_eq());
        at_the_edge.into_iter().find(speaks).map_or(&[], |step| &step.reasons)
    }

    /// What else a reader must know, one line each.
    pub fn notes(&self) -> Vec<String> {
        [self.violations(), self.not_monotone(), self.few(), self.invalid(), self.shared()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Violations above the edge are not part of the answer, but matter.
    fn violations(&self) -> Option<String> {
        let violated = |step: &&Step| step.outcome == StepOutcome::Fails(FailureCause::Delivery);
        let worst = self.steps.iter().filter(violated).min_by(|a, b| a.rate.total_cmp(&b.rate))?;
        if self.conclusion.cause() == Some(FailureCause::Delivery) {
            return None;
        }
        let reason = worst.reasons.first().map_or("", String::as_str);
        Some(format!("delivery was violated at {} messages/s: {reason}", rate(worst.rate)))
    }

    fn not_monotone(&self) -> Option<String> {
        let fails = self.conclusion.fails()?;
        let above = self.steps.iter().filter(|step| step.rate > fails && step.outcome == StepOutcome::Holds);
        let highest = above.max_by(|a, b| a.rate.total_cmp(&b.rate))?;
        Some(format!(
            "{} messages/s held in a try, although {} do not hold: the machine is noisy, or the target is faster under \
             more load",
            rate(highest.rate),
            rate(fails),
        ))
    }

    /// A percentile of few messages is noise.
    fn few(&self) -> Option<String> {
        let holds = self.conclusion.holds()?;
        let messages = self.valid_at(holds).map(|step| step.messages);
        let messages = messages.min()?;
        let metrics =
            self.plan.run.thresholds.iter().filter_map(|text| text.parse::<Threshold>().ok()?.metric().into());
        let of_messages = metrics.filter(|metric| !matches!(metric.quantity(), Quantity::Latency(Series::Connect, _)));
        let needy =
            of_messages.filter(|metric| metric.min_messages() > messages).max_by_key(|one| one.min_messages())?;
        Some(format!(
            "{} rests on {} messages at the rate that holds, and {} are needed to tell it well; raise --duration",
            needy.name(),
            count(messages),
            count(needy.min_messages()),
        ))
    }

    /// How many tries were invalid.
    fn invalid(&self) -> Option<String> {
        let (invalid, all) = (self.steps.iter().filter(|step| !step.is_valid()).count(), self.steps.len());
        (invalid > 0).then(|| {
            format!(
                "{} of {} tries ({}) were invalid, for the generator was the limit: they say nothing of the target, and plots and \
                 tiles leave them out",
                count(invalid as u64),
                count(all as u64),
                percent(invalid as f64 / all as f64),
            )
        })
    }

    fn shared(&self) -> Option<String> {
        let note = "the embedded server shares this machine with the generator, so the rate is one of both together";
        self.target.embedded.then(|| note.to_owned())
    }
}
