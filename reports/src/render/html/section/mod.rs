//! The contents of a page, from top to bottom: the banner, the headline numbers, and sections.

pub(crate) mod banner;
pub(crate) mod content;
pub(crate) mod delivery;
pub(crate) mod evidence;
pub(crate) mod facts;
pub(crate) mod headline;
pub(crate) mod history;
pub(crate) mod latency;

use content::ContentBlock;

/// A part of the page with a heading.
#[derive(Debug)]
pub(crate) struct Section {
    /// A name of this program that is unique in the page. Never foreign text.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) blocks: Vec<ContentBlock>,
}
