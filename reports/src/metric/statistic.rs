//! The numbers of a histogram.

use hdrhistogram::Histogram;

use super::quantiles::value_at_share;

/// Which number of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Smallest value.
    Min,
    /// Mean.
    Mean,
    /// Standard deviation of the population.
    Stdev,
    /// Largest value.
    Max,
    /// A percentile, nearest rank.
    Percentile(Percentile),
}

/// A percentile between 0 and 100, both excluded, in millionths of a percent. Decimal digits stay
/// exact, and its rank is a whole number that no rounding moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentile(u32);

impl Percentile {
    pub(super) const DECIMALS: usize = 6;
    pub(super) const ONE_PERCENT: u32 = 1_000_000;
    /// Values that must lie beyond a percentile before it is more than an accident.
    const BEYOND: u64 = 100;

    /// `None` unless it lies between 0 and 100.
    pub fn from_millionths(millionths: u64) -> Option<Self> {
        let millionths = u32::try_from(millionths).ok()?;
        (1..100 * Self::ONE_PERCENT).contains(&millionths).then_some(Self(millionths))
    }

    pub(super) fn millionths(self) -> u32 {
        self.0
    }

    /// How many values it takes for 100 of them to lie beyond the percentile.
    pub(super) fn min_values(self) -> u64 {
        let whole = 100 * Self::ONE_PERCENT;
        let beyond = self.0.min(whole - self.0);
        (Self::BEYOND * u64::from(whole)).div_ceil(beyond.into())
    }
}

impl Statistic {
    /// The statistic in nanoseconds, of a histogram that is not empty plus `held` values that are
    /// larger than all others.
    pub(crate) fn of_all(self, histogram: &Histogram<u64>, held: u64) -> f64 {
        match self {
            Self::Max if held > 0 => f64::INFINITY,
            Self::Percentile(Percentile(millionths)) if held > 0 => {
                let (whole, values) = (u128::from(100 * Percentile::ONE_PERCENT), histogram.len());
                let rank = (u128::from(millionths) * (u128::from(values) + u128::from(held))).div_ceil(whole);
                match u64::try_from(rank) {
                    Ok(rank) if rank <= values => value_at_share(histogram, rank, values) as f64,
                    _ => f64::INFINITY,
                }
            }
            _ => self.of(histogram),
        }
    }

    /// The statistic in nanoseconds, of a histogram that is not empty.
    pub(crate) fn of(self, histogram: &Histogram<u64>) -> f64 {
        match self {
            Self::Min => histogram.min() as f64,
            Self::Mean => histogram.mean(),
            Self::Stdev => histogram.stdev(),
            Self::Max => histogram.max() as f64,
            Self::Percentile(percentile) => {
                let whole = u64::from(100 * Percentile::ONE_PERCENT);
                value_at_share(histogram, percentile.0.into(), whole) as f64
            }
        }
    }
}
