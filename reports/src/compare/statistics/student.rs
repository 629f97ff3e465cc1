//! Student's t: the interval of the mean of a few values.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{ConfidenceInterval, mean};

/// Mean and spread of independent values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(super) n: usize,
    pub(crate) mean: f64,
    /// Standard deviation with n - 1 in the denominator.
    pub(crate) sd: f64,
}

impl Moments {
    /// Returns `None` for fewer than two values, which have no spread.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n < 2 {
            return None;
        }
        let mean = mean(values);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { n, mean, sd: (squares / (n - 1) as f64).sqrt() })
    }

    pub(super) fn standard_error(&self) -> f64 {
        self.sd / (self.n as f64).sqrt()
    }

    /// The two-sided interval of the mean, with the given error on both sides together: mean ± t(1
    /// - error/2; n - 1) · sd / √n ("Student" 1908, "The probable error of a mean").
    pub(crate) fn interval(&self, error: f64) -> ConfidenceInterval {
        let reach = t_quantile(1.0 - error / 2.0, self.n - 1) * self.standard_error();
        ConfidenceInterval { low: self.mean - reach, high: self.mean + reach }
    }
}

/// Quantile of Student's distribution.
pub(super) fn t_quantile(p: f64, degrees: usize) -> f64 {
    StudentsT::new(0.0, 1.0, degrees as f64).expect("at least one degree of freedom").inverse_cdf(p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_tables() {
        // Abramowitz and Stegun, table 26.10, and R's qt() for the last two.
        for (p, degrees, expected) in [
            (0.975, 1, 12.706),
            (0.975, 4, 2.776),
            (0.975, 9, 2.262),
            (0.995, 9, 3.250),
            (0.975, 19, 2.093),
            (0.8, 9, 0.883),
            (0.9995, 3, 12.924),
        ] {
            assert!((t_quantile(p, degrees) - expected).abs() < 6e-4, "{p} {degrees}: {}", t_quantile(p, degrees));
        }
    }

    #[test]
    fn the_interval_of_five_values() {
        // Mean 3, squares 4 + 1 + 0 + 1 + 4 = 10, sd √(10/4), standard error √(2.5/5) = 0.70711,
        // t(0.975; 4) = 2.77645.
        let moments = Moments::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((moments.sd - 2.5_f64.sqrt()).abs() < 1e-12);
        let interval = moments.interval(0.05);
        assert!((interval.low - (3.0 - 1.963_24)).abs() < 1e-4, "{interval:?}");
        assert!((interval.high - (3.0 + 1.963_24)).abs() < 1e-4, "{interval:?}");
    }

    #[test]
    fn values_without_spread_have_an_interval_without_width() {
        let moments = Moments::of(&[0.25, 0.25, 0.25]).unwrap();
        assert_eq!(moments.interval(0.05), ConfidenceInterval { low: 0.25, high: 0.25 });
        assert_eq!(Moments::of(&[1.0]), None);
    }
}
