//! What the messages of a run have in common.

use super::block::{BYTES, Block, WORDS};
use super::body::Alphabet;
use super::hex::hex;
use super::{COLONS, Kind, MAGIC};

/// The first words of the messages of either kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Template {
    pub(super) text: Pattern,
    pub(super) binary: Pattern,
}

/// What is the same in the texts of all runs: the magic, the colons, and the first four digits of the sequence.
const TEXT: [u8; BYTES] = {
    let mut text = [0; BYTES];
    text.split_at_mut(MAGIC).0.copy_from_slice(&Kind::Text.magic());
    text.split_at_mut(31).1.split_at_mut(4).0.copy_from_slice(b"0000");
    let mut at = 0;
    while at < COLONS.len() {
        text[COLONS[at]] = b':';
        at += 1;
    }
    text
};

impl Template {
    pub(super) fn new(run: u32, size: u32) -> Self {
        let mut text = TEXT;
        text[13..21].copy_from_slice(&hex(run).to_le_bytes());
        text[44..52].copy_from_slice(&hex(size).to_le_bytes());
        let mut binary = [0; BYTES];
        binary[..MAGIC].copy_from_slice(&Kind::Binary.magic());
        binary[8..12].copy_from_slice(&run.to_be_bytes());
        binary[24..28].copy_from_slice(&size.to_be_bytes());
        let size = size as usize;
        Self { text: Pattern::new(&Lead::TEXT, &text, size), binary: Pattern::new(&Lead::BINARY, &binary, size) }
    }
}

/// The first words of a kind of message: which bits of the body are in each, and what is added to them. Checksum, client and
/// sequence are zero, but for the first four digits of the sequence, which nearly always are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    pub(super) bits: Block,
    pub(super) plus: Block,
}

impl Pattern {
    /// That of messages of `size` bytes with this header.
    #[inline]
    fn new(body: &Lead, header: &[u8; BYTES], size: usize) -> Self {
        let Lead { bits, first, .. } = if size < BYTES { &body.cut(size) } else { body };
        let (header, _) = header.as_chunks();
        let plus = std::array::from_fn(|at| first[at] | u64::from_le_bytes(header[at]));
        Self { bits: Block::new(*bits), plus: Block::new(plus) }
    }
}

/// What lies of the body in a message's first words: the alphabet of each, zero where the body is not.
#[derive(Debug)]
struct Lead {
    kind: Kind,
    bits: [u64; WORDS],
    first: [u64; WORDS],
}

impl Lead {
    /// For messages that don't end in these words.
    const TEXT: Self = Self::new(Kind::Text, BYTES);
    const BINARY: Self = Self::new(Kind::Binary, BYTES);

    /// For messages of `size` bytes.
    const fn new(kind: Kind, size: usize) -> Self {
        let header = kind.header_len();
        let (mut bits, mut first) = ([0; WORDS], [0; WORDS]);
        let mut at = 0;
        while at < WORDS {
            let body = below(size, at) & !below(header, at);
            let alphabet = if body == u64::MAX { Alphabet::of(kind) } else { Alphabet::cut(kind) };
            bits[at] = alphabet.bits & body;
            first[at] = alphabet.first & body;
            at += 1;
        }
        Self { kind, bits, first }
    }

    #[cold]
    fn cut(&self, size: usize) -> Self {
        Self::new(self.kind, size)
    }
}

/// The bits of word `at` that belong to the first `bytes` bytes.
const fn below(bytes: usize, at: usize) -> u64 {
    match bytes.saturating_sub(8 * at) {
        0 => 0,
        within @ 1..8 => (1 << (8 * within)) - 1,
        _ => u64::MAX,
    }
}
