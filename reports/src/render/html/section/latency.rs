//! Latencies: plots by percentile, and a table.

use hdrhistogram::Histogram;

use super::{Section, content::ContentBlock};
use crate::{
    human::{count, nanoseconds},
    judge::bounds,
    metric::quantiles::Quantiles,
    model::Latency,
    render::{
        exchange,
        html::{
            chart::{axis::Axis, line_style::LineStyle, percentile_curve::PercentileCurve, plot::Plot},
            labelled_part::LabelledPart,
            table::{PageTable, TableBody, TableCell, TableHeading, TableRow},
        },
        part::Part,
        tone::Tone,
        wording,
    },
};

/// A series of latencies. `of` is `None` if the series has no meaning there.
struct LatencySeries {
    id: &'static str,
    name: &'static str,
    /// From which moment to which.
    span: &'static str,
    of: fn(Part<'_>) -> Option<&Histogram<u64>>,
}

const SERIES: [LatencySeries; 7] = [
    LatencySeries {
        id: "response",
        name: "response",
        span: "due to event",
        of: |part| part.sends().then_some(&part.measurement.latency.response),
    },
    LatencySeries {
        id: "service",
        name: "service",
        span: "write to event",
        of: |part| {
            let service = &part.measurement.latency.service;
            (part.sends() && !(part.has_rooms() && service.is_empty())).then_some(service)
        },
    },
    // Without matches there is no floor.
    LatencySeries {
        id: "floor",
        name: "floor",
        span: "write to arrival",
        of: |part| measured(&part.measurement.latency.floor),
    },
    // The closed model has no due times, so no send lag.
    LatencySeries {
        id: "send-lag",
        name: "send lag",
        span: "due to write",
        of: |part| (!part.is_closed() && part.sends()).then_some(&part.measurement.latency.send_lag),
    },
    LatencySeries {
        id: "first",
        name: "first",
        span: "due to the first event or receiver",
        of: |part| measured(&part.measurement.latency.first),
    },
    LatencySeries {
        id: "last",
        name: "last",
        span: "due to the last event or receiver",
        of: |part| measured(&part.measurement.latency.last),
    },
    LatencySeries {
        id: "receiver",
        name: "receiver",
        span: "mean response of each receiver",
        of: |part| measured(&part.measurement.latency.receiver),
    },
];

/// How many series every message has. The others are of replies in several events, and of rooms.
const OF_MESSAGES: usize = 4;

/// Connecting, and its phases as far as they were measured.
const CONNECT: [LatencySeries; 6] = [
    LatencySeries {
        id: "connect",
        name: "connect",
        span: "from TCP to upgrade",
        of: |part| Some(&part.measurement.latency.connect),
    },
    LatencySeries {
        id: "connect-tcp",
        name: "TCP",
        span: "start to connected",
        of: |part| measured(&part.measurement.latency.connect_tcp),
    },
    LatencySeries {
        id: "connect-proxy",
        name: "proxy",
        span: "its tunnel",
        of: |part| measured(&part.measurement.latency.connect_proxy),
    },
    LatencySeries {
        id: "connect-tls",
        name: "TLS",
        span: "its handshake",
        of: |part| measured(&part.measurement.latency.connect_tls),
    },
    LatencySeries {
        id: "connect-upgrade",
        name: "upgrade",
        span: "opening handshake",
        of: |part| measured(&part.measurement.latency.connect_upgrade),
    },
    LatencySeries {
        id: "join",
        name: "join",
        span: "open to joined",
        of: |part| measured(&part.measurement.latency.join),
    },
];

fn measured(histogram: &Histogram<u64>) -> Option<&Histogram<u64>> {
    (!histogram.is_empty()).then_some(histogram)
}

pub(crate) fn section(parts: &[LabelledPart<'_>]) -> Section {
    let plots = match parts {
        [one] => {
            let (of_messages, others) = SERIES.split_at(OF_MESSAGES);
            let title = if one.part.has_rooms() { "First and last receiver" } else { "First and last event" };
            let first = together(of_messages, "latency-plot", "Latency by percentile", one);
            first.into_iter().chain(together(others, "receivers", &format!("{title} by percentile"), one)).collect()
        }
        several => SERIES.iter().filter_map(|series| overlaid(series, several)).collect(),
    };
    let mut blocks = vec![ContentBlock::plots(plots, "No message matched, so there is no latency.")];
    if parts.iter().any(|labelled| !bounds::all_marked(&labelled.part.measurement.latency).is_empty()) {
        blocks.push(ContentBlock::Note(bounds::LEGEND.into()));
    }
    let remarks = |part| wording::omission(part).into_iter().chain(exchange::latency_remarks(part));
    let mut remarks: Vec<_> = parts.iter().flat_map(|labelled| remarks(labelled.part)).collect();
    remarks.dedup();
    blocks.extend(remarks.iter().map(|remark| ContentBlock::Note(remark.into())));
    blocks.push(ContentBlock::Tables(vec![table("Latency of the measured phase", parts, &SERIES)]));
    Section::new("latency", "Latency", blocks)
}

/// The plot of the response times of several parts. `None` if no message matched.
pub(crate) fn response_plot(parts: &[LabelledPart<'_>]) -> Option<Plot> {
    overlaid(&SERIES[0], parts)
}

/// The plot of the time to connect. `None` if no connection opened.
pub(crate) fn connect_plot(parts: &[LabelledPart<'_>]) -> Option<Plot> {
    match parts {
        [one] if CONNECT[1..].iter().any(|phase| (phase.of)(one.part).is_some()) => {
            together(&CONNECT, "connect", "Connect time by percentile", one)
        }
        _ => overlaid(&CONNECT[0], parts),
    }
}

/// The table of the time to connect.
pub(crate) fn connect_table(parts: &[LabelledPart<'_>]) -> PageTable {
    table("Time to open a connection", parts, &CONNECT)
}

/// A plot of all series of one part.
fn together(series: &[LatencySeries], id: &'static str, title: &str, labelled: &LabelledPart<'_>) -> Option<Plot> {
    let lines = series.iter().enumerate().filter_map(|(index, series)| {
        let label = format!("{} ({})", series.name, series.span);
        Some((LineStyle(index), label, (series.of)(labelled.part)?))
    });
    plot(id, title, "latency", &lines.collect::<Vec<_>>())
}

/// A plot of one series of all parts.
fn overlaid(series: &LatencySeries, parts: &[LabelledPart<'_>]) -> Option<Plot> {
    let title = format!("{} time by percentile", capital(series.name)).replace("lag time", "lag");
    let lines = parts.iter().enumerate().filter_map(|(index, labelled)| {
        let label = if parts.len() == 1 { series.name } else { labelled.label };
        Some((LineStyle(index), label.to_owned(), (series.of)(labelled.part)?))
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

/// A table with a row for each series and part. Several parts have a group of rows for each
/// series.
fn table(caption: &str, parts: &[LabelledPart<'_>], series: &[LatencySeries]) -> PageTable {
    let rows = |series: &LatencySeries| {
        let several = parts.len() > 1;
        let row = |(index, labelled): (usize, &LabelledPart<'_>)| {
            let heading = if several { TableHeading::of(index, labelled, 1) } else { TableHeading::from(series.name) };
            Some(TableRow {
                heading,
                cells: cells(
                    &labelled.part.measurement.latency,
                    series.id,
                    &Quantiles::of((series.of)(labelled.part)?),
                ),
                sum: false,
            })
        };
        let title = several.then(|| series.name.into());
        TableBody { title, rows: parts.iter().enumerate().filter_map(row).collect() }
    };
    let mut bodies: Vec<TableBody> = series.iter().map(rows).filter(|body| !body.rows.is_empty()).collect();
    if let [_] = parts {
        // One row for each series.
        bodies = vec![TableBody { title: None, rows: bodies.into_iter().flat_map(|body| body.rows).collect() }];
    }
    let columns = COLUMN_NAMES.map(TableHeading::from).into();
    PageTable { caption: caption.into(), groups: Vec::new(), columns, bodies }
}

fn cells(latency: &Latency, series: &str, quantiles: &Quantiles) -> Vec<TableCell> {
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
        if bounds::is_marked(latency, series, statistic) {
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
