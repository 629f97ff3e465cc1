//! The bootstrap over runs: how far two groups of runs are apart.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::{
    ConfidenceInterval,
    student::{Moments, t_quantile},
};

/// Resamples of a comparison. With four runs per side, the interval rests on the outermost three at
/// either end.
pub(crate) const RESAMPLES: usize = 20_000;

/// The smallest error that the resamples can tell. For smaller ones hardly any resample lies in the
/// tails.
const RESAMPLED: f64 = 0.05;

/// Fewest runs per side, whatever the confidence. Fewer hardly tell the spread of a group.
const FEWEST: usize = 2;

/// The interval of mean(candidate) - mean(baseline), with the given error on both sides together.
///
/// It draws the runs of each group with replacement, and sorts the differences of the means. Their
/// plain percentiles are too narrow for few runs: by a factor of √((n - 1)/n), and because
/// Student's t is wider than the normal distribution. So it takes percentiles further out, the
/// *expanded percentile interval* (Hesterberg 2015, "What Teachers Should Know About the
/// Bootstrap", The American Statistician 69 (4)), where n is the smaller group. Using the degrees
/// of freedom of that group alone is on the safe side, as in the simple form of Welch's interval.
/// The simulated coverage is in docs/methodology/statistics.md.
///
/// With an error under 5 %, these percentiles lie so far out that no resample is there. At 99 % and
/// with 5 runs per side they are those of one in 8 million. So the interval then includes all of
/// Student's interval as well, with the degrees of freedom of the smaller group. That is on the
/// safe side, too (Hsu 1938, "Contribution to the theory of Student's t-test as applied to the
/// problem of two samples").
///
/// # Panics
/// With fewer than two values in a group.
pub(crate) fn shift(
    baseline: &[f64],
    candidate: &[f64],
    error: f64,
    resamples: usize,
    seed: u64,
) -> ConfidenceInterval {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut shifts: Vec<f64> =
        (0..resamples).map(|_| redrawn(candidate, &mut random) - redrawn(baseline, &mut random)).collect();
    shifts.sort_by(f64::total_cmp);
    let tail = expanded_tail(error, baseline.len().min(candidate.len()));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of their number, rounded down"
    )]
    let outside = (tail * resamples as f64) as usize;
    let percentiles = ConfidenceInterval { low: shifts[outside], high: shifts[resamples - 1 - outside] };
    // 1 - 0.95 is a little more than 0.05.
    if error > RESAMPLED - 1e-9 {
        return percentiles;
    }
    let student = two_samples(baseline, candidate, error);
    ConfidenceInterval { low: percentiles.low.min(student.low), high: percentiles.high.max(student.high) }
}

/// Student's interval of the difference of two means, with the degrees of freedom of the smaller
/// group.
fn two_samples(baseline: &[f64], candidate: &[f64], error: f64) -> ConfidenceInterval {
    let [baseline, candidate] = [baseline, candidate].map(|side| Moments::of(side).expect("two values or more"));
    let degrees = baseline.n.min(candidate.n) - 1;
    let standard_error = baseline.standard_error().hypot(candidate.standard_error());
    let reach = t_quantile(1.0 - error / 2.0, degrees) * standard_error;
    let shift = candidate.mean - baseline.mean;
    ConfidenceInterval { low: shift - reach, high: shift + reach }
}

/// The mean of as many values, drawn with replacement.
fn redrawn(values: &[f64], random: &mut Xoshiro256PlusPlus) -> f64 {
    let sum: f64 = values.iter().map(|_| values[random.random_range(0..values.len())]).sum();
    sum / values.len() as f64
}

/// The share of resamples outside the interval at either end: Φ(-√(n/(n - 1)) · t(1 - error/2; n -
/// 1)).
fn expanded_tail(error: f64, n: usize) -> f64 {
    let degrees = n as f64 - 1.0;
    let t = StudentsT::new(0.0, 1.0, degrees).expect("two values or more").inverse_cdf(1.0 - error / 2.0);
    Normal::standard().cdf(-(n as f64 / degrees).sqrt() * t)
}

/// The runs that each side needs for an interval with this error on both sides together: 4 for 5 %.
///
/// No resample is beyond max(candidate) - min(baseline). If both groups come from one distribution,
/// all runs of one are above all of the other in 2 of (2n choose n) cases. So a bootstrap interval
/// covers the rest at most: 90 % with 3 runs per side, 97 % with 4.
pub(crate) fn runs_needed(error: f64) -> usize {
    // (2n choose n) grows by 2 (2n + 1) / (n + 1); from 2 for n = 1.
    let (mut n, mut combinations) = (1, 2.0);
    // 1 - 0.9 is a little below 0.1.
    while n < FEWEST || 2.0 / combinations > error + 1e-9 {
        combinations *= 2.0 * (2.0 * n as f64 + 1.0) / (n as f64 + 1.0);
        n += 1;
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expanded_tail_of_a_few_runs() {
        // t(0.975; 4) = 2.77645, times √(5/4) is 3.10417; Φ(-3.10417) = 0.000954.
        assert!((expanded_tail(0.05, 5) - 0.000_954).abs() < 2e-6, "{}", expanded_tail(0.05, 5));
        // t(0.975; 9) √(10/9) = 2.26216 * 1.05409 = 2.38453; t(0.975; 19) √(20/19) = 2.09302 *
        // 1.02598 = 2.14740.
        assert!((expanded_tail(0.05, 10) - 0.008_55).abs() < 2e-5, "{}", expanded_tail(0.05, 10));
        assert!((expanded_tail(0.05, 20) - 0.015_88).abs() < 2e-5, "{}", expanded_tail(0.05, 20));
    }

    #[test]
    fn runs_that_an_interval_needs() {
        // 2 / (6 choose 3) = 10 %, 2 / (8 choose 4) = 2.9 %, 2 / (10 choose 5) = 0.8 %.
        for (error, runs) in [(0.5, 2), (0.10, 3), (0.05, 4), (0.028, 5), (0.01, 5), (0.001, 7)] {
            assert_eq!(runs_needed(error), runs, "{error}");
        }
    }

    #[test]
    fn the_interval_lies_around_the_difference() {
        let (baseline, candidate) = ([0.0, 0.1, 0.2, 0.3], [1.0, 1.1, 1.2, 1.3]);
        let interval = shift(&baseline, &candidate, 0.05, RESAMPLES, 7);
        assert!(interval.low < 1.0 && interval.high > 1.0, "{interval:?}");
        assert!(interval.low >= 0.7 && interval.high <= 1.3, "{interval:?}");
        assert_eq!(interval, shift(&baseline, &candidate, 0.05, RESAMPLES, 7));
        assert_ne!(interval, shift(&baseline, &candidate, 0.05, 100, 8));
    }

    #[test]
    fn beyond_95_percent_the_interval_has_all_of_students() {
        // Means 0.2 and 1.2, squares 4 * 0.01 + 2 * 0 + 4 * 0.01 ... sd √0.025 each: standard error
        // √(2 * 0.025 / 5) = 0.1. t(0.995; 4) = 4.60409, t(0.9995; 4) = 8.61030.
        let (baseline, candidate) = ([0.0, 0.1, 0.2, 0.3, 0.4], [1.0, 1.1, 1.2, 1.3, 1.4]);
        for (error, reach) in [(0.01, 0.460_41), (0.001, 0.861_03)] {
            let interval = shift(&baseline, &candidate, error, RESAMPLES, 1);
            assert!((interval.low - (1.0 - reach)).abs() < 1e-4, "{interval:?}");
            assert!((interval.high - (1.0 + reach)).abs() < 1e-4, "{interval:?}");
        }
        // At 95 % only the bootstrap counts, even for 1 - 0.95 in floating point.
        assert!(shift(&baseline, &candidate, 1.0 - 0.95, RESAMPLES, 1).high < 1.0 + 0.277);
    }

    #[test]
    fn runs_without_spread_have_an_interval_without_width() {
        let interval = shift(&[2.0; 4], &[2.5; 5], 0.05, 100, 1);
        assert_eq!(interval, ConfidenceInterval { low: 0.5, high: 0.5 });
    }
}
