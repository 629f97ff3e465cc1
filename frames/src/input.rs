//! The bytes of a read.

/// The bytes of a read that the decoder has not taken yet.
#[derive(Debug)]
pub struct Input<'b>(&'b mut [u8]);

impl<'b> From<&'b mut [u8]> for Input<'b> {
    fn from(bytes: &'b mut [u8]) -> Self {
        Self(bytes)
    }
}

impl<'b> Input<'b> {
    /// The remaining bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.0
    }

    /// Whether all bytes are taken.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes exactly `count` bytes off the beginning. Takes none and returns none if there are
    /// fewer.
    #[inline]
    pub(crate) fn take_exact(&mut self, count: usize) -> Option<&'b mut [u8]> {
        let bytes = std::mem::take(&mut self.0);
        if bytes.len() < count {
            self.0 = bytes;
            return None;
        }
        let (taken, rest) = bytes.split_at_mut(count);
        self.0 = rest;
        Some(taken)
    }

    /// Takes up to `most` bytes off the beginning.
    #[inline]
    pub(crate) fn take(&mut self, most: usize) -> &'b mut [u8] {
        let most = most.min(self.0.len());
        let (taken, rest) = std::mem::take(&mut self.0).split_at_mut(most);
        self.0 = rest;
        taken
    }
}
