//! Errors of stored files.

use std::fmt;

use super::schema::Schema;
use crate::text::escape::visible;

/// Why a result or a search could not be stored or read.
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
    /// No line begins as a result does.
    #[error("holds no result")]
    NoResult,
    /// The JSON has no key `schema`.
    #[error("{0}: expected an object with \"schema\": {names}", names = .0.names())]
    NoSchema(Formats),
    /// The JSON has another schema.
    #[error("{expected}: its schema is \"{found}\", expected {names}", names = .expected.names())]
    OtherSchema {
        /// The schema that was found, escaped.
        found: String,
        /// The schemas that were expected.
        expected: Formats,
    },
    /// The file has a later version of the format.
    #[error(
        "this {noun} has the newer format {found}, and this version reads {name} only; use a newer loadgen",
        noun = .known.noun(), name = .known.name()
    )]
    NewerSchema {
        /// The schema that was found.
        found: String,
        /// The schema that this version reads.
        known: Schema,
    },
    /// A key is missing, or its value is not allowed.
    // The parser quotes what it found, and a file may hold anything.
    #[error("not a valid {name}: {problem}", name = .0.name(), problem = visible(&.1.to_string()))]
    Malformed(Schema, #[source] serde_json::Error),
    /// A histogram can't be decoded, or encoded.
    #[error("histogram `{name}`: {problem}")]
    Histogram {
        /// Its key.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// JSON has no such number.
    #[error("`{0}` is not a finite number")]
    NotFinite(&'static str),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// No file can be written there.
    #[error("{0}")]
    NotAFilePath(&'static str),
}

/// The formats that a file may have. Displays as what the file is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats(pub(super) &'static [Schema]);

impl Formats {
    /// The names in quotes: `"loadgen.result/1" or "loadgen.search/1"`.
    fn names(self) -> String {
        let names: Vec<_> = self.0.iter().map(|schema| format!("\"{}\"", schema.name())).collect();
        names.join(" or ")
    }
}

impl fmt::Display for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one] => write!(f, "not a {}", one.noun()),
            several => {
                let nouns: Vec<_> = several.iter().map(|schema| format!("a {}", schema.noun())).collect();
                write!(f, "neither {}", nouns.join(" nor "))
            }
        }
    }
}
