//! The contents of a page, from top to bottom: the banner, the headline numbers, and sections.

pub(crate) mod banner;
mod connections_over_time;
pub(crate) mod content;
pub(crate) mod delivery;
pub(crate) mod evidence;
pub(crate) mod facts;
pub(crate) mod groups;
pub(crate) mod headline;
pub(crate) mod history;
pub(crate) mod latency;
pub(crate) mod sessions;
pub(crate) mod shards;

use content::ContentBlock;

use super::visible_text::VisibleText;

/// A part of the page with a heading.
#[derive(Debug)]
pub(crate) struct Section {
    /// A name of this program that is unique in the page. Never foreign text.
    pub(crate) id: String,
    pub(crate) title: VisibleText,
    pub(crate) blocks: Vec<ContentBlock>,
}

impl Section {
    pub(crate) fn new(id: &str, title: &str, blocks: Vec<ContentBlock>) -> Self {
        Self { id: id.to_owned(), title: title.into(), blocks }
    }

    /// The section with `prefix` before the ids of its plots, for plots that stand in the page more
    /// than once.
    pub(crate) fn with_prefix(mut self, prefix: &str) -> Self {
        for block in &mut self.blocks {
            let ContentBlock::Plots(plots) = block else { continue };
            for plot in plots {
                plot.id.insert_str(0, prefix);
            }
        }
        self
    }
}
