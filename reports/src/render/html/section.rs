//! Parts of the page.

use super::glance::Tile;
use super::plot::Plot;
use super::shown::Shown;
use super::table::Table;

/// A part with a heading.
#[derive(Debug)]
pub(super) struct Section {
    /// Unlike that of any other. A name of this program, never foreign text.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// What a part is made of.
#[derive(Debug)]
pub(super) enum Block {
    Tiles(Vec<Tile>),
    Plots(Vec<Plot>),
    /// Beside each other where there is room.
    Tables(Vec<Table>),
    Note(Shown),
}

impl Block {
    /// The plots, or words for there being none.
    pub(super) fn plots(plots: Vec<Plot>, none: &str) -> Self {
        if plots.is_empty() { Self::Note(none.into()) } else { Self::Plots(plots) }
    }
}
