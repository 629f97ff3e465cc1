//! The numbers of each group beside each other, for formats that people read. Losses, deaths and
//! the like have a column if a group has any.

use super::part::Part;
use crate::{
    human::{count, nanoseconds},
    judge::bounds,
    metric::quantiles::Quantiles,
    model::{Anomalies, Counts, Measurement, Report, Tally},
};

/// A row for each group.
#[derive(Debug)]
pub(super) struct GroupTable<'a> {
    /// Headings of the columns after the name.
    pub(super) columns: Vec<&'static str>,
    /// The name of each group, which may hold any text, and a number for each column.
    pub(super) rows: Vec<(&'a str, Vec<String>)>,
    /// Groups that are left out.
    pub(super) more: usize,
    /// Whether a figure has [`bounds::MARK`] although none of the total has.
    pub(super) needs_legend: bool,
}

/// A count of a group.
type GroupCount = fn(&Measurement) -> u64;

/// Columns of counts. The last is whether it stands there even if it is 0 in every group.
const COUNTS: [(&str, GroupCount, bool); 15] = [
    ("clients", |m| m.connections.requested, true),
    ("failed", |m| m.connections.failed, false),
    ("died", |m| m.connections.died, false),
    ("sent", |m| m.measured.counts.sent, true),
    ("matched", |m| m.measured.counts.matched, true),
    ("dropped", |m| m.measured.counts.dropped, false),
    ("lost", |m| m.measured.counts.lost, true),
    ("damaged", |m| m.measured.counts.damaged, false),
    ("misrouted", |m| m.measured.counts.misrouted, false),
    ("undetermined", |m| m.measured.counts.undetermined, false),
    ("deliveries", |m| m.measured.deliveries.expected, false),
    ("not delivered", |m| not_delivered(&m.measured), false),
    ("set aside", |m| m.measured.other_events.sum(), false),
    ("anomalies", |m| anomalies(&m.measured.anomalies), true),
    ("in warm-up", |m| faults_of(&m.warmup), false),
];

/// Columns of response times.
const TIMES: [&str; 3] = ["p50", "p99", "max"];

impl<'a> GroupTable<'a> {
    /// A table of at most `most` groups. `None` if the run has one group.
    pub(super) fn of(report: &'a Report, most: usize) -> Option<Self> {
        if report.groups.is_empty() {
            return None;
        }
        let groups = worst(report, most);
        let has_any = |of: GroupCount| report.groups.iter().any(|group| of(&group.measurement) > 0);
        let counts: Vec<_> = COUNTS.into_iter().filter(|(_, of, always)| *always || has_any(*of)).collect();
        let row = |group: &Part<'a>| {
            let of_counts = counts.iter().map(|(_, of, _)| count(of(group.measurement)));
            (group.group.unwrap_or_default(), of_counts.chain(times(group.measurement)).collect())
        };
        let is_marked = |part: &Part<'_>| !bounds::all_marked(&part.measurement.latency).is_empty();
        Some(Self {
            columns: counts.iter().map(|(name, ..)| *name).chain(TIMES).collect(),
            rows: groups.iter().map(row).collect(),
            more: report.groups.len() - groups.len(),
            needs_legend: groups.iter().any(is_marked) && !is_marked(&Part::total(report)),
        })
    }
}

/// At most `most` groups, in the order of the plan. Those with faults go before others.
fn worst(report: &Report, most: usize) -> Vec<Part<'_>> {
    let mut groups: Vec<(usize, Part<'_>)> = Part::groups(report).enumerate().collect();
    if groups.len() > most {
        groups.sort_by_key(|(_, group)| faults(group.measurement) == 0);
        groups.truncate(most);
        groups.sort_by_key(|(place, _)| *place);
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Faults of connections, and of delivery in both phases.
fn faults(measurement: &Measurement) -> u64 {
    let Measurement { connections, measured, warmup, .. } = measurement;
    sum([faults_of(measured), faults_of(warmup), connections.failed, connections.died])
}

fn faults_of(tally: &Tally) -> u64 {
    let Counts { lost, damaged, misrouted, undetermined, .. } = tally.counts;
    sum([lost, damaged, misrouted, undetermined, anomalies(&tally.anomalies)])
}

/// Deliveries that were lost or damaged.
fn not_delivered(tally: &Tally) -> u64 {
    sum([tally.deliveries.lost, tally.deliveries.damaged])
}

fn anomalies(anomalies: &Anomalies) -> u64 {
    sum(anomalies.by_name().map(|(_, n)| n))
}

fn sum<const N: usize>(numbers: [u64; N]) -> u64 {
    numbers.into_iter().fold(0, u64::saturating_add)
}

fn times(measurement: &Measurement) -> impl Iterator<Item = String> {
    let quantiles = Quantiles::of(&measurement.latency.response);
    TIMES.into_iter().zip([quantiles.p50, quantiles.p99, quantiles.max]).map(|(statistic, ns)| {
        let text = ns.map_or_else(|| "-".to_owned(), |ns| nanoseconds(ns as f64));
        let is_marked = bounds::is_marked(&measurement.latency, "response", statistic);
        if is_marked { text + bounds::MARK } else { text }
    })
}
