//! The fates of the messages, as sums that must add up.

use super::{Section, content::ContentBlock};
use crate::{
    human::count,
    model::Tally,
    render::{
        html::{
            labelled_part::LabelledPart,
            table::{PageTable, TableBody, TableCell, TableHeading, TableRow},
        },
        tone::Tone,
        wording,
    },
};

type TallyCount = fn(&Tally) -> u64;

/// The name of a count, its tone unless it is 0, and the count itself.
struct Term(&'static str, Tone, TallyCount);

/// A term that the sum of the others must equal.
struct Sum(Term, &'static [Term]);

/// The identities of [`crate::judge::identities()`].
const SUMS: [Sum; 4] = [
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
        ],
    ),
    Sum(
        Term("events", Tone::Plain, |t| t.counts.events),
        &[
            Term("matched", Tone::Plain, |t| t.counts.matched),
            Term("duplicated", Tone::Bad, |t| t.anomalies.duplicated),
            Term("coalesced", Tone::Bad, |t| t.anomalies.coalesced),
            Term("split pieces", Tone::Bad, |t| t.anomalies.split_pieces),
            Term("truncated", Tone::Bad, |t| t.anomalies.truncated),
            Term("corrupted", Tone::Bad, |t| t.anomalies.corrupted),
            Term("wrong type", Tone::Bad, |t| t.anomalies.wrong_type),
            Term("misrouted events", Tone::Bad, |t| t.anomalies.misrouted_events),
            Term("unexpected", Tone::Bad, |t| t.anomalies.unexpected),
            OTHERS,
        ],
    ),
];

/// Lawful events that are no match. Most runs have none.
const OTHERS: Term = Term("other events", Tone::Plain, |t| t.other_events.sum());

/// Counts that belong to no sum.
const BESIDE: [Term; 2] = [
    Term("reordered (overtaken)", Tone::Bad, |t| t.anomalies.reordered),
    Term("split (damaged)", Tone::Bad, |t| t.anomalies.split),
];

pub(crate) fn section(parts: &[LabelledPart<'_>]) -> Section {
    let tallies: Vec<&Tally> = parts
        .iter()
        .flat_map(|labelled| [&labelled.part.measurement.measured, &labelled.part.measurement.warmup])
        .collect();
    let beside = BESIDE.iter().map(|term| row("", term, &tallies)).collect();
    let beside = TableBody { title: Some("of the sent, beside the sum".into()), rows: beside };
    let [scheduled, dropped, sent, events] = SUMS.map(|sum| body(&sum, &tallies));
    let tables = match parts {
        // The tables of a single part fit beside each other on a screen.
        [_] => vec![
            ("Messages due", vec![scheduled, dropped]),
            ("Messages sent", vec![sent, beside]),
            ("Message events that came", vec![events]),
        ],
        _ => vec![("Messages, and message events that came", vec![scheduled, dropped, sent, beside, events])],
    };
    let tables = tables.into_iter().map(|(caption, bodies)| table(caption, parts, bodies)).collect();
    let mut blocks = vec![ContentBlock::Tables(tables)];
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

fn body(sum: &Sum, tallies: &[&Tally]) -> TableBody {
    let Sum(left, terms) = sum;
    let cells = tallies.iter().map(|tally| total(left, terms, tally)).collect();
    let mut rows = vec![TableRow { heading: left.0.into(), cells, sum: true }];
    let has_others = tallies.iter().any(|tally| tally.other_events.sum() > 0);
    let terms = terms.iter().filter(|term| has_others || term.0 != OTHERS.0);
    rows.extend(terms.enumerate().map(|(index, term)| row(if index == 0 { "=" } else { "+" }, term, tallies)));
    TableBody { title: None, rows }
}

/// The left side of a sum. If the right side differs, both are shown.
fn total(left: &Term, terms: &[Term], tally: &Tally) -> TableCell {
    let Term(_, tone, of) = left;
    let (left, right) = (of(tally), terms.iter().fold(0_u64, |sum, term| sum.saturating_add(term.2(tally))));
    if left == right {
        return TableCell::from(count(left)).tone(tone.unless_zero(left));
    }
    TableCell::from(format!("{} ≠ {}", count(left), count(right))).tone(Tone::Bad)
}

fn row(sign: &'static str, term: &Term, tallies: &[&Tally]) -> TableRow {
    let Term(name, tone, of) = term;
    let cell = |tally: &&Tally| TableCell::from(count(of(tally))).tone(tone.unless_zero(of(tally)));
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

    #[test]
    fn a_sum_that_does_not_add_up_says_so() {
        let tally = Tally { counts: Counts { sent: 5, matched: 4, ..Counts::default() }, ..Tally::default() };
        let cell = &body(&SUMS[2], &[&tally]).rows[0].cells[0];
        assert_eq!((cell.text.to_string().as_str(), cell.tone), ("5 ≠ 4", Tone::Bad));
    }

    #[test]
    fn the_sums_are_the_identities() {
        // A breach of each identity shows in both places.
        let changes: [fn(&mut Tally); 4] = [
            |t| t.counts.scheduled = 1,
            |t| t.dropped.in_flight_cap = 1,
            |t| t.counts.lost = 1,
            |t| t.anomalies.unexpected = 1,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut tally = Tally::default();
            change(&mut tally);
            let breach = crate::judge::identities(&tally).unwrap_err();
            let broken = SUMS.iter().position(|sum| body(sum, &[&tally]).rows[0].cells[0].tone == Tone::Bad);
            assert_eq!(broken, Some(index), "{breach}");
            assert_eq!(VisibleText::from(breach.identity.split(' ').next().unwrap()), SUMS[index].0.0.into());
            assert_eq!(breach.identity.matches('+').count() + 1, SUMS[index].1.len());
        }
    }
}
