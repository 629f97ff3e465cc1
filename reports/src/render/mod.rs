//! A result for somebody to read: one file a format, behind one trait.

mod json;
mod text;
mod words;

use std::io;

use crate::judge::Judgement;
use crate::model::Report;
pub use json::Json;
pub use text::Text;

/// A format in which a result can be shown.
pub trait Render {
    /// Writes the whole result, with a newline at the end.
    ///
    /// # Errors
    /// What `out` returns, or [`io::ErrorKind::InvalidData`] when the format can't hold the report.
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()>;
}
