//! Tables for spreadsheets and plots (RFC 4180, with newlines of one character).
//!
//! Every cell is a number, a name of ours, or empty. If a run has several groups, a last column has
//! their names, which begin with a letter. So no spreadsheet finds a formula to run.

use std::io;

use csv::Writer;
use serde::Serialize;

use super::{Render, invalid_data, part::Part};
use crate::{
    escape::visible,
    judge::{
        Judgement,
        bounds::{self, is_notable},
    },
    metric::quantiles::value_at_share,
    model::{Interval, IntervalConnections, Measurement, Report},
};

/// One row for each second: its start, messages sent and matched, anomalies, quantiles of the
/// response times, and connections.
///
/// The headers are the keys of `intervals` in a result and of their `connections`, units included.
/// `failed` is the sum over all kinds. What was not measured is empty.
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

/// A row of [`IntervalsCsv`].
#[derive(Default, Serialize)]
struct IntervalRow {
    at_s: f64,
    sent: u64,
    matched: u64,
    anomalies: u64,
    response_p50_ns: Option<u64>,
    response_p99_ns: Option<u64>,
    response_max_ns: Option<u64>,
    open: u64,
    opening: u64,
    away: u64,
    attempts: u64,
    failed: u64,
}

impl IntervalRow {
    fn of(interval: &Interval) -> Self {
        let IntervalConnections { open, opening, away, attempts, .. } = interval.connections;
        Self {
            at_s: interval.at_s,
            sent: interval.sent,
            matched: interval.matched,
            anomalies: interval.anomalies,
            response_p50_ns: interval.response_p50_ns,
            response_p99_ns: interval.response_p99_ns,
            response_max_ns: interval.response_max_ns,
            open,
            opening,
            away,
            attempts,
            failed: interval.connections.all_failed(),
        }
    }
}

impl Render for IntervalsCsv {
    fn render(&self, report: &Report, _: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        with_groups(report, intervals, out)
    }
}

impl Render for PercentilesCsv {
    fn render(&self, report: &Report, _: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        with_groups(report, percentiles, out)
    }
}

/// The name of all groups together. No group may have it.
const TOTAL: &str = "total";

/// Writes the table of the total. If the run has several groups, their rows follow, and the last
/// column names the group.
fn with_groups(
    report: &Report,
    table: fn(&Measurement, &mut dyn io::Write) -> io::Result<()>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if report.groups.is_empty() {
        return table(&report.total, out);
    }
    let mut all = Writer::from_writer(out);
    for (index, part) in Part::all(report).enumerate() {
        let mut rows = Vec::new();
        table(part.measurement, &mut rows)?;
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(rows.as_slice());
        let mut records = rows.records();
        let name = part.group.map_or_else(|| TOTAL.to_owned(), name);
        let header = records.next().transpose().map_err(error)?;
        if let Some(mut header) = header.filter(|_| index == 0) {
            header.push_field("group");
            all.write_record(&header).map_err(error)?;
        }
        for record in records {
            let mut record = record.map_err(error)?;
            record.push_field(&name);
            all.write_record(&record).map_err(error)?;
        }
    }
    all.flush()
}

/// The name of a group. One that a file was given by hand may begin as a formula does.
fn name(group: &str) -> String {
    let name = visible(group);
    if name.starts_with(['=', '+', '-', '@']) { format!("'{name}") } else { name }
}

fn intervals(measurement: &Measurement, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = Writer::from_writer(out);
    for interval in &measurement.intervals {
        table.serialize(IntervalRow::of(interval)).map_err(error)?;
    }
    if measurement.intervals.is_empty() {
        table.write_record(&header()?).map_err(error)?;
    }
    table.flush()
}

/// The header that belongs to a row, for a table without rows.
fn header() -> io::Result<csv::StringRecord> {
    let mut table = Writer::from_writer(Vec::new());
    table.serialize(IntervalRow::default()).map_err(error)?;
    let text = table.into_inner().map_err(csv::IntoInnerError::into_error)?;
    csv::Reader::from_reader(text.as_slice()).headers().cloned().map_err(error)
}

fn percentiles(measurement: &Measurement, out: &mut dyn io::Write) -> io::Result<()> {
    let latency = &measurement.latency;
    let mut table = Writer::from_writer(out);
    table.write_record(["series", "percentile", "value_ns", "count", "marked"]).map_err(error)?;
    for (series, histogram) in latency.by_name() {
        if histogram.is_empty() {
            continue;
        }
        for percentile in steps() {
            let value = value_at_share(histogram, percentile.into(), WHOLE.into());
            let count = histogram.count_between(0, value);
            // Exact: a decimal of at most three places reads back as it was.
            let shown = (f64::from(percentile) / 1000.0).to_string();
            let bounded = ["response", "service"].contains(&series) && bounds::has_floor(histogram, &latency.floor);
            let least = || value_at_share(&latency.floor, percentile.into(), WHOLE.into()) as f64;
            let marked = if bounded && is_notable(value as f64, least()) { "1" } else { "0" };
            let row = [series, &shown, &value.to_string(), &count.to_string(), marked];
            table.write_record(row).map_err(error)?;
        }
    }
    table.flush()
}

/// 100 % in thousandths of a percent.
const WHOLE: u32 = 100_000;

/// The percentiles in thousandths of a percent, which are exact.
fn steps() -> impl Iterator<Item = u32> {
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
    fn rows_of_groups_follow_those_of_the_total() {
        let report = sample::two_groups();
        for (text, of_total) in [
            (
                rendered(&IntervalsCsv, &report),
                rendered(&IntervalsCsv, &Report { groups: Vec::new(), ..report.clone() }),
            ),
            (
                rendered(&PercentilesCsv, &report),
                rendered(&PercentilesCsv, &Report { groups: Vec::new(), ..report.clone() }),
            ),
        ] {
            let header = format!("{},group", of_total.lines().next().unwrap());
            assert_eq!(text.lines().next().unwrap(), header);
            let (of_total, rows) = (rows(&of_total), rows(&text));
            let with_name: Vec<_> =
                of_total.iter().map(|row| [row.as_slice(), &["total".to_owned()]].concat()).collect();
            assert_eq!(rows[..of_total.len()], with_name);
            let names: Vec<_> = rows.iter().map(|row| row.last().unwrap().as_str()).collect();
            assert!(names.is_sorted_by_key(|name| ["total", "chat", "slow"].iter().position(|known| known == name)));
            assert!(names.contains(&"slow"));
        }
    }

    #[test]
    fn seconds_of_two_groups() {
        let mut report = sample::two_groups();
        for group in &mut report.groups {
            group.measurement.intervals.truncate(2);
        }
        report.total.intervals.truncate(2);
        insta::assert_snapshot!(rendered(&IntervalsCsv, &report));
    }

    #[test]
    fn a_hostile_group_name_is_one_cell_and_no_formula() {
        for hostile in ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "a,\"b\"\nc|<d>\u{1b}"] {
            let mut report = sample::two_groups();
            hostile.clone_into(&mut report.groups[0].name);
            let rows = rows(&rendered(&IntervalsCsv, &report));
            assert_eq!(rows.len(), 30);
            let cell = rows[10].last().unwrap();
            assert!(!cell.starts_with(['=', '+', '-', '@']) && cell.contains(&*visible(hostile)), "{cell}");
        }
    }

    #[test]
    fn percentiles_of_a_closed_model_run_have_no_send_lag() {
        let rows = rows(&rendered(&PercentilesCsv, &sample::closed()));
        assert_eq!(rows.len(), 6 * steps().count());
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
        let all: Vec<u32> = steps().collect();
        assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
        for expected in [0, 25_000, 50_000, 75_000, 90_000, 95_000, 99_000, 99_900, 99_990, 99_999, 100_000] {
            assert!(all.contains(&expected), "{expected}");
        }
    }

    #[test]
    fn no_cell_is_of_foreign_text() {
        let mut report = sample::violation();
        report.target.url = "=HYPERLINK(1)".to_owned();
        report.plan.groups[0].name = "@SUM(1)".to_owned();
        report.total.evidence[0].peer = "+1".to_owned();
        for text in [rendered(&IntervalsCsv, &report), rendered(&PercentilesCsv, &report)] {
            for cell in rows(&text).concat() {
                let name = report.total.latency.by_name().iter().any(|(name, _)| *name == cell);
                assert!(name || cell.is_empty() || cell.parse::<f64>().is_ok(), "{cell}");
            }
        }
    }
}
