//! Formats: what a result looks like to people, tools and services. One file a format.
//!
//! ```text
//! Report, Judgement ──> Render             text, markdown, html    for people
//!                                          json, csv, hlog         for tools
//!                                          junit, github_benchmark, bencher
//!                                                                  for services
//! Comparison, Ab ─────> RenderComparison   comparison/: text, markdown, json
//! Record of a search ─> RenderSearch       search/: text, markdown, json; html/search.rs
//! ```
//!
//! A result has a total, and a measurement of each group if it has several. Both go through the
//! same code: it takes a `part` of the result.
//!
//! What several formats say stands once: sentences in `wording`, the numbers of groups in
//! `group_table`, good and bad news in `tone`, the numbers that services follow in `tracked`, and
//! how numbers read in [`crate::human`].
//!
//! # To add a format
//! 1. Write the file: a type for the format, and [`Render`] for it. It gets the report, the
//!    judgement and a writer, and needs nothing else.
//! 2. Name it in this file, with `mod` and `pub use`.
//! 3. Test it in its file: a snapshot of `sample::pass()` and `sample::violation()`, made with
//!    `rendered`, and a report with hostile text in every field. A format must escape what servers
//!    and files chose; [`mod@crate::escape`] makes it visible.
//! 4. Add it to the formats in `fuzz/fuzz_targets/result_files.rs`.
//! 5. Give it an option: a field of `OutputArgs` in the program's `cli/outputs.rs`, and a line in
//!    its `of_run`.
//! 6. Describe it in `docs/reference/formats.md`.
//!
//! A format for searches or comparisons is a file in `search/` or `comparison/`, with their trait.

mod bencher;
pub mod comparison;
mod connecting;
mod csv;
mod exchange;
mod github_benchmark;
mod group_table;
mod hlog;
#[cfg(test)]
mod hostile;
mod html;
mod json;
mod junit;
mod load_shape;
mod markdown;
mod part;
mod room_table;
pub mod search;
mod sessions;
mod shards;
mod text;
mod tone;
mod tracked;
mod wording;

use std::io;

pub use bencher::Bencher;
pub use csv::{IntervalsCsv, PercentilesCsv};
pub use github_benchmark::GithubBenchmark;
pub use hlog::Hlog;
pub use html::Html;
pub use json::{Json, JsonLine};
pub use junit::Junit;
pub use markdown::Markdown;
pub use text::Text;

use crate::{judge::Judgement, model::Report};

/// A format that shows a result.
pub trait Render {
    /// Writes the whole result, with a newline at the end.
    ///
    /// # Errors
    /// The error of `out`, or [`io::ErrorKind::InvalidData`] if the format can't hold the report.
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()>;
}

/// One result of several that are shown together.
#[derive(Clone, Copy, Debug)]
pub struct LabelledResult<'a> {
    /// The name that tells it from the others: a file, a version. It may hold any text.
    pub label: &'a str,
    /// What was measured.
    pub report: &'a Report,
    /// What the numbers mean.
    pub judgement: &'a Judgement,
}

/// Wraps an error of a format's library.
fn invalid_data(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Renders a report as its thresholds judge it, for the tests of each format.
#[cfg(test)]
fn rendered(format: &impl Render, report: &Report) -> String {
    let thresholds: Vec<_> = report.plan.run.thresholds.iter().filter_map(|text| text.parse().ok()).collect();
    written(|out| format.render(report, &crate::judge(report, &thresholds), out))
}

/// What `write` writes.
#[cfg(test)]
fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}
