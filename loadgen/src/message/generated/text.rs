//! Texts consist of cells of eleven bytes, each valid UTF-8.
//!
//! A text's body is a row of cells. Run, client and sequence choose the first. A message of 64
//! bytes has one cell after its header; a long one has all of them. Eleven is odd, so each cell
//! comes to lie at every offset modulo any power of two. Where a message ends within a character,
//! filler stands instead.

use std::{fmt, sync::LazyLock};

use super::{
    TEXT_HEADER,
    block::BYTES,
    kinds::{CHANGED, COMMON, FILLS, LEADS, TRIMMED},
};

/// Bytes of a cell: the part of a body in the first block of a message.
pub(super) const CELL: usize = BYTES - TEXT_HEADER;
/// Number of cells. Eight bits name one.
pub(super) const CELLS: usize = 256;
/// Bytes after which the cells repeat. A multiple of eight.
pub(super) const PERIOD: usize = CELL * CELLS;
/// Bytes of the table that bodies are copied from: one cell, two periods, and two words.
const BYTES_KEPT: usize = CELL + 2 * PERIOD + 16;

/// One text in eight has something before its header: those whose cell has these bits set.
pub(super) const LED: u8 = 7;
/// Most bytes before a header.
pub(crate) const LEAD: usize = 4;
/// Smallest message with something before its header.
const LEAST_LED: usize = TEXT_HEADER + LEAD;
/// From this size on, the first cell is whole, whatever stands before the header.
const WHOLE: usize = BYTES + LEAD;

/// The first cell of a message, as it lies in the last two words of the first block.
pub(super) type Tail = [u64; 2];

/// What stands before a header.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lead {
    bytes: [u8; LEAD],
    len: u8,
}

impl Lead {
    /// Nothing.
    pub(super) const NONE: Self = Self { bytes: [0; LEAD], len: 0 };

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    /// The bytes as a word, the first as the lowest.
    #[inline]
    pub(super) fn word(self) -> u64 {
        u32::from_le_bytes(self.bytes).into()
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        usize::from(self.len).min(LEAD)
    }
}

/// The cells, in the forms that messages are made of.
pub(super) struct CellTable {
    /// All cells, repeated.
    bytes: [u8; BYTES_KEPT],
    /// For each place in `bytes`, how many bytes of a character stand before it.
    within: [u8; BYTES_KEPT],
    /// The first cells of messages by size, from a bare header up to [`WHOLE`]. Cut where the
    /// message ends.
    tails: Vec<[Tail; CELLS]>,
    leads: [Lead; CELLS / 8],
}

impl fmt::Debug for CellTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellTable")
    }
}

impl CellTable {
    /// The only table. It is built on first use.
    #[inline]
    pub(super) fn get() -> &'static Self {
        static TABLE: LazyLock<Box<CellTable>> = LazyLock::new(CellTable::new);
        &TABLE
    }

    fn new() -> Box<Self> {
        let mut table = Box::new(Self {
            bytes: [0; BYTES_KEPT],
            within: [0; BYTES_KEPT],
            tails: vec![[[0; 2]; CELLS]; WHOLE - TEXT_HEADER + 1],
            leads: LEADS.map(|lead| {
                let mut bytes = [0; LEAD];
                bytes[..lead.len()].copy_from_slice(lead.as_bytes());
                Lead { bytes, len: u8::try_from(lead.len()).unwrap_or(0) }
            }),
        });
        let cells: Vec<u8> = (0..=u8::MAX).flat_map(cell).collect();
        for at in 0..BYTES_KEPT {
            table.bytes[at] = cells[at % PERIOD];
            let continues = table.bytes[at] & 0xc0 == 0x80;
            table.within[at] = if continues { table.within[at - 1] + 1 } else { 0 };
        }
        for size in TEXT_HEADER..=WHOLE {
            for slot in 0..=u8::MAX {
                let lead = if size < WHOLE { table.lead_of(slot, size).len() } else { 0 };
                let body = (size - lead - TEXT_HEADER).min(CELL);
                table.tails[size - TEXT_HEADER][usize::from(slot)] = table.tail(slot, body);
            }
        }
        table
    }

    /// The first `body` bytes of a cell, with a cut character replaced, as they lie in a block's
    /// last two words.
    fn tail(&self, slot: u8, body: usize) -> Tail {
        let word = self.mended(CELL * usize::from(slot), body, slot) << (8 * (16 - CELL));
        let (low, high) = (word & u128::from(u64::MAX), word >> 64);
        [low, high].map(|half| u64::try_from(half).unwrap_or_default())
    }

    /// The first cells of messages of `size` bytes.
    #[inline]
    pub(super) fn tails(&self, size: usize) -> &[Tail; CELLS] {
        &self.tails[size.clamp(TEXT_HEADER, WHOLE) - TEXT_HEADER]
    }

    /// The bits that are all set in a cell's number if something stands before the header, for
    /// messages of `size` bytes: [`LED`], or bits that no number has.
    #[inline]
    pub(super) const fn led(size: usize) -> u8 {
        if size < LEAST_LED { 0 } else { LED }
    }

    /// What stands before the header of messages whose first cell is `slot`. Only valid if
    /// [`Self::led`] says that there is something.
    #[inline]
    pub(super) fn lead(&self, slot: u8) -> Lead {
        self.leads[usize::from(slot >> 3)]
    }

    fn lead_of(&self, slot: u8, size: usize) -> Lead {
        if slot & Self::led(size) == LED { self.lead(slot) } else { Lead::NONE }
    }

    /// The first `len` bytes from place `at` on, at most 16, the first in the lowest byte. A cut
    /// character at the end is replaced by the filler of messages that begin with cell `slot`.
    /// Zeros follow.
    #[inline]
    pub(super) fn mended(&self, at: usize, len: usize, slot: u8) -> u128 {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.bytes[at..at + 16]);
        let within = usize::from(self.within[at + len]).min(len);
        let (kept, fill) = (len - within, FILLS[usize::from(slot >> 2) % FILLS.len()]);
        let fill = u128::from(u32::from_le_bytes([fill[0], fill[1], fill[2], 0])) & first(within);
        (u128::from_le_bytes(bytes) & first(kept)) | (fill << (8 * kept))
    }

    /// Writes the beginning of a body whose first cell is `slot`, at most a period.
    pub(super) fn fill(&self, slot: u8, out: &mut [u8]) {
        let (most, end) = out.split_at_mut(out.len().saturating_sub(8));
        let at = CELL * usize::from(slot);
        most.copy_from_slice(self.slice(at, most.len()));
        end.copy_from_slice(&self.mended(at + most.len(), end.len(), slot).to_le_bytes()[..end.len()]);
    }

    /// `len` bytes from place `at` on, at most a period.
    #[inline(always)]
    pub(super) fn slice(&self, at: usize, len: usize) -> &[u8] {
        &self.bytes[at..at + len]
    }
}

/// A mask of the first `bytes` bytes, at most 15.
#[inline]
const fn first(bytes: usize) -> u128 {
    (1 << (8 * bytes)) - 1
}

/// An odd number near the golden section of half the cells.
const SPREAD: usize = 79;

/// A cell. Those with an even number end with their special text, so that it ends messages of 64
/// bytes. In the others it stands at the beginning or in the middle.
fn cell(slot: u8) -> [u8; CELL] {
    let all: Vec<&str> = TRIMMED.iter().chain(CHANGED).copied().collect();
    // Similar texts stand together in the lists and are spread here, so that texts in a row have
    // something of everything.
    let half = usize::from(slot / 2) * SPREAD % (CELLS / 2);
    let (text, before) = if slot.is_multiple_of(2) {
        let text = all[half];
        (text, CELL - text.len())
    } else {
        let text = all[(CELLS / 2 + half) % all.len()];
        // The end of a cell is cut if something stands before the header.
        let room = if slot & LED == LED { 0 } else { CELL - text.len() };
        (text, (half / 4 * 3) % (room + 1))
    };
    let mut cell = [0; CELL];
    let mut common = COMMON.iter().cycle().skip(usize::from(slot));
    fill(&mut cell[..before], &mut common);
    cell[before..before + text.len()].copy_from_slice(text.as_bytes());
    fill(&mut cell[before + text.len()..], &mut common);
    cell
}

/// Fills `out` with whole characters.
fn fill<'c>(mut out: &mut [u8], common: &mut impl Iterator<Item = &'c char>) {
    while !out.is_empty() {
        let c = common.next().copied().filter(|c| c.len_utf8() <= out.len()).unwrap_or('e');
        let (bytes, rest) = out.split_at_mut(c.len_utf8());
        c.encode_utf8(bytes);
        out = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_text_and_every_kind_is_in_one() {
        let cells: Vec<String> = (0..=u8::MAX).map(|slot| String::from_utf8(cell(slot).to_vec()).unwrap()).collect();
        for text in TRIMMED.iter().chain(CHANGED) {
            assert!(cells.iter().any(|cell| cell.contains(text)), "{text:?}");
        }
        for text in TRIMMED {
            assert!(cells.iter().any(|cell| cell.ends_with(text)), "{text:?}");
        }
    }

    #[test]
    fn no_two_cells_are_the_same() {
        let cells: std::collections::BTreeSet<_> = (0..=u8::MAX).map(cell).collect();
        assert_eq!(cells.len(), CELLS);
    }

    #[test]
    fn leads_have_one_to_four_bytes_and_none_of_the_magic() {
        for lead in LEADS {
            assert!((1..=LEAD).contains(&lead.len()) && !lead.contains(['l', 'g', '1', ':']), "{lead:?}");
        }
    }
}
