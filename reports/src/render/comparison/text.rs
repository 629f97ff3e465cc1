//! Comparisons for a terminal: the verdict and why first, then what was compared, then every
//! metric.

use std::io;

use super::{Ab, ComparisonCells, RenderComparison, progress, runs, summary};
use crate::{
    compare::{ComparedMetric, ComparedSide, Comparison, ComparisonVerdict},
    render::{
        Text,
        text::{
            printer::Printer,
            table::{NumberRow, NumberTable},
        },
        tone::Tone,
    },
};

impl RenderComparison for Text {
    fn comparison(&self, comparison: &Comparison, out: &mut dyn io::Write) -> io::Result<()> {
        let printer = &mut Printer::new(self.color, self.width, out);
        verdict(printer, comparison.verdict, &comparison.reasons)?;
        if comparison.forced {
            printer.row("  note", "--force: these runs are judged although they differ in more than what is tested")?;
        }
        printer.blank()?;
        printer.row("baseline", &side(&comparison.baseline))?;
        printer.row("candidate", &side(&comparison.candidate))?;
        for (index, difference) in comparison.differences.iter().enumerate() {
            let label = if index == 0 { "differ in" } else { "" };
            let text = format!("{}: {} in the baseline", difference.key, difference.baseline);
            printer.row(label, &format!("{text}, {} in the candidate", difference.candidate))?;
        }
        printer.blank()?;
        table(printer, &comparison.rows, false)?;
        notes(printer, &comparison.notes)
    }

    fn ab(&self, ab: &Ab<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let printer = &mut Printer::new(self.color, self.width, out);
        verdict(printer, ab.outcome.verdict, &ab.outcome.reasons)?;
        printer.blank()?;
        printer.row("baseline", &format!("A: {}", ab.a))?;
        printer.row("candidate", &format!("B: {}", ab.b))?;
        printer.row("pairs", &progress(ab))?;
        printer.blank()?;
        table(printer, &ab.outcome.rows, true)?;
        notes(printer, &ab.outcome.notes())
    }
}

fn verdict(printer: &mut Printer<'_>, verdict: ComparisonVerdict, reasons: &[String]) -> io::Result<()> {
    let (word, meaning) = summary(verdict);
    let style = printer.palette.of(verdict.into());
    printer.styled_row(word, style, meaning, style)?;
    reasons.iter().try_for_each(|reason| printer.row("  why", reason))
}

fn side(side: &ComparedSide) -> String {
    if side.runs == 0 {
        return "no runs".to_owned();
    }
    let first = if side.runs == 1 { "started" } else { "the first started" };
    format!("{} of {}, {first} {}", runs(side.runs), side.targets.join(" and "), side.started_at)
}

fn notes(printer: &mut Printer<'_>, notes: &[String]) -> io::Result<()> {
    printer.blank()?;
    let style = printer.palette.aside;
    let label = printer.palette.label;
    notes.iter().try_for_each(|note| printer.styled_row("note", label, note, style))
}

/// Columns of numbers, with their widths.
const COLUMNS: [(&str, usize); 6] =
    [("baseline", 11), ("candidate", 11), ("change", 10), ("interval", 20), ("margin", 8), ("detectable", 12)];

/// Least width of the names.
const NAME: usize = 14;

/// The metrics that decide, and below them the others.
fn table(printer: &mut Printer<'_>, rows: &[ComparedMetric], with_detectable: bool) -> io::Result<()> {
    let (deciding, others): (Vec<&ComparedMetric>, Vec<&ComparedMetric>) =
        rows.iter().partition(|row| row.margin.is_some());
    let columns = if with_detectable { &COLUMNS[..] } else { &COLUMNS[..5] };
    let number_row = |row: &ComparedMetric| {
        let cells = ComparisonCells::of(row);
        let numbers = columns_of(&cells)[..columns.len()].iter().map(|&text| text.to_owned()).collect();
        NumberRow {
            name: cells.metric,
            numbers,
            verdict: (cells.verdict, row.finding.map(Tone::from).unwrap_or_default()),
        }
    };
    let table = NumberTable {
        names: ("metric", NAME),
        columns: columns.to_vec(),
        has_verdicts: true,
        rows: deciding.iter().chain(&others).map(|row| number_row(row)).collect(),
        first_group: deciding.len(),
    };
    table.print(printer)
}

/// The texts for [`COLUMNS`].
fn columns_of(cells: &ComparisonCells) -> [&str; 6] {
    [&cells.baseline, &cells.candidate, &cells.change, &cells.interval, &cells.margin, &cells.detectable]
}
