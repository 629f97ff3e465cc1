//! A report for the summary of a CI job (`$GITHUB_STEP_SUMMARY`), in GitHub's Markdown.

mod code;

use std::io::{self, Write};

pub(crate) use code::code;

use super::{
    Render, connecting, exchange, group_table::GroupTable, load_shape, part::Part, room_table::RoomTable, sessions,
    shards, wording,
};
use crate::{
    human::{bytes, count, nanoseconds, percent, rate, seconds},
    judge::{Judgement, Verdict, bounds},
    metric::{quantiles::Quantiles, throughput::Throughput},
    model::{GroupRecord, Measurement, MessagesRecord, Report, Tally},
};

/// A report in Markdown: the verdict and the reasons, groups if there are several, delivery,
/// evidence, latency, throughput, the generator, and the plan.
///
/// Text that a server or a file chose stands only in code spans. There it can be no markup, link,
/// mention or reference. The length is bounded, because GitHub takes 1 MiB for a summary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Markdown;

/// Most reasons, kinds of evidence, kinds of connection errors, and thresholds that are shown.
const MOST: usize = 20;
/// Most groups in the table of groups.
const GROUPS: usize = 40;
/// Most rooms in the table of rooms.
const ROOMS: usize = 20;
/// Most groups whose evidence is shown.
const GROUPS_WITH_EVIDENCE: usize = 3;
/// Most anomalies of a kind that are shown. The result file holds all that were kept.
const EVIDENCE: usize = 3;

impl Render for Markdown {
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn Write) -> io::Result<()> {
        verdict(out, report, judgement)?;
        groups(out, report)?;
        delivery(out, report)?;
        evidence(out, report)?;
        latency(out, report)?;
        throughput(out, report)?;
        generator(out, report, judgement)?;
        shared(out, report)?;
        plan(out, report)
    }
}

fn verdict(out: &mut dyn Write, report: &Report, judgement: &Judgement) -> io::Result<()> {
    let (word, meaning) = wording::verdict(report, judgement);
    writeln!(out, "## {word}: {meaning}\n")?;
    let (plan, remarks) = (&report.plan, connecting::target_remarks(report));
    let urls = code(&connecting::urls(&report.target));
    writeln!(out, "{urls}{remarks}: {}, {}\n", wording::load(plan), wording::length(plan))?;
    if !judgement.reasons.is_empty() {
        // Nothing speaks against a pass, so what is said here is a note.
        writeln!(out, "{}\n", if judgement.verdict == Verdict::Pass { "Note:" } else { "Why:" })?;
        list(out, &judgement.reasons)?;
        writeln!(out)?;
    }
    Ok(())
}

/// A list of foreign texts.
fn list(out: &mut dyn Write, texts: &[String]) -> io::Result<()> {
    for text in texts.iter().take(MOST) {
        writeln!(out, "- {}", code(text))?;
    }
    if texts.len() > MOST {
        writeln!(out, "- and {} more", count((texts.len() - MOST) as u64))?;
    }
    Ok(())
}

/// Headings of a table. All columns except the first hold numbers.
fn headings(out: &mut dyn Write, first: &str, others: &[&str]) -> io::Result<()> {
    row(out, first, others)?;
    row(out, "---", &vec!["--:"; others.len()])
}

fn row(out: &mut dyn Write, first: &str, others: &[impl AsRef<str>]) -> io::Result<()> {
    write!(out, "| {first} |")?;
    for other in others {
        write!(out, " {} |", other.as_ref())?;
    }
    writeln!(out)
}

/// The table of groups, if there are several.
fn groups(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let Some(GroupTable { columns, rows, more, needs_legend }) = GroupTable::of(report, GROUPS) else { return Ok(()) };
    writeln!(out, "### Groups\n")?;
    headings(out, "group", &columns)?;
    for (name, numbers) in rows {
        // A pipe would end the cell, even in a code span. A bare star is markup.
        let numbers: Vec<String> = numbers.iter().map(|number| number.replace('*', "\\*")).collect();
        row(out, &code(&name.replace('|', "\\x7c")), &numbers)?;
    }
    writeln!(out)?;
    if more > 0 {
        writeln!(out, "And {} more groups, in the result file.\n", count(more as u64))?;
    }
    if needs_legend { writeln!(out, "\\{}\n", bounds::LEGEND) } else { Ok(()) }
}

fn delivery(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    writeln!(out, "### Delivery\n")?;
    let phases = [("measured", &report.total.measured), ("warm-up", &report.total.warmup)];
    // Most runs have no sessions.
    let by_plan = phases.iter().any(|(_, tally)| tally.counts.undetermined_by_plan > 0);
    let columns = |tally: &Tally| {
        let named = tally.counts.by_name().into_iter();
        named.filter(|(name, _)| by_plan || *name != "undetermined_by_plan").unzip()
    };
    let (names, _): (Vec<_>, Vec<_>) = columns(&Tally::default());
    headings(out, "messages", &names)?;
    for (phase, tally) in phases {
        let (_, numbers): (Vec<_>, Vec<_>) = columns(tally);
        row(out, phase, &numbers.into_iter().map(count).collect::<Vec<_>>())?;
    }
    writeln!(out)?;
    exchanged(out, report)?;
    anomalies(out, phases)?;
    if report.total.measured.counts.dropped > 0 {
        writeln!(out, "Dropped: {}\n", exchange::dropped(&report.total.measured.dropped))?;
    }
    for remark in wording::undecided(Part::total(report)).into_iter().chain(wording::not_listed(report)) {
        writeln!(out, "{}\n", code(&remark))?;
    }
    Ok(())
}

/// Deliveries and rooms, and events that were set aside.
fn exchanged(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let part = Part::total(report);
    if let Some(deliveries) = exchange::deliveries(&part.measurement.measured.deliveries) {
        writeln!(out, "Deliveries: {deliveries}\n")?;
    }
    if let Some(others) = exchange::other_events(part) {
        writeln!(out, "Set aside: {others}\n")?;
    }
    let Some(table) = RoomTable::of_violations(part, ROOMS) else { return Ok(()) };
    writeln!(out, "{}.\n", table.summary)?;
    if table.rows.is_empty() {
        return Ok(());
    }
    headings(out, "room", &table.columns)?;
    for (number, counts) in table.rows {
        row(out, &count(number.into()), &counts.into_iter().map(count).collect::<Vec<_>>())?;
    }
    writeln!(out)?;
    if table.more == 0 { Ok(()) } else { writeln!(out, "And {} more rooms.\n", count(table.more)) }
}

/// The kinds of anomalies that occurred.
fn anomalies(out: &mut dyn Write, phases: [(&str, &Tally); 2]) -> io::Result<()> {
    let [measured, warmup] = phases.map(|(_, tally)| tally.anomalies.by_name());
    let found: Vec<_> = measured.into_iter().zip(warmup).filter(|((_, a), (_, b))| (*a, *b) != (0, 0)).collect();
    if found.is_empty() {
        return writeln!(out, "No event was anything but a match.\n");
    }
    headings(out, "anomaly", &phases.map(|(phase, _)| phase))?;
    for ((name, measured), (_, warmup)) in found {
        row(out, &name.replace('_', " "), &[count(measured), count(warmup)])?;
    }
    writeln!(out)
}

/// The first few anomalies of each kind, in the order of first appearance.
fn evidence(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let parts = Part::each(report);
    let with_any: Vec<_> = parts.iter().filter(|part| !part.measurement.evidence.is_empty()).collect();
    if with_any.is_empty() {
        return Ok(());
    }
    let each = if report.groups.is_empty() { "each kind" } else { "each kind in each group" };
    writeln!(out, "### Evidence\n\nThe first of {each}, {EVIDENCE} at most; a result file has more.\n")?;
    for part in with_any.iter().take(GROUPS_WITH_EVIDENCE) {
        if let Some(group) = part.group {
            writeln!(out, "Group {}:\n", code(group))?;
        }
        evidence_of(out, part.measurement)?;
    }
    match with_any.len().checked_sub(GROUPS_WITH_EVIDENCE) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(out, "And that of {} more groups, in the result file.\n", count(more as u64)),
    }
}

fn evidence_of(out: &mut dyn Write, measurement: &Measurement) -> io::Result<()> {
    for (kind, evidence) in wording::evidence_by_kind(measurement).into_iter().take(MOST) {
        writeln!(out, "- {} {}", code(kind.name()), count(evidence.len() as u64))?;
        for evidence in evidence.into_iter().take(EVIDENCE) {
            writeln!(out, "  - {}", code(&wording::circumstances(evidence).join(", ")))?;
            for (name, bytes) in wording::bytes_of(evidence) {
                writeln!(out, "    - {name} {}", code(bytes))?;
            }
        }
    }
    writeln!(out)
}

fn latency(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    writeln!(out, "### Latency\n")?;
    headings(out, "", &["p50", "p90", "p99", "p99.9", "p99.99", "max", "values"])?;
    let mut any_marked = false;
    for (name, histogram) in wording::latencies(Part::total(report)) {
        let q = Quantiles::of(histogram);
        let values =
            [("p50", q.p50), ("p90", q.p90), ("p99", q.p99), ("p99.9", q.p99_9), ("p99.99", q.p99_99), ("max", q.max)];
        let mut shown = |(statistic, value): (&str, Option<u64>)| {
            let is_marked = bounds::is_marked(&report.total.latency, name, statistic);
            any_marked |= is_marked;
            // A bare star is markup.
            let mark = if is_marked { "\\*" } else { "" };
            format!("{}{mark}", value.map_or_else(|| "-".to_owned(), |ns| nanoseconds(ns as f64)))
        };
        let mut cells = values.map(&mut shown).to_vec();
        cells.push(count(q.count));
        row(out, &name.replace('_', " "), &cells)?;
    }
    writeln!(out)?;
    if any_marked {
        writeln!(out, "\\{}\n", bounds::LEGEND)?;
    }
    for remark in exchange::latency_remarks(Part::total(report)) {
        writeln!(out, "{remark}\n")?;
    }
    match wording::omission(Part::total(report)) {
        // It may name groups.
        Some(omission) if report.plan.groups.len() > 1 => writeln!(out, "{}\n", code(&omission)),
        Some(omission) => writeln!(out, "{omission}\n"),
        None => Ok(()),
    }
}

fn throughput(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let throughput = Throughput::of(report);
    let per_second = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{}/s", rate(value)));
    let volume = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{}/s", bytes(value)));
    writeln!(out, "### Throughput\n")?;
    headings(out, "over", &["due", "sent", "matched", "out", "in", "messages per read", "messages per write"])?;
    let per_call = [report.total.wire.reads, report.total.wire.writes];
    let [read, write] = per_call.map(|calls| format!("mean {:.1}, max {}", calls.mean(), count(calls.largest)));
    let due = if report.plan.is_closed() { "-".to_owned() } else { per_second(throughput.scheduled_per_s) };
    let cells = [
        due,
        per_second(throughput.sent_per_s),
        per_second(throughput.matched_per_s),
        volume(throughput.sent_bytes_per_s),
        volume(throughput.received_bytes_per_s),
        read,
        write,
    ];
    row(out, &seconds(report.measured_s), &cells)?;
    writeln!(out)
}

fn generator(out: &mut dyn Write, report: &Report, judgement: &Judgement) -> io::Result<()> {
    let (generator, connections) = (&report.generator, &report.total.connections);
    writeln!(out, "### Generator\n")?;
    writeln!(
        out,
        "- cpu {} ({} spinning), busiest worker {}, peak RSS {}, threads {}, engine {}",
        seconds(generator.cpu_s),
        seconds(generator.spin_s),
        percent(generator.busiest_worker),
        shards::peak(report),
        generator.threads,
        code(report.plan.run.engine.name()),
    )?;
    for said in [wording::stops(report), wording::saturated(&report.total.latency), wording::stolen(report)]
        .into_iter()
        .flatten()
    {
        writeln!(out, "- {said}")?;
    }
    writeln!(
        out,
        "- connections: {} of {} opened, {} failed, {} died{}",
        count(connections.opened),
        count(connections.requested),
        count(connections.failed),
        count(connections.died),
        wording::lookup(&report.total).map_or_else(String::new, |lookup| format!(", {lookup}")),
    )?;
    for (kind, n) in connections.errors.iter().take(MOST) {
        let detail =
            connections.details.get(kind).map_or_else(String::new, |text| format!(", the first: {}", code(text)));
        writeln!(out, "  - {} {}{detail}", code(kind), count(*n))?;
    }
    for (name, text) in connecting::agreed(&report.total) {
        writeln!(out, "  - {name}: {}", code(&text))?;
    }
    sessions(out, report)?;
    writeln!(out, "- limited by {}\n", wording::limit(report, judgement.limited_by))
}

/// What became of sessions and pings.
fn sessions(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let part = Part::total(report);
    let pings = sessions::pings(part.measurement).map(|answered| format!("{answered} answered"));
    for (name, text) in [("sessions", sessions::ended(part)), ("attempts", sessions::attempts(part)), ("pings", pings)]
    {
        if let Some(text) = text {
            writeln!(out, "- {name}: {text}")?;
        }
    }
    let ends = if sessions::has_any(part) { sessions::most_frequent_ends(part.measurement) } else { Vec::new() };
    for end in ends {
        writeln!(out, "  - {}", code(&end))?;
    }
    Ok(())
}

/// The processes that shared the run, and when they began.
fn shared(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let facts = shards::facts(report);
    if facts.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Shards\n")?;
    for shards::ShardFact { name, text, .. } in facts {
        writeln!(out, "- {name}: {}", code(&text))?;
    }
    writeln!(out)
}

fn plan(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let (plan, environment) = (&report.plan, &report.environment);
    writeln!(out, "### Plan\n")?;
    writeln!(out, "- {}, {}, {} drain", wording::load(plan), wording::length(plan), seconds(plan.run.drain_s))?;
    for group in plan.groups.iter().take(GROUPS) {
        let load = match plan.groups.len() {
            1 => String::new(),
            _ => format!("{}: {}, ", code(&group.name), wording::group_load(group)),
        };
        let messages = match &group.messages {
            MessagesRecord::Generated { sizes: Some(sizes), payload, .. } => {
                format!("sizes {} {}", code(sizes), code(payload.name()))
            }
            MessagesRecord::Generated { size_bytes, payload, .. } => {
                format!("{} {}", bytes(*size_bytes as f64), code(payload.name()))
            }
            MessagesRecord::Templates { .. } => wording::payload(group),
        };
        let rules: Vec<String> = exchange::more_rules(group).iter().map(|rule| format!(", {}", code(rule))).collect();
        let shape: Vec<String> = load_shape::shape(group).iter().map(|part| format!(", {part}")).collect();
        let way: Vec<String> = connecting::asked_for(group).iter().map(|part| format!(", {}", code(part))).collect();
        let (expect, rules) = (code(&group.expect.to_string()), [rules, shape, way].concat().concat());
        writeln!(out, "- {load}{messages}, expecting {expect}{rules}{}", target(group))?;
    }
    if !plan.run.thresholds.is_empty() {
        writeln!(out, "- thresholds:\n")?;
        for threshold in plan.run.thresholds.iter().take(MOST) {
            writeln!(out, "  - {}", code(threshold))?;
        }
    }
    writeln!(
        out,
        "- {}, cores {}, {}, loadgen {}, seed {}, started {}",
        code(&environment.cpu),
        environment.cores,
        code(&environment.kernel),
        code(&environment.version),
        environment.seed,
        code(&report.started_at),
    )
}

/// The target of a group that has its own.
fn target(group: &GroupRecord) -> String {
    group.target.as_ref().map_or_else(String::new, |target| format!(", at {}", code(&connecting::urls(target))))
}

#[cfg(test)]
mod tests;
