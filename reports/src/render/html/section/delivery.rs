//! The fates of the messages, as sums that must add up.

use std::ops::Deref;

use super::{Section, content::ContentBlock};
use crate::{
    human::count,
    model::Tally,
    render::{
        html::{
            labelled_part::LabelledPart,
            table::{PageTable, TableBody, TableCell, TableHeading, TableRow},
        },
        part::Part,
        room_table::{self, RoomTable},
        tone::Tone,
        wording,
    },
};

type TallyCount = fn(&PhaseTally<'_>) -> u64;

/// What is counted of a phase.
struct PhaseTally<'a> {
    tally: &'a Tally,
    /// Events that are matches: deliveries in rooms, replies elsewhere.
    matched_events: u64,
}

impl<'a> PhaseTally<'a> {
    /// Of the measured phase and of the warm-up.
    fn of(part: Part<'a>) -> [Self; 2] {
        let ([measured, warmup], measurement) = (part.matched_events(), part.measurement);
        [(&measurement.measured, measured), (&measurement.warmup, warmup)]
            .map(|(tally, matched_events)| Self { tally, matched_events })
    }
}

impl Deref for PhaseTally<'_> {
    type Target = Tally;

    fn deref(&self) -> &Tally {
        self.tally
    }
}

/// The name of a count, its tone unless it is 0, and the count itself.
struct Term(&'static str, Tone, TallyCount);

/// A term that the sum of the others must equal.
struct Sum(Term, &'static [Term]);

/// The identities of [`crate::judge::identities()`].
const SUMS: [Sum; 5] = [
    Sum(
        Term("scheduled", Tone::Plain, |t| t.counts.scheduled),
        &[Term("sent", Tone::Plain, |t| t.counts.sent), Term("dropped", Tone::Doubtful, |t| t.counts.dropped)],
    ),
    Sum(
        Term("dropped", Tone::Doubtful, |t| t.counts.dropped),
        &[
            Term("in-flight cap", Tone::Doubtful, |t| t.dropped.in_flight_cap),
            Term("dead connection", Tone::Doubtful, |t| t.dropped.dead_connection),
            Term("behind schedule", Tone::Doubtful, |t| t.dropped.behind_schedule),
            Term(AWAY, Tone::Plain, |t| t.dropped.away),
        ],
    ),
    Sum(
        Term("sent", Tone::Plain, |t| t.counts.sent),
        &[
            Term("matched", Tone::Plain, |t| t.counts.matched),
            Term("lost", Tone::Bad, |t| t.counts.lost),
            Term("damaged", Tone::Bad, |t| t.counts.damaged),
            Term("misrouted", Tone::Bad, |t| t.counts.misrouted),
            Term("undetermined", Tone::Doubtful, |t| t.counts.undetermined),
            Term(BY_PLAN, Tone::Plain, |t| t.counts.undetermined_by_plan),
        ],
    ),
    Sum(
        Term("deliveries expected", Tone::Plain, |t| t.deliveries.expected),
        &[
            Term("matched", Tone::Plain, |t| t.deliveries.matched),
            Term("lost", Tone::Bad, |t| t.deliveries.lost),
            Term("damaged", Tone::Bad, |t| t.deliveries.damaged),
            Term("undetermined", Tone::Doubtful, |t| t.deliveries.undetermined),
            Term(BY_PLAN, Tone::Plain, |t| t.deliveries.undetermined_by_plan),
        ],
    ),
    Sum(
        Term("events", Tone::Plain, |t| t.counts.events),
        &[
            Term("matched", Tone::Plain, |t| t.matched_events),
            Term("duplicated", Tone::Bad, |t| t.anomalies.duplicated),
            Term("coalesced", Tone::Bad, |t| t.anomalies.coalesced),
            Term("split pieces", Tone::Bad, |t| t.anomalies.split_pieces),
            Term("truncated", Tone::Bad, |t| t.anomalies.truncated),
            Term("corrupted", Tone::Bad, |t| t.anomalies.corrupted),
            Term("wrong type", Tone::Bad, |t| t.anomalies.wrong_type),
            Term("misrouted events", Tone::Bad, |t| t.anomalies.misrouted_events),
            Term("unexpected", Tone::Bad, |t| t.anomalies.unexpected),
            Term(OTHERS, Tone::Plain, |t| t.other_events.sum()),
        ],
    ),
];

/// Lawful events that are no match.
const OTHERS: &str = "other events";
/// What was due while clients were away.
const AWAY: &str = "away";
/// What was in flight when the plan ended a connection.
const BY_PLAN: &str = "undetermined by plan";

/// Terms that most runs do not have. They stand there if there are any.
const RARE: [&str; 3] = [OTHERS, AWAY, BY_PLAN];

/// Counts that belong to no sum. The last stands there if there are any.
const BESIDE: [Term; 3] = [
    Term("reordered (overtaken)", Tone::Bad, |t| t.anomalies.reordered),
    Term("split (damaged)", Tone::Bad, |t| t.anomalies.split),
    Term("gaps (numbers skipped)", Tone::Bad, |t| t.anomalies.gaps),
];

/// The events of [`OTHERS`] by kind.
const SET_ASIDE: [Term; 8] = [
    Term("partial (before the last of a reply)", Tone::Plain, |t| t.other_events.partial),
    Term("ignored", Tone::Plain, |t| t.other_events.ignored),
    Term("answered", Tone::Plain, |t| t.other_events.answered),
    Term("joined (steps of joining)", Tone::Plain, |t| t.other_events.joined),
    Term("pushed (numbered)", Tone::Plain, |t| t.other_events.pushed),
    Term("history (due before the receiver joined)", Tone::Plain, |t| t.other_events.history),
    Term("own copies", Tone::Plain, |t| t.other_events.own_copies),
    Term("late (of an earlier session)", Tone::Plain, |t| t.other_events.late),
];

pub(crate) fn section(parts: &[LabelledPart<'_>]) -> Section {
    let tallies: Vec<PhaseTally<'_>> = parts.iter().flat_map(|labelled| PhaseTally::of(labelled.part)).collect();
    let has_any = |term: &&Term| tallies.iter().any(|tally| term.2(tally) > 0);
    let beside = BESIDE.iter().enumerate().filter(|(index, term)| *index < 2 || has_any(term));
    let beside = beside.map(|(_, term)| row("", term, &tallies)).collect();
    let beside = TableBody { title: Some("of the sent, beside the sum".into()), rows: beside };
    let aside: Vec<_> = SET_ASIDE.iter().filter(has_any).map(|term| row("", term, &tallies)).collect();
    let aside = (!aside.is_empty()).then(|| TableBody { title: Some("the other events".into()), rows: aside });
    let [scheduled, dropped, sent, deliveries, events] = SUMS.map(|sum| body(&sum, &tallies));
    let deliveries = tallies.iter().any(|tally| !tally.deliveries.is_empty()).then_some(deliveries);
    let events: Vec<_> = std::iter::once(events).chain(aside).collect();
    // The tables of a single part fit beside each other on a screen.
    let tables: Vec<_> = if let [_] = parts {
        let deliveries = deliveries.map(|sum| ("Deliveries: one message at one receiver", vec![sum]));
        let messages = [("Messages due", vec![scheduled, dropped]), ("Messages sent", vec![sent, beside])];
        messages.into_iter().chain(deliveries).chain([("Message events that came", events)]).collect()
    } else {
        let messages = vec![scheduled, dropped, sent, beside];
        let all = messages.into_iter().chain(deliveries).chain(events).collect();
        vec![("Messages, and message events that came", all)]
    };
    let tables = tables.into_iter().map(|(caption, bodies)| table(caption, parts, bodies)).collect();
    let mut blocks = vec![ContentBlock::Tables(tables)];
    let rooms: Vec<PageTable> = parts.iter().filter_map(|labelled| rooms(labelled, parts.len() > 1)).collect();
    if !rooms.is_empty() {
        blocks.push(ContentBlock::Tables(rooms));
    }
    let mut notes: Vec<String> = parts.iter().filter_map(|labelled| wording::undecided(labelled.part)).collect();
    for labelled in parts.iter().filter(|labelled| labelled.part.group.is_none()) {
        notes.extend(wording::not_listed(labelled.part.report));
    }
    notes.dedup();
    blocks.extend(notes.iter().map(|note| ContentBlock::Note(note.into())));
    Section::new("delivery", "Delivery", blocks)
}

fn table(caption: &str, parts: &[LabelledPart<'_>], bodies: Vec<TableBody>) -> PageTable {
    let groups = match parts {
        [_] => Vec::new(),
        several => several.iter().enumerate().map(|(index, labelled)| TableHeading::of(index, labelled, 2)).collect(),
    };
    let columns = parts.iter().flat_map(|_| ["measured", "warm-up"]).map(TableHeading::from).collect();
    PageTable { caption: caption.into(), groups, columns, bodies }
}

/// Most rooms of a part that have a row.
const ROOMS: usize = 50;

/// The worst rooms of a part. `None` without rooms.
fn rooms(labelled: &LabelledPart<'_>, with_label: bool) -> Option<PageTable> {
    let table = RoomTable::of(labelled.part, ROOMS)?;
    let of = if with_label { format!("{}: ", labelled.label) } else { String::new() };
    let more = if table.more == 0 { String::new() } else { format!("; {} more have no row", count(table.more)) };
    let order = if table.has_violations { ", the worst first" } else { "" };
    let row = |(number, counts): &(u32, Vec<u64>)| {
        let cell = |(column, n): (&&str, &u64)| {
            let tone = if room_table::is_violation(column) { Tone::Bad } else { Tone::Plain };
            TableCell::from(count(*n)).tone(tone.unless_zero(*n))
        };
        TableRow {
            heading: count(u64::from(*number)).into(),
            cells: table.columns.iter().zip(counts).map(cell).collect(),
            sum: false,
        }
    };
    Some(PageTable {
        caption: format!("{of}{}{order}{more}", table.summary).into(),
        groups: Vec::new(),
        columns: table.columns.iter().map(TableHeading::from).collect(),
        bodies: vec![TableBody { title: None, rows: table.rows.iter().map(row).collect() }],
    })
}

fn body(sum: &Sum, tallies: &[PhaseTally<'_>]) -> TableBody {
    let Sum(left, terms) = sum;
    let cells = tallies.iter().map(|tally| total(left, terms, tally)).collect();
    let mut rows = vec![TableRow { heading: left.0.into(), cells, sum: true }];
    let has_any = |term: &&Term| tallies.iter().any(|tally| term.2(tally) > 0);
    let terms = terms.iter().filter(|term| !RARE.contains(&term.0) || has_any(term));
    rows.extend(terms.enumerate().map(|(index, term)| row(if index == 0 { "=" } else { "+" }, term, tallies)));
    TableBody { title: None, rows }
}

/// The left side of a sum. If the right side differs, both are shown.
fn total(left: &Term, terms: &[Term], tally: &PhaseTally<'_>) -> TableCell {
    let Term(_, tone, of) = left;
    let (left, right) = (of(tally), terms.iter().fold(0_u64, |sum, term| sum.saturating_add(term.2(tally))));
    if left == right {
        return TableCell::from(count(left)).tone(tone.unless_zero(left));
    }
    TableCell::from(format!("{} ≠ {}", count(left), count(right))).tone(Tone::Bad)
}

fn row(sign: &'static str, term: &Term, tallies: &[PhaseTally<'_>]) -> TableRow {
    let Term(name, tone, of) = term;
    let cell = |tally: &PhaseTally<'_>| TableCell::from(count(of(tally))).tone(tone.unless_zero(of(tally)));
    TableRow {
        heading: TableHeading { sign, ..TableHeading::from(name) },
        cells: tallies.iter().map(cell).collect(),
        sum: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Counts, render::html::visible_text::VisibleText};

    fn phase(tally: &Tally) -> PhaseTally<'_> {
        PhaseTally { tally, matched_events: tally.matched_events() }
    }

    #[test]
    fn a_sum_that_does_not_add_up_says_so() {
        let tally = Tally { counts: Counts { sent: 5, matched: 4, ..Counts::default() }, ..Tally::default() };
        let cell = &body(&SUMS[2], &[phase(&tally)]).rows[0].cells[0];
        assert_eq!((cell.text.to_string().as_str(), cell.tone), ("5 ≠ 4", Tone::Bad));
    }

    #[test]
    fn the_sums_are_the_identities() {
        // A breach of each identity shows in both places.
        let changes: [fn(&mut Tally); 5] = [
            |t| t.counts.scheduled = 1,
            |t| t.dropped.in_flight_cap = 1,
            |t| t.counts.lost = 1,
            |t| t.deliveries.lost = 1,
            |t| t.anomalies.unexpected = 1,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut tally = Tally::default();
            change(&mut tally);
            let breach = crate::judge::identities(&tally).unwrap_err();
            let broken = SUMS.iter().position(|sum| body(sum, &[phase(&tally)]).rows[0].cells[0].tone == Tone::Bad);
            assert_eq!(broken, Some(index), "{breach}");
            assert_eq!(
                VisibleText::from(breach.identity.split(' ').next().unwrap().replace('.', " ")),
                SUMS[index].0.0.into()
            );
            assert_eq!(breach.identity.matches('+').count() + 1, SUMS[index].1.len());
        }
    }
}
