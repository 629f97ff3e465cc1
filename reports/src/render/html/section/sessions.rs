//! Clients that come and go: how many were open over time, what became of their sessions, and how
//! connections ended.

use super::{Section, connections_over_time, content::ContentBlock};
use crate::{
    human::count,
    model::Measurement,
    render::{
        html::{
            labelled_part::LabelledPart,
            table::{Fact, PageTable, TableBody, TableCell, TableHeading, TableRow, facts},
        },
        sessions::{self, ENDED, EndTable},
        tone::Tone,
    },
};

/// What became of sessions. `None` where connections opened before the load and stayed.
pub(crate) fn section(parts: &[LabelledPart<'_>]) -> Option<Section> {
    if !parts.iter().any(|labelled| sessions::has_any(labelled.part)) {
        return None;
    }
    let mut blocks = Vec::new();
    let plots = connections_over_time::plots(parts);
    if !plots.is_empty() {
        blocks.push(ContentBlock::Plots(plots));
    }
    blocks
        .push(ContentBlock::Tables(vec![facts("Sessions", parts, &SESSIONS), facts("Times and pings", parts, &TIMES)]));
    let ends: Vec<PageTable> = parts.iter().filter_map(|labelled| ends(labelled, parts.len() > 1)).collect();
    if !ends.is_empty() {
        blocks.push(ContentBlock::Tables(ends));
    }
    Some(Section::new("sessions", "Sessions", blocks))
}

const SESSIONS: [Fact; 12] = [
    ("opened", |labelled| number(labelled, |m| m.connections.opened)),
    ("closed by plan", |labelled| rare(labelled, |m| m.sessions.closed_by_plan)),
    ("cut by plan", |labelled| rare(labelled, |m| m.sessions.cut_by_plan)),
    ("left: the server ended them in order", |labelled| rare(labelled, |m| m.sessions.left)),
    ("died", |labelled| doubtful(labelled, |m| m.connections.died)),
    ("open at the end", |labelled| number(labelled, |m| m.sessions.open_at_end)),
    ("deaths whose client came back", |labelled| rare(labelled, |m| m.sessions.returned)),
    ("clients that were not back at the end", |labelled| doubtful(labelled, |m| m.sessions.away_at_end)),
    ("clients away at the end, as planned", |labelled| rare(labelled, |m| m.sessions.waiting_at_end)),
    ("attempts to open", |labelled| {
        let sessions = &labelled.part.measurement.sessions;
        let after = sessions::attempts_after(&sessions.after);
        TableCell::words(format!("{}{after}", count(sessions.attempts)))
    }),
    ("attempts that failed", |labelled| doubtful(labelled, |m| m.sessions.failed_attempts)),
    ("attempts given up at the end", |labelled| rare(labelled, |m| m.sessions.given_up)),
];

const TIMES: [Fact; 9] = [
    ("away, until open again", |labelled| TableCell::words(sessions::times(&labelled.part.measurement.latency.away))),
    ("open, until the first reply", |labelled| {
        TableCell::words(sessions::times(&labelled.part.measurement.latency.first_reply))
    }),
    ("from ping to pong", |labelled| TableCell::words(sessions::times(&labelled.part.measurement.latency.ping))),
    ("pings answered", |labelled| {
        sessions::pings(labelled.part.measurement).map_or_else(TableCell::default, TableCell::words)
    }),
    ("messages due while away", |labelled| rare(labelled, |m| m.measured.dropped.away)),
    ("messages in flight when the plan ended them", |labelled| {
        rare(labelled, |m| m.measured.counts.undetermined_by_plan)
    }),
    ("messages that came in a later session", |labelled| rare(labelled, |m| m.measured.other_events.late)),
    ("deliveries replayed", |labelled| {
        let Measurement { measured, latency, .. } = labelled.part.measurement;
        match measured.deliveries.replayed {
            0 => TableCell::default(),
            n => TableCell::words(format!("{}: {}", count(n), sessions::times(&latency.replayed))),
        }
    }),
    ("deliveries lost that were due while away", |labelled| {
        let lost = labelled.part.measurement.measured.deliveries.lost_away;
        if lost == 0 { TableCell::default() } else { TableCell::from(count(lost)).tone(Tone::Bad) }
    }),
];

fn number(labelled: &LabelledPart<'_>, of: fn(&Measurement) -> u64) -> TableCell {
    count(of(labelled.part.measurement)).into()
}

/// A count that stands there if there are any.
fn rare(labelled: &LabelledPart<'_>, of: fn(&Measurement) -> u64) -> TableCell {
    let n = of(labelled.part.measurement);
    if n == 0 { TableCell::default() } else { count(n).into() }
}

fn doubtful(labelled: &LabelledPart<'_>, of: fn(&Measurement) -> u64) -> TableCell {
    let n = of(labelled.part.measurement);
    TableCell::from(count(n)).tone(Tone::Doubtful.unless_zero(n))
}

/// Ends by kind, against lifetimes.
fn ends(labelled: &LabelledPart<'_>, with_label: bool) -> Option<PageTable> {
    let table = EndTable::of(labelled.part.measurement)?;
    let of = if with_label { format!("{}: ", labelled.label) } else { String::new() };
    let row = |row: &Vec<String>| TableRow {
        heading: TableHeading::from(&row[0]),
        cells: row[1..].iter().map(TableCell::from).collect(),
        sum: false,
    };
    Some(PageTable {
        caption: format!("{of}{ENDED}").into(),
        groups: Vec::new(),
        columns: table.columns.iter().map(TableHeading::from).collect(),
        bodies: vec![TableBody { title: None, rows: table.rows.iter().map(row).collect() }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::judge, model::sample, render::LabelledResult};

    #[test]
    fn a_run_whose_connections_stay_has_no_section() {
        for report in [sample::pass(), sample::rooms(), sample::dialogue()] {
            let judgement = judge(&report, &[]);
            let result = LabelledResult { label: "x", report: &report, judgement: &judgement };
            assert!(section(&[LabelledPart::total(&result)]).is_none());
        }
    }

    #[test]
    fn sessions_have_plots_counts_times_and_ends() {
        let report = sample::sessions();
        let judgement = judge(&report, &[]);
        let result = LabelledResult { label: "x", report: &report, judgement: &judgement };
        let section = section(&[LabelledPart::total(&result)]).unwrap();
        let [ContentBlock::Plots(plots), ContentBlock::Tables(facts), ContentBlock::Tables(ends)] = &section.blocks[..]
        else {
            panic!("{:?}", section.blocks)
        };
        assert_eq!(plots.iter().map(|plot| plot.lines.len()).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(plots[1].lines[1].alarms.len(), 1, "a second in which attempts failed");
        let cell = |table: &PageTable, name: &str| {
            let mut rows = table.bodies[0].rows.iter();
            rows.find(|row| row.heading.text.to_string() == name).map(|row| row.cells[0].text.to_string())
        };
        assert_eq!(
            cell(&facts[0], "attempts to open").as_deref(),
            Some("162: at the start 100, after a storm 20, after a death 30, after a failure 12")
        );
        assert_eq!(cell(&facts[0], "closed by plan"), None);
        assert!(cell(&facts[1], "away, until open again").unwrap().starts_with("p50 1.2"));
        assert_eq!(ends[0].bodies[0].rows.len(), 3);
    }
}
