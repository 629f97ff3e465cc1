//! What became of the messages, and the evidence.

use std::io;

use super::{
    printer::{LABEL, Printer},
    table::{NumberRow, NumberTable},
    wrap::cut,
};
use crate::{
    escape::visible,
    human::count,
    model::{Anomalies, Counts, Evidence, Report},
    render::{exchange, part::Part, room_table::RoomTable, tone::Tone, wording},
};

/// Most anomalies of a kind that are shown. The result file holds all that were kept.
const SHOWN: usize = 3;

/// Most groups whose evidence is shown.
const GROUPS: usize = 5;

/// Most rooms with a row.
const ROOMS: usize = 10;

/// Longest kind that fits its column with an indent.
const WIDEST: usize = 10;

pub(super) fn delivery(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let tally = &report.total.measured;
    printer.row("delivery", &fates(&tally.counts))?;
    if let Some(deliveries) = exchange::deliveries(&tally.deliveries) {
        printer.row("deliveries", &deliveries)?;
    }
    if tally.counts.dropped > 0 {
        let [dropped, scheduled] = [tally.counts.dropped, tally.counts.scheduled].map(count);
        let text = format!("{dropped} of {scheduled} scheduled: {}", exchange::dropped(&tally.dropped));
        printer.row("dropped", &text)?;
    }
    if !tally.anomalies.is_clean() {
        let style = printer.palette.of(Tone::Bad);
        printer.styled_row("anomalies", printer.palette.label, &kinds(&tally.anomalies), style)?;
    }
    if let Some(others) = exchange::other_events(Part::total(report)) {
        printer.row("set aside", &others)?;
    }
    printer.row("warm-up", &warmup(report))?;
    rooms(printer, report)?;
    let remarks = wording::undecided(Part::total(report)).into_iter().chain(wording::not_listed(report));
    for remark in remarks {
        printer.row("", &remark)?;
    }
    Ok(())
}

/// How many rooms there are, and the worst of those with violations.
fn rooms(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let Some(table) = RoomTable::of_violations(Part::total(report), ROOMS) else { return Ok(()) };
    printer.row("rooms", &table.summary)?;
    if table.rows.is_empty() {
        return Ok(());
    }
    let row = |(number, counts): (u32, Vec<u64>)| NumberRow {
        name: format!("  room {}", count(number.into())),
        numbers: counts.into_iter().map(count).collect(),
        verdict: ("", Tone::Plain),
    };
    let numbers = NumberTable {
        names: ("the worst", LABEL),
        columns: table.columns.into_iter().map(|name| (name, 11)).collect(),
        has_verdicts: false,
        rows: table.rows.into_iter().map(row).collect(),
        first_group: 0,
    };
    numbers.print(printer)?;
    if table.more == 0 { Ok(()) } else { printer.row("", &format!("and {} more rooms", count(table.more))) }
}

/// The sum of the fates, with `≠` if it is wrong.
fn fates(counts: &Counts) -> String {
    let by_plan = counts.undetermined_by_plan;
    let fates = [counts.matched, counts.lost, counts.damaged, counts.misrouted, counts.undetermined, by_plan];
    let sum = fates.iter().fold(0_u64, |sum, n| sum.saturating_add(*n));
    let relation = if sum == counts.sent { '=' } else { '≠' };
    format!(
        "{} sent {relation} {} matched + {} lost + {} damaged + {} misrouted + {} undetermined{}",
        count(counts.sent),
        count(counts.matched),
        count(counts.lost),
        count(counts.damaged),
        count(counts.misrouted),
        count(counts.undetermined),
        exchange::undetermined_by_plan(by_plan),
    )
}

fn warmup(report: &Report) -> String {
    let Counts { sent, dropped, matched, lost, damaged, misrouted, undetermined, .. } = report.total.warmup.counts;
    let by_plan = report.total.warmup.counts.undetermined_by_plan;
    let mut parts =
        vec![if matched == sent { "all matched".to_owned() } else { format!("{} matched", count(matched)) }];
    let others = [
        ("lost", lost),
        ("damaged", damaged),
        ("misrouted", misrouted),
        ("undetermined", undetermined),
        ("undetermined by plan", by_plan),
        ("dropped before", dropped),
    ];
    parts.extend(others.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{} {name}", count(*n))));
    if !report.total.warmup.anomalies.is_clean() {
        parts.push(format!("anomalies: {}", kinds(&report.total.warmup.anomalies)));
    }
    if sent == 0 && parts.len() == 1 {
        return "nothing sent".to_owned();
    }
    format!("{} sent, {}", count(sent), parts.join(", "))
}

fn kinds(anomalies: &Anomalies) -> String {
    let found = anomalies.by_name().into_iter().filter(|(_, n)| *n > 0);
    let found: Vec<String> = found.map(|(kind, n)| format!("{} {}", kind.replace('_', " "), count(n))).collect();
    found.join(", ")
}

/// The first few anomalies of each kind, in the order of first appearance.
pub(super) fn evidence(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let parts = Part::each(report);
    let with_any: Vec<_> = parts.iter().filter(|part| !part.measurement.evidence.is_empty()).collect();
    if with_any.is_empty() {
        return Ok(());
    }
    printer.blank()?;
    let each = if report.groups.is_empty() { "each kind" } else { "each kind in each group" };
    printer.row("evidence", &format!("the first of {each}, {SHOWN} at most; a result file has more"))?;
    for part in with_any.iter().take(GROUPS) {
        evidence_of(printer, part)?;
    }
    match with_any.len().checked_sub(GROUPS) {
        None | Some(0) => Ok(()),
        Some(more) => printer.row("", &format!("and that of {} more groups, in the result file", count(more as u64))),
    }
}

fn evidence_of(printer: &mut Printer<'_>, part: &Part<'_>) -> io::Result<()> {
    let group = part.group.map_or_else(String::new, |group| format!("{group}: "));
    for (kind, evidence) in wording::evidence_by_kind(part.measurement) {
        for (index, evidence) in evidence.into_iter().take(SHOWN).enumerate() {
            let label = match index {
                0 if kind.name().len() > WIDEST => kind.name().to_owned(),
                0 => format!("  {kind}"),
                _ => String::new(),
            };
            one(printer, &label, &group, evidence)?;
        }
    }
    Ok(())
}

fn one(printer: &mut Printer<'_>, label: &str, group: &str, evidence: &Evidence) -> io::Result<()> {
    let label = cut(&visible(label), 12);
    printer.styled_row(
        &label,
        printer.palette.of(Tone::Bad),
        &format!("{group}{}", wording::circumstances(evidence).join(", ")),
        anstyle::Style::new(),
    )?;
    for (name, bytes) in wording::bytes_of(evidence) {
        printer.detail(&format!("  {name} {bytes}"))?;
    }
    Ok(())
}
