//! The permutation test of paired differences. If neither side were worse, each difference could as
//! well have the other sign.
//!
//! Fisher 1935, "The Design of Experiments", section 21. It assumes symmetrical differences, not
//! normal ones. So it checks an interval that does assume normal ones.

use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};

/// Up to so many differences, every combination of signs is counted. Beyond, a sample is drawn.
const EXACT: usize = 30;
/// Combinations drawn where there are too many to count.
const DRAWS: u32 = 99_999;

/// One-sided p-value: how many combinations of signs give a sum at least as large as the given one.
///
/// It is exact up to 30 differences. Beyond, it draws 99 999 combinations with the seed and counts
/// the observed one with them, so that p is never 0 (Davison and Hinkley 1997, "Bootstrap Methods
/// and their Application", chapter 4).
pub(crate) fn sign_flip(differences: &[f64], seed: u64) -> f64 {
    // Sums of equal terms in another order differ in their last bits, and must count as equal.
    let size: f64 = differences.iter().map(|difference| difference.abs()).sum();
    let least = differences.iter().sum::<f64>() - size * 1e-12;
    if differences.len() <= EXACT { exact(differences, least) } else { drawn(differences, least, seed) }
}

/// The smallest p-value that so many differences can have: all of them on one side.
pub(crate) fn least_p(n: usize) -> f64 {
    0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX))
}

/// Counts the sums among all 2^n that reach `least`. Each is the sum of two halves. With both
/// halves sorted, 2^(n/2) steps find how many of one reach it with each of the other (Horowitz and
/// Sahni 1974).
fn exact(differences: &[f64], least: f64) -> f64 {
    let (one, other) = differences.split_at(differences.len() / 2);
    let (one, other) = (sums(one), sums(other));
    let mut count = 0;
    let mut reaching = 0;
    for sum in &one {
        while reaching < other.len() && sum + other[other.len() - 1 - reaching] >= least {
            reaching += 1;
        }
        count += reaching;
    }
    count as f64 * least_p(differences.len())
}

/// Every sum of the differences with signs, ascending.
fn sums(differences: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0];
    for difference in differences {
        let (less, more) = (-difference.abs(), difference.abs());
        sums = sums.iter().map(|sum| sum + less).chain(sums.iter().map(|sum| sum + more)).collect();
        // Two ascending halves, which a stable sort merges.
        sums.sort_by(f64::total_cmp);
    }
    sums
}

fn drawn(differences: &[f64], least: f64, seed: u64) -> f64 {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut reached = 1_u32;
    for _ in 0..DRAWS {
        let mut sum = 0.0;
        for chunk in differences.chunks(64) {
            let mut signs = random.next_u64();
            for difference in chunk {
                sum += if signs & 1 == 0 { *difference } else { -difference };
                signs >>= 1;
            }
        }
        reached += u32::from(sum >= least);
    }
    f64::from(reached) / f64::from(DRAWS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-12, "{actual} instead of {expected}");
    }

    #[test]
    fn small_cases_by_hand() {
        // Of ±1 ±2 ±3, only 6 reaches 6; 6 and 4 reach 4 (-1 + 2 + 3).
        close(sign_flip(&[1.0, 2.0, 3.0], 0), 1.0 / 8.0);
        close(sign_flip(&[-1.0, 2.0, 3.0], 0), 2.0 / 8.0);
        // Sums of ±1 ±1 ±1 ±1: 4, four times 2, six times 0: with one minus, 5 of 16.
        close(sign_flip(&[1.0, -1.0, 1.0, 1.0], 0), 5.0 / 16.0);
        close(sign_flip(&[0.0, 0.0], 0), 1.0);
        close(sign_flip(&[-1.0], 0), 1.0);
        close(least_p(5), 1.0 / 32.0);
    }

    /// Fisher's own example: Darwin's 15 pairs of plants, in eighths of an inch. The book counts
    /// 863 of 32 768 combinations at least as large, in one direction.
    #[test]
    fn darwins_plants() {
        let eighths = [49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0, 56.0, 24.0, 75.0, 60.0, -48.0];
        close(sign_flip(&eighths, 0), 863.0 / 32_768.0);
    }

    #[test]
    fn equal_sums_count_although_their_bits_differ() {
        // 0.1 + 0.2 + 0.3 in any order of signs: the sum itself, and 0.3 flipped with 0.1 + 0.2 is
        // 0.
        close(sign_flip(&[0.1, 0.2, -0.3], 0), 5.0 / 8.0);
        close(sign_flip(&[0.1, -0.3, 0.2], 0), 5.0 / 8.0);
    }

    #[test]
    fn drawing_comes_close_to_counting() {
        let differences: Vec<f64> = (0..30).map(|i| f64::from((i * 37) % 30) - 12.0).collect();
        let least = differences.iter().sum::<f64>() - 1e-9;
        let (counted, drawn) = (exact(&differences, least), drawn(&differences, least, 3));
        // Standard deviation of the sample √(p (1 - p) / 99 999) is below 0.0016.
        assert!((counted - drawn).abs() < 0.006, "{counted} {drawn}");
        assert!(sign_flip(&[1.0; 40], 1) < 1.1e-5);
        close(sign_flip(&differences, 1), counted);
    }
}
