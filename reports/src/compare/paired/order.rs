//! Which side of a pair goes first.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// The order of the two runs of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairOrder {
    /// The baseline first.
    AB,
    /// The candidate first.
    BA,
}

/// The order of a pair, counted from 0.
///
/// The order is random in blocks of two pairs. Each block has one AB and one BA, and the seed
/// decides which comes first. So a steady drift, such as a machine that warms up, cancels over each
/// block. Nothing that comes in a regular rhythm can favour one side for long.
pub fn order(seed: u64, pair: u32) -> PairOrder {
    // Each block has its own generator, so the order of a pair does not depend on the number of
    // pairs.
    let block = u64::from(pair / 2);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ block.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let starts_with_ab: bool = random.random();
    if starts_with_ab == pair.is_multiple_of(2) { PairOrder::AB } else { PairOrder::BA }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_has_both_orders_in_random_order() {
        let first = |seed: u64| (0..200).map(|block| order(seed, 2 * block)).collect::<Vec<_>>();
        for seed in 0..20 {
            assert!((0..200).all(|block| order(seed, 2 * block) != order(seed, 2 * block + 1)));
            let ab = first(seed).iter().filter(|order| **order == PairOrder::AB).count();
            // 100 expected with a standard deviation of √50; five of them.
            assert!((65..=135).contains(&ab), "{ab}");
        }
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
