//! What the messages of a run have in common.

use super::{
    COLONS, MAGIC, MessageKind,
    block::{BYTES, FirstBlock, WORDS},
    body::mix,
    hex::hex,
    text::{CellTable, LED, Lead, Tail},
};

/// The first words of the messages of either kind. Checksum, client and sequence are zero, except
/// that a text's sequence begins with four zero digits, as nearly all do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) text: TextLayout,
    pub(super) binary: Pattern,
}

/// What the texts of a run have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextLayout {
    /// The header, without the body.
    pub(super) plus: FirstBlock,
    pub(super) table: &'static CellTable,
    /// The first cell of each message.
    pub(super) tails: &'static [Tail; super::text::CELLS],
    /// [`CellTable::led`] of the size.
    pub(super) led: u8,
    /// Added to a sequence, besides the client's number, to choose the first cell of its text.
    pub(super) cells: u8,
}

impl TextLayout {
    /// What stands before the header of messages whose first cell is `slot`.
    #[inline]
    pub(super) fn lead(&self, slot: u8) -> Lead {
        if slot & self.led == LED { self.table.lead(slot) } else { Lead::NONE }
    }
}

/// What the texts of all runs share: the magic, the colons, and the first four digits of the
/// sequence.
const TEXT: [u8; BYTES] = {
    let mut text = [0; BYTES];
    text.split_at_mut(MAGIC).0.copy_from_slice(&MessageKind::Text.magic());
    text.split_at_mut(31).1.split_at_mut(4).0.copy_from_slice(b"0000");
    let mut at = 0;
    while at < COLONS.len() {
        text[COLONS[at]] = b':';
        at += 1;
    }
    text
};

impl Layout {
    pub(super) fn new(run: u32, size: u32) -> Self {
        let mut text = TEXT;
        text[13..21].copy_from_slice(&hex(run).to_le_bytes());
        text[44..52].copy_from_slice(&hex(size).to_le_bytes());
        let mut binary = [0; BYTES];
        binary[..MAGIC].copy_from_slice(&MessageKind::Binary.magic());
        binary[8..12].copy_from_slice(&run.to_be_bytes());
        binary[24..28].copy_from_slice(&size.to_be_bytes());
        let (size, table) = (size as usize, CellTable::get());
        let [cells, ..] = mix(run.into()).to_le_bytes();
        let plus = FirstBlock::new(words(&text));
        let text = TextLayout { plus, table, tails: table.tails(size), led: CellTable::led(size), cells };
        Self { text, binary: Pattern::new(&binary, size) }
    }
}

/// The first words of binary messages: which bits come from the body, and what is added to them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    pub(super) bits: FirstBlock,
    pub(super) plus: FirstBlock,
}

impl Pattern {
    /// The pattern of messages of `size` bytes with this header.
    #[inline]
    fn new(header: &[u8; BYTES], size: usize) -> Self {
        const WHOLE: [u64; WORDS] = bits(BYTES);
        let bits = if size < BYTES { bits(size) } else { WHOLE };
        Self { bits: FirstBlock::new(bits), plus: FirstBlock::new(words(header)) }
    }
}

/// The bits of a binary message's body in the first words of messages of `size` bytes.
const fn bits(size: usize) -> [u64; WORDS] {
    let header = MessageKind::Binary.header_len();
    let (mut bits, mut at) = ([0; WORDS], 0);
    while at < WORDS {
        bits[at] = below(size, at) & !below(header, at);
        at += 1;
    }
    bits
}

/// The bits of word `at` that belong to the first `bytes` bytes.
const fn below(bytes: usize, at: usize) -> u64 {
    match bytes.saturating_sub(8 * at) {
        0 => 0,
        within @ 1..8 => (1 << (8 * within)) - 1,
        _ => u64::MAX,
    }
}

fn words(bytes: &[u8; BYTES]) -> [u64; WORDS] {
    let (words, _) = bytes.as_chunks();
    std::array::from_fn(|at| u64::from_le_bytes(words[at]))
}
