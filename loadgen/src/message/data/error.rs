//! What is wrong with a file of data, and where.

use std::fmt;

/// Why a file can't be used for templates. Shows no values, and leaves the file's name to the
/// caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataError {
    /// From 1. None if it is about the whole file.
    line: Option<u64>,
    /// What is wrong, and what to do about it.
    why: String,
}

impl DataError {
    pub(super) fn of_file(why: impl Into<String>) -> Self {
        Self { line: None, why: why.into() }
    }

    pub(super) fn at_line(line: u64, why: impl Into<String>) -> Self {
        Self { line: Some(line), why: why.into() }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for DataError {}
