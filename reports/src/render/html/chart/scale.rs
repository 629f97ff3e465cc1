//! From a value to a place on an axis.

/// A range of values along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AxisScale {
    kind: Spacing,
    from: f64,
    to: f64,
}

/// How values are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spacing {
    Linear,
    Log,
}

impl AxisScale {
    /// From `from` to `to`, which is above it; else to one above it.
    pub(crate) fn linear(from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        Self { kind: Spacing::Linear, from, to }
    }

    /// Logarithmic, over whole steps of 1, 2, 5, 10 that hold all `values`; those under 1 count as 1. One decade if there
    /// are none, two steps at least.
    pub(crate) fn log(values: impl IntoIterator<Item = f64>) -> Self {
        let bounds = values.into_iter().fold(None, |bounds: Option<(f64, f64)>, value| {
            let value = value.max(1.0);
            Some(bounds.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = bounds.unwrap_or((1.0, 10.0));
        let from = step_at_most(low);
        let to = step_at_least(high);
        // A flat line is in the middle of something.
        let (from, to) =
            if to / from < 3.0 { (step_at_most(from * 0.9).max(1.0), step_at_least(to * 1.1)) } else { (from, to) };
        Self { kind: Spacing::Log, from, to }
    }

    /// The ends.
    pub(crate) fn bounds(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// Where a value is: 0 at the beginning, 1 at the end, and no further.
    pub(crate) fn share(&self, value: f64) -> f64 {
        let share = match self.kind {
            Spacing::Linear => (value - self.from) / (self.to - self.from),
            Spacing::Log => (value.max(self.from) / self.from).ln() / (self.to / self.from).ln(),
        };
        share.clamp(0.0, 1.0)
    }
}

/// The largest of 1, 2, 5 times a power of ten that is not above `value`.
fn step_at_most(value: f64) -> f64 {
    let decade = decade(value);
    [5.0, 2.0].into_iter().map(|step| step * decade).find(|step| *step <= value).unwrap_or(decade)
}

/// The smallest of them that is not below `value`.
fn step_at_least(value: f64) -> f64 {
    let decade = decade(value);
    [1.0, 2.0, 5.0].into_iter().map(|step| step * decade).find(|step| *step >= value).unwrap_or(10.0 * decade)
}

/// The power of ten at or under a value of 1 or more (0.9 and the like count as 1).
pub(crate) fn decade(value: f64) -> f64 {
    let mut decade = 1.0;
    // A logarithm would be off by one where rounding is against it.
    while decade * 10.0 <= value && (decade * 10.0).is_finite() {
        decade *= 10.0;
    }
    decade
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_places() {
        let scale = AxisScale::linear(0.0, 8.0);
        for (value, share) in [(0.0, 0.0), (2.0, 0.25), (8.0, 1.0), (9.0, 1.0), (-1.0, 0.0)] {
            assert!((scale.share(value) - share).abs() < 1e-12, "{value}");
        }
        assert_eq!(AxisScale::linear(3.0, 3.0).bounds(), (3.0, 4.0));
    }

    #[test]
    fn logarithmic_places() {
        let scale = AxisScale::log([10.0, 100_000.0]);
        assert_eq!(scale.bounds(), (10.0, 100_000.0));
        for (value, share) in [(10.0, 0.0), (100.0, 0.25), (1_000.0, 0.5), (100_000.0, 1.0), (0.0, 0.0)] {
            assert!((scale.share(value) - share).abs() < 1e-12, "{value}");
        }
    }

    #[test]
    fn logarithmic_bounds_are_round_and_never_equal() {
        let bounds = |values: &[f64]| AxisScale::log(values.iter().copied()).bounds();
        assert_eq!(bounds(&[21_400.0, 121_000.0, 4_070_000.0]), (20_000.0, 5_000_000.0));
        assert_eq!(bounds(&[7.0, 11.0]), (5.0, 20.0));
        assert_eq!(bounds(&[]), (1.0, 10.0));
        assert_eq!(bounds(&[0.0]), (1.0, 2.0));
        assert_eq!(bounds(&[100.0]), (50.0, 200.0));
        assert_eq!(bounds(&[150.0]), (50.0, 500.0));
        assert_eq!(bounds(&[60e9]), (20e9, 200e9));
    }
}
