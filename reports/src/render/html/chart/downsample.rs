//! Downsampling of lines that have more points than there are pixels.

/// Neighbouring values that are drawn as one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bin {
    /// Place of the first value.
    pub(crate) from: f64,
    /// Place of the last value.
    pub(crate) to: f64,
    /// The smallest value.
    pub(crate) low: f64,
    /// The median. The lower one of two.
    pub(crate) middle: f64,
    /// The largest value.
    pub(crate) high: f64,
}

impl Bin {
    /// The place where the bin is drawn.
    pub(crate) fn at(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }
}

/// Puts values into at most `most` bins of equal size. A bin keeps the smallest and the largest
/// value, so no peak gets lost. It is `None` if it has no values.
pub(crate) fn downsample(values: &[(f64, Option<f64>)], most: usize) -> Vec<Option<Bin>> {
    values.chunks(bin_size(values.len(), most)).map(bin).collect()
}

/// Number of values in a bin.
pub(crate) fn bin_size(values: usize, most: usize) -> usize {
    values.div_ceil(most.max(1)).max(1)
}

fn bin(values: &[(f64, Option<f64>)]) -> Option<Bin> {
    let mut present: Vec<f64> = values.iter().filter_map(|(_, value)| *value).collect();
    present.sort_by(f64::total_cmp);
    let (&low, &high) = (present.first()?, present.last()?);
    Some(Bin { from: values.first()?.0, to: values.last()?.0, low, middle: present[(present.len() - 1) / 2], high })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(values: &[f64]) -> Vec<(f64, Option<f64>)> {
        values.iter().enumerate().map(|(index, value)| (index as f64, Some(*value))).collect()
    }

    #[test]
    fn a_single_spike_among_thousands_stays() {
        let mut values = vec![5.0; 3_600];
        values[1_234] = 10.0;
        values[2_345] = 0.0;
        let bins = downsample(&line(&values), 400);
        assert_eq!(bins.len(), 400);
        // Nine a bin: 1 234 is in the 137th, 2 345 in the 260th, counted from 0.
        assert_eq!(bins[137], Some(Bin { from: 1_233.0, to: 1_241.0, low: 5.0, middle: 5.0, high: 10.0 }));
        assert_eq!(bins[260].map(|bin| (bin.low, bin.high)), Some((0.0, 5.0)));
    }

    #[test]
    fn a_short_line_is_left_alone_and_a_gap_stays_a_gap() {
        let mut values = line(&[1.0, 2.0, 3.0]);
        values[1].1 = None;
        let middles = |most| downsample(&values, most).iter().map(|bin| bin.map(|bin| bin.middle)).collect::<Vec<_>>();
        assert_eq!(middles(3), [Some(1.0), None, Some(3.0)]);
        assert_eq!(middles(1), [Some(1.0)]);
        assert_eq!(downsample(&[(0.0, None), (1.0, None)], 1), [None]);
        assert_eq!(downsample(&[], 10), []);
    }

    proptest! {
        #[test]
        fn extremes_and_order_stay(values in prop::collection::vec(0.0..1.0_f64, 1..500), most in 1_usize..50) {
            let bins: Vec<Bin> = downsample(&line(&values), most).into_iter().flatten().collect();
            prop_assert!(bins.len() <= most);
            let least = bins.iter().map(|bin| bin.low).fold(2.0, f64::min);
            let largest = bins.iter().map(|bin| bin.high).fold(-1.0, f64::max);
            prop_assert!(values.contains(&least) && values.iter().all(|value| *value >= least));
            prop_assert!(values.contains(&largest) && values.iter().all(|value| *value <= largest));
            prop_assert!(bins.iter().all(|bin| bin.low <= bin.middle && bin.middle <= bin.high));
            prop_assert!(bins.is_sorted_by(|a, b| a.to < b.from));
        }
    }
}
