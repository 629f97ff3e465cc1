//! The run, second by second.

use super::{Section, content::ContentBlock};
use crate::{
    human::{count, nanoseconds, rate},
    model::{Interval, Measurement},
    render::html::{
        chart::{
            axis::Axis,
            downsample::{Bin, bin_size, downsample},
            line_style::LineStyle,
            plot::{Plot, ValueMark},
            ticks,
        },
        labelled_part::LabelledPart,
    },
};

/// Most points of all lines in a plot. With their bands, they take some 50 KB.
const POINTS: usize = 1_600;
/// Marks on a line that is longer than [`ALL_MARKED`].
const MARKS: usize = 12;
/// Most seconds of a run that are all marked.
const ALL_MARKED: usize = 60;
/// Most marks for anomalies on a line.
const ALARMS: usize = 200;

/// A number that the run has for most seconds.
pub(super) struct IntervalMeasure {
    pub(super) name: &'static str,
    pub(super) of: fn(&Interval) -> Option<f64>,
    /// Whether a point that stands for several seconds shows their largest value, or their median.
    pub(super) largest: bool,
    pub(super) text: fn(f64) -> String,
}

impl IntervalMeasure {
    fn pick(&self, bin: &Bin) -> f64 {
        if self.largest { bin.high } else { bin.middle }
    }
}

const SENT: IntervalMeasure =
    IntervalMeasure { name: "sent", of: |row| Some(row.sent as f64), largest: false, text: rate };
const MATCHED: IntervalMeasure =
    IntervalMeasure { name: "matched", of: |row| Some(row.matched as f64), largest: false, text: rate };
const P50: IntervalMeasure = IntervalMeasure {
    name: "p50",
    of: |row| row.response_p50_ns.map(|ns| ns as f64),
    largest: false,
    text: nanoseconds,
};
const P99: IntervalMeasure = IntervalMeasure {
    name: "p99",
    of: |row| row.response_p99_ns.map(|ns| ns as f64),
    largest: false,
    text: nanoseconds,
};
const MAX: IntervalMeasure = IntervalMeasure {
    name: "max",
    of: |row| row.response_max_ns.map(|ns| ns as f64),
    largest: true,
    text: nanoseconds,
};

/// A line to draw.
pub(super) struct HistoryLine<'a> {
    pub(super) style: LineStyle,
    pub(super) label: &'a str,
    pub(super) measurement: &'a Measurement,
    /// Length of the measured phase in seconds.
    pub(super) measured_s: f64,
    pub(super) measure: &'a IntervalMeasure,
}

impl HistoryLine<'_> {
    /// The values, second by second. Seconds without a value are left out.
    fn values(&self) -> impl Iterator<Item = f64> {
        self.measurement.intervals.iter().filter_map(self.measure.of)
    }
}

pub(crate) fn section(parts: &[LabelledPart<'_>]) -> Section {
    let plots = plots(parts);
    Section::new("time", "Over time", vec![ContentBlock::plots(plots, "No second of the run was recorded.")])
}

/// The plots of a single part, or of several over each other.
pub(crate) fn plots<'a>(parts: &[LabelledPart<'a>]) -> Vec<Plot> {
    let plots = match parts {
        [labelled] => {
            let lines = |measures: &[&'static IntervalMeasure]| -> Vec<HistoryLine<'_>> {
                let line = |(index, &measure): (usize, &&'static IntervalMeasure)| HistoryLine {
                    style: LineStyle(index),
                    label: measure.name,
                    measurement: labelled.part.measurement,
                    measured_s: labelled.part.report.measured_s,
                    measure,
                };
                measures.iter().enumerate().map(line).collect()
            };
            vec![
                throughput(&lines(&[&SENT, &MATCHED])),
                response("response-over-time", "Response time over time", &lines(&[&P50, &P99, &MAX])),
            ]
        }
        several => {
            let lines = |measure: &'static IntervalMeasure| -> Vec<HistoryLine<'_>> {
                let line = |(index, labelled): (usize, &LabelledPart<'a>)| HistoryLine {
                    style: LineStyle(index),
                    label: labelled.label,
                    measurement: labelled.part.measurement,
                    measured_s: labelled.part.report.measured_s,
                    measure,
                };
                several.iter().enumerate().map(line).collect()
            };
            vec![
                throughput(&lines(&MATCHED)),
                response("p50-over-time", "Response p50 over time", &lines(&P50)),
                response("p99-over-time", "Response p99 over time", &lines(&P99)),
                response("max-over-time", "Largest response over time", &lines(&MAX)),
            ]
        }
    };
    plots.into_iter().flatten().collect()
}

/// Messages a second, with marks at the seconds that had anomalies.
fn throughput(lines: &[HistoryLine<'_>]) -> Option<Plot> {
    let what = if lines.iter().all(|line| line.measure.name == MATCHED.name) { "matched messages" } else { "messages" };
    let y = Axis::counts(&format!("{what} in each second"), largest(lines)?);
    let mut plot = draw("throughput", "Throughput over time", y, lines);
    for (index, line) in lines.iter().enumerate() {
        if line.measure.name == MATCHED.name {
            plot.lines[index].alarms = plot.marks(alarms(line.label, &line.measurement.intervals));
        }
    }
    Some(plot)
}

/// Latencies in each second. `None` if there are none.
fn response(id: &'static str, title: &str, lines: &[HistoryLine<'_>]) -> Option<Plot> {
    largest(lines)?;
    let y = Axis::times("response time", lines.iter().flat_map(HistoryLine::values));
    Some(draw(id, title, y, lines))
}

/// The largest value of all lines.
pub(super) fn largest(lines: &[HistoryLine<'_>]) -> Option<f64> {
    lines.iter().flat_map(HistoryLine::values).reduce(f64::max)
}

/// Lines over the seconds of a run.
pub(super) fn draw(id: &'static str, title: &str, y: Axis, lines: &[HistoryLine<'_>]) -> Plot {
    let end = lines.iter().map(end).fold(1.0, f64::max);
    let mut plot = Plot::new(id, title, Axis::seconds(end), y);
    let most = (POINTS / lines.len().max(1)).clamp(60, 400);
    for (place, &HistoryLine { style, label, measurement, measure, .. }) in lines.iter().enumerate() {
        let values: Vec<_> = measurement.intervals.iter().map(|row| (middle(row), (measure.of)(row))).collect();
        let bins = downsample(&values, most);
        let drawn: Vec<_> = bins.iter().map(|bin| bin.map(|bin| (bin.at(), measure.pick(&bin)))).collect();
        let marks = plot.marks(marked(label, &bins, measure, (place, lines.len())));
        // A band around the largest values would say nothing.
        let around = if bins.len() < values.len() && !measure.largest { plot.band(&bins) } else { String::new() };
        let line = plot.line(style, label, &drawn);
        (line.marks, line.band) = (marks, around);
    }
    if let Some(measured) = drain(lines, end) {
        plot.shade_from(measured, "drain");
    }
    plot.description = described(lines).into();
    plot.note = note(lines, most).map(Into::into);
    plot
}

/// The end of the last second.
fn end(line: &HistoryLine<'_>) -> f64 {
    line.measurement.intervals.iter().map(|row| row.at_s + 1.0).fold(line.measured_s, f64::max)
}

/// The middle of a second, where its values are drawn.
fn middle(row: &Interval) -> f64 {
    row.at_s + 0.5
}

/// The start of the drain. `None` if it differs between parts, or if nothing was recorded in it.
fn drain(lines: &[HistoryLine<'_>], end: f64) -> Option<f64> {
    let measured = lines.first()?.measured_s;
    let same = lines.iter().all(|line| (line.measured_s - measured).abs() < 0.001);
    (same && end - measured > 0.001).then_some(measured)
}

/// The marks of a line: all seconds if it is short, else some bins. Each line of a plot has its
/// marks at other bins.
fn marked(label: &str, bins: &[Option<Bin>], measure: &IntervalMeasure, (place, of): (usize, usize)) -> Vec<ValueMark> {
    let every = if bins.len() * of <= 3 * ALL_MARKED { 1 } else { bins.len().div_ceil(MARKS) };
    let chosen = bins.iter().skip(place * every / of.max(1)).step_by(every).flatten();
    let text = |value: f64| (measure.text)(value);
    let marked = chosen.map(|bin| {
        let when = when(bin.from, bin.to);
        let value = measure.pick(bin);
        let several = bin.from < bin.to;
        let spread = if several { format!(" ({} to {})", text(bin.low), text(bin.high)) } else { String::new() };
        (bin.at(), value, format!("{label} {when}: {}{spread}", text(value)))
    });
    marked.collect()
}

/// `at 3 s` or `from 3 s to 11 s`: the seconds between these middles, by their beginnings.
fn when(first: f64, last: f64) -> String {
    let (first, last) = (ticks::second(first - 0.5), ticks::second(last - 0.5));
    if first == last { format!("at {first}") } else { format!("from {first} to {last}") }
}

/// Marks of the seconds with anomalies. Neighbours share a mark if there are many.
fn alarms(label: &str, rows: &[Interval]) -> Vec<ValueMark> {
    alarms_where(
        rows,
        |row| row.anomalies,
        |worst, n, when| (worst.matched as f64, format!("{label}: anomalies {when}: {}", count(n))),
    )
}

/// Marks of the seconds in which there were any. `mark` says at which height, and the text: of the
/// worst second, of how many there were in those that share the mark, and of when that was.
pub(super) fn alarms_where(
    rows: &[Interval],
    of: impl Fn(&Interval) -> u64,
    mark: impl Fn(&Interval, u64, &str) -> (f64, String),
) -> Vec<ValueMark> {
    let bad: Vec<&Interval> = rows.iter().filter(|row| of(row) > 0).collect();
    let together = bad.len().div_ceil(ALARMS).max(1);
    let alarm = |rows: &[&Interval]| {
        let worst = rows.iter().max_by_key(|row| of(row))?;
        let n = rows.iter().fold(0_u64, |sum, row| sum.saturating_add(of(row)));
        let (first, last) = (rows.first()?, rows.last()?);
        let (height, text) = mark(worst, n, &when(middle(first), middle(last)));
        Some((middle(worst), height, text))
    };
    bad.chunks(together).filter_map(alarm).collect()
}

fn described(lines: &[HistoryLine<'_>]) -> String {
    let line = |line: &HistoryLine<'_>| {
        let HistoryLine { label, measurement, measure, .. } = line;
        match (line.values().reduce(f64::min), line.values().reduce(f64::max)) {
            (Some(least), Some(most)) => format!(
                "{label}: {} seconds, from {} to {}.",
                count(measurement.intervals.len() as u64),
                (measure.text)(least),
                (measure.text)(most),
            ),
            _ => format!("{label}: nothing."),
        }
    };
    lines.iter().map(line).collect::<Vec<_>>().join(" ")
}

/// What a reader must know about the lines.
fn note(lines: &[HistoryLine<'_>], most: usize) -> Option<String> {
    let mut notes = Vec::new();
    let rows = lines.iter().map(|line| line.measurement.intervals.len()).max().unwrap_or(0);
    let each = bin_size(rows, most);
    if each > 1 {
        let largest = lines.iter().filter(|line| line.measure.largest).count();
        let through = match largest {
            0 => "their median",
            n if n == lines.len() => "their largest",
            _ => "their median, of max their largest",
        };
        let shade = "; the shade behind it reaches from their smallest to their largest";
        let shade = if largest == lines.len() { "" } else { shade };
        notes.push(format!("A point of a line stands for {each} seconds: {through}{shade}."));
    }
    if lines.iter().any(|line| (line.measured_s - line.measured_s.round()).abs() > 0.001) {
        notes.push("The measured phase ends within a second, which therefore has less.".to_owned());
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Report, sample};

    fn line<'a>(report: &'a Report, measure: &'a IntervalMeasure) -> [HistoryLine<'a>; 1] {
        [HistoryLine {
            style: LineStyle(0),
            label: measure.name,
            measurement: &report.total,
            measured_s: report.measured_s,
            measure,
        }]
    }

    #[test]
    fn one_slow_second_in_an_hour_is_drawn_as_high_as_it_was() {
        let mut report = sample::pass();
        let row = report.total.intervals[0].clone();
        report.total.intervals = (0..3_600_u32).map(|second| Interval { at_s: second.into(), ..row.clone() }).collect();
        report.total.intervals[1_801].response_max_ns = Some(10_000_000_000);
        let plot = response("max", "max", &line(&report, &MAX)).unwrap();
        // 1 ms to 10 s: the slow second is at the top, 1801.5 / 3600 from the left, and 1.2 ms is
        // 0.0198 of four decades.
        assert_eq!(plot.y.scale.bounds(), (1_000_000.0, 10_000_000_000.0));
        // Nine seconds a point; of those around 1801, the middle is that of 1804.
        assert!(plot.lines[0].path.contains(" 1003 0 "), "{}", plot.lines[0].path);
        assert!(plot.lines[0].path.starts_with("M3 980 ") && plot.lines[0].path.ends_with(" 980"));
        assert_eq!(plot.lines[0].band, "");
    }

    #[test]
    fn a_silent_second_in_an_hour_is_in_the_band() {
        let mut report = sample::pass();
        let row = report.total.intervals[0].clone();
        report.total.intervals = (0..3_600_u32).map(|second| Interval { at_s: second.into(), ..row.clone() }).collect();
        report.total.intervals[1_801].matched = 0;
        let plot = throughput(&line(&report, &MATCHED)).unwrap();
        assert!(plot.lines[0].band.contains(" 1003 1000 "), "{}", plot.lines[0].band);
        assert_eq!(plot.lines[0].path, "M3 167 1998 167");
    }

    #[test]
    fn seconds_with_anomalies_are_marked_all_of_them() {
        let mut report = sample::pass();
        report.total.intervals[3].anomalies = 2;
        let plot = throughput(&line(&report, &MATCHED)).unwrap();
        assert_eq!(plot.lines[0].alarms.len(), 1);
        assert_eq!(plot.lines[0].alarms[0].text, "matched: anomalies at 3 s: 2".into());

        let row = Interval { anomalies: 1, ..report.total.intervals[0].clone() };
        report.total.intervals = (0..3_600_u32).map(|second| Interval { at_s: second.into(), ..row.clone() }).collect();
        let alarms = alarms("matched", &report.total.intervals);
        assert_eq!(alarms.len(), ALARMS);
        assert_eq!(alarms[0].2, "matched: anomalies from 0 s to 17 s: 18");
        assert_eq!(alarms[ALARMS - 1].2, "matched: anomalies from 3 582 s to 3 599 s: 18");
    }

    #[test]
    fn the_drain_and_a_second_cut_short_are_said() {
        let mut report = sample::pass();
        assert!(throughput(&line(&report, &SENT)).is_some_and(|plot| plot.shade.is_none() && plot.note.is_none()));
        report.measured_s = 8.5;
        let plot = throughput(&line(&report, &SENT)).unwrap();
        assert_eq!(plot.shade.unwrap().across(), "85%");
        assert!(plot.note.is_some());
    }

    #[test]
    fn long_lines_have_few_marks_at_different_seconds() {
        let mut report = sample::pass();
        let row = report.total.intervals[0].clone();
        report.total.intervals = (0..600_u32).map(|second| Interval { at_s: second.into(), ..row.clone() }).collect();
        let values: Vec<_> = report.total.intervals.iter().map(|row| (middle(row), (SENT.of)(row))).collect();
        let marks = |place| marked("sent", &downsample(&values, 300), &SENT, (place, 4));
        assert_eq!(marks(0).len(), MARKS);
        // A bin of two seconds: the first in 25 bins is marked, of the next line the seventh.
        assert_eq!(marks(0)[0].2, "sent from 0 s to 1 s: 50 000 (50 000 to 50 000)");
        assert_eq!(marks(1)[0].2, "sent from 12 s to 13 s: 50 000 (50 000 to 50 000)");
    }
}
