//! What follows a message's header.

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
    kind: Kind,
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
    /// The body from word `at` of the message on.
    #[inline]
    pub(super) fn new(kind: Kind, key: Key, sequence: u64, at: u64) -> Self {
        Self { kind, counter: mix(key.0 ^ sequence).wrapping_add(at.wrapping_mul(GOLDEN)) }
    }

    #[inline]
    fn next(&mut self) -> u64 {
        let counter = self.counter;
        self.counter = counter.wrapping_add(GOLDEN);
        counter ^ (counter >> 32)
    }

    /// The next word.
    #[inline]
    pub(super) fn word(&mut self) -> u64 {
        let word = self.next();
        match self.kind {
            Kind::Binary => word,
            // Three letters from a to p, a character from U+00E0 to U+00FF, whose UTF-8 is C3 A0 to C3 BF, and three more: so
            // the middle of a word is the middle of a character, where a server that cuts at even places will find it.
            Kind::Text => (word & 0x0f0f_0f1f_000f_0f0f).wrapping_add(0x6161_61a0_c361_6161),
        }
    }

    /// The next word where it is cut, by the header at its beginning or by the end of the message.
    #[inline]
    pub(super) fn part(&mut self) -> u64 {
        let word = self.next();
        match self.kind {
            Kind::Binary => word,
            // Letters only, since a character must not be cut.
            Kind::Text => (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_add(0x6161_6161_6161_6161),
        }
    }
}

/// Mixes the bits of a word.
#[inline]
pub(crate) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word ^ (word >> 29)
}
