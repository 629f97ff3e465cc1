//! What thresholds name, and what needs some.

use reports::Threshold;

use super::PlanError;
use crate::plan::{Group, RunOptions};

/// Finds thresholds about groups that the plan does not have, and a stop on a miss that nothing can
/// miss.
pub(super) fn check(run: &RunOptions, groups: &[Group]) -> Result<(), PlanError> {
    run.thresholds.iter().try_for_each(|threshold| named_group(threshold, groups))?;
    stop_on_miss(run)
}

fn named_group(threshold: &Threshold, groups: &[Group]) -> Result<(), PlanError> {
    let found = threshold.metric().in_groups(groups.iter().map(|group| group.name.as_str()));
    found.map(drop).map_err(|unknown| PlanError::new(None, "threshold", threshold, unknown.to_string()))
}

fn stop_on_miss(run: &RunOptions) -> Result<(), PlanError> {
    let Some(longest) = run.stop_on_miss.filter(|_| run.thresholds.is_empty()) else { return Ok(()) };
    let why = "there is no threshold to miss; give one, such as --threshold 'p99<5ms'".to_owned();
    Err(PlanError::new(None, "stop_on_miss", humantime::format_duration(longest), why))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run(threshold: &str) -> RunOptions {
        RunOptions { thresholds: vec![threshold.parse().unwrap()], ..RunOptions::default() }
    }

    #[test]
    fn a_threshold_names_a_group_of_the_plan() {
        let group = |name: &str| Group { name: name.parse().unwrap(), ..Group::default() };
        let groups = [group("chat"), group("slow")];
        for known in ["p99<5ms", "chat.p99<5ms", "slow.lost==0"] {
            assert_eq!(check(&run(known), &groups), Ok(()), "{known}");
        }
        assert_eq!(
            check(&run("chta.p99<5ms"), &groups).unwrap_err().to_string(),
            "--threshold chta.p99<5ms: there is no group `chta`; the groups are chat and slow; did you mean `chat.p99`?"
        );
    }

    #[test]
    fn a_stop_on_a_miss_needs_a_threshold() {
        let longest = Some(Duration::from_secs(10));
        assert_eq!(check(&RunOptions { stop_on_miss: longest, ..run("p99<5ms") }, &[]), Ok(()));
        let error = check(&RunOptions { stop_on_miss: longest, ..RunOptions::default() }, &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--stop-on-miss 10s: there is no threshold to miss; give one, such as --threshold 'p99<5ms'"
        );
    }
}
