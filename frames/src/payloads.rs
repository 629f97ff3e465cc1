//! Payloads of frames whose headers are there.

use std::slice::ChunksExactMut;

use crate::mask::Mask;

/// Payloads that are still to be written, all of the same length, each with what it must be masked with.
#[derive(Debug)]
pub struct Payloads<'a> {
    frames: ChunksExactMut<'a, u8>,
    /// Bytes of the header before each.
    header: usize,
}

impl<'a> Payloads<'a> {
    /// Payloads of `length` bytes one behind the other in `bytes`, without a mask: all of its bits are zero.
    ///
    /// # Panics
    /// When `length` is 0.
    pub fn unmasked(bytes: &'a mut [u8], length: usize) -> Self {
        Self { frames: bytes.chunks_exact_mut(length), header: 0 }
    }

    /// Those of frames with headers of `header` bytes, the last of which are the mask.
    pub(crate) fn masked(frames: ChunksExactMut<'a, u8>, header: usize) -> Self {
        Self { frames, header }
    }
}

impl<'a> Iterator for Payloads<'a> {
    type Item = (Mask, &'a mut [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (header, payload) = self.frames.next()?.split_at_mut_checked(self.header)?;
        Some((header.last_chunk().copied().unwrap_or_default(), payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_mask_there_is_nothing_between_them() {
        let mut bytes = *b"abcdef";
        let payloads: Vec<_> =
            Payloads::unmasked(&mut bytes, 3).map(|(mask, payload)| (mask, payload.to_vec())).collect();
        assert_eq!(payloads, [([0; 4], b"abc".to_vec()), ([0; 4], b"def".to_vec())]);
    }
}
