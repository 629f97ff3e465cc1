//! The document: one file that a browser shows without a request.

pub(crate) mod policy;

use askama::Template;

use super::{
    chart::path,
    section::{Section, banner::Banner, content::ContentBlock, evidence::ResultEvidence},
    visible_text::VisibleText,
};

/// What the template shows.
#[derive(Template)]
#[template(path = "report.html")]
pub(crate) struct Page {
    pub(crate) title: VisibleText,
    pub(crate) banners: Vec<Banner>,
    pub(crate) headline: ContentBlock,
    /// Before the evidence and after it.
    pub(crate) sections: [Vec<Section>; 2],
    pub(crate) evidence: Vec<ResultEvidence>,
}
