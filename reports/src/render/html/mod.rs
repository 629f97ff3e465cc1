//! One page for a browser that needs nothing else: no script, no network, no other file.
//!
//! ```text
//! results.rs, search.rs   a report, or a search -> what stands on its page
//!   section/              the banner, the headline numbers, the sections
//!     chart/              lines over two axes
//!     table.rs            tables
//!       visible_text.rs   the only text that a template takes
//! page/                   -> the document, and what the browser may do with it
//! templates/              all markup, and in report.css all looks
//! ```

mod chart;
mod page;
mod results;
mod search;
mod section;
mod table;
mod visible_text;

use std::io;

use askama::Template;

use super::{LabelledResult, Render};
use crate::{judge::Judgement, model::Report};

/// A self-contained page of HTML, of one result or of several that are drawn over each other.
///
/// It holds no script and asks for nothing over the network, which a Content-Security-Policy in it enforces; so it works as
/// an attachment of a mail. Light and dark follow the reader's setting, and it is readable from 360 pixels of width on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html;

impl Html {
    /// Writes a page that shows `results`, in their order.
    ///
    /// Lines are thinned out to what can be seen, without losing a peak; so an hour is not much larger than a minute.
    ///
    /// # Errors
    /// What `out` returns, or [`io::ErrorKind::InvalidInput`] when there is nothing to show.
    pub fn page(&self, results: &[LabelledResult<'_>], out: &mut dyn io::Write) -> io::Result<()> {
        if results.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a page needs one result at least"));
        }
        results::page(results).write_into(out)?;
        writeln!(out)
    }
}

impl Render for Html {
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        self.page(&[LabelledResult { label: &report.target.url, report, judgement }], out)
    }
}

#[cfg(test)]
mod tests;
