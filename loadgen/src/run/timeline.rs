//! Merges the seconds of all workers into rows of the result. Pure.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use reports::{
    model::{Interval, Latency, PackedHistogram},
    value_at_share,
};

use crate::worker::recorder::SecondRow;

/// Merges rows as they come. Memory grows only by one row and one packed histogram a second: a few
/// kilobytes.
#[derive(Debug)]
pub(crate) struct Timeline {
    workers: usize,
    /// Seconds that some workers have not reported yet.
    open: BTreeMap<u64, Vec<SecondRow>>,
    intervals: BTreeMap<u64, Interval>,
    response: Histogram<u64>,
}

impl Timeline {
    pub(crate) fn new(workers: usize) -> Self {
        Self { workers, open: BTreeMap::new(), intervals: BTreeMap::new(), response: Latency::histogram() }
    }

    /// Takes a row of one worker.
    pub(crate) fn add(&mut self, row: SecondRow) {
        let second = row.second;
        let rows = self.open.entry(second).or_default();
        rows.push(row);
        if rows.len() == self.workers {
            self.close(second);
        }
    }

    /// The last second that all workers have reported.
    pub(crate) fn last(&self) -> Option<&Interval> {
        self.intervals.last_key_value().map(|(_, interval)| interval)
    }

    /// Finishes once all rows have come. Returns the intervals and the response times of the whole
    /// run.
    pub(crate) fn finish(mut self) -> (Vec<Interval>, Histogram<u64>) {
        while let Some((&second, _)) = self.open.first_key_value() {
            self.close(second);
        }
        (self.intervals.into_values().collect(), self.response)
    }

    fn close(&mut self, second: u64) {
        let Some(rows) = self.open.remove(&second) else { return };
        let mut response: Histogram<u32> = Latency::histogram_of();
        for &(nanos, times) in rows.iter().flat_map(|row| &row.response) {
            response.saturating_record_n(nanos, u32::try_from(times).unwrap_or(u32::MAX));
            self.response.saturating_record_n(nanos, times);
        }
        let sum = |field: fn(&SecondRow) -> u64| rows.iter().map(field).sum();
        let quantile = |part, whole| (!response.is_empty()).then(|| value_at_share(&response, part, whole));
        let interval = Interval {
            at_s: second as f64,
            sent: sum(|row| row.sent),
            matched: sum(|row| row.matched),
            anomalies: sum(|row| row.anomalies),
            response_p50_ns: quantile(1, 2),
            response_p99_ns: quantile(99, 100),
            response_max_ns: (!response.is_empty()).then(|| response.max()),
            response: (!response.is_empty()).then(|| {
                PackedHistogram::of(&response).expect("it has the one shape, and a second's counts are small")
            }),
        };
        self.intervals.insert(second, interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(second: u64, matched: u64, response: &[(u64, u64)]) -> SecondRow {
        SecondRow { second, sent: matched + 1, matched, anomalies: 0, response: response.to_vec() }
    }

    #[test]
    fn seconds_of_all_workers_become_one_row() {
        let mut timeline = Timeline::new(2);
        timeline.add(row(0, 3, &[(100, 3)]));
        timeline.add(row(1, 1, &[(500, 1)]));
        timeline.add(row(0, 1, &[(900, 1)]));
        assert_eq!(timeline.last().map(|second| (second.at_s, second.matched)), Some((0.0, 4)), "second 1 is open");
        let (intervals, response) = timeline.finish();
        assert_eq!(intervals.len(), 2);
        assert_eq!((intervals[0].sent, intervals[0].matched), (6, 4));
        assert_eq!((intervals[0].response_p50_ns, intervals[0].response_max_ns), (Some(100), Some(900)));
        assert_eq!((intervals[1].at_s, intervals[1].matched), (1.0, 1), "a worker that ended early has no row");
        assert_eq!(response.len(), 5);
        let mut seconds = Latency::histogram();
        for interval in &intervals {
            seconds.add(interval.response.as_ref().unwrap().unpack()).unwrap();
        }
        assert_eq!(seconds, response, "the seconds make up the whole");
        assert_eq!(intervals[0].response.as_ref().unwrap().unpack().len(), 4);
    }

    #[test]
    fn a_second_without_matches_has_no_quantiles_and_no_histogram() {
        let mut timeline = Timeline::new(1);
        timeline.add(row(0, 0, &[]));
        let interval = &timeline.finish().0[0];
        assert_eq!((interval.response_p50_ns, &interval.response), (None, &None));
    }
}
