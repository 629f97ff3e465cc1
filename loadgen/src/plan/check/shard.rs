//! Finds that a plan can't be shared by several processes.

use crate::plan::{Group, PlanError, RunOptions, Shard, Target};

/// Finds that a plan can't be shared by as many shards as its run has. A single shard has it all.
pub(super) fn check(run: &RunOptions, groups: &[Group]) -> Result<(), PlanError> {
    let Some(shard) = run.shard else { return Ok(()) };
    let refused = |why: String| Err(PlanError::new(None, "shard", shard, why));
    if run.seed.is_none() {
        let why = "all shards need one seed, or each would plan another run; give --seed".to_owned();
        return refused(why);
    }
    if shard.of().get() == 1 {
        return Ok(());
    }
    if groups.iter().any(|group| group.target == Target::Embedded) {
        let why = "each shard would start a server of its own; give the URL of one that all of them reach".to_owned();
        return refused(why);
    }
    if run.stop_on_miss.is_some() {
        let why = format!("with --shard {shard}: no shard knows the whole run while it goes on; leave it out");
        return Err(PlanError { group: None, key: "stop_on_miss", value: None, why });
    }
    has_clients(shard, groups)
}

/// Finds that a shard would have no client. A group of `C` clients has some for each of `C` shards.
fn has_clients(shard: Shard, groups: &[Group]) -> Result<(), PlanError> {
    let most = groups.iter().map(|group| group.clients.get()).max().unwrap_or(0);
    if shard.of().get() <= most {
        return Ok(());
    }
    let which = if groups.len() == 1 { "the run has" } else { "the largest group has" };
    let why = match most {
        1 => format!("{which} 1 client, so some shards would have none; leave it out"),
        most => format!("{which} {most} clients, so some shards would have none; take {most} shards or fewer"),
    };
    Err(PlanError::new(None, "shard", shard, why))
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use super::*;
    use crate::plan::Plan;

    fn group(name: &str, clients: u32) -> Group {
        let target = Target::Url("ws://127.0.0.1:9001".parse().unwrap());
        Group { name: name.parse().unwrap(), target, clients: NonZeroU32::new(clients).unwrap(), ..Group::default() }
    }

    fn refusal(number: u32, of: u32, groups: Vec<Group>, change: impl FnOnce(&mut RunOptions)) -> Option<String> {
        let mut run =
            RunOptions { shard: Some(Shard::new(number, of).unwrap()), seed: Some(1), ..RunOptions::default() };
        change(&mut run);
        Plan::new(run, groups).err().map(|error| error.to_string())
    }

    #[test]
    fn what_several_processes_cannot_share_is_refused() {
        let three = || vec![group("main", 3)];
        assert_eq!(refusal(1, 3, three(), |_| {}), None);
        let refusals = [
            refusal(1, 4, three(), |_| {}),
            refusal(2, 2, vec![group("main", 1)], |_| {}),
            refusal(2, 5, vec![group("a", 3), group("b", 4)], |_| {}),
            refusal(1, 2, three(), |run| run.seed = None),
            refusal(1, 2, vec![Group { target: Target::Embedded, ..group("main", 3) }], |_| {}),
            refusal(1, 2, three(), |run| run.stop_on_miss = Some(Duration::from_secs(1))),
        ];
        insta::assert_snapshot!(refusals.map(Option::unwrap_or_default).join("\n"));
    }

    #[test]
    fn a_single_shard_is_a_whole_run() {
        let embedded = vec![Group { target: Target::Embedded, ..group("main", 3) }];
        assert_eq!(refusal(1, 1, embedded, |run| run.seed = Some(2)), None);
    }
}
