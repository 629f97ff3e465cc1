//! Files that are read again: a run's report and judgement ([`Schema::RESULT`]), and searches ([`search`],
//! [`Schema::SEARCH`]), each as one JSON object.
//!
//! The JSON Schemas of [`crate::store::schema`] describe every key. Facts are stored; what follows from them (`latency_ns`,
//! `throughput`) is written beside them for readers such as jq and ignored on reading, since it is computed again from the
//! histograms and counts. Keys that this version does not know are ignored on reading.
//!
//! ```text
//! store.rs             JSON text <-> (Report, Judgement)
//! store/document.rs    the shape of that file
//! store/histogram.rs   a histogram as text
//! store/search.rs      JSON text <-> Record of a search, and the shape of that file
//! store/stored.rs      either of them, whichever a file holds
//! store/head.rs        which format a text has; error.rs, why it is none
//! store/file.rs        whole files: temporary file, then rename
//! store/baseline.rs    results by name, to compare with
//! ```

pub mod baseline;
mod document;
mod error;
mod file;
mod format;
mod histogram;
pub mod schema;
pub mod search;
mod stored;
mod temporary;

use serde::Serialize;

use crate::{judge::Judgement, model::Report};
use document::ResultDocument;
pub use error::{Formats, StoreError};
pub use file::{FileError, check_writable, read, write, write_bytes};
use schema::Schema;
pub use stored::Stored;

/// A result as JSON text, indented, with a newline at the end.
///
/// # Errors
/// A number that is infinite or not a number ([`StoreError::NotFinite`]), or a histogram of another shape than
/// [`Latency::histogram`](crate::model::Latency::histogram) ([`StoreError::Histogram`]).
pub fn to_json(report: &Report, judgement: &Judgement) -> Result<String, StoreError> {
    text_of(Schema::RESULT, &ResultDocument::new(report, judgement)?)
}

/// Reads back what [`to_json`] wrote.
///
/// # Errors
/// Each way in which the text is not a result of this version has its own variant of [`StoreError`].
pub fn from_json(text: &[u8]) -> Result<(Report, Judgement), StoreError> {
    format::of(text, &[Schema::RESULT])?;
    result(text)
}

/// A text that says of itself that it is a result.
fn result(text: &[u8]) -> Result<(Report, Judgement), StoreError> {
    let document: ResultDocument =
        serde_json::from_slice(text).map_err(|error| StoreError::Malformed(Schema::RESULT, error))?;
    document.into_parts()
}

fn text_of(schema: Schema, document: &impl Serialize) -> Result<String, StoreError> {
    let mut text = serde_json::to_string_pretty(document).map_err(|error| StoreError::Malformed(schema, error))?;
    text.push('\n');
    Ok(text)
}

/// The first of these numbers that JSON would hold as `null`, so that the file could not be read back.
fn check_finite(numbers: impl IntoIterator<Item = (&'static str, f64)>) -> Result<(), StoreError> {
    match numbers.into_iter().find(|(_, number)| !number.is_finite()) {
        Some((key, _)) => Err(StoreError::NotFinite(key)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
