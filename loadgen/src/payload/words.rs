//! A message as words of eight bytes, the last of which its end may cut: a block, and what follows it, which is made one word
//! after the other. They are either written or compared: so neither reads what was just written.

use std::cmp::Ordering;

use super::Kind;
use super::block::{BYTES, Block, WORDS};
use super::body::{Alphabet, Body};
use super::checksum::Checksum;

/// A message. Where it is shorter than a block, the rest of that is zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) block: Block,
    pub(super) body: Body,
    pub(super) kind: Kind,
}

impl Words {
    /// Writes the message, masked. `put` puts its checksum, from byte `COVERED` on, into the block. The checksum.
    ///
    /// # Panics
    /// When `out` has no room for the header.
    #[inline(always)]
    pub(super) fn write<C: Checksum, const COVERED: usize>(
        mut self,
        mask: u64,
        out: &mut [u8],
        put: impl FnOnce(&mut Block, u32),
    ) -> u32 {
        let mut checksum = C::start();
        // Of the words, the first that is covered has `before` bytes which are not.
        let (first, before) = (COVERED / 8, COVERED % 8);
        let Some((bytes, rest)) = out.split_first_chunk_mut::<BYTES>() else {
            assert!(out.len() >= self.kind.header_len(), "a message has room for its header");
            for (at, (word, bytes)) in self.block.pairs().into_iter().flatten().zip(out.chunks(8)).enumerate() {
                match at.cmp(&first) {
                    Ordering::Less => {}
                    Ordering::Equal => checksum.part(word >> (8 * before), bytes.len() - before),
                    Ordering::Greater => checksum.part(word, bytes.len()),
                }
            }
            let checksum = checksum.finish();
            put(&mut self.block, checksum);
            for (bytes, word) in out.chunks_mut(8).zip(self.block.pairs().into_iter().flatten()) {
                write_part(word ^ mask, bytes);
            }
            return checksum;
        };
        for (pair, words) in self.block.pairs().into_iter().enumerate() {
            for (at, word) in words.into_iter().enumerate() {
                match (2 * pair + at).cmp(&first) {
                    Ordering::Less => {}
                    Ordering::Equal => checksum.part(word >> (8 * before), 8 - before),
                    Ordering::Greater => checksum.word(word),
                }
            }
        }
        if !rest.is_empty() {
            self.write_rest(&mut checksum, mask, rest);
        }
        let checksum = checksum.finish();
        put(&mut self.block, checksum);
        self.block.write(mask, bytes);
        checksum
    }

    /// Writes what follows the block.
    #[inline(always)]
    fn write_rest(&self, checksum: &mut impl Checksum, mask: u64, rest: &mut [u8]) {
        let (whole, tail) = rest.as_chunks_mut();
        let (alphabet, mut words) = (Alphabet::of(self.kind), self.body.words_from(WORDS as u64));
        for (bytes, word) in whole.iter_mut().zip(&mut words) {
            let word = alphabet.word(word);
            checksum.word(word);
            *bytes = (word ^ mask).to_le_bytes();
        }
        if let Some(word) = words.next().filter(|_| !tail.is_empty()) {
            let word = Alphabet::cut(self.kind).word(word);
            checksum.part(word, tail.len());
            write_part(word ^ mask, tail);
        }
    }

    /// Whether `bytes`, which are as long as the message, are the message.
    #[inline(always)]
    pub(super) fn equal(&self, bytes: &[u8]) -> bool {
        match bytes.split_first_chunk::<BYTES>() {
            Some((first, rest)) => {
                self.block.equal(first) && (rest.is_empty() || rest_differing(self.body, self.kind, rest) == 0)
            }
            None => self.block.equal(&filled_up(bytes)),
        }
    }
}

/// Bits in which `rest` differs from what follows the block, all put together.
#[inline(never)]
fn rest_differing(body: Body, kind: Kind, rest: &[u8]) -> u64 {
    // Once for each kind, with its alphabet known.
    match kind {
        Kind::Text => rest_differing_from(body, Kind::Text, rest),
        Kind::Binary => rest_differing_from(body, Kind::Binary, rest),
    }
}

#[inline(always)]
fn rest_differing_from(body: Body, kind: Kind, rest: &[u8]) -> u64 {
    let (whole, tail) = rest.as_chunks();
    let (alphabet, mut words) = (Alphabet::of(kind), body.words_from(WORDS as u64));
    let mut differing = 0;
    // In blocks, so that long messages are compared several words at once.
    let (blocks, few) = whole.as_chunks::<4>();
    for block in blocks {
        for (bytes, word) in block.iter().zip(&mut words) {
            differing |= u64::from_le_bytes(*bytes) ^ alphabet.word(word);
        }
    }
    for (bytes, word) in few.iter().zip(&mut words) {
        differing |= u64::from_le_bytes(*bytes) ^ alphabet.word(word);
    }
    if let Some(word) = words.next().filter(|_| !tail.is_empty()) {
        let part = tail.iter().rev().fold(0, |part, &byte| (part << 8) | u64::from(byte));
        let unused = 8 * (8 - tail.len());
        differing |= part ^ (Alphabet::cut(kind).word(word) << unused >> unused);
    }
    differing
}

/// What is shorter than a block, with zeros behind.
#[inline(never)]
fn filled_up(bytes: &[u8]) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

/// Writes the first bytes of a word. In pieces of a fixed size: to copy so few bytes by a call would take longer than to make
/// them.
#[inline(always)]
fn write_part(mut word: u64, out: &mut [u8]) {
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
