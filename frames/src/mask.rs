//! Masking (RFC 6455, section 5.3).

use rand::CryptoRng;

/// A masking key.
pub type Mask = [u8; 4];

/// Masks or unmasks `bytes`, which is one operation. `offset`: their position in the payload.
#[inline]
pub fn apply(mask: Mask, offset: u64, bytes: &mut [u8]) {
    let wide = rotated(wide(mask), offset);
    let (words, rest) = bytes.as_chunks_mut();
    for word in words {
        *word = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(wide.to_le_bytes()) {
        *byte ^= mask;
    }
}

/// The mask of a word of eight bytes, the first of which is the lowest.
#[inline]
pub(crate) fn wide(mask: Mask) -> u64 {
    u64::from(u32::from_le_bytes(mask)) * 0x1_0000_0001
}

/// The mask of a word that stands `offset` bytes further on.
#[inline]
pub(crate) fn rotated(wide: u64, offset: u64) -> u64 {
    wide.rotate_right(8 * (offset % 4) as u32)
}

/// Random masks, drawn in blocks from a generator and used one by one.
///
/// RFC 6455, section 5.3 asks for masks that can't be predicted, from a strong source of entropy:
/// hence [`CryptoRng`].
#[derive(Debug)]
pub struct Masks<R> {
    random: R,
    drawn: [u8; DRAWN],
    used: usize,
}

/// Bytes of a block: 256 masks.
const DRAWN: usize = 1024;

impl<R: CryptoRng> Masks<R> {
    /// Draws masks from `random`.
    pub fn new(random: R) -> Self {
        Self { random, drawn: [0; DRAWN], used: DRAWN }
    }

    /// The next mask.
    #[inline]
    pub fn draw(&mut self) -> Mask {
        if let Some(mask) = self.drawn.get(self.used..).and_then(<[u8]>::first_chunk) {
            self.used += size_of::<Mask>();
            return *mask;
        }
        self.refill()
    }

    #[cold]
    fn refill(&mut self) -> Mask {
        self.random.fill_bytes(&mut self.drawn);
        self.used = size_of::<Mask>();
        [self.drawn[0], self.drawn[1], self.drawn[2], self.drawn[3]]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn each_byte_gets_its_part_of_the_mask_wherever_it_begins() {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        for len in 0..40 {
            for offset in 0..9 {
                let plain: Vec<u8> = (100..100 + len).collect();
                let mut masked = plain.clone();
                apply(mask, offset as u64, &mut masked);
                let endless = mask.into_iter().cycle().skip(offset);
                let expected: Vec<u8> = plain.iter().zip(endless).map(|(byte, mask)| byte ^ mask).collect();
                assert_eq!(masked, expected, "{len} bytes from {offset}");
                apply(mask, offset as u64, &mut masked);
                assert_eq!(masked, plain);
            }
        }
    }

    #[test]
    fn masks_are_those_of_the_generator_and_each_is_used_once() {
        let mut masks = Masks::new(StdRng::seed_from_u64(1));
        let drawn: Vec<_> = (0..1000).map(|_| masks.draw()).collect();
        let mut random = StdRng::seed_from_u64(1);
        let mut expected = [0; 4096];
        expected.chunks_mut(1024).for_each(|chunk| rand::Rng::fill_bytes(&mut random, chunk));
        assert_eq!(drawn.concat(), expected[..4000]);
        assert!(drawn.iter().collect::<BTreeSet<_>>().len() > 990, "of 2^32 there are enough");
    }
}
