//! A histogram of latencies in eleven numbers.

use hdrhistogram::{Counter, Histogram};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The smallest recorded value that at least `part` of `whole` of all values do not exceed (nearest
/// rank), rounded up to the end of its bucket. A `part` of 0 gives the smallest value, rounded
/// down. An empty histogram gives 0.
///
/// The rank is ceil(part * count / whole) in whole numbers. In floating point, 0.55 * 3000 is
/// 1650.0000000000002, so its ceiling is one rank too high.
pub fn value_at_share<C: Counter>(histogram: &Histogram<C>, part: u64, whole: u64) -> u64 {
    if part == 0 {
        return histogram.min();
    }
    let rank = (u128::from(part) * u128::from(histogram.len())).div_ceil(u128::from(whole.max(1)));
    let mut seen = 0;
    let found = histogram.iter_recorded().find(|step| {
        seen += u128::from(step.count_since_last_iteration());
        seen >= rank
    });
    found.map_or_else(|| histogram.max(), |step| histogram.highest_equivalent(step.value_iterated_to()))
}

/// A summary of a latency histogram. Everything except `count` is in nanoseconds.
///
/// An empty histogram has only a count; the other figures are null. A
/// quantile is the smallest recorded value that at least that share of all values does not exceed
/// (nearest rank). Values are exact to three significant digits. Quantiles and `max` are rounded up
/// to the end of their bucket, and `min` down to its start. Mean and standard deviation (of the
/// population) are computed from the middles of buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(extend("oneOf" = [figures("null", &json!({ "const": 0 })), figures("number", &json!({ "minimum": 1 }))]))]
pub struct Quantiles {
    /// Number of values.
    pub count: u64,
    /// Smallest.
    pub min: Option<u64>,
    /// Mean.
    #[schemars(range(min = 0.0))]
    pub mean: Option<f64>,
    /// Standard deviation of the population.
    #[schemars(range(min = 0.0))]
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

/// JSON Schema of a summary whose figures all have one type, for a range of counts.
fn figures(of_type: &str, count: &Value) -> Value {
    let names = ["min", "mean", "stdev", "p50", "p90", "p95", "p99", "p99_9", "p99_99", "max"];
    let mut properties: Map<String, Value> =
        names.map(|name| (name.to_owned(), json!({ "type": of_type }))).into_iter().collect();
    properties.insert("count".to_owned(), count.clone());
    json!({ "properties": properties })
}

impl Quantiles {
    /// Summarizes a histogram of nanoseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |part, whole| Some(value_at_share(histogram, part, whole));
        Self {
            count: histogram.len(),
            min: Some(histogram.min()),
            mean: Some(histogram.mean()),
            stdev: Some(histogram.stdev()),
            p50: at(1, 2),
            p90: at(9, 10),
            p95: at(95, 100),
            p99: at(99, 100),
            p99_9: at(999, 1000),
            p99_99: at(9999, 10_000),
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

    /// The rank by counting, in whole numbers.
    fn rank(part: u64, whole: u64, count: u64) -> u64 {
        (1..=count).find(|rank| rank * whole >= part * count).unwrap_or(count)
    }

    #[test]
    fn the_rank_is_exact_for_every_percentile_and_count() {
        // Below 2048 ns each nanosecond has its own bucket: the value is its rank.
        for count in [1, 2, 3, 7, 10, 99, 100, 101, 200, 300, 999, 1000, 1001, 2000] {
            let mut histogram = Latency::histogram();
            (1..=count).for_each(|value| histogram.record(value).unwrap());
            for (whole, parts) in [(100, 1..=100), (1000, 1..=1000)] {
                for part in parts {
                    assert_eq!(value_at_share(&histogram, part, whole), rank(part, whole, count), "{part} {count}");
                }
            }
        }
        // What floating point gets wrong: 0.55 * 3000 = 1650.0000000000002.
        let mut histogram = Latency::histogram();
        histogram.record_n(1, 1650).unwrap();
        histogram.record_n(2, 1350).unwrap();
        assert_eq!(value_at_share(&histogram, 55, 100), 1);
        assert_eq!(value_at_share(&histogram, 55_000_001, 100_000_000), 2);
        // Counts beyond what a 64-bit product holds.
        histogram.record_n(3, 1 << 60).unwrap();
        assert_eq!(value_at_share(&histogram, 99_999_999, 100_000_000), 3);
        assert_eq!(value_at_share(&Latency::histogram(), 1, 2), 0);
        assert_eq!((value_at_share(&histogram, 0, 1), value_at_share(&histogram, 1, 1)), (1, 3));
    }

    #[test]
    fn values_are_rounded_up_to_the_end_of_their_bucket() {
        let mut histogram = Latency::histogram();
        for value in [1_000_000, 5_000_000, 60_000_000_000] {
            histogram.record(value).unwrap();
        }
        for (part, value) in [(1, 1_000_000), (2, 5_000_000), (3, 60_000_000_000)] {
            assert_eq!(value_at_share(&histogram, part, 3), histogram.highest_equivalent(value));
        }
        assert_eq!(value_at_share(&histogram, 1, 1), histogram.max());
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
