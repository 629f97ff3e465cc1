//! Comparisons for a terminal: the verdict and why first, then what was compared, then every metric. At most 100 columns, as
//! long as the names of metrics are not very long.

use std::io;

use anstyle::Style;

use super::{Ab, Cells, RenderComparison, headline, progress, runs};
use crate::compare::{Comparison, Finding, Row, Side, Verdict};
use crate::render::Text;
use crate::render::text::page::{Page, Palette};

impl RenderComparison for Text {
    fn comparison(&self, comparison: &Comparison, out: &mut dyn io::Write) -> io::Result<()> {
        let page = &mut Page { out, palette: Palette::new(self.color) };
        verdict(page, comparison.verdict, &comparison.reasons)?;
        if comparison.forced {
            page.row("  note", "--force: these runs are judged although they differ in more than what is tested")?;
        }
        page.blank()?;
        page.row("baseline", &side(&comparison.baseline))?;
        page.row("candidate", &side(&comparison.candidate))?;
        for (index, difference) in comparison.differences.iter().enumerate() {
            let label = if index == 0 { "differ in" } else { "" };
            let text = format!("{}: {} in the baseline", difference.key, difference.baseline);
            page.row(label, &format!("{text}, {} in the candidate", difference.candidate))?;
        }
        page.blank()?;
        table(page, &comparison.rows, false)?;
        notes(page, &comparison.notes)
    }

    fn ab(&self, ab: &Ab<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let page = &mut Page { out, palette: Palette::new(self.color) };
        verdict(page, ab.outcome.verdict, &ab.outcome.reasons)?;
        page.blank()?;
        page.row("baseline", &format!("A: {}", ab.a))?;
        page.row("candidate", &format!("B: {}", ab.b))?;
        page.row("pairs", &progress(ab))?;
        page.blank()?;
        table(page, &ab.outcome.rows, true)?;
        notes(page, &ab.outcome.notes())
    }
}

fn verdict(page: &mut Page<'_>, verdict: Verdict, reasons: &[String]) -> io::Result<()> {
    let (word, meaning) = headline(verdict);
    let style = match verdict {
        Verdict::Pass => page.palette.good,
        Verdict::Regression | Verdict::Missing | Verdict::Delivery | Verdict::Connections => page.palette.bad,
        Verdict::Invalid | Verdict::Inconclusive | Verdict::Incomparable => page.palette.doubtful,
    };
    page.styled_row(word, style, meaning, style)?;
    reasons.iter().try_for_each(|reason| page.row("  why", reason))
}

fn side(side: &Side) -> String {
    if side.runs == 0 {
        return "no runs".to_owned();
    }
    let first = if side.runs == 1 { "started" } else { "the first started" };
    format!("{} of {}, {first} {}", runs(side.runs), side.targets.join(" and "), side.started_at)
}

fn notes(page: &mut Page<'_>, notes: &[String]) -> io::Result<()> {
    page.blank()?;
    let style = page.palette.aside;
    let label = page.palette.label;
    notes.iter().try_for_each(|note| page.styled_row("note", label, note, style))
}

/// Columns after the name, with their widths; the verdict, the last, is aligned to the left.
const COLUMNS: [(&str, usize); 6] =
    [("baseline", 11), ("candidate", 11), ("change", 10), ("interval", 20), ("margin", 8), ("detectable", 12)];

/// Columns of the names of metrics and the gap after them, unless one is longer.
const NAME: usize = 14;

/// Metrics that decide, and below them the others.
fn table(page: &mut Page<'_>, rows: &[Row], with_detectable: bool) -> io::Result<()> {
    let (deciding, shown): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.margin.is_some());
    let lines: Vec<_> = deciding.iter().chain(&shown).map(|row| (*row, Cells::of(row))).collect();
    let name = rows.iter().map(|row| row.metric.name().len() + 1).max().unwrap_or(0).max(NAME);
    let columns = if with_detectable { &COLUMNS[..] } else { &COLUMNS[..5] };
    // A number that is longer than its column keeps a gap before it.
    let longest = |column: usize| lines.iter().map(|(_, cells)| columns_of(cells)[column].chars().count()).max();
    let widths: Vec<usize> =
        (0..).zip(columns).map(|(at, (_, width))| (*width).max(longest(at).unwrap_or(0) + 1)).collect();
    let style = page.palette.label;
    write!(page.out, "{style}{:name$}{style:#}", "metric")?;
    for ((heading, _), width) in columns.iter().zip(&widths) {
        write!(page.out, "{heading:>width$}")?;
    }
    writeln!(page.out, "  verdict")?;
    for (index, (row, cells)) in lines.iter().enumerate() {
        if index == deciding.len() && index > 0 {
            page.blank()?;
        }
        write!(page.out, "{:name$}", cells.metric)?;
        for (text, width) in columns_of(cells).iter().zip(&widths) {
            write!(page.out, "{text:>width$}")?;
        }
        let style = style_of(&page.palette, row.finding);
        match cells.verdict {
            "" => writeln!(page.out)?,
            verdict => writeln!(page.out, "  {style}{verdict}{style:#}")?,
        }
    }
    Ok(())
}

/// What stands in [`COLUMNS`].
fn columns_of(cells: &Cells) -> [&str; 6] {
    [&cells.baseline, &cells.candidate, &cells.change, &cells.interval, &cells.margin, &cells.detectable]
}

fn style_of(palette: &Palette, finding: Option<Finding>) -> Style {
    match finding {
        None => Style::new(),
        Some(Finding::Pass) => palette.good,
        Some(Finding::Regression | Finding::Missing) => palette.bad,
        Some(Finding::Inconclusive | Finding::Refused { .. }) => palette.doubtful,
    }
}
