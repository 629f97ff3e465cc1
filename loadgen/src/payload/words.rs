//! A message as words of eight bytes, the last of which its end may cut. They are made one after the other, and either written
//! or compared: so neither reads what was just written, and both do eight bytes at a time.

use super::body::Body;
use super::checksum::Checksum;

/// The words of a message whose header fills the first `WHOLE` of them and ends in the one behind those.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<const WHOLE: usize> {
    pub(super) head: [u64; WHOLE],
    /// The end of the header and the beginning of the body.
    seam: u64,
    /// What follows.
    body: Body,
}

impl<const WHOLE: usize> Words<WHOLE> {
    /// Words of `head`, of `rest`, which has the last bytes of the header and is zero above them, and of `body` from
    /// there on. `header`: bytes of the header.
    #[inline(always)]
    pub(super) fn new(head: [u64; WHOLE], rest: u64, header: usize, mut body: Body) -> Self {
        let above = 8 * (header % 8);
        let seam = rest | (body.part() >> above << above);
        Self { head, seam, body }
    }

    /// Writes all but the words of the header before that where byte `COVERED` is; the checksum from that byte on.
    #[inline(always)]
    pub(super) fn write<C: Checksum, const COVERED: usize>(mut self, mask: u64, out: &mut [u8]) -> Option<u32> {
        let (whole, tail) = out.as_chunks_mut();
        let (first, rest) = whole.split_first_chunk_mut::<WHOLE>()?;
        let mut checksum = C::start();
        let (at, before) = (COVERED / 8, COVERED % 8);
        checksum.part(self.head[at] >> (8 * before), 8 - before);
        for (word, value) in first[at..].iter_mut().zip(&self.head[at..]) {
            *word = (value ^ mask).to_le_bytes();
        }
        for value in &self.head[at + 1..] {
            checksum.word(*value);
        }
        let Some((seam, rest)) = rest.split_first_mut() else {
            checksum.part(self.seam, tail.len());
            write_part(self.seam ^ mask, tail);
            return Some(checksum.finish());
        };
        checksum.word(self.seam);
        *seam = (self.seam ^ mask).to_le_bytes();
        for word in rest {
            let value = self.body.word();
            checksum.word(value);
            *word = (value ^ mask).to_le_bytes();
        }
        if !tail.is_empty() {
            let value = self.body.part();
            checksum.part(value, tail.len());
            write_part(value ^ mask, tail);
        }
        Some(checksum.finish())
    }

    /// Whether `bytes`, which have room for the header, are these words, cut where `bytes` end.
    #[inline(always)]
    pub(super) fn equal(mut self, bytes: &[u8]) -> bool {
        let (whole, tail) = bytes.as_chunks();
        let Some((first, rest)) = whole.split_first_chunk::<WHOLE>() else { return false };
        let mut differing = 0;
        for (word, value) in first.iter().zip(self.head) {
            differing |= u64::from_le_bytes(*word) ^ value;
        }
        let last = match rest.split_first() {
            Some((seam, rest)) => {
                differing |= u64::from_le_bytes(*seam) ^ self.seam;
                // In blocks, so that long messages are compared several words at once and short ones without the detour.
                let (blocks, few) = rest.as_chunks::<4>();
                for block in blocks {
                    for word in block {
                        differing |= u64::from_le_bytes(*word) ^ self.body.word();
                    }
                }
                for word in few {
                    differing |= u64::from_le_bytes(*word) ^ self.body.word();
                }
                if tail.is_empty() {
                    return differing == 0;
                }
                self.body.part()
            }
            None => self.seam,
        };
        let part = tail.iter().rev().fold(0, |part, &byte| (part << 8) | u64::from(byte));
        let unused = 8 * (8 - tail.len());
        differing | (part ^ (last << unused >> unused)) == 0
    }
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
