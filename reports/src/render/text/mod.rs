//! The report for a terminal. The default is without colour, with lines of 100 columns.

mod delivery;
mod groups;
mod latency;
pub(super) mod printer;
pub(super) mod table;
pub(super) mod wrap;

use std::io;

use printer::Printer;

use super::{Render, connecting, part::Part, sessions, shards, wording};
use crate::{
    human::{bytes, count, most_frequent, percent, rate, seconds},
    judge::{Judgement, Verdict},
    metric::throughput::Throughput,
    model::Report,
};

/// Most kinds of connection errors whose first message is shown.
const MOST_DETAILS: usize = 8;

/// The report for a terminal. By default it is without colour, in lines of 100 columns.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Adds ANSI escape sequences: the eight standard colours, bold and dim. Without them, newlines
    /// are the only control characters in the output, whatever a report holds.
    pub color: bool,
    /// Columns of a line. Text wraps at blanks, and a wide table continues below. Less than 40
    /// counts as 40.
    pub width: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

impl Render for Text {
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        let printer = &mut Printer::new(self.color, self.width, out);
        verdict(printer, report, judgement)?;
        printer.blank()?;
        plan(printer, report)?;
        printer.blank()?;
        groups::table(printer, report)?;
        delivery::delivery(printer, report)?;
        delivery::evidence(printer, report)?;
        printer.blank()?;
        latency::table(printer, Part::total(report))?;
        printer.blank()?;
        throughput(printer, report)?;
        health(printer, report)?;
        connections(printer, report)?;
        printer.row("limited by", wording::limit(report, judgement.limited_by))
    }
}

fn verdict(printer: &mut Printer<'_>, report: &Report, judgement: &Judgement) -> io::Result<()> {
    let (word, meaning) = wording::verdict(report, judgement);
    let style = printer.palette.of(judgement.verdict.into());
    printer.styled_row(word, style, &meaning, style)?;
    // Nothing speaks against a pass, so what is said here is a note.
    let label = if judgement.verdict == Verdict::Pass { "  note" } else { "  why" };
    for reason in &judgement.reasons {
        printer.row(label, reason)?;
    }
    Ok(())
}

fn plan(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let target = format!("{}{}", connecting::urls(&report.target), connecting::target_remarks(report));
    printer.row("target", &target)?;
    let plan = &report.plan;
    match plan.groups.as_slice() {
        [group] => {
            let clients = wording::clients_and_messages(group);
            printer.row("plan", &format!("{clients}, {}", wording::length(plan)))?;
            let way = connecting::asked_for(group);
            if !way.is_empty() {
                printer.row("route", &way.join(", "))?;
            }
        }
        groups => {
            printer.row("plan", &format!("{}, {}", wording::load(plan), wording::length(plan)))?;
            groups::plans(printer, groups)?;
        }
    }
    let place = wording::place(&report.environment, plan.run.engine, &report.started_at);
    printer.styled_row("where", printer.palette.label, &place, printer.palette.aside)?;
    for shards::ShardFact { name, text, tone } in shards::facts(report) {
        printer.styled_row(name, printer.palette.label, &text, printer.palette.of(tone))?;
    }
    Ok(())
}

fn throughput(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let throughput = Throughput::of(report);
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), rate);
    let volume = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), bytes);
    let due = format!(" of {}/s due", shown(throughput.scheduled_per_s));
    let scheduled = if report.plan.is_closed() { String::new() } else { due };
    // The plan tells a planned duration, and the reasons tell an interruption.
    let length = match report.plan.run.duration_s {
        Some(_) => String::new(),
        None => format!(", over {}", seconds(report.measured_s)),
    };
    let of = if Part::total(report).has_rooms() { "deliveries " } else { "" };
    let text = format!(
        "{} {of}matched/s, {} sent/s{scheduled}; {}/s out, {}/s in{length}",
        shown(throughput.matched_per_s),
        shown(throughput.sent_per_s),
        volume(throughput.sent_bytes_per_s),
        volume(throughput.received_bytes_per_s),
    );
    printer.row("throughput", &text)?;
    let (read, write) = (report.total.wire.reads, report.total.wire.writes);
    let text = format!(
        "messages per read mean {:.1} max {}; per write mean {:.1} max {}",
        read.mean(),
        count(read.largest),
        write.mean(),
        count(write.largest),
    );
    printer.row("TCP", &text)
}

fn health(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let generator = &report.generator;
    let threads = if generator.threads == 1 { "thread" } else { "threads" };
    let text = format!(
        "cpu {} ({} spinning), busiest worker {}, peak RSS {}, {} {threads}",
        seconds(generator.cpu_s),
        seconds(generator.spin_s),
        percent(generator.busiest_worker),
        shards::peak(report),
        generator.threads,
    );
    printer.row("generator", &text)?;
    if let Some(stops) = wording::stops(report) {
        printer.row("", &stops)?;
    }
    wording::saturated(&report.total.latency).map_or(Ok(()), |text| printer.row("over 60 s", &text))?;
    wording::stolen(report).map_or(Ok(()), |text| printer.row("stolen", &text))
}

fn connections(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let connections = &report.total.connections;
    let (clients, opened) = (count(connections.requested), count(connections.opened));
    let mut text = match sessions::ended(Part::total(report)) {
        Some(_) => format!("{opened} opened by {clients} clients"),
        None => format!("{opened} of {clients} opened"),
    };
    for (name, n) in [("failed", connections.failed), ("died", connections.died)] {
        if n > 0 {
            text = format!("{text}, {} {name}", count(n));
        }
    }
    let kinds = most_frequent(connections.errors.iter().map(|(kind, n)| (kind.as_str(), *n)));
    if !kinds.is_empty() {
        text = format!("{text}: {kinds}");
    }
    if let Some(lookup) = wording::lookup(&report.total) {
        text = format!("{text}; {lookup}");
    }
    printer.row("connections", &text)?;
    for (name, text) in connecting::agreed(&report.total) {
        printer.row(label(name), &text)?;
    }
    sessions(printer, report)?;
    for (kind, detail) in connections.details.iter().take(MOST_DETAILS) {
        printer.row("", &format!("{kind}: {detail}"))?;
    }
    if connections.details.len() > MOST_DETAILS {
        printer.row("", &format!("and {} more kinds, in the result file", connections.details.len() - MOST_DETAILS))?;
    }
    Ok(())
}

/// The label of what was agreed on connections. It is shorter than a column.
fn label(agreed: &str) -> &'static str {
    match agreed {
        "TLS" => "  TLS",
        "compression" => "  compress",
        "subprotocols" => "  protocols",
        "addresses" => "  addresses",
        "redirects" => "  redirects",
        _ => "",
    }
}

/// What became of sessions and pings, and how connections ended.
fn sessions(printer: &mut Printer<'_>, report: &Report) -> io::Result<()> {
    let part = Part::total(report);
    let rows = [
        ("  sessions", sessions::ended(part)),
        ("  attempts", sessions::attempts(part)),
        ("  pings", sessions::pings(part.measurement).map(|answered| format!("{answered} answered"))),
    ];
    for (label, text) in rows {
        if let Some(text) = text {
            printer.row(label, &text)?;
        }
    }
    if !sessions::has_any(part) {
        return Ok(());
    }
    for end in sessions::most_frequent_ends(part.measurement) {
        printer.row("", &end)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
