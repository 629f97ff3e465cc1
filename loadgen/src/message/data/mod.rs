//! Values for templates, a row a client.
//!
//! ```text
//! mod.rs      rows in memory
//! builder.rs  takes rows, within bounds
//! read.rs     CSV and JSON lines
//! error.rs    what is wrong with a file, and where
//! ```

mod builder;
mod error;
mod read;

use std::{
    fmt,
    path::{Path, PathBuf},
};

pub use self::error::DataError;

/// Values for templates: rows of a CSV file or of JSON lines. The client with index `n` in its
/// group has row `n`; with fewer rows than clients they begin again.
///
/// All values lie in one block, and a value costs four bytes besides its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Data {
    path: PathBuf,
    columns: Box<[Box<str>]>,
    /// Length of the longest value of each column.
    longest: Box<[usize]>,
    /// All values, row by row.
    values: Box<str>,
    /// Where each value ends.
    ends: Box<[u32]>,
}

impl Data {
    /// The rows of a file: CSV with a header row (RFC 4180) if its name ends in `.csv`, JSON lines
    /// if it ends in `.jsonl`.
    ///
    /// Each line of JSON is an object, and all have the same names. A text stands for itself,
    /// anything else for its JSON.
    ///
    /// # Errors
    /// The file can't be read, has no rows, is not UTF-8 or too large, a column has no name or that
    /// of another, or a row has other columns than the first. The error shows no values.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        read::read(path)
    }

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the columns, in the order of the file.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|name| &**name)
    }

    /// The number of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns().position(|column| column == name)
    }

    /// Rows, one at least.
    pub fn rows(&self) -> usize {
        self.ends.len() / self.columns.len().max(1)
    }

    /// The value of a column for the client with this index in its group.
    ///
    /// # Panics
    /// There is no such column.
    #[inline]
    pub fn value(&self, client: u32, column: usize) -> &str {
        let at = (client as usize % self.rows()) * self.columns.len() + column;
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.values[begin as usize..self.ends[at] as usize]
    }

    /// The values of the client with this index in its group.
    pub fn row(&self, client: u32) -> impl Iterator<Item = &str> {
        (0..self.columns.len()).map(move |column| self.value(client, column))
    }

    /// All values, row by row.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        (0..).take(self.rows()).flat_map(|row| self.row(row))
    }

    /// Bytes of the longest value of a column.
    ///
    /// # Panics
    /// There is no such column.
    pub fn longest(&self, column: usize) -> usize {
        self.longest[column]
    }

    /// All values of a column.
    pub fn values_of(&self, column: usize) -> impl Iterator<Item = &str> {
        (0..).zip(0..self.rows()).map(move |(client, _)| self.value(client, column))
    }
}

/// Without its values, which may be secrets.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of {:?} from {}", self.rows(), self.columns, self.path.display())
    }
}

#[cfg(test)]
mod tests;
