//! The groups of a run: a table of them, their lines over each other, and each by itself.

use super::{
    Section,
    content::ContentBlock,
    delivery, facts,
    headline::{anomalies, not_whole, per_second},
    history, latency, sessions,
};
use crate::{
    human::{count, nanoseconds},
    judge::bounds,
    metric::quantiles::Quantiles,
    render::{
        LabelledResult,
        html::{
            labelled_part::LabelledPart,
            table::{PageTable, TableBody, TableCell, TableHeading, TableRow},
        },
        tone::Tone,
    },
};

/// Most groups of a result that have lines and a section. The table has all of them.
const SHOWN: usize = 20;

/// A table of the groups of all results. `None` if no result has several groups.
pub(crate) fn overview(results: &[LabelledResult<'_>]) -> Option<Section> {
    let by_result: Vec<Vec<LabelledPart<'_>>> = results.iter().map(LabelledPart::groups).collect();
    let most = by_result.iter().map(Vec::len).max().filter(|most| *most > 0)?;
    let mut blocks = vec![ContentBlock::Tables(vec![table(results, &by_result)])];
    if most > SHOWN && results.len() == 1 {
        let text = format!(
            "The first {SHOWN} groups have lines and sections below. The result file has those of the other {}, too.",
            count((most - SHOWN) as u64)
        );
        blocks.push(ContentBlock::Note(text.into()));
    }
    Some(Section::new("groups", "Groups", blocks))
}

/// The lines of the groups of a single result over each other, and a section for each group: its
/// plan, delivery, latency and connections. Its evidence and its history stand with those of the
/// other groups.
pub(crate) fn each(results: &[LabelledResult<'_>]) -> Vec<Section> {
    let [result] = results else { return Vec::new() };
    let mut groups = LabelledPart::groups(result);
    groups.truncate(SHOWN);
    if groups.is_empty() {
        return Vec::new();
    }
    let plots = latency::response_plot(&groups).into_iter().chain(history::plots(&groups)).collect();
    let blocks = vec![ContentBlock::plots(plots, "No message of any group matched.")];
    let compared = Section::new("compared", "Groups compared", blocks).with_prefix("compared-");
    let section = |(index, group): (usize, &LabelledPart<'_>)| {
        let one = std::slice::from_ref(group);
        let parts = [facts::group(one), delivery::section(one), latency::section(one)];
        let connections = sessions::section(one).into_iter().chain([facts::connections(one)]);
        let blocks = parts.into_iter().chain(connections).flat_map(|part| part.blocks).collect();
        let id = format!("group-{}", index + 1);
        let prefix = format!("{id}-");
        Section::new(&id, &format!("Group {}", group.label), blocks).with_prefix(&prefix)
    };
    std::iter::once(compared).chain(groups.iter().enumerate().map(section)).collect()
}

const COLUMNS: [&str; 11] =
    ["clients", "opened", "died", "sent", "matched", "matched/s", "lost or damaged", "anomalies", "p50", "p99", "max"];

/// A row for each group. Several results have a group of rows for each name.
fn table(results: &[LabelledResult<'_>], by_result: &[Vec<LabelledPart<'_>>]) -> PageTable {
    let bodies = match by_result {
        [groups] => {
            let row = |(index, group): (usize, &LabelledPart<'_>)| row(TableHeading::of(index, group, 1), group);
            vec![TableBody { title: None, rows: groups.iter().enumerate().map(row).collect() }]
        }
        several => {
            let mut names: Vec<&str> = Vec::new();
            for group in several.iter().flatten() {
                if !names.contains(&group.label) {
                    names.push(group.label);
                }
            }
            let body = |name: &str| {
                let of_result = |(index, groups): (usize, &Vec<LabelledPart<'_>>)| {
                    let group = groups.iter().find(|group| group.label == name)?;
                    Some(row(TableHeading::of(index, &LabelledPart::total(&results[index]), 1), group))
                };
                TableBody { title: Some(name.into()), rows: several.iter().enumerate().filter_map(of_result).collect() }
            };
            names.into_iter().map(body).collect()
        }
    };
    let columns = COLUMNS.map(TableHeading::from).into();
    PageTable { caption: "Each group of clients by itself".into(), groups: Vec::new(), columns, bodies }
}

fn row(heading: TableHeading, group: &LabelledPart<'_>) -> TableRow {
    let measurement = group.part.measurement;
    let (connections, counts) = (&measurement.connections, &measurement.measured.counts);
    let alarm = |n: u64, tone: Tone| TableCell::from(count(n)).tone(tone.unless_zero(n));
    let opened = TableCell::from(count(connections.opened)).tone(Tone::Doubtful.unless_zero(connections.failed));
    let quantiles = Quantiles::of(&measurement.latency.response);
    let times = [("p50", quantiles.p50), ("p99", quantiles.p99), ("max", quantiles.max)].map(|(statistic, ns)| {
        let text = ns.map_or_else(|| "–".to_owned(), |ns| nanoseconds(ns as f64));
        if bounds::is_marked(&measurement.latency, "response", statistic) {
            return TableCell::from(format!("{text}{}", bounds::MARK)).tone(Tone::Doubtful);
        }
        TableCell::from(text)
    });
    let cells = [
        count(connections.requested).into(),
        opened,
        alarm(connections.died, Tone::Doubtful),
        count(counts.sent).into(),
        count(counts.matched).into(),
        per_second(group.part.throughput().matched_per_s).into(),
        alarm(not_whole(measurement), Tone::Bad),
        alarm(anomalies(measurement), Tone::Bad),
    ];
    TableRow { heading, cells: cells.into_iter().chain(times).collect(), sum: false }
}
