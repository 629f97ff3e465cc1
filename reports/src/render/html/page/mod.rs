//! The document: one file that a browser shows without a request.

pub(crate) mod policy;

use askama::Template;

use super::{
    chart::path,
    section::{Section, banner::Banner, content::Block, evidence::Findings},
    visible_text::Shown,
};

/// What the template shows.
#[derive(Template)]
#[template(path = "report.html")]
pub(crate) struct Page {
    pub(crate) title: Shown,
    pub(crate) banners: Vec<Banner>,
    pub(crate) headline: Block,
    /// Before the evidence and after it.
    pub(crate) sections: [Vec<Section>; 2],
    pub(crate) evidence: Vec<Findings>,
}
