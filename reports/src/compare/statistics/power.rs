//! The change that a test would find in four of five repetitions.
//!
//! A regression asks for two things at one of the looks: Student's interval beyond the margin, and
//! sign flips that agree. No formula covers both. So this draws normal differences, always the same
//! ones, and searches the shift from which 80 % of the drawn tests call a regression. Both
//! conditions stay met from some shift on, so that shift exists.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::{
    least_p, sign_flip,
    student::{Moments, t_quantile},
};

/// Share of the repetitions that find an effect of the detectable size.
const POWER: f64 = 0.8;

/// Most tests that are drawn. With so many, the share is known to 0.3 %.
const TESTS: usize = 20_000;

/// Fewest tests that are drawn, if each has very many pairs.
const FEWEST: usize = 1_000;

/// Most differences that are drawn, unless the fewest tests need more.
const DIFFERENCES: usize = 200_000;

/// Up to so many differences, sign flips are counted. More are approximated.
const COUNTED: usize = 16;

/// The smallest shift beyond the margin that 80 % of repetitions call a regression, in standard
/// deviations of a difference.
///
/// `looks` are the numbers of pairs at the looks, ascending, with 3 pairs or more. `error` is the
/// error of an interval on both sides, at each look.
///
/// # Panics
/// Without looks.
pub(crate) fn detectable_shift(looks: &[usize], error: f64) -> f64 {
    // Every metric of a test asks for the same shift.
    static KNOWN: Mutex<BTreeMap<(Vec<usize>, u64), f64>> = Mutex::new(BTreeMap::new());
    let key = (looks.to_vec(), error.to_bits());
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
    known.unwrap_or_else(|| {
        let shift = search(looks, error);
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(key, shift);
        shift
    })
}

/// A look: the pairs, and Student's quantile divided by the root of their number.
struct PlannedLook {
    pairs: usize,
    reach: f64,
}

fn search(looks: &[usize], error: f64) -> f64 {
    let most = looks.last().copied().expect("a test is looked at");
    let quantile = |pairs: usize| t_quantile(1.0 - error / 2.0, pairs - 1) / (pairs as f64).sqrt();
    let looks: Vec<PlannedLook> = looks.iter().map(|&pairs| PlannedLook { pairs, reach: quantile(pairs) }).collect();
    let tests = (DIFFERENCES / most).clamp(FEWEST, TESTS);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let drawn: Vec<Vec<f64>> = (0..tests).map(|_| (0..most).map(|_| normal(&mut random)).collect()).collect();
    let wanted = (POWER * tests as f64).ceil();
    // `certain` tests are found at the shift `low`. Those in `open` are found from some shift above
    // `low` on, and up to `high` once that is known.
    let (mut low, mut high, mut certain, mut open) = (0.0, None, 0, drawn);
    let mut middle = looks[looks.len() - 1].reach;
    for _ in 0..60 {
        let (found, missed): (Vec<_>, Vec<_>) = open.into_iter().partition(|test| finds(test, middle, &looks, error));
        if (certain + found.len()) as f64 >= wanted {
            (high, open) = (Some(middle), found);
        } else {
            (low, certain, open) = (middle, certain + found.len(), missed);
        }
        middle = high.map_or(2.0 * low, |high| f64::midpoint(low, high));
        if high.is_some_and(|high| high - low < 1e-4 * high) {
            break;
        }
    }
    high.unwrap_or(low)
}

/// Whether differences with this shift beyond the margin are a regression at one of the looks.
fn finds(differences: &[f64], shift: f64, looks: &[PlannedLook], error: f64) -> bool {
    looks.iter().any(|look| {
        let shifted: Vec<f64> = differences[..look.pairs].iter().map(|difference| difference + shift).collect();
        let moments = Moments::of(&shifted).expect("two pairs or more");
        moments.mean > look.reach * moments.sd && agree(&shifted, error / 2.0)
    })
}

/// Whether the signs agree, by the rule of the paired test.
fn agree(beyond: &[f64], level: f64) -> bool {
    if least_p(beyond.len()) > level {
        return beyond.iter().all(|difference| *difference > 0.0);
    }
    let p = if beyond.len() <= COUNTED { sign_flip(beyond, 0) } else { approximate(beyond) };
    p <= level
}

/// The p-value of the sign flips by the saddlepoint approximation (Lugannani and Rice 1980, "Saddle
/// point approximation for the distribution of the sum of independent random variables", Advances
/// in Applied Probability 12). Its relative error is a few percent.
///
/// The sum of the differences with random signs has the cumulant generating function K(s) = Σ ln
/// cosh(s d).
fn approximate(differences: &[f64]) -> f64 {
    let sum: f64 = differences.iter().sum();
    let squares: f64 = differences.iter().map(|difference| difference * difference).sum();
    if sum <= 0.0 {
        return 1.0;
    }
    if differences.iter().all(|difference| *difference > 0.0) {
        return least_p(differences.len());
    }
    // K' is concave above 0, so Newton's steps from below stay below and end at the root of K'(s) =
    // sum.
    let mut s = sum / squares;
    for _ in 0..30 {
        let (mut slope, mut bend) = (0.0, 0.0);
        for difference in differences {
            let tanh = (s * difference).tanh();
            slope += difference * tanh;
            bend += difference * difference * (1.0 - tanh * tanh);
        }
        let step = (sum - slope) / bend.max(f64::MIN_POSITIVE);
        s += step;
        if step.abs() < 1e-9 * s {
            break;
        }
    }
    let ln_cosh = |x: f64| x.abs() + (-2.0 * x.abs()).exp().ln_1p() - std::f64::consts::LN_2;
    let cumulant: f64 = differences.iter().map(|difference| ln_cosh(s * difference)).sum();
    let bend: f64 = differences.iter().map(|d| d * d * (1.0 - (s * d).tanh().powi(2))).sum();
    let (w, v) = ((2.0 * (s * sum - cumulant)).max(0.0).sqrt(), s * bend.sqrt());
    if w < 1e-3 {
        return 0.5; // In the middle, where 1/v - 1/w cancels.
    }
    let normal = Normal::standard();
    (normal.cdf(-w) + normal.pdf(w) * (1.0 / v - 1.0 / w)).clamp(least_p(differences.len()), 1.0)
}

/// Standard normal (Box and Muller 1958).
fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_approximation_is_close_to_counting() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
        for pairs in [17, 20, 24] {
            for shift in [0.2, 0.5, 0.8, 1.1] {
                let differences: Vec<f64> = (0..pairs).map(|_| normal(&mut random) + shift).collect();
                let (counted, close) = (sign_flip(&differences, 0), approximate(&differences));
                if (1e-4..0.4).contains(&counted) {
                    assert!((close / counted - 1.0).abs() < 0.15, "{pairs} {shift}: {close} for {counted}");
                }
            }
        }
        assert!((approximate(&[1.0; 20]) - least_p(20)).abs() < 1e-12);
        assert!((approximate(&[-1.0; 20]) - 1.0).abs() < 1e-12);
    }

    /// Where the signs matter little, the power is that of Student's test alone: the noncentral t
    /// of 20 pairs at 2.5 % reaches 80 % at 0.66 standard deviations (Cohen, "Statistical Power
    /// Analysis", table 2.3.5, one sample: d = 0.66).
    #[test]
    fn many_pairs_come_to_the_power_of_students_test() {
        let shift = detectable_shift(&[20], 0.05);
        assert!((0.64..0.69).contains(&shift), "{shift}");
        assert!((shift - detectable_shift(&[20], 0.05)).abs() < 1e-15);
    }

    #[test]
    fn more_looks_find_more_and_a_smaller_error_less() {
        let one = detectable_shift(&[10], 0.05);
        assert!(detectable_shift(&[10, 20], 0.05) < detectable_shift(&[20], 0.05) + 1e-9);
        // Of ten pairs hardly any may be on the other side at a level of 0.28 %.
        assert!(detectable_shift(&[10], 0.05 / 9.0) > 1.4 * one);
    }
}
