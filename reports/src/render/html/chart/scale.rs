//! Scales: from a value to a place on an axis.

/// A range of values along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AxisScale {
    kind: Spacing,
    from: f64,
    to: f64,
}

/// How values are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spacing {
    Linear,
    Log,
}

impl AxisScale {
    /// A linear scale from `from` to `to`, or to `from` + 1 if `to` is not larger.
    pub(crate) fn linear(from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        Self { kind: Spacing::Linear, from, to }
    }

    /// A logarithmic scale that begins and ends at 1, 2 or 5 times a power of ten and holds all
    /// `values`. Values under 1 count as 1. It spans at least two steps, and one decade if there
    /// are no values.
    pub(crate) fn log(values: impl IntoIterator<Item = f64>) -> Self {
        let bounds = values.into_iter().fold(None, |bounds: Option<(f64, f64)>, value| {
            let value = value.max(1.0);
            Some(bounds.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = bounds.unwrap_or((1.0, 10.0));
        let from = step_at_most(low);
        let to = step_at_least(high);
        // A flat line goes in the middle.
        let (from, to) =
            if to / from < 3.0 { (step_at_most(from * 0.9).max(1.0), step_at_least(to * 1.1)) } else { (from, to) };
        Self { kind: Spacing::Log, from, to }
    }

    /// The first and the last value.
    pub(crate) fn bounds(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// The place of a value: 0 at the beginning, 1 at the end, never outside.
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

/// The smallest of 1, 2, 5 times a power of ten that is not below `value`.
fn step_at_least(value: f64) -> f64 {
    let decade = decade(value);
    [1.0, 2.0, 5.0].into_iter().map(|step| step * decade).find(|step| *step >= value).unwrap_or(10.0 * decade)
}

/// The largest power of ten up to `value`, and at least 1.
pub(crate) fn decade(value: f64) -> f64 {
    let mut decade = 1.0;
    // A logarithm could be off by one through rounding.
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
