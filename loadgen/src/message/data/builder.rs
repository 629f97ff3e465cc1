//! Takes rows, within bounds.

use std::path::Path;

use super::Data;

/// Bytes of all values, at most.
const MOST_BYTES: usize = 1 << 30;
/// Bytes of one value, at most.
const MOST_VALUE: usize = 1 << 20;
/// Columns, at most.
const MOST_COLUMNS: usize = 1000;
/// Values, at most.
const MOST_VALUES: usize = 100_000_000;

/// Takes rows. The errors say what is wrong, and what to do about it.
#[derive(Debug)]
pub(super) struct Builder {
    columns: Vec<Box<str>>,
    longest: Vec<usize>,
    values: String,
    ends: Vec<u32>,
}

impl Builder {
    /// Takes rows with these columns.
    pub(super) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, String> {
        let mut columns: Vec<Box<str>> = Vec::new();
        for (number, name) in (1..).zip(names) {
            let shown = || reports::escape(name.as_bytes(), 60);
            match name {
                _ if number > MOST_COLUMNS => return Err(format!("there are more than {MOST_COLUMNS} columns")),
                _ if name.trim().is_empty() => {
                    return Err(format!("column {number} has no name; give it one, as templates name it"));
                }
                _ if name.contains(['{', '}']) || name.trim() != name || name.chars().any(char::is_control) => {
                    let why = "has a brace, a control character or a blank at an end, so no template can name it";
                    return Err(format!("the name of column {number}, `{}`, {why}; rename it", shown()));
                }
                _ if columns.iter().any(|column| **column == *name) => {
                    return Err(format!("two columns are called `{}`; rename one", shown()));
                }
                _ => columns.push(name.into()),
            }
        }
        if columns.is_empty() {
            return Err("there is no column".to_owned());
        }
        Ok(Self { longest: vec![0; columns.len()], columns, values: String::new(), ends: Vec::new() })
    }

    pub(super) fn columns(&self) -> &[Box<str>] {
        &self.columns
    }

    /// Adds a row, with a value for each column.
    pub(super) fn row<'v>(&mut self, values: impl IntoIterator<Item = &'v str>) -> Result<(), String> {
        for (column, value) in values.into_iter().enumerate() {
            if value.len() > MOST_VALUE {
                return Err(format!(
                    "the value of `{}` has {} bytes; at most {MOST_VALUE} are accepted. Is a quote missing before?",
                    self.columns[column],
                    value.len()
                ));
            }
            if self.values.len() + value.len() > MOST_BYTES || self.ends.len() >= MOST_VALUES {
                return Err(format!(
                    "there are more than {MOST_BYTES} bytes or {MOST_VALUES} values; use fewer rows or columns, as rows \
                     are used again from the first on"
                ));
            }
            self.values.push_str(value);
            self.longest[column] = self.longest[column].max(value.len());
            // At most a gibibyte.
            self.ends.push(u32::try_from(self.values.len()).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    /// The rows; none if there were none.
    pub(super) fn finish(self, path: &Path) -> Option<Data> {
        let Self { columns, longest, values, ends } = self;
        (!ends.is_empty()).then(|| Data {
            path: path.to_owned(),
            columns: columns.into(),
            longest: longest.into(),
            values: values.into(),
            ends: ends.into(),
        })
    }
}
