//! The payloads of a burst, in frames whose headers are written already.

use crate::{header::Header, payload_space::PayloadSpace};

/// An iterator over payloads that are still to be written. Their lengths may differ.
#[derive(Debug)]
pub struct Payloads<'a> {
    rest: &'a mut [u8],
    layout: Layout<'a>,
}

/// Where the payloads are.
#[derive(Debug)]
enum Layout<'a> {
    /// In frames with masks.
    Frames,
    /// One directly after the other, with these lengths.
    Bare(std::slice::Iter<'a, usize>),
}

impl<'a> Payloads<'a> {
    /// Payloads of these lengths, one directly after the other in `bytes`, without masks.
    ///
    /// # Panics
    /// On use, if `bytes` are fewer.
    #[inline]
    pub fn bare(bytes: &'a mut [u8], lengths: &'a [usize]) -> Self {
        Self { rest: bytes, layout: Layout::Bare(lengths.iter()) }
    }

    /// The payloads of whole frames with masks, as [`Header::write`](crate::Header::write) began
    /// them.
    #[inline]
    pub(crate) fn of_frames(frames: &'a mut [u8]) -> Self {
        Self { rest: frames, layout: Layout::Frames }
    }

    /// Takes `count` bytes.
    #[inline]
    fn take(&mut self, count: usize) -> &'a mut [u8] {
        let (taken, rest) = std::mem::take(&mut self.rest).split_at_mut(count);
        self.rest = rest;
        taken
    }
}

impl<'a> Iterator for Payloads<'a> {
    type Item = PayloadSpace<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.layout {
            Layout::Frames => {
                let (header, length) = Header::masked_sizes(self.rest)?;
                let (header, payload) = self.take(header + length).split_at_mut(header);
                Some(PayloadSpace::new(header.last_chunk().copied(), payload))
            }
            Layout::Bare(lengths) => {
                let length = *lengths.next()?;
                Some(PayloadSpace::new(None, self.take(length)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_payloads_follow_each_other() {
        let mut bytes = [0; 6];
        let mut payloads = Payloads::bare(&mut bytes, &[2, 0, 3, 0]);
        for text in ["ab", "", "cde", ""] {
            payloads.next().unwrap().copy_from_slice(text.as_bytes());
        }
        assert!(payloads.next().is_none());
        assert_eq!(bytes, *b"abcde\0", "no more than they are long");
    }
}
