//! The blocks that sections consist of.

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

/// A block of a section. Blocks stand below one another.
#[derive(Debug)]
pub(crate) enum ContentBlock {
    Tiles(Vec<Tile>),
    Plots(Vec<Plot>),
    /// Tables stand beside each other if there is room.
    Tables(Vec<PageTable>),
    Note(VisibleText),
}

impl ContentBlock {
    /// A block of plots, or a note if there are none.
    pub(crate) fn plots(plots: Vec<Plot>, none: &str) -> Self {
        if plots.is_empty() { Self::Note(none.into()) } else { Self::Plots(plots) }
    }
}
