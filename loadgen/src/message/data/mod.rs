//! Values for templates, a row a client.

use std::path::{Path, PathBuf};

/// Values for templates: rows of a CSV file or of JSON lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    path: PathBuf,
}

impl Data {
    /// Reads a file.
    ///
    /// # Errors
    /// It can't be read, or is no such file.
    pub fn read(path: &Path) -> Result<Self, String> {
        Ok(Self { path: path.to_owned() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
