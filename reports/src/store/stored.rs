//! A result or a search, whichever a file holds.

use std::{fs, path::Path};

use super::{FileError, StoreError, format, result, schema::Schema, search};
use crate::{judge::Judgement, model::Report, search::SearchRecord};

/// The contents of a file that may have either format.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// A run.
    Result(Box<(Report, Judgement)>),
    /// A search.
    Search(Box<SearchRecord>),
}

impl Stored {
    /// Reads a text that [`to_json`](super::to_json) or [`search::to_json`] wrote.
    ///
    /// # Errors
    /// The errors of [`from_json`](super::from_json). A text of another format is refused with both
    /// names.
    pub fn from_json(text: &[u8]) -> Result<Self, StoreError> {
        match format::of(text, &[Schema::RESULT, Schema::SEARCH])? {
            Schema::SEARCH => Ok(Self::Search(Box::new(search::record(text)?))),
            _ => Ok(Self::Result(Box::new(result(text)?))),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The file can't be read, or holds neither ([`Self::from_json`]).
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = fs::read(path).map_err(|error| FileError::new(path, error))?;
        Self::from_json(&text).map_err(|error| FileError::new(path, error))
    }
}
