//! Stored results: raw values of every round. Medians and ranges are computed where they are shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Result;

/// Bytes.
pub(crate) const KIB: f64 = 1024.0;

/// `reports/performance/loopback.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Results {
    /// The command that writes the file.
    pub(crate) made_by: String,
    /// Day of the measurement, in UTC.
    pub(crate) date: String,
    /// The last commit that changed what the programs are built from.
    pub(crate) commit: String,
    pub(crate) cpu: String,
    pub(crate) cores: f64,
    pub(crate) kernel: String,
    /// Processes that wanted a core in the minute before the first run.
    pub(crate) load_average: f64,
    /// Largest share of the processors that a hypervisor took during a run, 0 to 1.
    pub(crate) stolen: f64,
    /// One value a round, by name.
    pub(crate) rounds: BTreeMap<String, Vec<f64>>,
}

/// What is used of `reports/baselines/instructions.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Instructions {
    pub(crate) machine: Compiler,
    messages: f64,
    #[serde(rename = "instructions")]
    counts: BTreeMap<String, f64>,
}

/// What the counted program was compiled with.
#[derive(Debug, Deserialize)]
pub(crate) struct Compiler {
    pub(crate) rustc: String,
    pub(crate) architecture: String,
}

/// The middle of some rounds, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// The lower one of two middle values. `None` without values.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        Some(Self { median: sorted[(sorted.len() - 1) / 2], least, most })
    }
}

impl Results {
    /// The values of every round.
    pub(crate) fn of(&self, name: &str) -> Result<&[f64]> {
        Ok(self.rounds.get(name).ok_or_else(|| format!("no result is named {name}"))?)
    }

    /// `name` beside `other`, round by round.
    pub(crate) fn combine(&self, name: &str, other: &str, with: fn(f64, f64) -> f64) -> Result<Spread> {
        let values: Vec<f64> = self.of(name)?.iter().zip(self.of(other)?).map(|(a, b)| with(*a, *b)).collect();
        Ok(Spread::of(&values).ok_or_else(|| format!("{name} has no values"))?)
    }

    pub(crate) fn spread(&self, name: &str) -> Result<Spread> {
        self.combine(name, name, |value, _| value)
    }
}

impl Instructions {
    /// Instructions that one message takes.
    pub(crate) fn per_message(&self, name: &str) -> Result<f64> {
        let all = self.counts.get(name).ok_or_else(|| format!("no instructions are counted for {name}"))?;
        Ok(all / self.messages)
    }
}

/// The median, least and most, in units of `unit`.
pub(crate) fn cell(spread: Spread, unit: f64, digits: usize) -> String {
    let [median, least, most] = [spread.median, spread.least, spread.most].map(|value| value / unit);
    format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
}

#[test]
fn a_spread_is_the_middle_value_and_both_ends() {
    assert_eq!(Spread::of(&[3.0, 1.0, 9.0]), Some(Spread { median: 3.0, least: 1.0, most: 9.0 }));
    assert_eq!(Spread::of(&[2.0, 1.0]), Some(Spread { median: 1.0, least: 1.0, most: 2.0 }));
    assert_eq!(Spread::of(&[]), None);
}
