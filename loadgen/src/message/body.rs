//! What follows the header of a binary message.

use wide::u64x2;

/// The body of a binary message, as the words of eight bytes in which it lies in the message: a Weyl sequence (Marsaglia, "Xorshift
/// RNGs", Journal of Statistical Software 8, 2003, section 3.1: a counter that grows by an odd number), whose halves are put
/// together. It begins where the header says, by the finalizer of `SplitMix64` (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014) with one multiplication less.
///
/// That is far from random. It need not be more: what comes back is compared to the last bit, so all that counts is that
/// two messages, and two places in a message, differ; and it is made as fast as it can be compared.
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
