//! Events a second.

use std::num::{NonZeroU32, NonZeroU64};

/// Events a second: finite and over 0. Kept in whole millionths, so that schedules are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(NonZeroU64);

impl Rate {
    /// Largest total of messages a second in a plan.
    pub const MAX_TOTAL: f64 = 10_000_000.0;

    /// A rate of `per_second`, rounded to a millionth. None if it is not finite, over
    /// [`Self::MAX_TOTAL`] or under half a millionth.
    pub fn new(per_second: f64) -> Option<Self> {
        if !(0.0..=Self::MAX_TOTAL).contains(&per_second) {
            return None; // NaN, too.
        }
        // In range: at most 1e13.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        NonZeroU64::new((per_second * 1e6).round() as u64).map(Self)
    }

    /// The part of the rate that `part` of `of` have, rounded up to a millionth.
    #[must_use]
    pub(crate) fn share(self, part: u32, of: NonZeroU32) -> Self {
        let share = (u128::from(self.micro()) * u128::from(part)).div_ceil(of.get().into());
        Self(u64::try_from(share).ok().and_then(NonZeroU64::new).unwrap_or(NonZeroU64::MIN))
    }

    /// Millionths of an event a second.
    pub fn micro(self) -> u64 {
        self.0.get()
    }

    /// Events a second.
    pub fn per_second(self) -> f64 {
        self.0.get() as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_finite_and_positive() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-7, 10_000_001.0] {
            assert_eq!(Rate::new(wrong), None, "{wrong}");
        }
        assert_eq!(Rate::new(0.5).unwrap().micro(), 500_000);
        assert!((Rate::new(1e7).unwrap().per_second() - 1e7).abs() < 1e-6);
    }
}
