//! The styles of lines, which differ in more than colour.

/// The style of a line, by its number. Colours, dashes and marks repeat after 7, 5 and 6 lines, all
/// three together after 210.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineStyle(pub(crate) usize);

impl LineStyle {
    /// The colour's number in the style sheet.
    pub(crate) fn color(self) -> usize {
        self.0 % 7
    }

    /// The dashes' number in the style sheet.
    pub(crate) fn dash(self) -> usize {
        self.0 % 5
    }

    /// The mark's number among the symbols of the page.
    pub(crate) fn mark(self) -> usize {
        self.0 % 6
    }
}
