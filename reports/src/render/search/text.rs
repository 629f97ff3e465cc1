//! Searches for a terminal: the conclusion and the reasons first, then the search, then its steps.

use std::io;

use super::{RenderSearch, StepCells, limit, plan, search_settings, summary, target};
use crate::{
    escape::visible,
    render::{
        Text,
        text::{printer::Printer, wrap::cut},
        wording,
    },
    search::{SearchRecord, Step},
};

impl RenderSearch for Text {
    fn search(&self, record: &SearchRecord, out: &mut dyn io::Write) -> io::Result<()> {
        let printer = &mut Printer::new(self.color, self.width, out);
        let (word, meaning, tone) = summary(&record.conclusion);
        let style = printer.palette.of(tone);
        printer.styled_row(word, style, &meaning, style)?;
        limit(&record.conclusion).map_or(Ok(()), |limit| printer.row("limited by", limit))?;
        record.reasons().iter().try_for_each(|reason| printer.row("  why", reason))?;
        printer.blank()?;
        about(printer, record)?;
        table(printer, &record.curve())?;
        let notes = record.notes();
        if !notes.is_empty() {
            printer.blank()?;
        }
        let (label, aside) = (printer.palette.label, printer.palette.aside);
        notes.iter().try_for_each(|note| printer.styled_row("note", label, note, aside))
    }
}

fn about(printer: &mut Printer<'_>, record: &SearchRecord) -> io::Result<()> {
    printer.row("target", &target(record))?;
    printer.row("plan", &plan(record))?;
    printer.row("thresholds", &record.plan.run.thresholds.join(", "))?;
    printer.row("search", &search_settings(record))?;
    let place = wording::place(&record.environment, record.plan.run.engine, &record.started_at);
    printer.styled_row("where", printer.palette.label, &place, printer.palette.aside)
}

/// Headings and widths of the columns before the verdict.
const COLUMNS: [(&str, usize); 4] = [("due/s", 11), ("matched/s", 12), ("p50", 10), ("p99", 10)];

/// Length of the longest verdict.
const VERDICT: usize = 7;

/// Least columns for a reason beside its verdict. With fewer, it goes below.
const LEAST_REASON: usize = 24;

/// Indent of a reason that goes below.
const INDENT: usize = 13;

fn table(printer: &mut Printer<'_>, steps: &[&Step]) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    printer.blank()?;
    let label = printer.palette.label;
    for (heading, width) in COLUMNS {
        write!(printer.out, "{label}{heading:>width$}{label:#}")?;
    }
    writeln!(printer.out, "  {label}verdict{label:#}")?;
    for step in steps {
        let cells = StepCells::of(step);
        let mut used = 0;
        for (text, (_, width)) in [cells.rate, cells.matched, cells.p50, cells.p99].iter().zip(COLUMNS) {
            write!(printer.out, "{text:>width$}")?;
            used += width;
        }
        let style = printer.palette.of(step.outcome.into());
        write!(printer.out, "  {style}{}{style:#}", cells.verdict)?;
        if !cells.reason.is_empty() {
            let (reason, beside) = (visible(&cells.reason), (used + 2 + VERDICT + 2));
            if printer.width >= beside + LEAST_REASON {
                let gap = VERDICT - cells.verdict.len() + 2;
                write!(printer.out, "{:gap$}{}", "", cut(&reason, printer.width - beside))?;
            } else {
                write!(printer.out, "\n{:INDENT$}{}", "", cut(&reason, printer.width - INDENT))?;
            }
        }
        writeln!(printer.out)?;
    }
    Ok(())
}
