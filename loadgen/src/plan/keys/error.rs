//! What is wrong with a plan file, and where.

use std::fmt;

/// What is wrong with a plan file, and where. It shows no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFileError {
    /// Name of the file, as it was given.
    pub file: String,
    /// Line, counted from 1, if it is about one.
    pub line: Option<usize>,
    /// What is wrong, and what to do about it.
    pub what: String,
}

/// As `plan.toml:3: ...`, which editors and terminals open.
impl fmt::Display for PlanFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for PlanFileError {}
