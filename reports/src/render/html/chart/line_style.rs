//! How a line looks, so that it is told from others without its colour too.

/// Look of a line, by its number. Colours, dashes and marks repeat after 7, 5 and 6, all three together after 210.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineStyle(pub(crate) usize);

impl LineStyle {
    /// Number of its colour in the style sheet.
    pub(crate) fn color(self) -> usize {
        self.0 % 7
    }

    /// Number of its dashes in the style sheet.
    pub(crate) fn dash(self) -> usize {
        self.0 % 5
    }

    /// Number of its mark among the page's symbols.
    pub(crate) fn mark(self) -> usize {
        self.0 % 6
    }
}
