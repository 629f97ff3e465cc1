//! Values for templates, a row a client.

/// Values for templates: rows of a CSV file or of JSON lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {}
