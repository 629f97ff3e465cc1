//! Sums of packed histograms that hold only the buckets in use.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::{Latency, PackedHistogram};

/// The counts of a histogram of the shape that all results use, bucket by bucket, without the empty
/// ones. A second of a run has some hundred buckets in use, where the plain histogram has 28 000.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketCounts(BTreeMap<u64, u64>);

impl BucketCounts {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the counts of a packed histogram. A sum stays at [`u64::MAX`].
    pub fn add_packed(&mut self, packed: &PackedHistogram) {
        for bucket in packed.unpack().iter_recorded() {
            let sum = self.0.entry(bucket.value_iterated_to()).or_default();
            *sum = sum.saturating_add(bucket.count_since_last_iteration());
        }
    }

    /// Adds other counts. A sum stays at [`u64::MAX`].
    pub fn add(&mut self, other: &Self) {
        for (value, count) in &other.0 {
            let sum = self.0.entry(*value).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// The histogram with these counts.
    pub fn histogram(&self) -> Histogram<u64> {
        let mut histogram = Latency::histogram();
        for (value, count) in &self.0 {
            histogram.saturating_record_n(*value, *count);
        }
        histogram
    }
}
