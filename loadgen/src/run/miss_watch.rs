//! Ends a run in which a threshold has been missed for long, by all that came so far.

use reports::{Report, judge::Threshold, model::StoppedOnMiss};

use super::summary::{self, RunContext};
use crate::{
    plan::Plan,
    worker::{WorkerConfig, WorkerOutcome},
};

/// Looks each second at all that came so far.
#[derive(Debug)]
pub(crate) struct MissWatch {
    plan: Plan,
    /// A report in which nothing was measured.
    empty: Report,
    /// What each worker had last, until all have told.
    told: Vec<Option<WorkerOutcome>>,
    misses: Misses,
    /// Why the run ends before its time.
    pub(crate) stopped: Option<StoppedOnMiss>,
}

/// Since when which thresholds have been missed. Pure.
#[derive(Debug)]
struct Misses {
    /// How long one may be missed, in seconds.
    longest_s: f64,
    /// With the time of the first look in a row at which each was missed.
    thresholds: Vec<(Threshold, Option<f64>)>,
}

impl MissWatch {
    /// Whether a threshold can end the run.
    pub(crate) fn is_wanted(plan: &Plan) -> bool {
        plan.run().stop_on_miss.is_some() && !plan.run().thresholds.is_empty()
    }

    /// None if no threshold can end the run.
    pub(crate) fn of(plan: &Plan, config: &WorkerConfig, context: impl FnOnce() -> RunContext) -> Option<Self> {
        let longest = plan.run().stop_on_miss.filter(|_| Self::is_wanted(plan))?;
        let thresholds = plan.run().thresholds.iter().map(|threshold| (threshold.clone(), None)).collect();
        Some(Self {
            empty: summary::empty(plan, context()),
            plan: plan.clone(),
            told: std::iter::repeat_with(|| None).take(config.partition.workers() as usize).collect(),
            misses: Misses { longest_s: longest.as_secs_f64(), thresholds },
            stopped: None,
        })
    }

    /// Takes what a worker has so far. Looks at the thresholds once all have told. True if the run
    /// is to end now.
    pub(crate) fn take(&mut self, worker: u32, outcome: WorkerOutcome) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        self.told[worker as usize] = Some(outcome);
        if self.told.iter().any(Option::is_none) {
            return false;
        }
        let outcomes = self.told.iter_mut().filter_map(Option::take).collect();
        let report = summary::so_far(&self.empty, &self.plan, outcomes);
        self.stopped = self.misses.look(report.measured_s, |threshold| threshold.is_missed_so_far(&report));
        self.stopped.is_some()
    }
}

impl Misses {
    /// Looks at all thresholds, `at_s` seconds after the measured phase began. Returns the one that
    /// has been missed for too long.
    fn look(&mut self, at_s: f64, is_missed: impl Fn(&Threshold) -> bool) -> Option<StoppedOnMiss> {
        for (threshold, since) in &mut self.thresholds {
            *since = since.or(Some(at_s)).filter(|_| is_missed(threshold));
        }
        let over = |since: &Option<f64>| since.is_some_and(|since| at_s - since >= self.longest_s);
        let (threshold, _) = self.thresholds.iter().find(|(_, since)| over(since))?;
        Some(StoppedOnMiss { threshold: threshold.to_string(), at_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_miss_that_lasts_ends_the_run() {
        let thresholds = ["p99<5ms", "died==0"].map(|text| (text.parse().unwrap(), None)).to_vec();
        let mut misses = Misses { longest_s: 3.0, thresholds };
        // Which of them is missed at 1, 2, ... seconds.
        let looks = ["", "p", "p", "p", "", "p", "p", "pd", "d", "d"];
        for (at, missed) in (1..).zip(looks) {
            let stopped = misses.look(f64::from(at), |threshold| missed.contains(&threshold.to_string()[..1]));
            assert_eq!(stopped, None, "{at}");
        }
        let stopped = misses.look(11.25, |threshold| threshold.to_string() == "died==0");
        assert_eq!(stopped, Some(StoppedOnMiss { threshold: "died==0".to_owned(), at_s: 11.25 }));
    }
}
