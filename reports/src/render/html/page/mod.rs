//! The document: one file that a browser shows without a request.

pub(crate) mod policy;

use askama::Template;

use super::{
    chart::path,
    section::{Section, banner::Banner, content::ContentBlock, evidence::PartEvidence},
    visible_text::VisibleText,
};

/// The contents, as the template takes them.
#[derive(Template)]
#[template(path = "report.html")]
pub(crate) struct PageContents {
    pub(crate) title: VisibleText,
    pub(crate) banners: Vec<Banner>,
    pub(crate) headline: ContentBlock,
    /// Sections before and after the evidence.
    pub(crate) sections: [Vec<Section>; 2],
    pub(crate) evidence: Vec<PartEvidence>,
}
