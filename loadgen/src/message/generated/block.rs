//! The first 64 bytes of a message, as words of eight bytes. A vector register holds two.

use frames::WordSpace;
use wide::u64x2;

use super::body::BinaryBody;

/// Words of a block. The header of a message ends within it.
pub(super) const WORDS: usize = 8;
/// Bytes of a block, and of a pair of words.
pub(super) const BYTES: usize = 8 * WORDS;
pub(super) const PAIR: usize = 16;

/// Words in pairs; the first byte is the lowest. Working on pairs takes a quarter fewer
/// instructions than word by word.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstBlock([u64x2; WORDS / 2]);

impl FirstBlock {
    /// A block of these words.
    pub(super) fn new(words: [u64; WORDS]) -> Self {
        let (pairs, _) = words.as_chunks();
        Self(std::array::from_fn(|at| u64x2::new(pairs[at])))
    }

    /// The first words of a message: the body's, masked with `bits`, plus `plus`. The pairs before
    /// `FIRST` hold nothing of the body.
    #[inline(always)]
    pub(super) fn of<const FIRST: usize>(body: BinaryBody, bits: &Self, plus: &Self) -> Self {
        Self(std::array::from_fn(|pair| {
            if pair < FIRST { plus.0[pair] } else { (body.pair(pair as u64) & bits.0[pair]) + plus.0[pair] }
        }))
    }

    /// Flips the bits of pair `pair` that are set in `bits`. Sets them where they were zero.
    #[inline(always)]
    pub(super) fn flip(&mut self, pair: usize, bits: impl Into<u64x2>) {
        self.0[pair] ^= bits.into();
    }

    /// Words `2 * pair` and `2 * pair + 1`.
    #[inline(always)]
    pub(super) fn pair(&self, pair: usize) -> u64x2 {
        self.0[pair]
    }

    /// A copy of the block with pair `pair` replaced.
    #[inline(always)]
    pub(super) fn with(mut self, pair: usize, words: u64x2) -> Self {
        self.0[pair] = words;
        self
    }

    /// The words in pairs.
    #[inline(always)]
    pub(super) fn pairs(&self) -> [[u64; 2]; WORDS / 2] {
        self.0.map(u64x2::to_array)
    }

    /// The words.
    #[inline(always)]
    pub(super) fn words(&self) -> [u64; WORDS] {
        let pairs = self.pairs();
        std::array::from_fn(|at| pairs[at / 2][at % 2])
    }

    /// Writes the words.
    #[inline(always)]
    pub(super) fn write(&self, out: WordSpace<'_, WORDS>) {
        out.write(self.words());
    }

    /// Whether `bytes` are these words.
    #[inline(always)]
    pub(super) fn equal(&self, bytes: &[u8; BYTES]) -> bool {
        let (pairs, _) = bytes.as_chunks();
        let differing = pairs
            .iter()
            .zip(self.0)
            .fold(u64x2::default(), |differing, (bytes, own)| differing | (own ^ u64x2::new(words(*bytes))));
        differing.to_array() == [0; 2]
    }
}

#[inline(always)]
fn words(bytes: [u8; 16]) -> [u64; 2] {
    let (words, _) = bytes.as_chunks();
    [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])]
}
