//! The run second by second.

use super::{Section, content::Block};
use crate::{
    human::{count, nanoseconds},
    model::{Interval, Report},
    render::{
        Entry,
        html::chart::{
            axis::Axis,
            downsample::{Column, thin, width},
            line_style::Key,
            plot::{Marked, Plot},
            ticks,
        },
    },
};

/// Columns that all lines of a plot share: with a line and what is around it, some 50 KB.
const COLUMNS: usize = 1_600;
/// Marks on a line that is longer than [`ALL_MARKED`].
const MARKS: usize = 12;
/// Seconds of a run of which every one is marked.
const ALL_MARKED: usize = 60;
/// Marks for anomalies on a line.
const ALARMS: usize = 200;

/// A number that every second has, or most.
struct Measure {
    name: &'static str,
    of: fn(&Interval) -> Option<f64>,
    /// What a line goes through when it stands for several seconds: their largest, or their median.
    largest: bool,
    text: fn(f64) -> String,
}

impl Measure {
    fn pick(&self, column: &Column) -> f64 {
        if self.largest { column.high } else { column.middle }
    }
}

const SENT: Measure = Measure { name: "sent", of: |row| Some(row.sent as f64), largest: false, text: messages };
const MATCHED: Measure =
    Measure { name: "matched", of: |row| Some(row.matched as f64), largest: false, text: messages };
const P50: Measure =
    Measure { name: "p50", of: |row| row.response_p50_ns.map(|ns| ns as f64), largest: false, text: nanoseconds };
const P99: Measure =
    Measure { name: "p99", of: |row| row.response_p99_ns.map(|ns| ns as f64), largest: false, text: nanoseconds };
const MAX: Measure =
    Measure { name: "max", of: |row| row.response_max_ns.map(|ns| ns as f64), largest: true, text: nanoseconds };

/// A line to draw.
type Series<'a> = (Key, String, &'a Report, &'a Measure);

pub(crate) fn section(entries: &[Entry<'_>]) -> Section {
    let plots = match entries {
        [entry] => {
            let lines = |measures: &[&'static Measure]| -> Vec<Series<'_>> {
                let lines = measures.iter().enumerate();
                lines.map(|(index, measure)| (Key(index), measure.name.to_owned(), entry.report, *measure)).collect()
            };
            vec![
                throughput(&lines(&[&SENT, &MATCHED])),
                response("response-over-time", "Response time over time", &lines(&[&P50, &P99, &MAX])),
            ]
        }
        several => {
            let lines = |measure: &'static Measure| -> Vec<Series<'_>> {
                let lines = several.iter().enumerate();
                lines.map(|(index, entry)| (Key(index), entry.label.to_owned(), entry.report, measure)).collect()
            };
            vec![
                throughput(&lines(&MATCHED)),
                response("p50-over-time", "Response p50 over time", &lines(&P50)),
                response("p99-over-time", "Response p99 over time", &lines(&P99)),
                response("max-over-time", "Largest response over time", &lines(&MAX)),
            ]
        }
    };
    let plots = plots.into_iter().flatten().collect();
    Section { id: "time", title: "Over time", blocks: vec![Block::plots(plots, "No second of the run was recorded.")] }
}

/// Messages a second, with the seconds in which something was wrong.
fn throughput(series: &[Series<'_>]) -> Option<Plot> {
    let what = if series.iter().all(|(_, _, _, measure)| measure.name == MATCHED.name) {
        "matched messages"
    } else {
        "messages"
    };
    let y = Axis::counts(&format!("{what} in each second"), largest(series)?);
    let mut plot = draw("throughput", "Throughput over time", y, series);
    for (index, (_, label, report, measure)) in series.iter().enumerate() {
        if measure.name == MATCHED.name {
            plot.lines[index].alarms = plot.marks(alarms(label, &report.intervals));
        }
    }
    Some(plot)
}

/// Latencies a second; none if no second has any.
fn response(id: &'static str, title: &str, series: &[Series<'_>]) -> Option<Plot> {
    largest(series)?;
    let values = series.iter().flat_map(|(_, _, report, measure)| report.intervals.iter().filter_map(measure.of));
    let y = Axis::times("response time", values);
    Some(draw(id, title, y, series))
}

fn largest(series: &[Series<'_>]) -> Option<f64> {
    let values = series.iter().flat_map(|(_, _, report, measure)| report.intervals.iter().filter_map(measure.of));
    values.reduce(f64::max)
}

fn draw(id: &'static str, title: &str, y: Axis, series: &[Series<'_>]) -> Plot {
    let end = series.iter().map(|(_, _, report, _)| end(report)).fold(1.0, f64::max);
    let mut plot = Plot::new(id, title, Axis::seconds(end), y);
    let columns = (COLUMNS / series.len().max(1)).clamp(60, 400);
    for (place, (key, label, report, measure)) in series.iter().enumerate() {
        let values: Vec<_> = report.intervals.iter().map(|row| (middle(row), (measure.of)(row))).collect();
        let thinned = thin(&values, columns);
        let drawn: Vec<_> =
            thinned.iter().map(|column| column.map(|column| (column.at(), measure.pick(&column)))).collect();
        let marks = plot.marks(marked(label, &thinned, measure, (place, series.len())));
        // The median of the largest says nothing, and their smallest neither.
        let around = if thinned.len() < values.len() && !measure.largest { plot.band(&thinned) } else { String::new() };
        let line = plot.line(*key, label, &drawn);
        (line.marks, line.band) = (marks, around);
    }
    if let Some(measured) = drain(series, end) {
        plot.shade_from(measured, "drain");
    }
    plot.description = described(series).into();
    plot.note = note(series, columns).map(Into::into);
    plot
}

/// Where the last second ends.
fn end(report: &Report) -> f64 {
    report.intervals.iter().map(|row| row.at_s + 1.0).fold(report.measured_s, f64::max)
}

/// What happened in a second is drawn in its middle.
fn middle(row: &Interval) -> f64 {
    row.at_s + 0.5
}

/// Where the drain begins, if that is the same for all results and anything was recorded in it.
fn drain(series: &[Series<'_>], end: f64) -> Option<f64> {
    let measured = series.first()?.2.measured_s;
    let same = series.iter().all(|(_, _, report, _)| (report.measured_s - measured).abs() < 0.001);
    (same && end - measured > 0.001).then_some(measured)
}

/// Every second of a short line; of a long one some columns, and not the same ones as of the other lines.
fn marked(label: &str, columns: &[Option<Column>], measure: &Measure, (place, of): (usize, usize)) -> Vec<Marked> {
    let every = if columns.len() * of <= 3 * ALL_MARKED { 1 } else { columns.len().div_ceil(MARKS) };
    let chosen = columns.iter().skip(place * every / of.max(1)).step_by(every).flatten();
    let text = |value: f64| (measure.text)(value);
    let marked = chosen.map(|column| {
        let when = when(column.from, column.to);
        let value = measure.pick(column);
        let several = column.from < column.to;
        let spread = if several { format!(" ({} to {})", text(column.low), text(column.high)) } else { String::new() };
        (column.at(), value, format!("{label} {when}: {}{spread}", text(value)))
    });
    marked.collect()
}

/// `at 3 s`, `from 3 s to 11 s`: the seconds with these middles, by their beginnings.
fn when(first: f64, last: f64) -> String {
    let (first, last) = (ticks::second(first - 0.5), ticks::second(last - 0.5));
    if first == last { format!("at {first}") } else { format!("from {first} to {last}") }
}

/// Seconds with anomalies; neighbours together when there are many.
fn alarms(label: &str, rows: &[Interval]) -> Vec<Marked> {
    let bad: Vec<&Interval> = rows.iter().filter(|row| row.anomalies > 0).collect();
    let together = bad.len().div_ceil(ALARMS).max(1);
    let alarm = |rows: &[&Interval]| {
        let worst = rows.iter().max_by_key(|row| row.anomalies)?;
        let n = rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.anomalies));
        let (first, last) = (rows.first()?, rows.last()?);
        let when = when(middle(first), middle(last));
        Some((middle(worst), worst.matched as f64, format!("{label}: anomalies {when}: {}", count(n))))
    };
    bad.chunks(together).filter_map(alarm).collect()
}

fn described(series: &[Series<'_>]) -> String {
    let line = |(_, label, report, measure): &Series<'_>| {
        let values = || report.intervals.iter().filter_map(measure.of);
        match (values().reduce(f64::min), values().reduce(f64::max)) {
            (Some(least), Some(most)) => format!(
                "{label}: {} seconds, from {} to {}.",
                count(report.intervals.len() as u64),
                (measure.text)(least),
                (measure.text)(most),
            ),
            _ => format!("{label}: nothing."),
        }
    };
    series.iter().map(line).collect::<Vec<_>>().join(" ")
}

/// What is not as it seems.
fn note(series: &[Series<'_>], columns: usize) -> Option<String> {
    let mut notes = Vec::new();
    let rows = series.iter().map(|(_, _, report, _)| report.intervals.len()).max().unwrap_or(0);
    let each = width(rows, columns);
    if each > 1 {
        let largest = series.iter().filter(|(_, _, _, measure)| measure.largest).count();
        let through = match largest {
            0 => "their median",
            n if n == series.len() => "their largest",
            _ => "their median, of max their largest",
        };
        let shade = "; the shade behind it reaches from their smallest to their largest";
        let shade = if largest == series.len() { "" } else { shade };
        notes.push(format!("A point of a line stands for {each} seconds: {through}{shade}."));
    }
    if series.iter().any(|(_, _, report, _)| (report.measured_s - report.measured_s.round()).abs() > 0.001) {
        notes.push("The measured phase ends within a second, which therefore has less.".to_owned());
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

fn messages(n: f64) -> String {
    crate::human::rate(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn series<'a>(report: &'a Report, measure: &'a Measure) -> [Series<'a>; 1] {
        [(Key(0), measure.name.to_owned(), report, measure)]
    }

    #[test]
    fn one_slow_second_in_an_hour_is_drawn_as_high_as_it_was() {
        let mut report = sample::pass();
        let row = report.intervals[0].clone();
        report.intervals = (0..3_600_u32).map(|second| Interval { at_s: second.into(), ..row.clone() }).collect();
        report.intervals[1_801].response_max_ns = Some(10_000_000_000);
        let plot = response("max", "max", &series(&report, &MAX)).unwrap();
        // 1 ms to 10 s: the slow second is at the top, 1801.5 / 3600 from the left, and 1.2 ms is 0.0198 of four decades.
        assert_eq!(plot.y.scale.bounds(), (1_000_000.0, 10_000_000_000.0));
        // Nine seconds a point; of those around 1801, the middle is that of 1804.
        assert!(plot.lines[0].path.contains(" 1003 0 "), "{}", plot.lines[0].path);
        assert!(plot.lines[0].path.starts_with("M3 980 ") && plot.lines[0].path.ends_with(" 980"));
        assert_eq!(plot.lines[0].band, "");
    }

    #[test]
    fn a_second_without_traffic_in_an_hour_is_in_the_shade_behind_the_line() {
        let mut report = sample::pass();
        let row = report.intervals[0].clone();
        report.intervals = (0..3_600_u32).map(|second| Interval { at_s: second.into(), ..row.clone() }).collect();
        report.intervals[1_801].matched = 0;
        let plot = throughput(&series(&report, &MATCHED)).unwrap();
        assert!(plot.lines[0].band.contains(" 1003 1000 "), "{}", plot.lines[0].band);
        assert_eq!(plot.lines[0].path, "M3 167 1998 167");
    }

    #[test]
    fn seconds_with_anomalies_are_marked_all_of_them() {
        let mut report = sample::pass();
        report.intervals[3].anomalies = 2;
        let plot = throughput(&series(&report, &MATCHED)).unwrap();
        assert_eq!(plot.lines[0].alarms.len(), 1);
        assert_eq!(plot.lines[0].alarms[0].text, "matched: anomalies at 3 s: 2".into());

        let row = Interval { anomalies: 1, ..report.intervals[0].clone() };
        report.intervals = (0..3_600_u32).map(|second| Interval { at_s: second.into(), ..row.clone() }).collect();
        let alarms = alarms("matched", &report.intervals);
        assert_eq!(alarms.len(), ALARMS);
        assert_eq!(alarms[0].2, "matched: anomalies from 0 s to 17 s: 18");
        assert_eq!(alarms[ALARMS - 1].2, "matched: anomalies from 3 582 s to 3 599 s: 18");
    }

    #[test]
    fn the_drain_and_a_second_cut_short_are_said() {
        let mut report = sample::pass();
        assert!(throughput(&series(&report, &SENT)).is_some_and(|plot| plot.shade.is_none() && plot.note.is_none()));
        report.measured_s = 8.5;
        let plot = throughput(&series(&report, &SENT)).unwrap();
        assert_eq!(plot.shade.unwrap().across(), "85%");
        assert!(plot.note.is_some());
    }

    #[test]
    fn long_lines_have_few_marks_at_different_seconds() {
        let mut report = sample::pass();
        let row = report.intervals[0].clone();
        report.intervals = (0..600_u32).map(|second| Interval { at_s: second.into(), ..row.clone() }).collect();
        let values: Vec<_> = report.intervals.iter().map(|row| (middle(row), (SENT.of)(row))).collect();
        let marks = |place| marked("sent", &thin(&values, 300), &SENT, (place, 4));
        assert_eq!(marks(0).len(), MARKS);
        // A column of two seconds: the first in 25 columns is marked, of the next line the seventh.
        assert_eq!(marks(0)[0].2, "sent from 0 s to 1 s: 50 000 (50 000 to 50 000)");
        assert_eq!(marks(1)[0].2, "sent from 12 s to 13 s: 50 000 (50 000 to 50 000)");
    }
}
