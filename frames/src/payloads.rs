//! The payloads of frames whose headers are written already.

use crate::mask::Mask;

/// An iterator over payloads of equal length that are still to be written, each with its mask.
#[derive(Debug)]
pub struct Payloads<'a> {
    frames: &'a mut [u8],
    left: usize,
    /// Bytes of a frame with its header, and of the header.
    frame: usize,
    header: usize,
}

impl<'a> Payloads<'a> {
    /// `count` payloads in a row in `bytes`. Their masks are zero, which masks nothing.
    pub fn unmasked(bytes: &'a mut [u8], count: usize) -> Self {
        Self { left: count, frame: bytes.len().checked_div(count).unwrap_or(0), header: 0, frames: bytes }
    }

    /// The payloads of `count` frames. Each frame begins with a header of `header` bytes that ends
    /// with its mask.
    pub(crate) fn masked(frames: &'a mut [u8], count: usize, header: usize) -> Self {
        Self { header, ..Self::unmasked(frames, count) }
    }
}

impl<'a> Iterator for Payloads<'a> {
    type Item = (Mask, &'a mut [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (frame, rest) = std::mem::take(&mut self.frames).split_at_mut_checked(self.frame)?;
        self.frames = rest;
        let (header, payload) = frame.split_at_mut_checked(self.header)?;
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
            Payloads::unmasked(&mut bytes, 2).map(|(mask, payload)| (mask, payload.to_vec())).collect();
        assert_eq!(payloads, [([0; 4], b"abc".to_vec()), ([0; 4], b"def".to_vec())]);
    }

    #[test]
    fn empty_ones_are_as_many_as_there_are() {
        let payloads: Vec<_> = Payloads::unmasked(&mut [], 3).map(|(_, payload)| payload.len()).collect();
        assert_eq!(payloads, [0; 3]);
        assert_eq!(Payloads::unmasked(&mut [1], 0).count(), 0);
    }
}
