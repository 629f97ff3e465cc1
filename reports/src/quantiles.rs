//! A histogram of latencies in eleven numbers.

use hdrhistogram::Histogram;
use serde::Serialize;

/// Summary of a latency histogram, all but `count` in nanoseconds.
///
/// Of an empty histogram only the count is known; the rest is `None`, and `null` in a file. A quantile is the smallest
/// recorded value that at least that share of all values does not exceed (nearest rank). Values are exact to three
/// significant digits: quantiles and `max` are rounded up to the end of their histogram bucket, `min` down to its start,
/// mean and standard deviation (of the population) are computed from the middles of buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// Number of values.
    pub count: u64,
    /// Smallest.
    pub min: Option<u64>,
    /// Mean.
    pub mean: Option<f64>,
    /// Standard deviation of the population.
    pub stdev: Option<f64>,
    /// Median.
    pub p50: Option<u64>,
    /// 90th percentile.
    pub p90: Option<u64>,
    /// 95th percentile.
    pub p95: Option<u64>,
    /// 99th percentile.
    pub p99: Option<u64>,
    /// 99.9th percentile.
    pub p99_9: Option<u64>,
    /// 99.99th percentile.
    pub p99_99: Option<u64>,
    /// Largest.
    pub max: Option<u64>,
}

impl Quantiles {
    /// Summarises a histogram of nanoseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |quantile| Some(histogram.value_at_quantile(quantile));
        Self {
            count: histogram.len(),
            min: Some(histogram.min()),
            mean: Some(histogram.mean()),
            stdev: Some(histogram.stdev()),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: Some(histogram.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Latency;

    #[test]
    fn of_an_empty_histogram_only_the_count_is_known() {
        assert_eq!(Quantiles::of(&Latency::histogram()), Quantiles { count: 0, ..Quantiles::default() });
    }

    #[test]
    fn one_to_a_hundred() {
        // Below 2048 ns each nanosecond has its own bucket, so these are exact.
        let mut histogram = Latency::histogram();
        for value in 1..=100 {
            histogram.record(value).unwrap();
        }
        let quantiles = Quantiles::of(&histogram);
        assert_eq!(
            (quantiles.count, quantiles.min, quantiles.p50, quantiles.p90, quantiles.p95, quantiles.p99),
            (100, Some(1), Some(50), Some(90), Some(95), Some(99)),
        );
        // ceil(0.999 * 100) and ceil(0.9999 * 100) are both rank 100.
        assert_eq!((quantiles.p99_9, quantiles.p99_99, quantiles.max), (Some(100), Some(100), Some(100)));
        // Mean (1 + 100) / 2; variance (100² - 1) / 12 = 833.25.
        assert!((quantiles.mean.unwrap() - 50.5).abs() < 1e-9);
        assert!((quantiles.stdev.unwrap() - 833.25_f64.sqrt()).abs() < 1e-9);
    }
}
