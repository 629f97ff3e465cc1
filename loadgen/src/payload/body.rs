//! What follows a message's header.

use wide::u64x2;

use super::Kind;

/// The body of a message, as the words of eight bytes in which it lies in the message: a Weyl sequence (Marsaglia, "Xorshift
/// RNGs", Journal of Statistical Software 8, 2003, section 3.1: a counter that grows by an odd number), whose halves are put
/// together. It begins where the header says, by the finalizer of `SplitMix64` (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014) with one multiplication less.
///
/// That is far from random. It need not be more: what comes back is compared to the last bit, so all that counts is that
/// two messages, and two places in a message, differ; and it is made as fast as it can be compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    counter: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What the bodies of a client's messages have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(u64);

impl Key {
    #[inline]
    pub(super) fn new(run: u32, client: u32) -> Self {
        Self(((u64::from(run) << 32) | u64::from(client)).wrapping_mul(GOLDEN))
    }
}

impl Body {
    #[inline]
    pub(super) fn new(key: Key, sequence: u64) -> Self {
        Self { counter: mix(key.0 ^ sequence) }
    }

    /// Words `2 * pair` and `2 * pair + 1`.
    #[inline(always)]
    pub(super) fn pair(self, pair: u64) -> u64x2 {
        let steps = [2 * pair, 2 * pair + 1].map(|at| at.wrapping_mul(GOLDEN));
        let counter = u64x2::splat(self.counter) + u64x2::new(steps);
        counter ^ (counter >> 32)
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

/// The bytes that a body may have: some bits of the body's, and a number that is added.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alphabet {
    pub(super) bits: u64,
    pub(super) first: u64,
}

impl Alphabet {
    /// That of whole words.
    #[inline]
    pub(super) const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Binary => Self { bits: u64::MAX, first: 0 },
            // Three letters from a to p, a character from U+00E0 to U+00FF, whose UTF-8 is C3 A0 to C3 BF, and three more: so
            // the middle of a word is the middle of a character, where a server that cuts at even places will find it.
            Kind::Text => Self { bits: 0x0f0f_0f1f_000f_0f0f, first: 0x6161_61a0_c361_6161 },
        }
    }

    /// That of words which are cut, by the header at their beginning or by the end of the message.
    #[inline]
    pub(super) const fn cut(kind: Kind) -> Self {
        match kind {
            Kind::Binary => Self::of(kind),
            // Letters only, since a character must not be cut.
            Kind::Text => Self { bits: 0x0f0f_0f0f_0f0f_0f0f, first: 0x6161_6161_6161_6161 },
        }
    }

    /// A word of it.
    #[inline]
    pub(super) const fn word(self, word: u64) -> u64 {
        (word & self.bits).wrapping_add(self.first)
    }
}

/// Mixes the bits of a word.
#[inline]
pub(crate) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word ^ (word >> 29)
}
