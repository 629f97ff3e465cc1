//! The table of latencies.

use std::io;

use super::{
    printer::{LABEL, Printer},
    table::{NumberRow, NumberTable},
};
use crate::{
    human::nanoseconds,
    judge::bounds,
    metric::quantiles::Quantiles,
    render::{exchange, part::Part, tone::Tone, wording},
};

const COLUMNS: [(&str, usize); 6] = [("p50", 11), ("p90", 11), ("p99", 11), ("p99.9", 11), ("p99.99", 11), ("max", 11)];

pub(super) fn table(printer: &mut Printer<'_>, part: Part<'_>) -> io::Result<()> {
    let mut rows = Vec::new();
    let mut any_marked = false;
    for (series, histogram) in wording::latencies(part) {
        let quantiles = Quantiles::of(histogram);
        let values = [quantiles.p50, quantiles.p90, quantiles.p99, quantiles.p99_9, quantiles.p99_99, quantiles.max];
        let number = |((statistic, _), value): ((&str, usize), Option<u64>)| {
            let text = value.map_or_else(|| "-".to_owned(), |ns| nanoseconds(ns as f64));
            let is_marked = bounds::is_marked(&part.measurement.latency, series, statistic);
            any_marked |= is_marked;
            if is_marked { text + bounds::MARK } else { text }
        };
        let numbers = COLUMNS.into_iter().zip(values).map(number).collect();
        let name = match series.strip_prefix(wording::CONNECT_PHASE) {
            Some(phase) => format!("    {phase}"),
            None => format!("  {}", series.replace('_', " ")),
        };
        rows.push(NumberRow { name, numbers, verdict: ("", Tone::Plain) });
    }
    let names = ("latency", LABEL);
    NumberTable { names, columns: COLUMNS.to_vec(), has_verdicts: false, rows, first_group: 0 }.print(printer)?;
    if any_marked {
        printer.styled_row("", printer.palette.label, bounds::LEGEND, printer.palette.aside)?;
    }
    for remark in wording::omission(part).into_iter().chain(exchange::latency_remarks(part)) {
        printer.styled_row("", printer.palette.label, &remark, printer.palette.aside)?;
    }
    Ok(())
}
