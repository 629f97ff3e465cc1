//! What is wrong with a plan.

use std::fmt;

/// What is wrong with a plan whose values are right one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// Index of the group that it is about; none if it is about the run.
    pub group: Option<usize>,
    /// The key in a plan file: the option's long name with `_` for `-`.
    pub key: &'static str,
    /// The value, if it can be shown.
    pub value: Option<String>,
    /// What is wrong, and what to do about it.
    pub why: String,
}

impl PlanError {
    pub(super) fn new(group: Option<usize>, key: &'static str, value: impl fmt::Display, why: String) -> Self {
        Self { group, key, value: Some(value.to_string()), why }
    }

    /// The option of the command line.
    pub fn option(&self) -> String {
        format!("--{}", self.key.replace('_', "-"))
    }
}

/// As the command line says it: `--size 20: ...`.
impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.option())?;
        if let Some(value) = &self.value {
            write!(f, " {value}")?;
        }
        write!(f, ": {}", self.why)
    }
}

impl std::error::Error for PlanError {}
