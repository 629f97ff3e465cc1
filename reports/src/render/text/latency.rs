//! The table of latencies.

use std::io;

use super::page::{LABEL, Page};
use crate::bounds;
use crate::human::nanoseconds;
use crate::model::{Load, Report};
use crate::quantiles::Quantiles;
use crate::render::words;

const COLUMN: usize = 11;

const COLUMNS: [&str; 6] = ["p50", "p90", "p99", "p99.9", "p99.99", "max"];

pub(super) fn table(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let latency = &report.latency;
    let closed = matches!(report.plan.load, Load::Closed { .. });
    let rows = [
        ("response", "response", &latency.response),
        ("service", "service", &latency.service),
        ("floor", "floor", &latency.floor),
        ("send lag", "send_lag", &latency.send_lag),
        ("connect", "connect", &latency.connect),
    ];
    let style = page.palette.label;
    write!(page.out, "{style}{:LABEL$}{style:#}", "latency")?;
    for heading in COLUMNS {
        write!(page.out, "{heading:>COLUMN$}")?;
    }
    writeln!(page.out)?;
    let mut any_marked = false;
    for (name, series, histogram) in rows {
        // Nothing is due in the closed model, so nothing can be late; and older results have no floor.
        if (closed && series == "send_lag") || (series == "floor" && histogram.is_empty()) {
            continue;
        }
        let quantiles = Quantiles::of(histogram);
        write!(page.out, "{:LABEL$}", format!("  {name}"))?;
        let columns = [quantiles.p50, quantiles.p90, quantiles.p99, quantiles.p99_9, quantiles.p99_99, quantiles.max];
        for (statistic, value) in COLUMNS.into_iter().zip(columns) {
            let mut text = value.map_or_else(|| "-".to_owned(), |ns| nanoseconds(ns as f64));
            if bounds::is_marked(report, series, statistic) {
                text.push_str(bounds::MARK);
                any_marked = true;
            }
            write!(page.out, "{text:>COLUMN$}")?;
        }
        writeln!(page.out)?;
    }
    if any_marked {
        page.styled_row("", page.palette.label, bounds::LEGEND, page.palette.aside)?;
    }
    if closed {
        page.styled_row("", page.palette.label, words::OMISSION, page.palette.aside)?;
    }
    Ok(())
}
