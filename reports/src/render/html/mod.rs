//! A page for a browser, in one file without scripts. It needs no network.
//!
//! ```text
//! results.rs, search.rs   a report or a search -> the contents of its page
//!   labelled_part.rs      a result, or a group of one
//!   section/              banner, headline numbers, sections
//!     chart/              lines on two axes
//!     table.rs            tables
//!       visible_text.rs   the only text that a template takes
//! page/                   contents -> document, and the policy for the browser
//! templates/              all markup; report.css: all looks
//! ```

mod chart;
mod labelled_part;
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

/// A self-contained page of HTML, with one result or with several drawn over each other.
///
/// It holds no script and requests nothing, which its Content-Security-Policy enforces. So it works
/// as an attachment of a mail. Light and dark follow the reader's setting. It is readable from 360
/// pixels of width on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html;

impl Html {
    /// Writes a page that shows `results`, in their order.
    ///
    /// Lines are downsampled to what can be seen, and keep their peaks. So the page of an hour is
    /// not much larger than that of a minute.
    ///
    /// # Errors
    /// The error of `out`, or [`io::ErrorKind::InvalidInput`] if there is no result.
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
