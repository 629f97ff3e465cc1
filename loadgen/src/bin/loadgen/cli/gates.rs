//! What a comparison is judged by, as options.

use std::str::FromStr;

use clap::Args;
use reports::gate::Gate;
use reports::{Metric, Refusal};

use super::refuse;

/// Metrics that decide.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Comparison")]
#[allow(clippy::doc_markdown)]
pub(crate) struct Gates {
    /// Metric that decides and how much worse it may become, such as p99=10% or service.p99.9=20%; off lets it not
    /// decide; repeatable [default: p50=5%, p99=10%, throughput=5%]
    #[arg(long = "gate", value_name = "METRIC=PERCENT|off")]
    changes: Vec<Change>,
}

/// A change to the defaults.
#[derive(Clone, Debug)]
enum Change {
    Set(Gate),
    Off(Metric),
}

impl FromStr for Change {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text.trim_end().strip_suffix("=off") {
            Some(metric) => metric.parse().map(Self::Off),
            None => text.parse().map(Self::Set),
        }
    }
}

impl Gates {
    /// The defaults with the changes that were asked for.
    pub(crate) fn gates(&self) -> Result<Vec<Gate>, clap::Error> {
        let set: Vec<_> = self
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Set(gate) => Some(*gate),
                Change::Off(_) => None,
            })
            .collect();
        let mut gates = Gate::defaults_with(&set);
        for change in &self.changes {
            let Change::Off(metric) = change else { continue };
            let before = gates.len();
            gates.retain(|gate| gate.metric() != *metric);
            if gates.len() == before {
                let name = metric.name();
                return Err(refuse(format!("--gate {name}=off: {name} does not decide anyway")));
            }
        }
        if gates.is_empty() {
            return Err(refuse("--gate: every metric is off, so nothing decides; leave one on".to_owned()));
        }
        Ok(gates)
    }

    /// Whether the defaults were changed.
    pub(crate) fn are_given(&self) -> bool {
        !self.changes.is_empty()
    }
}
