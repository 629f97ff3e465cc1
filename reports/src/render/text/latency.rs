//! The table of latencies.

use std::io;

use super::page::{LABEL, Page};
use crate::human::nanoseconds;
use crate::model::{Load, Report};
use crate::quantiles::Quantiles;
use crate::render::words;

const COLUMN: usize = 11;

pub(super) fn table(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let latency = &report.latency;
    let closed = matches!(report.plan.load, Load::Closed { .. });
    let rows = [
        ("  response", &latency.response),
        ("  service", &latency.service),
        ("  send lag", &latency.send_lag),
        ("  connect", &latency.connect),
    ];
    let style = page.palette.label;
    write!(page.out, "{style}{:LABEL$}{style:#}", "latency")?;
    for heading in ["p50", "p90", "p99", "p99.9", "p99.99", "max"] {
        write!(page.out, "{heading:>COLUMN$}")?;
    }
    writeln!(page.out)?;
    for (name, histogram) in rows {
        // Nothing is due in the closed model, so nothing can be late.
        if closed && name.ends_with("send lag") {
            continue;
        }
        let quantiles = Quantiles::of(histogram);
        write!(page.out, "{name:LABEL$}")?;
        let columns = [quantiles.p50, quantiles.p90, quantiles.p99, quantiles.p99_9, quantiles.p99_99, quantiles.max];
        for value in columns {
            let text = value.map_or_else(|| "-".to_owned(), |ns| nanoseconds(ns as f64));
            write!(page.out, "{text:>COLUMN$}")?;
        }
        writeln!(page.out)?;
    }
    if closed {
        page.styled_row("", page.palette.label, words::OMISSION, page.palette.aside)?;
    }
    Ok(())
}
