//! What follows a message's header.

use super::{Header, Kind};

/// The body of a message: words of a counter-based generator (the finalizer of `SplitMix64`; Steele, Lea and Flood, "Fast
/// Splittable Pseudorandom Number Generators", OOPSLA 2014, with one multiplication less), keyed by the header.
pub(super) struct Body {
    kind: Kind,
    counter: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Body {
    #[inline]
    pub(super) fn new(kind: Kind, header: &Header) -> Self {
        let key = (u64::from(header.run) << 32) | u64::from(header.client);
        Self { kind, counter: mix(key.wrapping_mul(GOLDEN) ^ header.sequence) }
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN);
        mix(self.counter)
    }

    /// Eight bytes of the body.
    #[inline]
    fn word(&mut self) -> [u8; 8] {
        let word = self.next();
        match self.kind {
            Kind::Binary => word,
            // Six letters from a to p and a character from U+00E0 to U+00FF, whose UTF-8 is C3 A0 to C3 BF.
            Kind::Text => (word & 0x1f00_0f0f_0f0f_0f0f).wrapping_add(0xa0c3_6161_6161_6161),
        }
        .to_le_bytes()
    }

    /// The last bytes of the body, of which there are fewer than eight.
    #[inline]
    fn tail(&mut self) -> [u8; 8] {
        let word = self.next();
        match self.kind {
            Kind::Binary => word,
            // Letters only, since a character must not be cut.
            Kind::Text => (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_add(0x6161_6161_6161_6161),
        }
        .to_le_bytes()
    }

    #[inline]
    pub(super) fn fill(mut self, body: &mut [u8]) {
        let (words, rest) = body.as_chunks_mut();
        for word in words {
            *word = self.word();
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&self.tail()[..rest.len()]);
        }
    }

    #[inline]
    pub(super) fn equals(mut self, body: &[u8]) -> bool {
        let (words, rest) = body.as_chunks();
        // Every word is compared, whatever the ones before said: without branches that is faster.
        let mut differing = 0;
        for word in words {
            differing |= u64::from_le_bytes(*word) ^ u64::from_le_bytes(self.word());
        }
        let tail = if rest.is_empty() { [0; 8] } else { self.tail() };
        differing == 0 && rest.iter().zip(tail).all(|(byte, expected)| *byte == expected)
    }
}

/// Mixes the bits of a word.
#[inline]
pub(crate) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word ^ (word >> 29)
}
