//! What stands on the page, from top to bottom: the banner with the verdict, the headline numbers, and sections.

pub(crate) mod banner;
pub(crate) mod content;
pub(crate) mod delivery;
pub(crate) mod evidence;
pub(crate) mod facts;
pub(crate) mod headline;
pub(crate) mod history;
pub(crate) mod latency;

use content::ContentBlock;

/// A part with a heading.
#[derive(Debug)]
pub(crate) struct Section {
    /// Unlike that of any other. A name of this program, never foreign text.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) blocks: Vec<ContentBlock>,
}
