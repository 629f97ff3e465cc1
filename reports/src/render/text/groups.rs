//! What was asked of each group, and the table of groups.

use std::io;

use super::{
    printer::{LABEL, Printer},
    table::{NumberRow, NumberTable},
};
use crate::{
    escape::visible,
    human::count,
    judge::bounds,
    model::{GroupRecord, Report},
    render::{connecting, group_table::GroupTable, tone::Tone, wording},
};

/// Most groups whose plan is shown.
const PLANS: usize = 20;
/// Most groups in the table.
const MOST: usize = 40;

/// A row for what is asked of each group.
pub(super) fn plans(printer: &mut Printer<'_>, groups: &[GroupRecord]) -> io::Result<()> {
    for group in groups.iter().take(PLANS) {
        let target =
            group.target.as_ref().map_or_else(String::new, |target| format!(", at {}", connecting::urls(target)));
        printer.row("", &format!("{}: {}{target}", group.name, wording::group_plan(group)))?;
    }
    match groups.len().checked_sub(PLANS) {
        None | Some(0) => Ok(()),
        Some(more) => printer.row("", &format!("and {} more groups, in the result file", count(more as u64))),
    }
}

/// The table, and a blank line after it. Nothing if the run has one group.
pub(super) fn table(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let Some(GroupTable { columns, rows, more, needs_legend }) = GroupTable::of(report, MOST) else { return Ok(()) };
    let row =
        |(name, numbers): (&str, Vec<String>)| NumberRow { name: visible(name), numbers, verdict: ("", Tone::Plain) };
    let table = NumberTable {
        names: ("group", LABEL),
        columns: columns.into_iter().map(|name| (name, 10)).collect(),
        has_verdicts: false,
        rows: rows.into_iter().map(row).collect(),
        first_group: 0,
    };
    table.print(printer)?;
    if more > 0 {
        printer.row("", &format!("and {} more groups, in the result file", count(more as u64)))?;
    }
    if needs_legend {
        printer.styled_row("", printer.palette.label, bounds::LEGEND, printer.palette.aside)?;
    }
    printer.blank()
}
