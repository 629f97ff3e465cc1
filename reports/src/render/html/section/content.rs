//! What sections are made of.

use crate::render::{
    html::{chart::plot::Plot, table::PageTable, visible_text::VisibleText},
    tone::Tone,
};

/// A number with its name.
#[derive(Debug)]
pub(crate) struct Tile {
    pub(crate) name: &'static str,
    pub(crate) value: VisibleText,
    pub(crate) tone: Tone,
}

/// One thing among those that stand below one another.
#[derive(Debug)]
pub(crate) enum ContentBlock {
    Tiles(Vec<Tile>),
    Plots(Vec<Plot>),
    /// Beside each other where there is room.
    Tables(Vec<PageTable>),
    Note(VisibleText),
}

impl ContentBlock {
    /// The plots, or words for there being none.
    pub(crate) fn plots(plots: Vec<Plot>, none: &str) -> Self {
        if plots.is_empty() { Self::Note(none.into()) } else { Self::Plots(plots) }
    }
}
