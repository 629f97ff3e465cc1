//! A message as words of eight bytes: a block, and what follows it. The end may cut the last word.
//! Words are either written or compared, so neither reads what was just written.

use wide::u64x2;

use super::{
    MessageKind,
    block::{self, BYTES, FirstBlock, WORDS},
    body::BinaryBody,
    checksum::Checksum,
    text::{CELL, CellTable, PERIOD},
};

/// A message; a text from its header on. If it is shorter than a block, zeros fill the block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<R> {
    pub(super) block: FirstBlock,
    pub(super) rest: R,
    pub(super) kind: MessageKind,
}

/// What follows the block.
pub(super) trait MessageRest: Copy {
    /// Writes it, masked, to `out`.
    fn write(self, checksum: &mut impl Checksum, mask: u64, out: &mut [u8]);

    /// Whether `bytes` are equal to it.
    fn equal(self, bytes: &[u8]) -> bool;
}

impl<R: MessageRest> Words<R> {
    /// Writes the message, masked, and returns its checksum. The checksum covers it from byte
    /// `COVERED` on; `put` puts it into the block.
    ///
    /// # Panics
    /// `out` has no room for the header.
    #[inline(always)]
    pub(super) fn write<C: Checksum, const COVERED: usize>(
        mut self,
        mask: u64,
        out: &mut [u8],
        put: impl FnOnce(&mut FirstBlock, u32),
    ) -> u32 {
        let mut checksum = C::start();
        let Some((bytes, rest)) = out.split_first_chunk_mut::<BYTES>() else {
            assert!(out.len() >= self.kind.header_len(), "a message has room for its header");
            self.cover::<COVERED>(&mut checksum, out.len());
            let checksum = checksum.finish();
            put(&mut self.block, checksum);
            let mut bytes = [0; BYTES];
            self.block.write(mask, &mut bytes);
            out.copy_from_slice(&bytes[..out.len()]);
            return checksum;
        };
        self.cover::<COVERED>(&mut checksum, BYTES);
        if !rest.is_empty() {
            self.rest.write(&mut checksum, mask, rest);
        }
        let checksum = checksum.finish();
        put(&mut self.block, checksum);
        self.block.write(mask, bytes);
        checksum
    }

    /// Adds the first `len` bytes of the block to the checksum, from byte `COVERED` on.
    #[inline(always)]
    fn cover<const COVERED: usize>(&self, checksum: &mut impl Checksum, len: usize) {
        // Loops that the compiler unrolls. An iterator over all words would be kept in memory.
        for (pair, words) in self.block.pairs().into_iter().enumerate() {
            for (half, word) in words.into_iter().enumerate() {
                let at = 8 * (2 * pair + half);
                // The first covered word has bytes that are not covered.
                let before = COVERED.saturating_sub(at);
                let there = len.saturating_sub(at).min(8);
                if before == 0 && there == 8 {
                    checksum.word(word);
                } else if before < there {
                    checksum.part(word >> (8 * before), there - before);
                }
            }
        }
    }

    /// Whether `bytes`, which are as long as the message, are the message.
    #[inline(always)]
    pub(super) fn equal(&self, bytes: &[u8]) -> bool {
        if let Ok(block) = bytes.try_into() {
            return self.block.equal(block);
        }
        match bytes.split_first_chunk() {
            Some((first, rest)) => self.block.equal(first) && self.rest.equal(rest),
            // Not the other way round: a message as bytes would be kept in memory for every
            // message.
            None => self.block.equal(&filled_up(bytes)),
        }
    }
}

/// Bytes shorter than a block, padded with zeros.
#[inline(never)]
fn filled_up(bytes: &[u8]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

impl MessageRest for BinaryBody {
    #[inline(always)]
    fn write(self, checksum: &mut impl Checksum, mask: u64, out: &mut [u8]) {
        let (whole, tail) = out.as_chunks_mut();
        let mut pairs = self.pairs_from(WORDS as u64 / 2);
        for (out, pair) in whole.iter_mut().zip(&mut pairs) {
            let [word, next] = pair.to_array();
            checksum.word(word);
            checksum.word(next);
            *out = block::bytes((pair ^ u64x2::splat(mask)).to_array());
        }
        for (out, word) in tail.chunks_mut(8).zip(pairs.next().unwrap_or_default().to_array()) {
            checksum.part(word, out.len());
            write_part(word ^ mask, out);
        }
    }

    #[inline(never)]
    fn equal(self, bytes: &[u8]) -> bool {
        let (whole, tail) = bytes.as_chunks();
        let mut words = self.words_from(WORDS as u64);
        let mut differing = 0;
        // In blocks, so that long messages are compared several words at once.
        let (blocks, few) = whole.as_chunks::<4>();
        for block in blocks {
            for (bytes, word) in block.iter().zip(&mut words) {
                differing |= u64::from_le_bytes(*bytes) ^ word;
            }
        }
        for (bytes, word) in few.iter().zip(&mut words) {
            differing |= u64::from_le_bytes(*bytes) ^ word;
        }
        if let Some(word) = words.next().filter(|_| !tail.is_empty()) {
            let part = tail.iter().rev().fold(0, |part, &byte| (part << 8) | u64::from(byte));
            let unused = 8 * (8 - tail.len());
            differing |= part ^ (word << unused >> unused);
        }
        differing == 0
    }
}

/// The cells of a text after its first, which is in the block.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellRow {
    pub(super) table: &'static CellTable,
    /// Its first cell.
    pub(super) slot: u8,
}

impl CellRow {
    /// Where it begins in the table.
    #[inline(always)]
    fn place(self) -> usize {
        CELL * (usize::from(self.slot) + 1)
    }

    /// How many of `len` bytes are copied from the table, in whole words. At most 15 follow, which
    /// may end in a cut character.
    #[inline(always)]
    const fn unmended(len: usize) -> usize {
        (len / 8).saturating_sub(1) * 8
    }

    /// The last `len` bytes. `before` bytes of the row stand before them.
    #[inline(always)]
    fn end(self, before: usize, len: usize) -> u128 {
        self.table.mended(self.place() + before % PERIOD, len, self.slot)
    }
}

impl MessageRest for CellRow {
    #[inline(always)]
    fn write(self, checksum: &mut impl Checksum, mask: u64, out: &mut [u8]) {
        let (most, end) = out.split_at_mut(Self::unmended(out.len()));
        for part in most.chunks_mut(PERIOD) {
            let (words, _) = self.table.slice(self.place(), part.len()).as_chunks();
            let (out, _) = part.as_chunks_mut();
            for (out, word) in out.iter_mut().zip(words) {
                let word = u64::from_le_bytes(*word);
                checksum.word(word);
                *out = (word ^ mask).to_le_bytes();
            }
        }
        let mut words = self.end(most.len(), end.len());
        for out in end.chunks_mut(8) {
            let [word, next] = halves(words);
            checksum.part(word, out.len());
            write_part(word ^ mask, out);
            words = next.into();
        }
    }

    #[inline(never)]
    fn equal(self, bytes: &[u8]) -> bool {
        let (most, end) = bytes.split_at(Self::unmended(bytes.len()));
        most.chunks(PERIOD).all(|part| part == self.table.slice(self.place(), part.len()))
            && *end == self.end(most.len(), end.len()).to_le_bytes()[..end.len()]
    }
}

/// The lower eight bytes, and the upper.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the halves are meant")]
const fn halves(words: u128) -> [u64; 2] {
    [words as u64, (words >> 64) as u64]
}

/// Writes the first bytes of a word, in pieces of a fixed size. A call to copy so few bytes would
/// take longer than making them.
#[inline(always)]
fn write_part(mut word: u64, out: &mut [u8]) {
    if let Ok(out) = out.try_into() {
        let out: &mut [u8; 8] = out;
        *out = word.to_le_bytes();
        return;
    }
    let out = match out.split_first_chunk_mut() {
        Some((half, rest)) => {
            let [a, b, c, d, ..] = word.to_le_bytes();
            *half = [a, b, c, d];
            word >>= 32;
            rest
        }
        None => out,
    };
    for (byte, value) in out.iter_mut().zip(word.to_le_bytes()) {
        *byte = value;
    }
}
