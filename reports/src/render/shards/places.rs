//! Machines of shards that differ from that of the first.

use super::names::named;
use crate::{
    human::count,
    model::{Environment, Report},
};

/// Most kinds of machines that are shown.
const KINDS: usize = 5;

/// A machine and the program on it, for people.
pub(in crate::render) fn machine(environment: &Environment) -> String {
    let Environment { cpu, cores, kernel, version, .. } = environment;
    let unit = if *cores == 1 { "core" } else { "cores" };
    format!("{cpu}, {cores} {unit}, {kernel}, loadgen {version}")
}

/// The shards that ran on another kind of machine than the result says, by kind. `None` if there is
/// one kind.
pub(super) fn elsewhere(report: &Report) -> Option<String> {
    let first = machine(&report.environment);
    let mut kinds: Vec<(String, Vec<u32>)> = Vec::new();
    for shard in &report.shards {
        let machine = machine(&shard.environment);
        if machine == first {
            continue;
        }
        match kinds.iter_mut().find(|(known, _)| *known == machine) {
            Some((_, shards)) => shards.push(shard.number),
            None => kinds.push((machine, vec![shard.number])),
        }
    }
    let kind = |(machine, shards): &(String, Vec<u32>)| {
        format!("{} ran on {machine}", named(shards.iter().copied()).unwrap_or_default())
    };
    let mut texts: Vec<String> = kinds.iter().take(KINDS).map(kind).collect();
    if kinds.len() > KINDS {
        texts.push(format!("and others on {} more kinds", count((kinds.len() - KINDS) as u64)));
    }
    (!texts.is_empty()).then(|| texts.join("; "))
}
