//! What follows a message's header.

use super::Kind;
use super::checksum::Checksum;

/// The body of a message: words of a counter-based generator (the finalizer of `SplitMix64`; Steele, Lea and Flood, "Fast
/// Splittable Pseudorandom Number Generators", OOPSLA 2014, with one multiplication less), keyed by the header.
#[derive(Clone, Copy)]
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
    #[inline]
    pub(super) fn new(kind: Kind, key: Key, sequence: u64) -> Self {
        Self { kind, counter: mix(key.0 ^ sequence) }
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN);
        mix(self.counter)
    }

    /// Eight bytes of the body.
    #[inline]
    fn word(&mut self) -> u64 {
        let word = self.next();
        match self.kind {
            Kind::Binary => word,
            // Six letters from a to p and a character from U+00E0 to U+00FF, whose UTF-8 is C3 A0 to C3 BF.
            Kind::Text => (word & 0x1f00_0f0f_0f0f_0f0f).wrapping_add(0xa0c3_6161_6161_6161),
        }
    }

    /// The last bytes of the body, of which there are fewer than eight.
    #[inline]
    fn tail(&mut self) -> u64 {
        let word = self.next();
        match self.kind {
            Kind::Binary => word,
            // Letters only, since a character must not be cut.
            Kind::Text => (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_add(0x6161_6161_6161_6161),
        }
    }

    /// Writes the body, and tells its checksum.
    #[inline(always)]
    pub(super) fn fill(mut self, body: &mut [u8], checksum: &mut impl Checksum) {
        let (words, rest) = body.as_chunks_mut();
        for word in words {
            *word = self.word().to_le_bytes();
            checksum.word(*word);
        }
        if !rest.is_empty() {
            // In pieces of a fixed size: to copy so few bytes by a call would take longer than to make them.
            let [a, b, c, d, pieces @ ..] = self.tail().to_le_bytes();
            let (half, rest) = match rest.split_first_chunk_mut() {
                Some((half, rest)) => {
                    *half = [a, b, c, d];
                    checksum.half(*half);
                    (pieces, rest)
                }
                None => ([a, b, c, d], rest),
            };
            for (byte, value) in rest.iter_mut().zip(half) {
                *byte = value;
                checksum.byte(value);
            }
        }
    }

    #[inline]
    pub(super) fn equals(mut self, body: &[u8]) -> bool {
        let (words, rest) = body.as_chunks();
        for word in words {
            // One at a time: several at once, in vectors that can't multiply such words, take longer.
            if u64::from_le_bytes(*word) != self.word() {
                return false;
            }
        }
        if rest.is_empty() {
            return true;
        }
        let last = rest.iter().rev().fold(0, |last, &byte| (last << 8) | u64::from(byte));
        let unused = 64 - 8 * rest.len();
        last == self.tail() << unused >> unused
    }
}

/// Mixes the bits of a word.
#[inline]
pub(crate) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word ^ (word >> 29)
}
