//! The stored instruction counts, and the comparison of others with them. Pure, except for reading
//! and writing the file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use serde::{Deserialize, Serialize};

/// What writes the file anew.
pub(crate) const RENEW: &str = "cargo bench --bench instructions -- --renew";

/// Where no file says otherwise.
///
/// A program counts the same on one machine, to the last instruction, whatever else runs. What
/// differs between machines with one rustc is what is not compiled here: how another glibc
/// allocates and copies, which is up to a fifth of a count at 64 bytes and most of it where 4 KiB
/// of binary are copied, and how another valgrind reads an instruction. So a tenth more in what is
/// not ours does not fail, in most. Smaller changes of ours are let pass too, but they don't add up
/// unseen: the figures stay what they are until somebody renews them.
pub(crate) const TOLERANCE_PERCENT: f64 = 5.0;

/// Benchmarks by name, and instructions of each.
pub(crate) type InstructionCounts = BTreeMap<String, u64>;

/// What counts were made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Toolchain {
    /// As `rustc --version` says. Another makes other instructions of the same source.
    pub(crate) rustc: String,
    /// As Rust names it.
    pub(crate) architecture: String,
    /// As `getconf GNU_LIBC_VERSION` says; only to be told where counts differ.
    pub(crate) libc: String,
    /// As `valgrind --version` says; likewise.
    pub(crate) valgrind: String,
}

/// `reports/baselines/instructions.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    /// [`RENEW`], for who finds the file.
    pub(crate) made_by: String,
    /// What with.
    pub(crate) machine: Toolchain,
    /// Most by which a count may differ, in percent of the one here; over 0.
    pub(crate) tolerance_percent: f64,
    /// Messages that each count is for.
    pub(crate) messages: u64,
    /// The figures.
    pub(crate) instructions: InstructionCounts,
}

/// What is said of counts beside a baseline.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BaselineVerdict {
    /// The counts of this machine can't be compared with the baseline's; why not.
    Incomparable(String),
    /// What is wrong; nothing, if all is well.
    Compared(Vec<BaselineFinding>),
}

/// Something wrong with one benchmark.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BaselineFinding {
    /// It takes other instructions than it did, by more than the tolerance.
    Differs { name: String, baseline: u64, measured: u64, tolerance_percent: f64 },
    /// The baseline has it, and it was not measured.
    NotMeasured { name: String },
    /// It was measured, and the baseline does not have it.
    NotInBaseline { name: String, measured: u64 },
}

impl Baseline {
    /// Reads the file.
    ///
    /// # Errors
    /// In words, if it is not there or is no baseline.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let said = |error: &dyn fmt::Display| format!("{}: {error}; to write it: {RENEW}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| said(&error))?;
        let baseline: Self = serde_json::from_str(&text).map_err(|error| said(&error))?;
        if !(baseline.tolerance_percent.is_finite() && baseline.tolerance_percent > 0.0) {
            return Err(said(&"tolerance_percent must be over 0"));
        }
        match baseline.instructions.iter().find(|(_, count)| **count == 0) {
            Some((name, _)) => Err(said(&format_args!("{name} can't take 0 instructions"))),
            None => Ok(baseline),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// In words, if that fails.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let said = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
        let text = serde_json::to_string_pretty(self).map_err(|error| said(&error))?;
        std::fs::write(path, text + "\n").map_err(|error| said(&error))
    }

    /// Judges `measured`, counted on `machine`.
    pub(crate) fn compare(&self, machine: &Toolchain, measured: &InstructionCounts) -> BaselineVerdict {
        let alike = [(&self.machine.rustc, &machine.rustc), (&self.machine.architecture, &machine.architecture)];
        if let Some((theirs, ours)) = alike.into_iter().find(|(theirs, ours)| theirs != ours) {
            return BaselineVerdict::Incomparable(format!("the baseline is of {theirs}, and this is {ours}"));
        }
        let names: BTreeSet<&String> = self.instructions.keys().chain(measured.keys()).collect();
        let finding = |name: &String| match (self.instructions.get(name), measured.get(name)) {
            (Some(&baseline), Some(&measured)) => self.differs(name, baseline, measured),
            (Some(_), None) => Some(BaselineFinding::NotMeasured { name: name.clone() }),
            (None, Some(&measured)) => Some(BaselineFinding::NotInBaseline { name: name.clone(), measured }),
            (None, None) => None,
        };
        BaselineVerdict::Compared(names.into_iter().filter_map(finding).collect())
    }

    fn differs(&self, name: &str, baseline: u64, measured: u64) -> Option<BaselineFinding> {
        let tolerance_percent = self.tolerance_percent;
        let over = percent(baseline, measured).abs() > tolerance_percent;
        over.then(|| BaselineFinding::Differs { name: name.to_owned(), baseline, measured, tolerance_percent })
    }
}

/// How much more `measured` is than `baseline`, in percent of that.
pub(crate) fn percent(baseline: u64, measured: u64) -> f64 {
    (measured as f64 - baseline as f64) * 100.0 / baseline as f64
}

impl fmt::Display for BaselineFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { name, baseline, measured, tolerance_percent } => {
                let percent = percent(*baseline, *measured);
                let what = if percent > 0.0 {
                    "this got slower; if it must, renew the baseline"
                } else {
                    "this got faster; renew the baseline, or it would hide as much of a later loss"
                };
                write!(
                    f,
                    "{name}: baseline {baseline}, measured {measured}: {percent:+.2} %, tolerance {tolerance_percent} %; {what}"
                )
            }
            Self::NotMeasured { name } => {
                write!(f, "{name}: in the baseline, but not measured; if it is gone for good, renew the baseline")
            }
            Self::NotInBaseline { name, measured } => {
                write!(f, "{name}: measured {measured}, but not in the baseline; renew it")
            }
        }
    }
}
