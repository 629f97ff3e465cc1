//! Stores searches as JSON: `loadgen.search/1`. Unknown values are `null`, so every key is always
//! there.
//!
//! The conclusion is stored, and not drawn again on reading: a later version may ask for more
//! tries. Reasons and notes follow from the steps, and the rate per client from the total rate.

pub(super) mod document;

use document::SearchDocument;

use super::{StoreError, check_finite, document::plan_numbers, format, schema::Schema, text_of};
use crate::search::SearchRecord;

/// A search as JSON text, indented, with a newline at the end.
///
/// # Errors
/// A number is infinite or not a number ([`StoreError::NotFinite`]).
pub fn to_json(record: &SearchRecord) -> Result<String, StoreError> {
    let of_steps = record.steps.iter().flat_map(|step| {
        let (sent, matched) = (step.sent_per_s.unwrap_or(0.0), step.matched_per_s.unwrap_or(0.0));
        [("steps.rate_per_s", step.rate), ("steps.sent_per_s", sent), ("steps.matched_per_s", matched)]
    });
    check_finite(plan_numbers(&record.plan).chain([("search.pause_s", record.pause_s)]).chain(of_steps))?;
    text_of(Schema::SEARCH, &SearchDocument::of(record))
}

/// Reads back what [`to_json`] wrote.
///
/// # Errors
/// Each way in which the text is not a search of this version has its own variant of
/// [`StoreError`].
pub fn from_json(text: &[u8]) -> Result<SearchRecord, StoreError> {
    format::of(text, &[Schema::SEARCH])?;
    record(text)
}

/// Reads a text whose schema is that of a search.
pub(super) fn record(text: &[u8]) -> Result<SearchRecord, StoreError> {
    let document: Result<SearchDocument, _> = serde_json::from_slice(text);
    document.and_then(SearchDocument::into_record).map_err(|error| StoreError::Malformed(Schema::SEARCH, error))
}

#[cfg(test)]
mod tests;
