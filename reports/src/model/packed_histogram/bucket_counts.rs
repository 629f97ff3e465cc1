//! Adds packed histograms without unpacking them.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::{PackedHistogram, encoding};
use crate::model::Latency;

/// Buckets of a page.
const PAGE: usize = 64;

/// The counts of a histogram of the shape that all results use, bucket by bucket, as the sum of
/// packed ones.
///
/// Only pages of buckets that have a count take memory. Response times of a second lie close
/// together, so that the sum of a thousand such seconds takes tens of kilobytes, where a histogram
/// takes 220.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketCounts {
    /// The low 32 bits of the counts. Pages after the last are empty.
    pages: Vec<Option<Box<[u32; PAGE]>>>,
    /// What counts have beyond 32 bits, by bucket. Hardly any bucket has so many.
    carries: BTreeMap<usize, u64>,
}

impl BucketCounts {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Adds the counts of a packed histogram. A sum stays at [`u64::MAX`].
    ///
    /// # Panics
    /// Never: what does not decode was never packed.
    pub fn add_packed(&mut self, packed: &PackedHistogram) {
        encoding::visit(&packed.0, |bucket, count| self.add_to(bucket, count)).expect("it was checked");
    }

    /// Adds other counts. A sum stays at [`u64::MAX`].
    pub fn add(&mut self, other: &Self) {
        for (bucket, count) in other.recorded() {
            self.add_to(bucket, count);
        }
    }

    /// The histogram with these counts.
    pub fn histogram(&self) -> Histogram<u64> {
        let mut histogram = Latency::histogram();
        for (bucket, count) in self.recorded() {
            histogram.saturating_record_n(lowest_value(bucket), count);
        }
        histogram
    }

    #[expect(clippy::cast_possible_truncation, reason = "what does not fit is carried")]
    #[inline]
    fn add_to(&mut self, bucket: usize, count: u64) {
        let page = match self.pages.get_mut(bucket / PAGE) {
            Some(Some(page)) => page,
            _ => self.new_page(bucket / PAGE),
        };
        let low = &mut page[bucket % PAGE];
        let sum = u64::from(*low) + (count & u64::from(u32::MAX));
        *low = sum as u32;
        if (count | sum) >> 32 > 0 {
            self.carry(bucket, (count >> 32) + (sum >> 32));
        }
    }

    #[cold]
    fn new_page(&mut self, page: usize) -> &mut [u32; PAGE] {
        if page >= self.pages.len() {
            self.pages.resize(page + 1, None);
        }
        self.pages[page].insert(Box::new([0; PAGE]))
    }

    #[cold]
    fn carry(&mut self, bucket: usize, carry: u64) {
        let carries = self.carries.entry(bucket).or_default();
        *carries = carries.saturating_add(carry);
    }

    /// The buckets that have a count, by index, in ascending order.
    fn recorded(&self) -> impl Iterator<Item = (usize, u64)> {
        let pages = self.pages.iter().enumerate().filter_map(|(index, page)| Some((index, page.as_deref()?)));
        let buckets = pages.flat_map(|(page, lows)| (page * PAGE..).zip(lows));
        let counts = buckets.map(|(bucket, low)| (bucket, self.count(bucket, *low)));
        counts.filter(|(_, count)| *count > 0)
    }

    /// The count of a bucket with these low bits.
    fn count(&self, bucket: usize, low: u32) -> u64 {
        if self.carries.is_empty() {
            return low.into();
        }
        let carry = self.carries.get(&bucket).copied().unwrap_or_default();
        carry.saturating_mul(1 << 32).saturating_add(low.into())
    }
}

/// The lowest value of a bucket. Those of the first 2048 buckets are their indices. Each 1024 after
/// them are twice as wide.
fn lowest_value(bucket: usize) -> u64 {
    let octave = (bucket / 1024).saturating_sub(1);
    ((bucket - octave * 1024) as u64) << octave
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Values of any size, many of them close together, with counts of any size.
    fn histograms() -> impl Strategy<Value = Histogram<u64>> {
        let values = prop_oneof![0..200_u64, 40_000..50_000_u64, 0..Latency::HIGH_NS, Just(Latency::HIGH_NS)];
        let counts = prop_oneof![8 => 1..70_u64, 2 => 1..u64::from(u32::MAX) * 4, 1 => 1..1_u64 << 58];
        vec((values, counts), 0..60).prop_map(|recorded| {
            let mut histogram = Latency::histogram();
            for (value, count) in recorded {
                histogram.record_n(value, count).unwrap();
            }
            histogram
        })
    }

    proptest! {
        #[test]
        fn the_sum_is_that_of_the_histograms(parts in vec(histograms(), 0..8)) {
            let (mut sum, mut expected) = (BucketCounts::default(), Latency::histogram());
            for part in &parts {
                sum.add_packed(&PackedHistogram::of(part).unwrap());
                expected.add(part).unwrap();
            }
            prop_assert_eq!(sum.is_empty(), expected.is_empty());
            prop_assert_eq!(sum.histogram(), expected.clone());
            let mut again = sum.clone();
            again.add(&sum);
            expected.add(expected.clone()).unwrap();
            prop_assert_eq!(again.histogram(), expected);
        }
    }

    #[test]
    fn a_sum_stays_at_the_highest_count() {
        let mut quarter = Latency::histogram();
        quarter.record_n(7, 1 << 62).unwrap();
        quarter.record_n(u64::from(u32::MAX), u64::from(u32::MAX)).unwrap();
        let quarter = PackedHistogram::of(&quarter).unwrap();
        let mut sum = BucketCounts::default();
        let counts = (1..=6_u32).map(|_| {
            sum.add_packed(&quarter);
            sum.histogram().count_at(7)
        });
        assert_eq!(counts.collect::<Vec<_>>(), [1 << 62, 2 << 62, 3 << 62, u64::MAX, u64::MAX, u64::MAX]);
        assert_eq!(sum.histogram().count_at(u64::from(u32::MAX)), 6 * u64::from(u32::MAX));
    }

    #[test]
    fn seconds_alike_take_little_memory() {
        let mut second = Latency::histogram();
        (0..1000).for_each(|n| second.record(40_000 + n * 100).unwrap());
        second.record(2_000_000_000).unwrap();
        let second = PackedHistogram::of(&second).unwrap();
        let mut sum = BucketCounts::default();
        (0..1000).for_each(|_| sum.add_packed(&second));
        let pages = sum.pages.iter().flatten().count();
        assert!(pages * PAGE * 4 < 10_000, "{pages} pages");
        assert_eq!(sum.histogram().len(), 1_001_000);
    }
}
