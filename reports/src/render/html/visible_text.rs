//! Text on its way to the page.

use std::fmt;

use crate::escape::visible;

/// Text in which everything can be seen: controls and characters that reorder or hide others are escapes. The template
/// takes nothing else, and escapes what HTML would read as markup.
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
