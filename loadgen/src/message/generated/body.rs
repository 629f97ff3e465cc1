//! The body of a binary message.

use wide::u64x2;

/// The body of a binary message, in words of eight bytes.
///
/// It is a Weyl sequence, a counter that grows by an odd number (Marsaglia, "Xorshift RNGs",
/// Journal of Statistical Software 8, 2003, section 3.1). Each word combines the counter's halves.
/// The counter starts at a hash of the header: the finalizer of `SplitMix64` with one
/// multiplication less (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014).
///
/// That is far from random, and need not be more. Messages are compared to the last bit, so it is
/// enough that two messages differ, and two places in a message. It is generated as fast as it is
/// compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct BinaryBody {
    counter: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What the bodies of a client's messages have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyKey(u64);

impl BodyKey {
    #[inline]
    pub(super) fn new(run: u32, client: u32) -> Self {
        Self(((u64::from(run) << 32) | u64::from(client)).wrapping_mul(GOLDEN))
    }
}

impl BinaryBody {
    #[inline]
    pub(super) fn new(key: BodyKey, sequence: u64) -> Self {
        Self { counter: mix(key.0 ^ sequence) }
    }

    /// Words `2 * pair` and `2 * pair + 1`.
    #[inline(always)]
    pub(super) fn pair(self, pair: u64) -> u64x2 {
        let steps = [2 * pair, 2 * pair + 1].map(|at| at.wrapping_mul(GOLDEN));
        let counter = u64x2::splat(self.counter) + u64x2::new(steps);
        counter ^ (counter >> 32)
    }

    /// The pairs from this one on.
    #[inline(always)]
    pub(super) fn pairs_from(self, pair: u64) -> impl Iterator<Item = u64x2> {
        let steps = [2 * pair, 2 * pair + 1].map(|at| at.wrapping_mul(GOLDEN));
        let mut counter = u64x2::splat(self.counter) + u64x2::new(steps);
        std::iter::repeat_with(move || {
            let pair = counter ^ (counter >> 32);
            counter += u64x2::splat(GOLDEN.wrapping_mul(2));
            pair
        })
    }

    /// The words from word `at` of the message on.
    #[inline(always)]
    pub(super) fn words_from(self, at: u64) -> impl Iterator<Item = u64> {
        let mut counter = self.counter.wrapping_add(at.wrapping_mul(GOLDEN));
        std::iter::repeat_with(move || {
            let word = counter ^ (counter >> 32);
            counter = counter.wrapping_add(GOLDEN);
            word
        })
    }
}

/// Mixes the bits of a word.
#[inline]
pub(crate) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word ^ (word >> 29)
}
