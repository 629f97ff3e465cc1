//! A result for somebody to read: one file a format, behind one trait.

mod bencher;
pub mod comparison;
mod csv;
mod github_benchmark;
mod hlog;
mod html;
mod json;
mod junit;
mod markdown;
pub mod search;
mod text;
mod tone;
mod tracked;
mod wording;

use std::io;

use crate::{judge::Judgement, model::Report};
pub use bencher::Bencher;
pub use csv::{IntervalsCsv, PercentilesCsv};
pub use github_benchmark::GithubBenchmark;
pub use hlog::Hlog;
pub use html::Html;
pub use json::Json;
pub use junit::Junit;
pub use markdown::Markdown;
pub use text::Text;

/// A format in which a result can be shown.
pub trait Render {
    /// Writes the whole result, with a newline at the end.
    ///
    /// # Errors
    /// What `out` returns, or [`io::ErrorKind::InvalidData`] when the format can't hold the report.
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()>;
}

/// One result among several that are shown together.
#[derive(Clone, Copy, Debug)]
pub struct LabelledResult<'a> {
    /// What tells it from the others: the name of its file, a version. May hold anything.
    pub label: &'a str,
    /// What was measured.
    pub report: &'a Report,
    /// What it means.
    pub judgement: &'a Judgement,
}

/// An error of a format's library on the way to `out`.
fn invalid_data(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// What a format shows of one of the samples, for the tests of each.
#[cfg(test)]
fn rendered(format: &impl Render, report: &Report) -> String {
    let thresholds: Vec<_> = report.plan.thresholds.iter().filter_map(|text| text.parse().ok()).collect();
    let mut out = Vec::new();
    format.render(report, &crate::judge(report, &thresholds), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
