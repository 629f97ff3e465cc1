//! Rates over time, and the gaps between messages.

use std::time::Duration;

use reports::human;

use super::{PlanError, about};
use crate::plan::{Arrivals, Group, Load, RatePlan, RunOptions, Spacing, Until};

/// Finds stages that send nothing or do not fit into the run, and gaps that leave the end unknown.
pub(super) fn check(index: usize, group: &Group, run: &RunOptions) -> Result<(), PlanError> {
    let Load::Open { arrivals, .. } = &group.load else { return Ok(()) };
    let Arrivals { rate, spacing } = arrivals;
    let counted = matches!(run.until, Until::Messages(_));
    if *spacing == Spacing::Poisson && counted {
        let why = "with --messages it would end at another time for each client; give --duration";
        return Err(PlanError::new(Some(index), "arrival", "poisson", why.to_owned()));
    }
    let RatePlan::Stages(stages) = rate else { return Ok(()) };
    if stages.iter().any(|stage| stage.length.is_zero()) {
        return Err(about(index, "stage", "a stage takes no time; give it some, as in 0..50@30s".to_owned()));
    }
    if rate.peak().is_none() {
        let why = "no stage has a rate over 0, so nothing would be sent; --rate 0 lets clients only listen";
        return Err(about(index, "stage", why.to_owned()));
    }
    if counted {
        let why = "the stages say how long the run takes and how many messages it has; leave out --messages";
        return Err(about(index, "stage", why.to_owned()));
    }
    let length = rate.length().unwrap_or_default();
    let bounds = [(run_length(run), "the measured phase takes"), (group.sessions.stop, "the group stops after")];
    match bounds.into_iter().find_map(|(bound, what)| bound.filter(|bound| length > *bound).zip(Some(what))) {
        Some((bound, what)) => {
            let [length, bound] = [length, bound].map(|time| human::seconds(time.as_secs_f64()));
            let why = format!("the stages take {length}, and {what} {bound}; make one as long as the other");
            Err(about(index, "stage", why))
        }
        None => Ok(()),
    }
}

fn run_length(run: &RunOptions) -> Option<Duration> {
    match run.until {
        Until::Elapsed(duration) => Some(duration),
        Until::Messages(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Rate, Sessions, Stage};

    fn group(stages: &[(f64, f64, u64)], spacing: Spacing) -> Group {
        let stage = |&(from, to, seconds)| Stage {
            from: Rate::new(from),
            to: Rate::new(to),
            length: Duration::from_secs(seconds),
        };
        let rate = RatePlan::Stages(stages.iter().map(stage).collect());
        let [burst, max_in_flight] = [1, 10].map(|n| n.try_into().unwrap());
        Group { load: Load::Open { arrivals: Arrivals { rate, spacing }, burst, max_in_flight }, ..Group::default() }
    }

    #[test]
    fn stages_fit_into_the_run_and_send_something() {
        let seconds = |seconds| Until::Elapsed(Duration::from_secs(seconds));
        let even = |stages: &[(f64, f64, u64)]| group(stages, Spacing::Even);
        let stop = Sessions { stop: Some(Duration::from_secs(9)), ..Sessions::default() };
        let cases = [
            (even(&[(0.0, 5.0, 4), (5.0, 5.0, 6)]), seconds(10), ""),
            (even(&[(0.0, 5.0, 4), (5.0, 5.0, 6)]), seconds(11), ""),
            (even(&[(0.0, 5.0, 4), (5.0, 5.0, 7)]), seconds(10), "the measured phase takes 10 s; make one"),
            (Group { sessions: stop, ..even(&[(5.0, 5.0, 10)]) }, seconds(10), "the group stops after 9 s"),
            (even(&[(0.0, 0.0, 10)]), seconds(10), "--rate 0 lets clients only listen"),
            (even(&[(0.0, 1.0, 0)]), seconds(10), "takes no time"),
            (even(&[(1.0, 1.0, 5)]), Until::Messages(7.try_into().unwrap()), "leave out --messages"),
        ];
        for (group, until, says) in cases {
            let checked = check(0, &group, &RunOptions { until, ..RunOptions::default() });
            let said = checked.map_or_else(|error| error.to_string(), |()| String::new());
            assert!(said.contains(says) && said.is_empty() == says.is_empty(), "{says}: {said}");
        }
    }

    #[test]
    fn a_number_of_messages_has_even_gaps() {
        let mut poisson = group(&[], Spacing::Poisson);
        if let Load::Open { arrivals, .. } = &mut poisson.load {
            arrivals.rate = RatePlan::Constant(Rate::new(1.0).unwrap());
        }
        assert_eq!(check(0, &poisson, &RunOptions::default()), Ok(()));
        let counted = RunOptions { until: Until::Messages(7.try_into().unwrap()), ..RunOptions::default() };
        let said = check(0, &poisson, &counted).unwrap_err().to_string();
        assert_eq!(
            said,
            "--arrival poisson: with --messages it would end at another time for each client; give --duration"
        );
    }
}
