//! The file format `loadgen.result/1`: a run's report and judgement as one JSON object.
//!
//! `schema/loadgen.result.1.schema.json` ([`SCHEMA_JSON`]) describes every key. Facts are stored; what follows from them
//! (`latency_ns`, `throughput`) is written beside them for readers such as jq and ignored on reading, since it is computed
//! again from the histograms and counts. Keys that this version does not know are ignored on reading.
//!
//! ```text
//! store.rs             JSON text <-> (Report, Judgement)
//! store/document.rs    the shape of the file
//! store/histogram.rs   a histogram as text
//! store/file.rs        whole files: temporary file, then rename
//! store/baseline.rs    results by name, to compare with
//! ```

pub mod baseline;
mod document;
mod file;
mod histogram;

use serde::Deserialize;
use serde_json::error::Category;

use crate::escape::escape;
use crate::judge::Judgement;
use crate::model::Report;
use document::Document;
pub use file::{FileError, check_writable, read, write, write_bytes};

/// Name and version of the format.
pub const SCHEMA: &str = "loadgen.result/1";

/// JSON Schema (2020-12) of the format.
pub const SCHEMA_JSON: &str = include_str!("../schema/loadgen.result.1.schema.json");

/// What the name of every version begins with.
const FAMILY: &str = "loadgen.result/";
/// The version that this code reads and writes.
const VERSION: u64 = 1;

/// Why a result could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// The JSON ends before it is complete: the file was cut, or is empty.
    #[error("truncated: the JSON ends too early, at line {line} column {column}")]
    Truncated {
        /// Line, from 1.
        line: usize,
        /// Column, from 0.
        column: usize,
    },
    /// JSON, but without the key `schema`.
    #[error("not a result: expected an object with \"schema\": \"{SCHEMA}\"")]
    NotAResult,
    /// JSON of another schema.
    #[error("not a result: its schema is \"{0}\", expected \"{SCHEMA}\"")]
    OtherSchema(String),
    /// A result of a later version.
    #[error("this result has the newer format {FAMILY}{0}, and this version reads {SCHEMA} only; use a newer loadgen")]
    NewerSchema(u64),
    /// A key is missing or has a wrong type.
    #[error("not a valid {SCHEMA}: {0}")]
    Malformed(#[source] serde_json::Error),
    /// A histogram can't be decoded, or encoded.
    #[error("histogram `{name}`: {problem}")]
    Histogram {
        /// Its key.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A number that JSON does not have.
    #[error("`{0}` is not a finite number")]
    NotFinite(&'static str),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file can't be a result's place.
    #[error("{0}")]
    NotAPlace(&'static str),
}

/// A result as JSON text, indented, with a newline at the end.
///
/// # Errors
/// A number that is infinite or not a number ([`StoreError::NotFinite`]), or a histogram of another shape than
/// [`Latency::histogram`](crate::model::Latency::histogram) ([`StoreError::Histogram`]).
pub fn to_json(report: &Report, judgement: &Judgement) -> Result<String, StoreError> {
    let document = Document::new(report, judgement)?;
    let mut text = serde_json::to_string_pretty(&document).map_err(StoreError::Malformed)?;
    text.push('\n');
    Ok(text)
}

/// Reads back what [`to_json`] wrote.
///
/// # Errors
/// Each way in which the text is not a result of this version has its own variant of [`StoreError`].
pub fn from_json(text: &[u8]) -> Result<(Report, Judgement), StoreError> {
    check_schema(text)?;
    let document: Document = serde_json::from_slice(text).map_err(StoreError::Malformed)?;
    document.into_parts()
}

/// Looks at the schema's name alone, so that a file of another version is refused for that and not for a missing key.
fn check_schema(text: &[u8]) -> Result<(), StoreError> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Data => StoreError::NotAResult,
        _ if is_cut(text, &error) => StoreError::Truncated { line: error.line(), column: error.column() },
        Category::Eof | Category::Syntax | Category::Io => StoreError::NotJson(error),
    })?;
    match head.schema.strip_prefix(FAMILY).and_then(|version| version.parse::<u64>().ok()) {
        _ if head.schema == SCHEMA => Ok(()),
        Some(version) if version > VERSION => Err(StoreError::NewerSchema(version)),
        _ => Err(StoreError::OtherSchema(escape(head.schema.as_bytes(), 80))),
    }
}

/// Whether JSON that does not parse is the beginning of a longer text. The parser says so itself, except for a cut inside a
/// number or a character: then the error is at the end of the text.
fn is_cut(text: &[u8], error: &serde_json::Error) -> bool {
    let last_line = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').count();
    let at_the_end = error.line() == lines && error.column() >= last_line.len();
    let cut_character = std::str::from_utf8(text).is_err_and(|error| error.error_len().is_none());
    error.classify() == Category::Eof || (text.trim_ascii_start().starts_with(b"{") && (at_the_end || cut_character))
}

#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;
