//! Merges the seconds of all workers into rows of the result. Pure.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use reports::{
    model::{Interval, IntervalConnections, Latency, PackedHistogram},
    value_at_share,
};

use super::observer::{FinishedSecond, Grouped, Observer};
use crate::worker::recorder::SecondRow;

/// Merges rows as they come. Memory grows only by one row and one packed histogram a second and
/// group: a few kilobytes.
#[derive(Debug)]
pub(crate) struct Timeline {
    workers: usize,
    /// Seconds that some workers have not reported yet, with the group of each row.
    open: BTreeMap<u64, Vec<(usize, SecondRow)>>,
    total: MergedSeconds,
    /// Empty if there is one group, which is then the total.
    groups: Vec<MergedSeconds>,
}

/// The seconds of all workers, of a group or of all.
#[derive(Debug)]
struct MergedSeconds {
    intervals: BTreeMap<u64, Interval>,
    response: Histogram<u64>,
}

/// The seconds of a run.
#[derive(Debug, Default)]
pub(crate) struct RunSeconds {
    /// Of all groups together.
    pub(crate) total: Seconds,
    /// Of each group. Empty if there is one group.
    pub(crate) groups: Vec<Seconds>,
}

/// The seconds of a group, and all response times in them.
#[derive(Debug)]
pub(crate) struct Seconds {
    pub(crate) intervals: Vec<Interval>,
    pub(crate) response: Histogram<u64>,
}

impl Timeline {
    /// A timeline of a run with this many workers and groups.
    pub(crate) fn new(workers: usize, groups: usize) -> Self {
        let several = if groups > 1 { groups } else { 0 };
        Self {
            workers,
            open: BTreeMap::new(),
            total: MergedSeconds::default(),
            groups: std::iter::repeat_with(MergedSeconds::default).take(several).collect(),
        }
    }

    /// Takes a row of one worker about a group. Shows the second if it is the last row of it.
    pub(crate) fn add(&mut self, group: usize, row: SecondRow, observer: &mut impl Observer) {
        let second = row.second;
        let all = self.rows_of_a_second();
        let rows = self.open.entry(second).or_default();
        rows.push((group, row));
        if rows.len() == all {
            self.close(second, observer);
        }
    }

    /// Rows of a second that all workers have reported.
    fn rows_of_a_second(&self) -> usize {
        self.workers * self.groups.len().max(1)
    }

    /// The last second that all workers have reported.
    pub(crate) fn last(&self) -> Option<&Interval> {
        self.total.intervals.last_key_value().map(|(_, interval)| interval)
    }

    /// Finishes once all rows have come. Shows the seconds that some workers did not reach.
    pub(crate) fn finish(mut self, observer: &mut impl Observer) -> RunSeconds {
        while let Some((&second, _)) = self.open.first_key_value() {
            self.close(second, observer);
        }
        let groups = self.groups.into_iter().map(MergedSeconds::finish).collect();
        RunSeconds { total: self.total.finish(), groups }
    }

    fn close(&mut self, second: u64, observer: &mut impl Observer) {
        let Some(rows) = self.open.remove(&second) else { return };
        let is_complete = rows.len() == self.rows_of_a_second();
        let total = self.total.merge(second, is_complete, || rows.iter().map(|(_, row)| row));
        let mut responses = Vec::new();
        for (group, merged) in self.groups.iter_mut().enumerate() {
            let of_group = || rows.iter().filter(|(of, _)| *of == group).map(|(_, row)| row);
            responses.push(merged.merge(second, is_complete, of_group));
        }
        let groups: Vec<_> = self
            .groups
            .iter()
            .zip(&responses)
            .filter_map(|(merged, response)| merged.finished(second, response))
            .collect();
        if let Some(total) = self.total.finished(second, &total) {
            observer.second(Grouped { total: &total, groups: &groups });
        }
    }
}

impl Default for MergedSeconds {
    fn default() -> Self {
        Self { intervals: BTreeMap::new(), response: Latency::histogram() }
    }
}

impl Default for Seconds {
    fn default() -> Self {
        MergedSeconds::default().finish()
    }
}

impl MergedSeconds {
    fn finish(self) -> Seconds {
        Seconds { intervals: self.intervals.into_values().collect(), response: self.response }
    }

    fn finished<'a>(&'a self, second: u64, response: &'a Histogram<u32>) -> Option<FinishedSecond<'a>> {
        Some(FinishedSecond { interval: self.intervals.get(&second)?, response })
    }

    /// Merges the rows of a second, which are those of all workers if it `is_complete`. Returns
    /// their response times.
    fn merge<'a, I: Iterator<Item = &'a SecondRow>>(
        &mut self,
        second: u64,
        is_complete: bool,
        rows: impl Fn() -> I,
    ) -> Histogram<u32> {
        let mut response: Histogram<u32> = Latency::histogram_of();
        for &(nanos, times) in rows().flat_map(|row| &row.response) {
            response.saturating_record_n(nanos, u32::try_from(times).unwrap_or(u32::MAX));
            self.response.saturating_record_n(nanos, times);
        }
        let sum = |field: fn(&SecondRow) -> u64| rows().map(field).sum();
        let quantile = |part, whole| (!response.is_empty()).then(|| value_at_share(&response, part, whole));
        let mut connections = IntervalConnections::default();
        rows().for_each(|row| connections.add(&row.connections));
        if !is_complete && let Some((_, last)) = self.intervals.last_key_value() {
            // Clients of workers that are done have not gone away.
            let IntervalConnections { open, opening, away, .. } = last.connections;
            (connections.open, connections.opening, connections.away) = (open, opening, away);
        }
        let interval = Interval {
            at_s: second as f64,
            sent: sum(|row| row.sent),
            matched: sum(|row| row.matched),
            anomalies: sum(|row| row.anomalies),
            response_p50_ns: quantile(1, 2),
            response_p99_ns: quantile(99, 100),
            response_max_ns: (!response.is_empty()).then(|| response.max()),
            connections,
            response: (!response.is_empty()).then(|| {
                PackedHistogram::of(&response).expect("it has the one shape, and a second's counts are small")
            }),
        };
        self.intervals.insert(second, interval);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds that an observer saw: which, and how many matched in total and by group.
    #[derive(Default)]
    struct Seen(Vec<(f64, u64, Vec<u64>)>);

    impl Observer for Seen {
        fn second(&mut self, second: Grouped<'_, FinishedSecond<'_>>) {
            let groups = second.groups.iter().map(|group| group.response.len()).collect();
            assert_eq!(second.total.response.len(), second.total.interval.matched);
            self.0.push((second.total.interval.at_s, second.total.interval.matched, groups));
        }
    }

    fn row(second: u64, matched: u64, response: &[(u64, u64)]) -> SecondRow {
        let connections = IntervalConnections { open: 10, away: second, attempts: 1, ..IntervalConnections::default() };
        SecondRow { second, sent: matched + 1, matched, anomalies: 0, connections, response: response.to_vec() }
    }

    #[test]
    fn seconds_of_all_workers_become_one_row() {
        let mut seen = Seen::default();
        let mut timeline = Timeline::new(2, 1);
        timeline.add(0, row(0, 3, &[(100, 3)]), &mut seen);
        timeline.add(0, row(1, 1, &[(500, 1)]), &mut seen);
        timeline.add(0, row(0, 1, &[(900, 1)]), &mut seen);
        assert_eq!(timeline.last().map(|second| (second.at_s, second.matched)), Some((0.0, 4)), "second 1 is open");
        let RunSeconds { total: Seconds { intervals, response }, groups } = timeline.finish(&mut seen);
        assert!(groups.is_empty(), "one group is the total");
        assert_eq!(intervals.len(), 2);
        assert_eq!((intervals[0].sent, intervals[0].matched), (6, 4));
        assert_eq!((intervals[0].response_p50_ns, intervals[0].response_max_ns), (Some(100), Some(900)));
        assert_eq!((intervals[1].at_s, intervals[1].matched), (1.0, 1), "a worker that ended early has no row");
        let connections = |second: usize| {
            let IntervalConnections { open, away, attempts, .. } = intervals[second].connections;
            (open, away, attempts)
        };
        assert_eq!([connections(0), connections(1)], [(20, 0, 2), (20, 0, 1)], "who is done has not gone away");
        assert_eq!(response.len(), 5);
        assert_eq!(seen.0, [(0.0, 4, vec![]), (1.0, 1, vec![])]);
        let mut seconds = Latency::histogram();
        for interval in &intervals {
            seconds.add(interval.response.as_ref().unwrap().unpack()).unwrap();
        }
        assert_eq!(seconds, response, "the seconds make up the whole");
        assert_eq!(intervals[0].response.as_ref().unwrap().unpack().len(), 4);
    }

    #[test]
    fn a_second_without_matches_has_no_quantiles_and_no_histogram() {
        let mut seen = Seen::default();
        let mut timeline = Timeline::new(1, 1);
        timeline.add(0, row(0, 0, &[]), &mut seen);
        let interval = &timeline.finish(&mut seen).total.intervals[0];
        assert_eq!((interval.response_p50_ns, &interval.response), (None, &None));
    }

    #[test]
    fn seconds_of_groups_add_up_to_the_total() {
        let mut seen = Seen::default();
        let mut timeline = Timeline::new(2, 3);
        // Group 1 has a silent second, and one worker ends a second before the other.
        timeline.add(0, row(0, 3, &[(100, 3)]), &mut seen);
        timeline.add(1, row(0, 2, &[(300, 2)]), &mut seen);
        timeline.add(2, row(0, 0, &[]), &mut seen);
        timeline.add(0, row(0, 1, &[(900, 1)]), &mut seen);
        timeline.add(1, row(0, 4, &[(300, 4)]), &mut seen);
        assert!(timeline.last().is_none(), "group 2 is not told");
        timeline.add(2, row(0, 1, &[(50, 1)]), &mut seen);
        assert_eq!(timeline.last().map(|second| second.matched), Some(11));
        timeline.add(2, row(1, 5, &[(70, 5)]), &mut seen);
        let RunSeconds { total, groups } = timeline.finish(&mut seen);
        let of = |second: usize, field: fn(&Interval) -> u64| {
            groups.iter().map(|group| field(&group.intervals[second])).collect::<Vec<_>>()
        };
        assert_eq!((of(0, |second| second.matched), of(1, |second| second.matched)), (vec![4, 6, 1], vec![0, 0, 5]));
        assert_eq!(of(0, |second| second.sent), [6, 8, 3]);
        assert_eq!(groups[0].intervals[0].response_max_ns, Some(900));
        assert_eq!((groups[1].intervals[0].response_p50_ns, groups[1].intervals[1].response_p50_ns), (Some(300), None));
        assert_eq!(total.intervals.iter().map(|second| second.matched).collect::<Vec<_>>(), [11, 5]);
        let mut sum = Latency::histogram();
        for group in &groups {
            sum.add(&group.response).unwrap();
        }
        assert_eq!(sum, total.response);
        assert_eq!(seen.0, [(0.0, 11, vec![4, 6, 1]), (1.0, 5, vec![0, 0, 5])]);
    }
}
