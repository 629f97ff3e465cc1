//! Room for one payload. What is written there is masked on the way.

use crate::mask::{self, Mask};

/// Room for a payload that is still to be written. What is written is masked, if its frame has a
/// mask, and who writes it does not see the mask.
///
/// A second pass to mask what was written would take as long as writing it. Bytes that are not
/// written are undefined.
#[derive(Debug)]
pub struct PayloadSpace<'a> {
    bytes: &'a mut [u8],
    /// The mask of the first eight bytes.
    mask: u64,
}

impl<'a> PayloadSpace<'a> {
    /// Room for a payload in `bytes`, with a mask or without.
    #[inline]
    pub fn new(mask: Option<Mask>, bytes: &'a mut [u8]) -> Self {
        Self { bytes, mask: mask::wide(mask.unwrap_or_default()) }
    }

    /// The number of bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are no bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The first `count` bytes, and the rest.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline]
    pub fn split_at(self, count: usize) -> (Self, Self) {
        let (first, rest) = self.bytes.split_at_mut(count);
        let mask = mask::rotated(self.mask, count as u64);
        (Self { bytes: first, ..self }, Self { bytes: rest, mask })
    }

    /// The first `WORDS` words of eight bytes, and the rest.
    ///
    /// # Errors
    /// There are fewer words, so all is returned as it was.
    #[inline]
    pub fn split_words<const WORDS: usize>(self) -> Result<(WordSpace<'a, WORDS>, Self), Self> {
        if self.bytes.len() < 8 * WORDS {
            return Err(self);
        }
        let (first, rest) = self.bytes.split_at_mut(8 * WORDS);
        match first.as_chunks_mut().0.first_chunk_mut() {
            Some(words) => Ok((WordSpace { words, mask: self.mask }, Self { bytes: rest, ..self })),
            None => Err(Self { bytes: rest, ..self }),
        }
    }

    /// As many times `WORDS` words of eight bytes as there are, and the rest.
    #[inline]
    pub fn words<const WORDS: usize>(self) -> (impl ExactSizeIterator<Item = WordSpace<'a, WORDS>>, Self) {
        let mask = self.mask;
        let whole = self.bytes.len() - self.bytes.len() % (8 * WORDS);
        let (words, rest) = self.bytes.split_at_mut(whole);
        let (words, _) = words.as_chunks_mut().0.as_chunks_mut();
        (words.iter_mut().map(move |words| WordSpace { words, mask }), Self { bytes: rest, mask })
    }

    /// Parts of `size` bytes, a multiple of four. The last may be shorter.
    ///
    /// # Panics
    /// If `size` is no such number.
    #[inline]
    pub fn chunks(self, size: usize) -> impl Iterator<Item = Self> {
        assert!(size.is_multiple_of(size_of::<Mask>()), "each part begins with the same mask");
        let mask = self.mask;
        self.bytes.chunks_mut(size).map(move |bytes| Self { bytes, mask })
    }

    /// Writes all bytes.
    ///
    /// # Panics
    /// If `bytes` are more or fewer.
    #[inline]
    pub fn copy_from_slice(self, bytes: &[u8]) {
        assert_eq!(self.bytes.len(), bytes.len(), "a payload has the announced length");
        // The last word may overlap the one before. Few bytes one by one would take longer.
        if let (Some(to), Some(from)) = (self.bytes.last_chunk_mut(), bytes.last_chunk()) {
            let mask = mask::rotated(self.mask, bytes.len() as u64);
            *to = (u64::from_le_bytes(*from) ^ mask).to_le_bytes();
            for (to, from) in self.bytes.as_chunks_mut().0.iter_mut().zip(bytes.as_chunks().0) {
                *to = (u64::from_le_bytes(*from) ^ self.mask).to_le_bytes();
            }
        } else {
            for ((to, from), mask) in self.bytes.iter_mut().zip(bytes).zip(self.mask.to_le_bytes()) {
                *to = from ^ mask;
            }
        }
    }

    /// Writes the beginning of some words, up to the end of the room.
    ///
    /// # Panics
    /// If the room is longer.
    #[inline]
    pub fn write_beginning<const WORDS: usize>(self, words: [u64; WORDS]) {
        let mut masked = [[0; 8]; WORDS];
        WordSpace { words: &mut masked, mask: self.mask }.write(words);
        self.bytes.copy_from_slice(&masked.as_flattened()[..self.bytes.len()]);
    }

    /// Writes the lowest bytes of a word, the lowest first; at most eight.
    ///
    /// In pieces of a fixed size. A call to copy so few bytes would take longer than making them.
    #[inline]
    pub fn write_low(self, word: u64) {
        let mut word = word ^ self.mask;
        if let Ok(whole) = self.bytes.try_into() {
            let whole: &mut [u8; 8] = whole;
            *whole = word.to_le_bytes();
            return;
        }
        let out = match self.bytes.split_first_chunk_mut() {
            Some((half, rest)) => {
                let [a, b, c, d, ..] = word.to_le_bytes();
                *half = [a, b, c, d];
                word >>= 32;
                rest
            }
            None => self.bytes,
        };
        for (byte, value) in out.iter_mut().zip(word.to_le_bytes()) {
            *byte = value;
        }
    }
}

/// Room for words of eight bytes.
#[derive(Debug)]
pub struct WordSpace<'a, const WORDS: usize> {
    words: &'a mut [[u8; 8]; WORDS],
    mask: u64,
}

impl<const WORDS: usize> WordSpace<'_, WORDS> {
    /// Writes all words. The first byte is the lowest.
    #[inline]
    pub fn write(self, words: [u64; WORDS]) {
        for (to, word) in self.words.iter_mut().zip(words) {
            *to = (word ^ self.mask).to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: Mask = [0x37, 0xfa, 0x21, 0x3d];

    /// Checks that `write` writes `0, 1, 2, ...`, for many lengths, with a mask and without.
    fn check(write: impl Fn(PayloadSpace<'_>, &[u8])) {
        for length in 0..70_u8 {
            let plain: Vec<u8> = (0..length).collect();
            for mask in [None, Some(MASK)] {
                let mut bytes = vec![0xaa; plain.len()];
                let space = PayloadSpace::new(mask, &mut bytes);
                assert_eq!((space.len(), space.is_empty()), (plain.len(), plain.is_empty()));
                write(space, &plain);
                mask::apply(mask.unwrap_or_default(), 0, &mut bytes);
                assert_eq!(bytes, plain, "{mask:?}");
            }
        }
    }

    /// The first eight bytes as a word.
    fn word(bytes: &[u8]) -> u64 {
        bytes.iter().take(8).rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
    }

    #[test]
    fn bytes_are_masked_wherever_the_space_is_cut() {
        for cut in 0..12 {
            check(|space, plain| {
                let cut = cut.min(space.len());
                let (first, rest) = space.split_at(cut);
                first.copy_from_slice(&plain[..cut]);
                rest.copy_from_slice(&plain[cut..]);
            });
        }
    }

    #[test]
    fn words_are_written_from_the_lowest_byte_on() {
        check(|space, plain| {
            let (words, rest) = space.words::<2>();
            let written = 16 * words.len();
            for (space, plain) in words.zip(plain.chunks(16)) {
                space.write([word(&plain[..8]), word(&plain[8..])]);
            }
            for (space, plain) in rest.chunks(8).zip(plain[written..].chunks(8)) {
                space.write_low(word(plain));
            }
        });
        check(|space, plain| match space.split_words() {
            Ok((words, rest)) => {
                words.write([word(&plain[..8]), word(&plain[8..16]), word(&plain[16..24])]);
                rest.copy_from_slice(&plain[24..]);
            }
            Err(space) => {
                assert!(space.len() < 24);
                space.write_beginning([0, 8, 16].map(|at| word(&plain[at.min(plain.len())..])));
            }
        });
    }

    #[test]
    #[should_panic(expected = "announced length")]
    fn a_payload_is_written_whole() {
        PayloadSpace::new(None, &mut [0; 3]).copy_from_slice(b"ab");
    }
}
