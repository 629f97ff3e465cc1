//! Files that are read again: results ([`Schema::RESULT`]) and searches ([`search`],
//! [`Schema::SEARCH`]). Each is one JSON object.
//!
//! The JSON Schemas in [`schema`] describe every key. A file also holds derived numbers
//! (`latency_ns`, `throughput`) for readers such as jq. Reading ignores them, because histograms
//! and counts give them again. It also ignores keys that this version does not know.
//!
//! ```text
//! mod.rs        JSON text <-> (Report, Judgement)
//! document.rs   the format of that file
//! measurement.rs  what it has of each group, and of all together
//! histogram.rs  a histogram as text
//! search/       JSON text <-> SearchRecord
//! stream.rs     results among the lines of a log
//! stored.rs     either of them, whichever a file holds
//! schema/       the names of all formats, and their JSON Schemas
//! format.rs     which format a text has
//! error.rs      why a text has none
//! file.rs       whole files: temporary file, then rename
//! baseline.rs   results by name, to compare with
//! ```

pub mod baseline;
mod document;
mod error;
mod file;
mod format;
mod histogram;
mod measurement;
pub mod schema;
pub mod search;
mod stored;
mod stream;
mod temporary;

use document::ResultDocument;
pub use error::{Formats, StoreError};
pub use file::{FileError, check_writable, read, write, write_bytes};
use schema::Schema;
use serde::{Serialize, de::Error as _};
pub use stored::Stored;
pub use stream::{ResultText, ResultTexts};

use crate::{judge::Judgement, model::Report};

/// A result as JSON text, indented, with a newline at the end.
///
/// # Errors
/// A number that is infinite or not a number ([`StoreError::NotFinite`]), or a histogram of another
/// shape than [`Latency::histogram`](crate::model::Latency::histogram) ([`StoreError::Histogram`]).
pub fn to_json(report: &Report, judgement: &Judgement) -> Result<String, StoreError> {
    text_of(Schema::RESULT, &ResultDocument::new(report, judgement)?)
}

/// A result as JSON text on one line, with a newline at the end. It begins with `{`, so that it can
/// be told from other lines of a log.
///
/// # Errors
/// As [`to_json`].
pub fn to_json_line(report: &Report, judgement: &Judgement) -> Result<String, StoreError> {
    let document = ResultDocument::new(report, judgement)?;
    let mut text = serde_json::to_string(&document).map_err(|error| StoreError::Malformed(Schema::RESULT, error))?;
    text.push('\n');
    Ok(text)
}

/// Reads back what [`to_json`] or [`to_json_line`] wrote.
///
/// # Errors
/// Each way in which the text is not a result of this version has its own variant of
/// [`StoreError`].
pub fn from_json(text: &[u8]) -> Result<(Report, Judgement), StoreError> {
    of_document(text, serde_json::from_slice(text))
}

/// Reads results that follow each other, as [`ResultTexts`] finds them: one in most cases, and
/// several that were written without a line between them. Nothing follows an error.
///
/// # Errors
/// Those of [`from_json`].
pub fn from_json_texts(text: &[u8]) -> impl Iterator<Item = Result<(Report, Judgement), StoreError>> {
    let mut documents = serde_json::Deserializer::from_slice(text).into_iter();
    std::iter::from_fn(move || {
        let begin = documents.byte_offset();
        let document = documents.next()?;
        Some(of_document(&text[begin..], document))
    })
}

/// The result that a text begins with, or why there is none.
fn of_document(
    text: &[u8],
    document: Result<ResultDocument, serde_json::Error>,
) -> Result<(Report, Judgement), StoreError> {
    // The schema is looked at last, since most texts are results and have megabytes.
    match document {
        Ok(document) if document.is_of_this_version() => document.into_parts(),
        other => {
            format::of(text, &[Schema::RESULT])?;
            let error = other.err().unwrap_or_else(|| serde_json::Error::custom("`schema`: it changed"));
            Err(StoreError::Malformed(Schema::RESULT, error))
        }
    }
}

/// Reads a text whose schema is that of a result.
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

/// Refuses numbers that JSON would hold as `null`, because such a file could not be read back.
fn check_finite(numbers: impl IntoIterator<Item = (&'static str, f64)>) -> Result<(), StoreError> {
    match numbers.into_iter().find(|(_, number)| !number.is_finite()) {
        Some((key, _)) => Err(StoreError::NotFinite(key)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
