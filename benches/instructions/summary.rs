//! What `gungraun-runner` says of a run.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::baseline::InstructionCounts;

/// The version of `gungraun-runner` that the library wants: its own.
pub(crate) const RUNNER: &str = "0.20.0";

/// What a line of the runner's JSON says of one benchmark, as far as it is wanted here.
#[derive(Deserialize)]
struct GungraunSummary {
    group: String,
    function_name: String,
    id: Option<String>,
    profiles: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    metrics: BTreeMap<String, MetricValues>,
}

#[derive(Deserialize)]
struct MetricValues {
    values: Values,
}

#[derive(Deserialize)]
struct Values {
    new: u64,
}

/// Reads the runner's JSON, one benchmark a line.
///
/// # Errors
/// In words, if a line is not what it must be.
pub(crate) fn read(lines: &str) -> Result<InstructionCounts, String> {
    let mut counts = InstructionCounts::new();
    for line in lines.lines() {
        let summary: GungraunSummary = serde_json::from_str(line).map_err(|error| format!("{error}, in {line}"))?;
        let name = [Some(summary.group), Some(summary.function_name), summary.id];
        let name: Vec<String> = name.into_iter().flatten().collect();
        let name = name.join("::");
        let profile = summary.profiles.into_iter().next();
        let instructions = profile.and_then(|profile| profile.data.total.metrics.get("Ir").map(|ir| ir.values.new));
        let instructions = instructions.ok_or_else(|| format!("{name} has no count of instructions"))?;
        if counts.insert(name.clone(), instructions).is_some() {
            return Err(format!("two benchmarks are named {name}"));
        }
    }
    Ok(counts)
}
