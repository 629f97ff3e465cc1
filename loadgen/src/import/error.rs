//! Why a recording becomes no plan.

use std::fmt;

/// Why a recording becomes no plan. It shows nothing of the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// Name of the file, as it was given.
    pub file: String,
    /// Line and column, counted from 1, if it is about a place.
    pub place: Option<(usize, usize)>,
    /// What is wrong, and what to do about it.
    pub what: String,
}

/// As `shop.har:1:4711: ...`, which editors and terminals open.
impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ImportError {}
