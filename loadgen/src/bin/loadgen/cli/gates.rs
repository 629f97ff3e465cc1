//! What a comparison is judged by, as options.

use std::str::FromStr;

use clap::Args;
use reports::{Metric, ParseError, gate::Gate};

use super::refusal::refuse;

/// Metrics that decide a comparison.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Verdict")]
pub(crate) struct GateArgs {
    /// How much worse a metric may become; repeatable
    ///
    /// METRIC=PERCENT, such as p99=10% or service.p99.9=20%, lets the metric decide. METRIC=off
    /// lets it not decide.
    ///
    /// [default: p50=5%, p99=10%, throughput=5%]
    #[arg(long = "gate", value_name = "METRIC=PERCENT", hide_short_help = true)]
    changes: Vec<GateChange>,
}

/// A change to the default gates.
#[derive(Clone, Copy, Debug)]
enum GateChange {
    Set(Gate),
    Off(Metric),
}

impl GateChange {
    fn metric(self) -> Metric {
        match self {
            Self::Set(gate) => gate.metric(),
            Self::Off(metric) => metric,
        }
    }
}

impl FromStr for GateChange {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.trim_end().strip_suffix("=off") {
            Some(metric) => metric.parse().map(Self::Off),
            None => text.parse().map(Self::Set),
        }
    }
}

impl GateArgs {
    /// The defaults with the changes that were asked for, in a run with these groups.
    pub(crate) fn gates(&self, groups: &[&str]) -> Result<Vec<Gate>, clap::Error> {
        let in_groups = |change: &GateChange| {
            let in_groups = match *change {
                GateChange::Set(gate) => gate.in_groups(groups.iter().copied()).map(GateChange::Set),
                GateChange::Off(metric) => metric.in_groups(groups.iter().copied()).map(GateChange::Off),
            };
            in_groups.map_err(|unknown| refuse(format!("--gate {}: {unknown}", change.metric().name())))
        };
        let changes: Vec<GateChange> = self.changes.iter().map(in_groups).collect::<Result<_, _>>()?;
        let set = changes.iter().filter_map(|change| match change {
            GateChange::Set(gate) => Some(*gate),
            GateChange::Off(_) => None,
        });
        let mut gates = Gate::defaults_with(&set.collect::<Vec<_>>());
        for change in &changes {
            let GateChange::Off(metric) = change else { continue };
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
