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
    /// In frames of `frame` bytes, with headers of `header` bytes that end with a mask.
    Equal { header: usize, frame: usize },
    /// In frames whose headers, with masks, tell their lengths.
    Differing,
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

    /// The payloads of whole frames. Each has a header of `header` bytes that ends with a mask, and
    /// a payload of `length` bytes.
    #[inline]
    pub(crate) fn equal(frames: &'a mut [u8], header: usize, length: usize) -> Self {
        Self { rest: frames, layout: Layout::Equal { header, frame: header + length } }
    }

    /// The payloads of whole frames with masks. The headers must be in their shortest form.
    #[inline]
    pub(crate) fn differing(frames: &'a mut [u8]) -> Self {
        Self { rest: frames, layout: Layout::Differing }
    }

    /// Takes a frame with a mask.
    #[inline]
    fn take(&mut self, header: usize, frame: usize) -> Option<PayloadSpace<'a>> {
        let (frame, rest) = std::mem::take(&mut self.rest).split_at_mut_checked(frame)?;
        self.rest = rest;
        let (header, payload) = frame.split_at_mut_checked(header)?;
        Some(PayloadSpace::new(header.last_chunk().copied(), payload))
    }

    /// The next payload, if they are not in frames of equal length. A call, so that the rare case
    /// takes nothing from the common one.
    #[inline(never)]
    fn next_of_any_length(&mut self) -> Option<PayloadSpace<'a>> {
        match &mut self.layout {
            Layout::Bare(lengths) => {
                let length = *lengths.next()?;
                let (payload, rest) = std::mem::take(&mut self.rest).split_at_mut(length);
                self.rest = rest;
                Some(PayloadSpace::new(None, payload))
            }
            Layout::Equal { .. } | Layout::Differing => {
                let (header, length) = Header::masked_sizes(self.rest)?;
                self.take(header, header + length)
            }
        }
    }
}

impl<'a> Iterator for Payloads<'a> {
    type Item = PayloadSpace<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.layout {
            Layout::Equal { header, frame } => self.take(header, frame),
            Layout::Differing | Layout::Bare(_) => self.next_of_any_length(),
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
