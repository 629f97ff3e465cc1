//! Connections second by second: who was open, opening and away, and the attempts to open.

use super::history::{HistoryLine, IntervalMeasure, alarms_where, draw, largest};
use crate::{
    human::{count, rate},
    render::html::{
        chart::{axis::Axis, line_style::LineStyle, plot::Plot},
        labelled_part::LabelledPart,
    },
};

const OPEN: IntervalMeasure =
    IntervalMeasure { name: "open", of: |row| Some(row.connections.open as f64), largest: false, text: rate };
const OPENING: IntervalMeasure =
    IntervalMeasure { name: "opening", of: |row| Some(row.connections.opening as f64), largest: false, text: rate };
const AWAY: IntervalMeasure =
    IntervalMeasure { name: "away", of: |row| Some(row.connections.away as f64), largest: false, text: rate };
const ATTEMPTS: IntervalMeasure =
    IntervalMeasure { name: "attempts", of: |row| Some(row.connections.attempts as f64), largest: true, text: rate };
const FAILED: IntervalMeasure =
    IntervalMeasure { name: "failed", of: |row| Some(row.connections.all_failed() as f64), largest: true, text: rate };

/// The plots of a single part, or of several over each other. None if nothing was recorded.
pub(crate) fn plots(parts: &[LabelledPart<'_>]) -> Vec<Plot> {
    let plots = match parts {
        [labelled] => {
            let lines = |measures: &[&'static IntervalMeasure]| -> Vec<HistoryLine<'_>> {
                measures
                    .iter()
                    .enumerate()
                    .map(|(index, measure)| line(index, measure.name, labelled, measure))
                    .collect()
            };
            vec![clients("connections", &lines(&[&OPEN, &OPENING, &AWAY])), attempts(&lines(&[&ATTEMPTS, &FAILED]))]
        }
        several => {
            let lines = |measure: &'static IntervalMeasure| -> Vec<HistoryLine<'_>> {
                several.iter().enumerate().map(|(index, part)| line(index, part.label, part, measure)).collect()
            };
            vec![clients("open-connections", &lines(&OPEN)), attempts(&lines(&ATTEMPTS))]
        }
    };
    plots.into_iter().flatten().collect()
}

fn line<'a>(
    index: usize,
    label: &'a str,
    labelled: &LabelledPart<'a>,
    measure: &'static IntervalMeasure,
) -> HistoryLine<'a> {
    HistoryLine {
        style: LineStyle(index),
        label,
        measurement: labelled.part.measurement,
        measured_s: labelled.part.report.measured_s,
        measure,
    }
}

/// Clients at the end of each second.
fn clients(id: &'static str, lines: &[HistoryLine<'_>]) -> Option<Plot> {
    let largest = largest(lines).filter(|largest| *largest > 0.0)?;
    let what = if lines.iter().all(|line| line.measure.name == OPEN.name) { "open clients" } else { "clients" };
    let y = Axis::counts(&format!("{what} at the end of each second"), largest);
    Some(draw(id, "Connections over time", y, lines))
}

/// Attempts to open in each second, with marks at the seconds in which some failed.
fn attempts(lines: &[HistoryLine<'_>]) -> Option<Plot> {
    let largest = largest(lines).filter(|largest| *largest > 0.0)?;
    let y = Axis::counts("attempts in each second", largest);
    let mut plot = draw("attempts", "Attempts to open over time", y, lines);
    plot.alarm = "attempts that failed";
    let has_failures = lines.iter().any(|line| line.measure.name == FAILED.name);
    for (index, line) in lines.iter().enumerate() {
        if line.measure.name == FAILED.name || !has_failures {
            let alarms = alarms_where(
                &line.measurement.intervals,
                |row| row.connections.all_failed(),
                |row, n, when| {
                    ((line.measure.of)(row).unwrap_or(0.0), format!("{}: {} failed {when}", line.label, count(n)))
                },
            );
            plot.lines[index].alarms = plot.marks(alarms);
        }
    }
    Some(plot)
}
