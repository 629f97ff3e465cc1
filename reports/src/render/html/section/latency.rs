//! Latencies: plots by percentile, and a table.

use hdrhistogram::Histogram;

use super::{Section, content::ContentBlock};
use crate::{
    human::{count, nanoseconds},
    judge::bounds,
    metric::quantiles::Quantiles,
    model::{LoadRecord, Report},
    render::{
        LabelledResult,
        html::{
            chart::{axis::Axis, line_style::LineStyle, percentile_curve::PercentileCurve, plot::Plot},
            table::{PageTable, TableBody, TableCell, TableHeading, TableRow},
        },
        tone::Tone,
        wording,
    },
};

/// A series of latencies in a report. `of` is `None` if the series has no meaning there.
struct LatencySeries {
    id: &'static str,
    name: &'static str,
    /// From which moment to which.
    span: &'static str,
    of: fn(&Report) -> Option<&Histogram<u64>>,
}

const SERIES: [LatencySeries; 4] = [
    LatencySeries {
        id: "response",
        name: "response",
        span: "due to event",
        of: |report| Some(&report.total.latency.response),
    },
    LatencySeries {
        id: "service",
        name: "service",
        span: "write to event",
        of: |report| Some(&report.total.latency.service),
    },
    // Results of older versions have no floor.
    LatencySeries {
        id: "floor",
        name: "floor",
        span: "write to arrival",
        of: |report| (!report.total.latency.floor.is_empty()).then_some(&report.total.latency.floor),
    },
    // The closed model has no due times, so no send lag.
    LatencySeries {
        id: "send-lag",
        name: "send lag",
        span: "due to write",
        of: |report| matches!(report.plan.load, LoadRecord::Open { .. }).then_some(&report.total.latency.send_lag),
    },
];

const CONNECT: LatencySeries = LatencySeries {
    id: "connect",
    name: "connect",
    span: "TCP, TLS and opening handshake",
    of: |report| Some(&report.total.latency.connect),
};

pub(crate) fn section(results: &[LabelledResult<'_>]) -> Section {
    let plots = match results {
        [result] => together(result).into_iter().collect(),
        several => SERIES.iter().filter_map(|series| overlaid(series, several)).collect(),
    };
    let mut blocks = vec![ContentBlock::plots(plots, "No message matched, so there is no latency.")];
    if results.iter().any(|result| !bounds::all_marked(result.report).is_empty()) {
        blocks.push(ContentBlock::Note(bounds::LEGEND.into()));
    }
    if results.iter().any(|result| matches!(result.report.plan.load, LoadRecord::Closed { .. })) {
        blocks.push(ContentBlock::Note(wording::OMISSION.into()));
    }
    blocks.push(ContentBlock::Tables(vec![table("Latency of the measured phase", results, &SERIES)]));
    Section { id: "latency", title: "Latency", blocks }
}

/// The plot of the time to connect. `None` if no connection opened.
pub(crate) fn connect_plot(results: &[LabelledResult<'_>]) -> Option<Plot> {
    overlaid(&CONNECT, results)
}

/// The table of the time to connect.
pub(crate) fn connect_table(results: &[LabelledResult<'_>]) -> PageTable {
    table("Time to open a connection", results, &[CONNECT])
}

/// A plot of all series of one result.
fn together(result: &LabelledResult<'_>) -> Option<Plot> {
    let lines = SERIES.iter().enumerate().filter_map(|(index, series)| {
        let label = format!("{} ({})", series.name, series.span);
        Some((LineStyle(index), label, (series.of)(result.report)?))
    });
    plot("latency-plot", "Latency by percentile", "latency", &lines.collect::<Vec<_>>())
}

/// A plot of one series of all results.
fn overlaid(series: &LatencySeries, results: &[LabelledResult<'_>]) -> Option<Plot> {
    let title = format!("{} time by percentile", capital(series.name)).replace("lag time", "lag");
    let lines = results.iter().enumerate().filter_map(|(index, result)| {
        let label = if results.len() == 1 { series.name } else { result.label };
        Some((LineStyle(index), label.to_owned(), (series.of)(result.report)?))
    });
    plot(series.id, &title, &format!("{} ({})", series.name, series.span), &lines.collect::<Vec<_>>())
}

/// Times below this, in nanoseconds, are drawn at this. A floor of 0 would stretch the scale.
const LEAST: f64 = 100.0;

fn plot(id: &'static str, title: &str, y: &str, lines: &[(LineStyle, String, &Histogram<u64>)]) -> Option<Plot> {
    let curves: Vec<_> = lines
        .iter()
        .map(|(style, label, histogram)| (*style, label, PercentileCurve::of(histogram).at_least(LEAST)))
        .collect();
    let values = || curves.iter().flat_map(|(_, _, curve)| curve.steps.iter().map(|(_, ns)| *ns));
    values().next()?;
    let end = curves.iter().map(|(_, _, curve)| curve.end()).fold(0.0, f64::max);
    let mut plot = Plot::new(id, title, Axis::nines(end), Axis::times(y, values()));
    let mut described = Vec::new();
    for (style, label, curve) in curves {
        let PercentileCurve { steps, marks } = curve;
        let label = if steps.is_empty() { format!("{label}: nothing measured") } else { label.clone() };
        let named: Vec<String> = marks.iter().map(|mark| mark.text.clone()).collect();
        described.push(format!("{label}: {}.", named.join(", ")));
        let marks = plot.marks(marks.into_iter().map(|mark| (mark.nines, mark.ns, format!("{label} {}", mark.text))));
        let steps: Vec<_> = steps.into_iter().map(Some).collect();
        plot.line(style, &label, &steps).marks = marks;
    }
    plot.description = described.join(" ").into();
    Some(plot)
}

const COLUMN_NAMES: [&str; 11] =
    ["p50", "p90", "p95", "p99", "p99.9", "p99.99", "max", "min", "mean", "stdev", "count"];

/// A table with a row for each series and result. Several results have a group of rows for each
/// series.
fn table(caption: &str, results: &[LabelledResult<'_>], series: &[LatencySeries]) -> PageTable {
    let rows = |series: &LatencySeries| {
        let several = results.len() > 1;
        let row = |(index, result): (usize, &LabelledResult<'_>)| {
            let heading = if several { TableHeading::of(index, result, 1) } else { TableHeading::from(series.name) };
            Some(TableRow {
                heading,
                cells: cells(result.report, series.id, &Quantiles::of((series.of)(result.report)?)),
                sum: false,
            })
        };
        let title = several.then(|| series.name.into());
        TableBody { title, rows: results.iter().enumerate().filter_map(row).collect() }
    };
    let mut bodies: Vec<TableBody> = series.iter().map(rows).filter(|body| !body.rows.is_empty()).collect();
    if let [_] = results {
        // One row for each series.
        bodies = vec![TableBody { title: None, rows: bodies.into_iter().flat_map(|body| body.rows).collect() }];
    }
    let columns = COLUMN_NAMES.map(TableHeading::from).into();
    PageTable { caption: caption.into(), groups: Vec::new(), columns, bodies }
}

fn cells(report: &Report, series: &str, quantiles: &Quantiles) -> Vec<TableCell> {
    let whole = |ns: Option<u64>| ns.map(|ns| ns as f64);
    let values = [
        whole(quantiles.p50),
        whole(quantiles.p90),
        whole(quantiles.p95),
        whole(quantiles.p99),
        whole(quantiles.p99_9),
        whole(quantiles.p99_99),
        whole(quantiles.max),
        whole(quantiles.min),
        quantiles.mean,
        quantiles.stdev,
    ];
    let shown = COLUMN_NAMES.into_iter().zip(values).map(|(statistic, value)| {
        let text = value.map_or_else(|| "–".to_owned(), nanoseconds);
        if bounds::is_marked(report, series, statistic) {
            return TableCell::from(format!("{text}{}", bounds::MARK)).tone(Tone::Doubtful);
        }
        TableCell::from(text)
    });
    shown.chain([count(quantiles.count).into()]).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
