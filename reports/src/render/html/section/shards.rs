//! The processes that shared a run: when they began, and how each of them was.

use super::{Section, content::ContentBlock};
use crate::{
    human::{bytes, count, percent, seconds},
    model::ShardRecord,
    render::{
        html::{
            labelled_part::LabelledPart,
            table::{PageTable, TableBody, TableCell, TableHeading, TableRow},
        },
        shards::{self, ShardFact},
        tone::Tone,
    },
};

/// Most shards of a result with a row.
const SHOWN: usize = 100;

/// The shards of all results. `None` where one process had all clients and began when it could.
pub(crate) fn section(parts: &[LabelledPart<'_>]) -> Option<Section> {
    let facts: Vec<Vec<ShardFact>> = parts.iter().map(|labelled| shards::facts(labelled.part.report)).collect();
    if facts.iter().all(Vec::is_empty) {
        return None;
    }
    let mut tables = vec![overview(parts, &facts)];
    let several: Vec<_> = parts.iter().filter(|labelled| labelled.part.report.shards.len() > 1).collect();
    if !several.is_empty() {
        tables.push(each(&several, parts.len() > 1));
    }
    let mut blocks: Vec<_> = tables.into_iter().map(|table| ContentBlock::Tables(vec![table])).collect();
    if several.iter().any(|labelled| labelled.part.report.shards.len() > SHOWN) {
        let text = format!(
            "{SHOWN} shards have rows, those that were late, not ready or stopped first. The result file has all."
        );
        blocks.push(ContentBlock::Note(text.into()));
    }
    Some(Section::new("shards", "Shards", blocks))
}

/// A row for each fact, and a column for each result.
fn overview(parts: &[LabelledPart<'_>], facts: &[Vec<ShardFact>]) -> PageTable {
    let mut names: Vec<&str> = Vec::new();
    for fact in facts.iter().flatten() {
        if !names.contains(&fact.name) {
            names.push(fact.name);
        }
    }
    let columns = match parts {
        [_] => Vec::new(),
        several => several.iter().enumerate().map(|(index, labelled)| TableHeading::of(index, labelled, 1)).collect(),
    };
    let cell = |facts: &Vec<ShardFact>, name: &str| {
        let found = facts.iter().find(|fact| fact.name == name);
        found.map_or_else(TableCell::default, |fact| TableCell::words(&fact.text).tone(fact.tone))
    };
    let row = |name: &str| TableRow {
        heading: name.into(),
        cells: facts.iter().map(|facts| cell(facts, name)).collect(),
        sum: false,
    };
    let rows = names.into_iter().map(row).collect();
    let bodies = vec![TableBody { title: None, rows }];
    PageTable { caption: "Shards and start".into(), groups: Vec::new(), columns, bodies }
}

const COLUMNS: [&str; 10] = [
    "clients",
    "began",
    "after the plan",
    "ready",
    "measured",
    "busiest worker",
    "stops",
    "stood still",
    "memory",
    "on",
];

/// A row for each shard, by result if there are several.
fn each(results: &[&LabelledPart<'_>], with_label: bool) -> PageTable {
    let body = |labelled: &&LabelledPart<'_>| {
        let mut shown: Vec<&ShardRecord> = labelled.part.report.shards.iter().collect();
        if shown.len() > SHOWN {
            shown.sort_by_key(|shard| !is_doubtful(shard));
            shown.truncate(SHOWN);
        }
        let title = with_label.then(|| labelled.label.into());
        TableBody { title, rows: shown.into_iter().map(row).collect() }
    };
    PageTable {
        caption: "Each shard".into(),
        groups: Vec::new(),
        columns: COLUMNS.map(TableHeading::from).into(),
        bodies: results.iter().map(body).collect(),
    }
}

fn is_doubtful(shard: &ShardRecord) -> bool {
    shard.interrupted || shard.start.is_late() || shard.start.planned.is_some() && !shard.start.ready
}

fn row(shard: &ShardRecord) -> TableRow {
    let (start, generator) = (&shard.start, &shard.generator);
    let doubtful_if = |is: bool| if is { Tone::Doubtful } else { Tone::Plain };
    let error = start.error_s.map_or_else(|| "–".to_owned(), |error| seconds(error.max(0.0)));
    let ready = match (&start.planned, start.ready) {
        (None, _) => TableCell::from("–"),
        (Some(_), true) => "yes".into(),
        (Some(_), false) => TableCell::from("no").tone(Tone::Doubtful),
    };
    let cells = vec![
        count(shard.all_clients()).into(),
        TableCell::from(&start.at),
        TableCell::from(error).tone(doubtful_if(start.is_late())),
        ready,
        TableCell::from(seconds(shard.measured_s)).tone(doubtful_if(shard.interrupted)),
        percent(generator.busiest_worker).into(),
        TableCell::from(count(generator.stops)).tone(Tone::Doubtful.unless_zero(generator.stops)),
        seconds(generator.stopped_s).into(),
        bytes(generator.peak_rss_bytes as f64).into(),
    ];
    TableRow { heading: format!("shard {}", count(shard.number.into())).into(), cells, sum: false }
}
