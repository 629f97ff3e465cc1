//! A message as words of eight bytes: a block, and what follows it. The end may cut the last word.
//! Words are either written or compared, so neither reads what was just written.

use frames::PayloadSpace;

use super::{
    MessageKind,
    block::{BYTES, FirstBlock, WORDS},
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
    /// Writes it to `out`.
    fn write(self, checksum: &mut impl Checksum, out: PayloadSpace<'_>);

    /// Whether `bytes` are equal to it.
    fn equal(self, bytes: &[u8]) -> bool;
}

impl<R: MessageRest> Words<R> {
    /// Writes the message and returns its checksum. The checksum covers it from byte
    /// `COVERED` on; `put` puts it into the block.
    ///
    /// # Panics
    /// `out` has no room for the header.
    #[inline(always)]
    pub(super) fn write<C: Checksum, const COVERED: usize>(
        mut self,
        out: PayloadSpace<'_>,
        put: impl FnOnce(&mut FirstBlock, u32),
    ) -> u32 {
        let mut checksum = C::start();
        let (block, rest) = match out.split_words() {
            Ok(parts) => parts,
            Err(out) => {
                assert!(out.len() >= self.kind.header_len(), "a message has room for its header");
                self.cover::<COVERED>(&mut checksum, out.len());
                let checksum = checksum.finish();
                put(&mut self.block, checksum);
                out.write_beginning(self.block.words());
                return checksum;
            }
        };
        self.cover::<COVERED>(&mut checksum, BYTES);
        if !rest.is_empty() {
            self.rest.write(&mut checksum, rest);
        }
        let checksum = checksum.finish();
        put(&mut self.block, checksum);
        self.block.write(block);
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
    fn write(self, checksum: &mut impl Checksum, out: PayloadSpace<'_>) {
        let (whole, tail) = out.words();
        let mut pairs = self.pairs_from(WORDS as u64 / 2);
        for (out, pair) in whole.zip(&mut pairs) {
            let [word, next] = pair.to_array();
            checksum.word(word);
            checksum.word(next);
            out.write([word, next]);
        }
        for (out, word) in tail.chunks(8).zip(pairs.next().unwrap_or_default().to_array()) {
            checksum.part(word, out.len());
            out.write_low(word);
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
    fn write(self, checksum: &mut impl Checksum, out: PayloadSpace<'_>) {
        let unmended = Self::unmended(out.len());
        let (most, end) = out.split_at(unmended);
        for part in most.chunks(PERIOD) {
            let (words, _) = self.table.slice(self.place(), part.len()).as_chunks();
            for (out, word) in part.words().0.zip(words) {
                let word = u64::from_le_bytes(*word);
                checksum.word(word);
                out.write([word]);
            }
        }
        let mut words = self.end(unmended, end.len());
        for out in end.chunks(8) {
            let [word, next] = halves(words);
            checksum.part(word, out.len());
            out.write_low(word);
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
