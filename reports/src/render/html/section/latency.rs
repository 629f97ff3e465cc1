//! Latencies: percentile plots and their table.

use hdrhistogram::Histogram;

use super::{Section, content::Block};
use crate::{
    human::{count, nanoseconds},
    judge::bounds,
    metric::quantiles::Quantiles,
    model::{Load, Report},
    render::{
        Entry,
        html::{
            chart::{axis::Axis, line_style::Key, percentile_curve::Curve, plot::Plot},
            table::{Body, Cell, Head, Row, Table, Tone},
        },
        words,
    },
};

/// One of the latencies that a report has. Its histogram is none where it means nothing.
struct Measure {
    id: &'static str,
    name: &'static str,
    /// From where to where.
    span: &'static str,
    of: fn(&Report) -> Option<&Histogram<u64>>,
}

const MEASURES: [Measure; 4] = [
    Measure { id: "response", name: "response", span: "due to event", of: |report| Some(&report.latency.response) },
    Measure { id: "service", name: "service", span: "write to event", of: |report| Some(&report.latency.service) },
    // Older results have none.
    Measure {
        id: "floor",
        name: "floor",
        span: "write to arrival",
        of: |report| (!report.latency.floor.is_empty()).then_some(&report.latency.floor),
    },
    // Nothing is due in the closed model, so nothing can be late.
    Measure {
        id: "send-lag",
        name: "send lag",
        span: "due to write",
        of: |report| matches!(report.plan.load, Load::Open { .. }).then_some(&report.latency.send_lag),
    },
];

const CONNECT: Measure = Measure {
    id: "connect",
    name: "connect",
    span: "TCP, TLS and opening handshake",
    of: |report| Some(&report.latency.connect),
};

pub(crate) fn section(entries: &[Entry<'_>]) -> Section {
    let plots = match entries {
        [entry] => together(entry).into_iter().collect(),
        several => MEASURES.iter().filter_map(|measure| overlaid(measure, several)).collect(),
    };
    let mut blocks = vec![Block::plots(plots, "No message matched, so there is no latency.")];
    if entries.iter().any(|entry| !bounds::all_marked(entry.report).is_empty()) {
        blocks.push(Block::Note(bounds::LEGEND.into()));
    }
    if entries.iter().any(|entry| matches!(entry.report.plan.load, Load::Closed { .. })) {
        blocks.push(Block::Note(words::OMISSION.into()));
    }
    blocks.push(Block::Tables(vec![table("Latency of the measured phase", entries, &MEASURES)]));
    Section { id: "latency", title: "Latency", blocks }
}

/// The plot of the connect phase; none if no connection opened.
pub(crate) fn connect_plot(entries: &[Entry<'_>]) -> Option<Plot> {
    overlaid(&CONNECT, entries)
}

/// The same in numbers.
pub(crate) fn connect_table(entries: &[Entry<'_>]) -> Table {
    table("Time to open a connection", entries, &[CONNECT])
}

/// All measures of one result.
fn together(entry: &Entry<'_>) -> Option<Plot> {
    let lines = MEASURES.iter().enumerate().filter_map(|(index, measure)| {
        let label = format!("{} ({})", measure.name, measure.span);
        Some((Key(index), label, (measure.of)(entry.report)?))
    });
    plot("latency-plot", "Latency by percentile", "latency", &lines.collect::<Vec<_>>())
}

/// One measure of all results.
fn overlaid(measure: &Measure, entries: &[Entry<'_>]) -> Option<Plot> {
    let title = format!("{} time by percentile", capital(measure.name)).replace("lag time", "lag");
    let lines = entries.iter().enumerate().filter_map(|(index, entry)| {
        let label = if entries.len() == 1 { measure.name } else { entry.label };
        Some((Key(index), label.to_owned(), (measure.of)(entry.report)?))
    });
    plot(measure.id, &title, &format!("{} ({})", measure.name, measure.span), &lines.collect::<Vec<_>>())
}

/// Nanoseconds under which times are drawn alike: a floor of none would stretch the scale to a nanosecond.
const LEAST: f64 = 100.0;

fn plot(id: &'static str, title: &str, y: &str, lines: &[(Key, String, &Histogram<u64>)]) -> Option<Plot> {
    let curves: Vec<_> =
        lines.iter().map(|(key, label, histogram)| (*key, label, Curve::of(histogram).at_least(LEAST))).collect();
    let values = || curves.iter().flat_map(|(_, _, curve)| curve.steps.iter().map(|(_, ns)| *ns));
    values().next()?;
    let end = curves.iter().map(|(_, _, curve)| curve.end()).fold(0.0, f64::max);
    let mut plot = Plot::new(id, title, Axis::nines(end), Axis::times(y, values()));
    let mut described = Vec::new();
    for (key, label, curve) in curves {
        let Curve { steps, marks } = curve;
        let label = if steps.is_empty() { format!("{label}: nothing measured") } else { label.clone() };
        let named: Vec<String> = marks.iter().map(|mark| mark.text.clone()).collect();
        described.push(format!("{label}: {}.", named.join(", ")));
        let marks = plot.marks(marks.into_iter().map(|mark| (mark.nines, mark.ns, format!("{label} {}", mark.text))));
        let steps: Vec<_> = steps.into_iter().map(Some).collect();
        plot.line(key, &label, &steps).marks = marks;
    }
    plot.description = described.join(" ").into();
    Some(plot)
}

const COLUMN_NAMES: [&str; 11] =
    ["p50", "p90", "p95", "p99", "p99.9", "p99.99", "max", "min", "mean", "stdev", "count"];

/// A row a measure and result; of several results those of a measure stand together.
fn table(caption: &str, entries: &[Entry<'_>], measures: &[Measure]) -> Table {
    let rows = |measure: &Measure| {
        let several = entries.len() > 1;
        let row = |(index, entry): (usize, &Entry<'_>)| {
            let head = if several { Head::of(index, entry, 1) } else { Head::from(measure.name) };
            Some(Row {
                head,
                cells: cells(entry.report, measure.id, &Quantiles::of((measure.of)(entry.report)?)),
                sum: false,
            })
        };
        let title = several.then(|| measure.name.into());
        Body { title, rows: entries.iter().enumerate().filter_map(row).collect() }
    };
    let mut bodies: Vec<Body> = measures.iter().map(rows).filter(|body| !body.rows.is_empty()).collect();
    if let [_] = entries {
        // A row a measure.
        bodies = vec![Body { title: None, rows: bodies.into_iter().flat_map(|body| body.rows).collect() }];
    }
    let columns = COLUMN_NAMES.map(Head::from).into();
    Table { caption: caption.into(), groups: Vec::new(), columns, bodies }
}

fn cells(report: &Report, series: &str, quantiles: &Quantiles) -> Vec<Cell> {
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
            return Cell::from(format!("{text}{}", bounds::MARK)).tone(Tone::Doubtful);
        }
        Cell::from(text)
    });
    shown.chain([count(quantiles.count).into()]).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
