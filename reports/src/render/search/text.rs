//! Searches for a terminal: what was found and why first, then what was searched, then the curve. At most 100 columns.

use std::io;

use super::{Cells, Mood, RenderSearch, course, headline, limit, plan, target};
use crate::escape::visible;
use crate::render::Text;
use crate::render::text::page::{Page, Palette, WIDTH, cut};
use crate::search::{Cause, Outcome, Record, Step};

impl RenderSearch for Text {
    fn search(&self, record: &Record, out: &mut dyn io::Write) -> io::Result<()> {
        let page = &mut Page { out, palette: Palette::new(self.color) };
        let (word, meaning, mood) = headline(&record.conclusion);
        let style = match mood {
            Mood::Good => page.palette.good,
            Mood::Bad => page.palette.bad,
            Mood::Doubtful => page.palette.doubtful,
        };
        page.styled_row(word, style, &meaning, style)?;
        limit(&record.conclusion).map_or(Ok(()), |limit| page.row("limited by", limit))?;
        record.reasons().iter().try_for_each(|reason| page.row("  why", reason))?;
        page.blank()?;
        about(page, record)?;
        table(page, &record.curve())?;
        let notes = record.notes();
        if !notes.is_empty() {
            page.blank()?;
        }
        let (label, aside) = (page.palette.label, page.palette.aside);
        notes.iter().try_for_each(|note| page.styled_row("note", label, note, aside))
    }
}

fn about(page: &mut Page<'_>, record: &Record) -> io::Result<()> {
    page.row("target", target(record))?;
    page.row("plan", &plan(record))?;
    page.row("thresholds", &record.plan.thresholds.join(", "))?;
    page.row("search", &course(record))?;
    let environment = &record.environment;
    let place = format!(
        "{}, {} cores, {}, loadgen {} ({} engine), seed {}, {}",
        environment.cpu,
        environment.cores,
        environment.kernel,
        environment.version,
        record.plan.engine,
        environment.seed,
        record.started_at
    );
    page.styled_row("where", page.palette.label, &place, page.palette.aside)
}

/// Headings of the columns before the verdict, with their widths.
const COLUMNS: [(&str, usize); 4] = [("due/s", 11), ("matched/s", 12), ("p50", 10), ("p99", 10)];

/// Columns of the longest verdict.
const VERDICT: usize = 7;

fn table(page: &mut Page<'_>, steps: &[&Step]) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let label = page.palette.label;
    for (heading, width) in COLUMNS {
        write!(page.out, "{label}{heading:>width$}{label:#}")?;
    }
    writeln!(page.out, "  {label}verdict{label:#}")?;
    for step in steps {
        let cells = Cells::of(step);
        let mut used = 0;
        for (text, (_, width)) in [cells.rate, cells.matched, cells.p50, cells.p99].iter().zip(COLUMNS) {
            write!(page.out, "{text:>width$}")?;
            used += width;
        }
        let style = match step.outcome {
            Outcome::Holds => page.palette.good,
            Outcome::Fails(Cause::Generator) => page.palette.doubtful,
            Outcome::Fails(_) => page.palette.bad,
        };
        let gap = if cells.reason.is_empty() { 0 } else { VERDICT - cells.verdict.len() };
        write!(page.out, "  {style}{}{style:#}{:gap$}", cells.verdict, "")?;
        used += 2 + VERDICT;
        if !cells.reason.is_empty() {
            write!(page.out, "  {}", cut(&visible(&cells.reason), WIDTH - used - 2))?;
        }
        writeln!(page.out)?;
    }
    Ok(())
}
