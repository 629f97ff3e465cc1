//! The seconds of all shards, aligned by the clock on the wall.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::{
    metric::quantiles::value_at_share,
    model::{BucketCounts, Interval, IntervalConnections, PackedHistogram},
};

/// Sums of seconds. A second is counted from an instant that all shards have in common, so it does
/// not matter in what order they are added.
#[derive(Debug, Default)]
pub(super) struct IntervalSums {
    seconds: BTreeMap<i64, SecondSum>,
    /// Clients of shards that are done, by the first second in which these had no row.
    done: BTreeMap<i64, IntervalConnections>,
}

/// A second of all shards.
#[derive(Debug, Default)]
struct SecondSum {
    sent: u64,
    matched: u64,
    anomalies: u64,
    connections: IntervalConnections,
    response: BucketCounts,
}

impl IntervalSums {
    /// Adds the seconds of a shard, whose measured phase began `shift_s` after the common instant.
    pub(super) fn add(&mut self, shift_s: i64, intervals: &[Interval]) {
        let second = |interval: &Interval| whole_seconds(interval.at_s).saturating_add(shift_s);
        for interval in intervals {
            self.seconds.entry(second(interval)).or_default().add(interval);
        }
        if let Some(last) = intervals.last() {
            self.done.entry(second(last).saturating_add(1)).or_default().add(&last.connections.next());
        }
    }

    /// Adds the seconds of another group.
    pub(super) fn add_group(&mut self, other: &Self) {
        for (second, part) in &other.seconds {
            self.seconds.entry(*second).or_default().add_group(part);
        }
        for (second, clients) in &other.done {
            self.done.entry(*second).or_default().add(clients);
        }
    }

    /// The seconds, counted from that with which the first shard began.
    pub(super) fn finish(self, first_shift_s: i64) -> Vec<Interval> {
        let (mut done, mut clients) = (self.done.into_iter().peekable(), IntervalConnections::default());
        let mut intervals = Vec::with_capacity(self.seconds.len());
        for (second, mut sum) in self.seconds {
            while let Some((_, ended)) = done.next_if(|(from, _)| *from <= second) {
                clients.add(&ended);
            }
            // Clients of shards that are done have not gone away.
            sum.connections.add(&clients);
            intervals.push(sum.finish(second.saturating_sub(first_shift_s) as f64));
        }
        intervals
    }
}

impl SecondSum {
    fn add(&mut self, interval: &Interval) {
        let Interval { sent, matched, anomalies, connections, response, .. } = interval;
        self.sent = self.sent.saturating_add(*sent);
        self.matched = self.matched.saturating_add(*matched);
        self.anomalies = self.anomalies.saturating_add(*anomalies);
        self.connections.add(connections);
        if let Some(response) = response {
            self.response.add_packed(response);
        }
    }

    fn add_group(&mut self, other: &Self) {
        let Self { sent, matched, anomalies, connections, response } = other;
        self.sent = self.sent.saturating_add(*sent);
        self.matched = self.matched.saturating_add(*matched);
        self.anomalies = self.anomalies.saturating_add(*anomalies);
        self.connections.add(connections);
        self.response.add(response);
    }

    fn finish(self, at_s: f64) -> Interval {
        let Self { sent, matched, anomalies, connections, response } = self;
        let response = (!response.is_empty()).then(|| response.histogram());
        let quantile = |part, whole| response.as_ref().map(|response| value_at_share(response, part, whole));
        Interval {
            at_s,
            sent,
            matched,
            anomalies,
            response_p50_ns: quantile(1, 2),
            response_p99_ns: quantile(99, 100),
            response_max_ns: response.as_ref().map(Histogram::max),
            connections,
            // Sums of counts of 63 bits may have 64, in a changed file. Then the counts are left.
            response: response.as_ref().and_then(|response| PackedHistogram::of(response).ok()),
        }
    }
}

/// The nearest whole second. What is beyond all seconds is the first or the last.
#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn whole_seconds(s: f64) -> i64 {
    s.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Latency;

    fn interval(at_s: f64, matched: u64, open: u64) -> Interval {
        let mut response = Latency::histogram();
        response.record_n(1000 * matched, matched).unwrap();
        Interval {
            at_s,
            matched,
            connections: IntervalConnections { open, attempts: 1, ..IntervalConnections::default() },
            response: Some(PackedHistogram::of(&response).unwrap()),
            ..Interval::default()
        }
    }

    #[test]
    fn seconds_are_aligned_by_the_clock_on_the_wall() {
        let mut sums = IntervalSums::default();
        sums.add(102, &[interval(0.0, 1, 10), interval(1.0, 2, 10)]);
        sums.add(101, &[interval(0.0, 3, 20), interval(1.0, 4, 20)]);
        let rows: Vec<_> = sums.finish(101).iter().map(|row| (row.at_s.to_string(), row.matched)).collect();
        assert_eq!(rows, [("0".to_owned(), 3), ("1".to_owned(), 5), ("2".to_owned(), 2)]);
    }

    #[test]
    fn clients_of_a_shard_that_is_done_have_not_gone_away() {
        let mut sums = IntervalSums::default();
        sums.add(0, &[interval(0.0, 1, 10), interval(1.0, 1, 8), interval(2.0, 1, 8)]);
        sums.add(0, &[interval(0.0, 1, 20)]);
        let rows = sums.finish(0);
        let connections = |row: &Interval| (row.connections.open, row.connections.attempts);
        assert_eq!(rows.iter().map(connections).collect::<Vec<_>>(), [(30, 2), (28, 1), (28, 1)]);
    }

    #[test]
    fn no_percentile_is_averaged() {
        let mut sums = IntervalSums::default();
        sums.add(0, &[interval(0.0, 100, 0)]);
        sums.add(0, &[interval(0.0, 1, 0)]);
        let row = &sums.finish(0)[0];
        let near = |ns: u64| (99_900..=100_100).contains(&ns);
        assert!(row.response_p50_ns.is_some_and(near) && row.response_p99_ns.is_some_and(near), "{row:?}");
        assert_eq!(row.response.as_ref().unwrap().unpack().len(), 101);
    }
}
