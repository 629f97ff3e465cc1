//! Text for the templates.

use std::fmt;

use crate::escape::visible;

/// Text without anything invisible. Control characters, and characters that reorder or hide others,
/// are escaped. Templates take no other text, and escape what is markup in HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VisibleText(String);

impl<T: AsRef<str>> From<T> for VisibleText {
    fn from(text: T) -> Self {
        Self(visible(text.as_ref()))
    }
}

impl fmt::Display for VisibleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
