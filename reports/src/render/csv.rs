//! Tables for spreadsheets and plots (RFC 4180, with newlines of one character).
//!
//! Every cell is a number, a name of ours, or empty. A peer or a file chooses none of them, so no
//! spreadsheet finds a formula to run.

use std::io;

use csv::Writer;

use super::{Render, invalid_data};
use crate::{
    judge::{Judgement, bounds::is_notable},
    metric::quantiles::value_at_share,
    model::{Interval, Report},
};

/// One row for each second: its start, messages sent and matched, anomalies, and quantiles of the
/// response times.
///
/// The headers are the keys of `intervals` in a result, units included. What was not measured is
/// empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct IntervalsCsv;

/// The latency histograms by percentile, all at the same places: each five percent up to 90, then
/// nine steps for each nine up to 99.999, and 100.
///
/// `value_ns` is the smallest value that this share of the values does not exceed, to three
/// significant digits. `count` is the number of values that do not exceed it. `marked` is 1 if the
/// generator may have a part in a value of response or service: its floor is under 90 % of it and
/// over 100 µs below it. A histogram without values has no rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct PercentilesCsv;

impl Render for IntervalsCsv {
    fn render(&self, report: &Report, _: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        let mut table = Writer::from_writer(out);
        for interval in &report.total.intervals {
            table.serialize(interval).map_err(error)?;
        }
        if report.total.intervals.is_empty() {
            table.write_record(&header()?).map_err(error)?;
        }
        table.flush()
    }
}

/// The header that belongs to a row, for a table without rows.
fn header() -> io::Result<csv::StringRecord> {
    let mut table = Writer::from_writer(Vec::new());
    table.serialize(Interval::default()).map_err(error)?;
    let text = table.into_inner().map_err(csv::IntoInnerError::into_error)?;
    csv::Reader::from_reader(text.as_slice()).headers().cloned().map_err(error)
}

impl Render for PercentilesCsv {
    fn render(&self, report: &Report, _: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        let mut table = Writer::from_writer(out);
        table.write_record(["series", "percentile", "value_ns", "count", "marked"]).map_err(error)?;
        for (series, histogram) in report.total.latency.by_name() {
            if histogram.is_empty() {
                continue;
            }
            for percentile in percentiles() {
                let value = value_at_share(histogram, percentile.into(), WHOLE.into());
                let count = histogram.count_between(0, value);
                // Exact: a decimal of at most three places reads back as it was.
                let shown = (f64::from(percentile) / 1000.0).to_string();
                let floor = &report.total.latency.floor;
                let bounded = ["response", "service"].contains(&series) && !floor.is_empty();
                let least = || value_at_share(floor, percentile.into(), WHOLE.into()) as f64;
                let marked = if bounded && is_notable(value as f64, least()) { "1" } else { "0" };
                let row = [series, &shown, &value.to_string(), &count.to_string(), marked];
                table.write_record(row).map_err(error)?;
            }
        }
        table.flush()
    }
}

/// 100 % in thousandths of a percent.
const WHOLE: u32 = 100_000;

/// The percentiles in thousandths of a percent, which are exact.
fn percentiles() -> impl Iterator<Item = u32> {
    let fives = (0..18).map(|step| step * 5_000);
    // From 90 in steps of 1, from 99 in steps of 0.1, and so on.
    let nines = [1_000, 100, 10, 1].into_iter().flat_map(|step| (0..9).map(move |n| WHOLE - 10 * step + n * step));
    fives.chain(nines).chain([WHOLE - 1, WHOLE])
}

fn error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => invalid_data(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metric::quantiles::Quantiles,
        model::{Latency, sample},
        render::rendered,
    };

    fn rows(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn seconds_of_a_clean_pass() {
        let mut report = sample::pass();
        let silent = Interval { at_s: 10.0, sent: 3, anomalies: 1, ..Interval::default() };
        report.total.intervals.push(silent);
        insta::assert_snapshot!(rendered(&IntervalsCsv, &report));
    }

    #[test]
    fn percentiles_of_a_clean_pass() {
        insta::assert_snapshot!(rendered(&PercentilesCsv, &sample::pass()));
    }

    #[test]
    fn percentiles_of_a_closed_model_run_have_no_send_lag() {
        let rows = rows(&rendered(&PercentilesCsv, &sample::closed()));
        assert_eq!(rows.len(), 4 * percentiles().count());
        assert!(rows.iter().all(|row| row[0] != "send_lag"));
    }

    #[test]
    fn a_run_without_seconds_or_values_has_headers() {
        let mut report = sample::pass();
        report.total.intervals.clear();
        report.total.latency = Latency::default();
        let with_rows = rendered(&IntervalsCsv, &sample::pass());
        assert_eq!(rendered(&IntervalsCsv, &report).lines().next(), with_rows.lines().next());
        assert_eq!(rendered(&IntervalsCsv, &report).lines().count(), 1);
        assert_eq!(rendered(&PercentilesCsv, &report), "series,percentile,value_ns,count,marked\n");
    }

    #[test]
    fn percentiles_are_those_of_every_other_format() {
        let report = sample::pass();
        let quantiles = Quantiles::of(&report.total.latency.response);
        let rows = rows(&rendered(&PercentilesCsv, &report));
        let at = |percentile: &str| {
            let row = rows.iter().find(|row| row[0] == "response" && row[1] == percentile).unwrap();
            (row[2].parse::<u64>().ok(), row[3].parse::<u64>().unwrap())
        };
        let table = [
            ("0", quantiles.min),
            ("50", quantiles.p50),
            ("90", quantiles.p90),
            ("95", quantiles.p95),
            ("99", quantiles.p99),
            ("99.9", quantiles.p99_9),
            ("99.99", quantiles.p99_99),
            ("100", quantiles.max),
        ];
        for (percentile, value) in table {
            assert_eq!(at(percentile).0, value, "{percentile}");
        }
        // 100 of 500 000 are in the stall, which is all that 99.98 % of them exceed.
        assert_eq!(at("99.98").1, 499_900);
        assert_eq!(at("100").1, 500_000);
    }

    #[test]
    fn percentiles_rise_and_stand_once() {
        let all: Vec<u32> = percentiles().collect();
        assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
        for expected in [0, 25_000, 50_000, 75_000, 90_000, 95_000, 99_000, 99_900, 99_990, 99_999, 100_000] {
            assert!(all.contains(&expected), "{expected}");
        }
    }

    #[test]
    fn no_cell_is_of_foreign_text() {
        let mut report = sample::violation();
        report.target.url = "=HYPERLINK(1)".to_owned();
        report.plan.payload = "@SUM(1)".to_owned();
        report.total.evidence[0].kind = "+1".to_owned();
        for text in [rendered(&IntervalsCsv, &report), rendered(&PercentilesCsv, &report)] {
            for cell in rows(&text).concat() {
                let name = report.total.latency.by_name().iter().any(|(name, _)| *name == cell);
                assert!(name || cell.is_empty() || cell.parse::<f64>().is_ok(), "{cell}");
            }
        }
    }
}
