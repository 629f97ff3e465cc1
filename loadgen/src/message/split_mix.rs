//! `SplitMix64` (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
//! 2014), for values that follow the seed and can be made again in any order.

/// What is added from one word to the next.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer. No two words become the same.
pub(super) const fn finalize(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
