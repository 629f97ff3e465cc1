//! Words and tables about clients that come and go. A run whose connections open before the load
//! and stay has none.

use hdrhistogram::Histogram;

use super::part::Part;
use crate::{
    human::{count, nanoseconds},
    metric::quantiles::Quantiles,
    model::{AttemptsAfter, EndRecord, Lifetimes, Measurement, Pings},
};

/// What the table of ends shows.
pub(super) const ENDED: &str = "How connections ended, and how long they had been open";

/// Whether there is anything to say about the sessions of a part: the plan has some, or pings, or
/// slow readers.
pub(super) fn has_any(part: Part<'_>) -> bool {
    part.group_plans()
        .iter()
        .any(|group| group.sessions.is_some() || group.ping_s.is_some() || group.read_bytes_per_s.is_some())
}

/// Sessions by how they ended. `None` where there is nothing to say about them.
pub(super) fn ended(part: Part<'_>) -> Option<String> {
    let Measurement { sessions, connections, .. } = part.measurement;
    if !has_any(part) || sessions.is_empty() {
        return None;
    }
    let ends = [
        ("closed by plan", sessions.closed_by_plan),
        ("cut by plan", sessions.cut_by_plan),
        ("left in order", sessions.left),
        ("died", connections.died),
        ("open at the end", sessions.open_at_end),
    ];
    let ends = ends.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{} {name}", count(n)));
    let ends = ends.collect::<Vec<_>>().join(" + ");
    let clients = [
        ("deaths came back", sessions.returned),
        ("clients not back at the end", sessions.away_at_end),
        ("clients away at the end as planned", sessions.waiting_at_end),
    ];
    let clients = clients.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("; {} {name}", count(n)));
    Some(format!("{} = {}{}", count(connections.opened), ends, clients.collect::<String>()))
}

/// Attempts to open, by what they came after and by what became of them. `None` where there is
/// nothing to say about sessions.
pub(super) fn attempts(part: Part<'_>) -> Option<String> {
    let sessions = &part.measurement.sessions;
    if !has_any(part) || sessions.attempts == 0 {
        return None;
    }
    let outcomes = [("failed", sessions.failed_attempts), ("given up", sessions.given_up)];
    let outcomes = outcomes.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("; {} {name}", count(n)));
    let after = attempts_after(&sessions.after);
    Some(format!("{}{after}{}", count(sessions.attempts), outcomes.collect::<String>()))
}

/// `: at the start 100, after a storm 20`. Empty without attempts.
pub(super) fn attempts_after(after: &AttemptsAfter) -> String {
    let AttemptsAfter { start, session, drop, storm, death, failure } = *after;
    let named = [
        ("at the start", start),
        ("after a session", session),
        ("after a drop", drop),
        ("after a storm", storm),
        ("after a death", death),
        ("after a failure", failure),
    ];
    let some: Vec<_> =
        named.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name} {}", count(n))).collect();
    if some.is_empty() { String::new() } else { format!(": {}", some.join(", ")) }
}

/// `p50 1.25 s, p99 1.97 s, max 1.97 s`. Empty without any.
pub(super) fn times(histogram: &Histogram<u64>) -> String {
    let Quantiles { p50, p99, max, .. } = Quantiles::of(histogram);
    let named = [("p50", p50), ("p99", p99), ("max", max)];
    let some = named.into_iter().filter_map(|(name, ns)| Some(format!("{name} {}", nanoseconds(ns? as f64))));
    some.collect::<Vec<_>>().join(", ")
}

/// How many pings were answered. `None` without pings.
pub(super) fn pings(measurement: &Measurement) -> Option<String> {
    let Pings { sent, answered } = measurement.pings;
    (sent > 0).then(|| format!("{} of {}", count(answered), count(sent)))
}

/// The most frequent ways to end, each with lifetimes.
pub(super) fn most_frequent_ends(measurement: &Measurement) -> Vec<String> {
    let rows = EndTable::of(measurement).map_or_else(Vec::new, |table| table.rows);
    let sentence =
        |row: &Vec<String>| format!("{}: {} after {} to {}, {} on average", row[0], row[1], row[2], row[4], row[3]);
    rows.iter().take(5).map(sentence).collect()
}

/// Ends by kind, against how long the connections had been open.
#[derive(Debug)]
pub(super) struct EndTable {
    /// Headings of all columns but the first, which has the kinds.
    pub(super) columns: Vec<String>,
    /// A row has its kind and a cell for each column.
    pub(super) rows: Vec<Vec<String>>,
}

impl EndTable {
    /// Most rows. The most frequent ends have one.
    const ROWS: usize = 20;

    /// `None` if no connection ended. Lifetimes that no connection had have no column.
    pub(super) fn of(measurement: &Measurement) -> Option<Self> {
        let mut ends: Vec<&EndRecord> = measurement.ends.iter().filter(|end| end.connections > 0).collect();
        ends.sort_by_key(|end| (std::cmp::Reverse(end.connections), &end.kind));
        ends.truncate(Self::ROWS);
        if ends.is_empty() {
            return None;
        }
        let has_any = |bucket: &usize| ends.iter().any(|end| end.lifetimes.buckets[*bucket] > 0);
        let buckets: Vec<usize> = (0..=Lifetimes::BOUNDS_MS.len()).filter(has_any).collect();
        let single = ["connections", "shortest", "mean", "longest"].map(str::to_owned);
        let columns = single.into_iter().chain(buckets.iter().map(|bucket| lifetime(*bucket))).collect();
        let row = |end: &&EndRecord| {
            let Lifetimes { shortest_ns, longest_ns, sum_ns, buckets: counts } = &end.lifetimes;
            let mean = *sum_ns as f64 / end.connections as f64;
            let by_plan = if end.by_plan { " (by plan)" } else { "" };
            let kind = format!("{}{by_plan}", end.kind.replace('_', " "));
            let times = [*shortest_ns as f64, mean, *longest_ns as f64].map(nanoseconds);
            let counts = buckets.iter().map(|bucket| count(counts[*bucket]));
            [kind, count(end.connections)].into_iter().chain(times).chain(counts).collect()
        };
        Some(Self { columns, rows: ends.iter().map(row).collect() })
    }
}

/// The heading of a bucket of lifetimes.
fn lifetime(bucket: usize) -> String {
    let bound = |bucket: usize| nanoseconds(Lifetimes::BOUNDS_MS[bucket] as f64 * 1e6);
    match bucket.checked_sub(1) {
        None => format!("up to {}", bound(0)),
        Some(before) if bucket == Lifetimes::BOUNDS_MS.len() => format!("over {}", bound(before)),
        Some(_) => format!("to {}", bound(bucket)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn a_run_whose_connections_stay_says_nothing_of_sessions() {
        for report in [sample::pass(), sample::closed(), sample::rooms()] {
            let part = Part::total(&report);
            assert_eq!((ended(part), attempts(part), pings(part.measurement)), (None, None, None));
        }
    }

    #[test]
    fn sessions_and_attempts_are_sums() {
        let report = sample::sessions();
        let part = Part::total(&report);
        assert_eq!(
            ended(part).as_deref(),
            Some("150 = 20 cut by plan + 30 died + 100 open at the end; 30 deaths came back")
        );
        assert_eq!(
            attempts(part).as_deref(),
            Some("162: at the start 100, after a storm 20, after a death 30, after a failure 12; 12 failed")
        );
        assert_eq!(pings(part.measurement).as_deref(), Some("478 of 480"));
    }

    #[test]
    fn ends_are_counted_against_lifetimes() {
        let table = EndTable::of(&sample::sessions().total).unwrap();
        assert_eq!(table.columns[4..], ["to 5.00 s", "to 10.0 s", "to 20.0 s"]);
        let rows: Vec<_> = table.rows.iter().map(|row| row.join(" | ")).collect();
        assert_eq!(
            rows,
            [
                "open at end (by plan) | 100 | 3.00 s | 7.50 s | 12.0 s | 50 | 0 | 50",
                "reset | 30 | 7.20 s | 7.34 s | 7.49 s | 0 | 30 | 0",
                "storm (by plan) | 20 | 5.00 s | 5.09 s | 5.19 s | 1 | 19 | 0",
            ]
        );
    }
}
