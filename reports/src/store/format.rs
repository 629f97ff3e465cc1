//! Finds the format of a text before the rest is parsed.

use serde::Deserialize;
use serde_json::error::Category;

use super::{
    error::{Formats, StoreError},
    schema::Schema,
};
use crate::text::escape::escape;

/// The format of a text, if it is one of those expected. It is parsed by itself, so that the error
/// of another format is not about a missing key.
pub(super) fn of(text: &[u8], expected: &'static [Schema]) -> Result<Schema, StoreError> {
    #[derive(Deserialize)]
    struct SchemaOnly {
        schema: String,
    }
    let SchemaOnly { schema: name } = serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Data => StoreError::NoSchema(Formats(expected)),
        _ if is_cut(text, &error) => StoreError::Truncated { line: error.line(), column: error.column() },
        Category::Eof | Category::Syntax | Category::Io => StoreError::NotJson(error),
    })?;
    let find = |fits: &dyn Fn(&Schema) -> bool| expected.iter().copied().find(|schema| fits(schema));
    if let Some(schema) = find(&|schema| schema.name() == name) {
        return Ok(schema);
    }
    Err(match find(&|schema| schema.is_older_than(&name)) {
        Some(known) => StoreError::NewerSchema { found: name, known },
        None => StoreError::OtherSchema { found: escape(name.as_bytes(), 80), expected: Formats(expected) },
    })
}

/// Whether invalid JSON is the beginning of a longer text. The parser tells this, except for a cut
/// inside a number or a character. Then its error is at the end of the text.
fn is_cut(text: &[u8], error: &serde_json::Error) -> bool {
    let last_line = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').count();
    let at_the_end = error.line() == lines && error.column() >= last_line.len();
    let cut_character = std::str::from_utf8(text).is_err_and(|error| error.error_len().is_none());
    error.classify() == Category::Eof || (text.trim_ascii_start().starts_with(b"{") && (at_the_end || cut_character))
}
