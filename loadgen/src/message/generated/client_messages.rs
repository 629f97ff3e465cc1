//! The messages of one client.

use frames::PayloadSpace;
use wide::u64x2;

#[cfg(not(target_arch = "x86_64"))]
use super::checksum::Portable;
use super::{
    BINARY_COVERED, BINARY_HEADER, MessageKind, Payload, SEQUENCE_MASK, TEXT_COVERED, bare,
    block::{BYTES, FirstBlock, PAIR},
    body::{BinaryBody, BodyKey},
    checksum::Checksum,
    hex::{self, hex},
    layout::{Layout, Pattern, TextLayout},
    text::{LED, Lead},
    words::{CellRow, Words},
};

/// Generates and checks the messages of one client. Common parts are computed once, so make one of
/// these for a whole burst or read.
#[derive(Clone, Copy, Debug)]
pub struct ClientMessages<'p> {
    payload: &'p Payload,
    /// The kind of messages with an even sequence, and of the others.
    kinds: [MessageKind; 2],
    key: BodyKey,
    /// The words that name the client, in its texts and in its binary messages.
    text: u64x2,
    binary: u64x2,
    /// Added to a sequence to choose the first cell of its text.
    cells: u8,
}

/// Added for each client, so that neighbours send different texts. It is odd and near the golden
/// section of the number of cells. So a few messages of many clients cover as much as many messages
/// of one.
const CLIENT_CELLS: u32 = 159;

impl<'p> ClientMessages<'p> {
    #[inline]
    pub(super) fn new(payload: &'p Payload, client: u32) -> Self {
        let Layout { text, binary } = &payload.layout;
        let kinds = [payload.kind(0), payload.kind(1)];
        Self {
            payload,
            kinds,
            key: BodyKey::new(payload.run, client),
            // At byte 22 of texts, and at byte 12 of binary messages.
            text: text.plus.pair(1) ^ hex::at::<6>(client),
            binary: binary.plus.pair(0) ^ u64x2::new([0, u64::from(client.swap_bytes()) << 32]),
            cells: text.cells.wrapping_add(low_byte(client.wrapping_mul(CLIENT_CELLS).into())),
        }
    }

    /// Whether each message is exactly a block, as by default.
    #[inline]
    pub(super) fn is_of_blocks(&self) -> bool {
        self.size() == BYTES
    }

    /// Bytes of each message.
    pub fn size(&self) -> usize {
        self.payload.size()
    }

    /// The kind of the message with this sequence.
    #[inline]
    pub fn kind(&self, sequence: u64) -> MessageKind {
        if sequence.is_multiple_of(2) { self.kinds[0] } else { self.kinds[1] }
    }

    /// Writes message `sequence` to `out`, which is [`Self::size`] bytes long. Returns its
    /// checksum.
    ///
    /// # Panics
    /// `out` has no room for a header.
    #[inline]
    pub fn encode(&self, sequence: u64, out: PayloadSpace<'_>) -> u32 {
        let mut checksum = 0;
        self.encode_all(sequence, std::iter::once(out), |of| checksum = of);
        checksum
    }

    /// Writes the messages from `first` on, one for each of `payloads`. Calls `each` with the
    /// checksums.
    ///
    /// # Panics
    /// One of `payloads` has no room for a header.
    #[inline]
    pub fn encode_all<'o>(&self, first: u64, payloads: impl Iterator<Item = PayloadSpace<'o>>, each: impl FnMut(u32)) {
        if self.payload.bare {
            return bare::encode_all(self, first, payloads, each);
        }
        #[cfg(target_arch = "x86_64")]
        return super::checksum::Instruction::encode_all(self, first, payloads, each);
        #[cfg(not(target_arch = "x86_64"))]
        if self.is_of_blocks() {
            self.encode_blocks_as::<Portable>(first, payloads, each);
        } else {
            self.encode_all_as::<Portable>(first, payloads, each);
        }
    }

    #[inline(always)]
    pub(super) fn encode_all_as<'o, C: Checksum>(
        &self,
        first: u64,
        payloads: impl Iterator<Item = PayloadSpace<'o>>,
        mut each: impl FnMut(u32),
    ) {
        for (sequence, out) in (first..).zip(payloads) {
            each(self.encode_any_as::<C>(sequence, out));
        }
    }

    /// [`Self::encode_all_as`] for messages of exactly a block. Separate, so that it prepares
    /// nothing for others.
    #[inline(always)]
    pub(super) fn encode_blocks_as<'o, C: Checksum>(
        &self,
        first: u64,
        payloads: impl Iterator<Item = PayloadSpace<'o>>,
        mut each: impl FnMut(u32),
    ) {
        for (sequence, out) in (first..).zip(payloads) {
            each(self.encode_block_as::<C>(sequence, out));
        }
    }

    #[inline(always)]
    fn encode_block_as<C: Checksum>(&self, sequence: u64, out: PayloadSpace<'_>) -> u32 {
        match self.kind(sequence) {
            MessageKind::Binary if out.len() == BYTES => self.encode_binary::<C>(sequence, out),
            MessageKind::Text if self.is_plain(sequence, out.len()) => self.encode_text::<C>(low(sequence).into(), out),
            // All of it, but as a new value. The old one would be kept in memory for every message.
            _ => C::encode_any(self, sequence, out.split_at(0).1),
        }
    }

    /// [`Self::encode`] for messages of any size, and texts with something before their header.
    #[inline(always)]
    pub(super) fn encode_any_as<C: Checksum>(&self, sequence: u64, out: PayloadSpace<'_>) -> u32 {
        match self.kind(sequence) {
            MessageKind::Binary => self.encode_binary::<C>(sequence, out),
            MessageKind::Text => {
                let out = put_lead(self.lead(sequence), out);
                self.encode_text::<C>(sequence, out)
            }
        }
    }

    #[inline(always)]
    fn encode_binary<C: Checksum>(&self, sequence: u64, out: PayloadSpace<'_>) -> u32 {
        self.binary(sequence).write::<C, BINARY_COVERED>(out, put_binary)
    }

    /// Encodes a text from its header on.
    #[inline(always)]
    fn encode_text<C: Checksum>(&self, sequence: u64, out: PayloadSpace<'_>) -> u32 {
        let words = text(&self.payload.layout.text, self.text, self.slot(sequence), sequence);
        words.write::<C, TEXT_COVERED>(out, put_text)
    }

    /// A binary message without its checksum.
    #[inline(always)]
    fn binary(&self, sequence: u64) -> Words<BinaryBody> {
        let body = BinaryBody::new(self.key, sequence);
        let Pattern { bits, plus } = &self.payload.layout.binary;
        let mut block = FirstBlock::of::<{ BINARY_HEADER / PAIR }>(body, bits, &plus.with(0, self.binary));
        block.flip(1, [u64::from_le_bytes((sequence & SEQUENCE_MASK).to_be_bytes()), 0]);
        Words { block, rest: body, kind: MessageKind::Binary }
    }

    /// The first cell of a text. The lowest bit of the sequence becomes the highest. So 256
    /// messages in a row, or 256 texts with binary messages between them, begin with all cells.
    #[inline(always)]
    pub(super) fn slot(&self, sequence: u64) -> u8 {
        low_byte((sequence >> 1) ^ (sequence << 7)).wrapping_add(self.cells)
    }

    /// Whether text `sequence`, of `len` bytes, is exactly a block with nothing before its header,
    /// and the first digits of its sequence are the layout's.
    #[inline(always)]
    fn is_plain(&self, sequence: u64, len: usize) -> bool {
        // Without short-circuits: for messages in a row, most of it is known beforehand.
        (len == BYTES) & (sequence <= u32::MAX.into()) & (self.slot(sequence) & LED != LED)
    }

    /// What stands before the header of text `sequence`.
    #[inline]
    pub(super) fn lead(&self, sequence: u64) -> Lead {
        self.payload.layout.text.lead(self.slot(sequence))
    }

    /// Writes the body of a binary message without a header.
    pub(super) fn fill(&self, sequence: u64, out: &mut [u8]) {
        let words = BinaryBody::new(self.key, sequence).words_from(0);
        for (bytes, word) in out.chunks_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
        }
    }

    /// Whether a message of `kind` with `bytes` is exactly message `sequence`. `checksum` is what
    /// [`Self::encode`] returns for it.
    #[inline(always)]
    pub fn is(&self, sequence: u64, checksum: u32, kind: MessageKind, bytes: &[u8]) -> bool {
        kind == self.kind(sequence) && bytes.len() == self.size() && self.is_of_kind(kind, sequence, checksum, bytes)
    }

    /// Whether a message of `kind` with `bytes` is exactly message `sequence`, if its checksum is
    /// not known.
    pub fn is_whole(&self, sequence: u64, kind: MessageKind, bytes: &[u8]) -> bool {
        kind == self.kind(sequence) && bytes.len() == self.size() && self.is_whole_of_kind(kind, sequence, bytes)
    }

    pub(super) fn is_whole_of_kind(&self, kind: MessageKind, sequence: u64, bytes: &[u8]) -> bool {
        let (before, covered) = match kind {
            MessageKind::Binary => (0, BINARY_COVERED),
            MessageKind::Text => (self.lead(sequence).len(), TEXT_COVERED),
        };
        // A header may claim to be longer than its message.
        bytes.len() >= before + kind.header_len()
            && self.is_of_kind(kind, sequence, crc32c::crc32c(&bytes[before + covered..]), bytes)
    }

    #[inline(always)]
    fn is_of_kind(&self, kind: MessageKind, sequence: u64, checksum: u32, bytes: &[u8]) -> bool {
        match kind {
            MessageKind::Binary => {
                let mut words = self.binary(sequence);
                put_binary(&mut words.block, checksum);
                words.equal(bytes)
            }
            MessageKind::Text => {
                let (layout, slot) = (&self.payload.layout.text, self.slot(sequence));
                if !self.is_plain(sequence, bytes.len()) {
                    return is_text(layout, self.text.to_array(), slot, sequence, checksum, bytes);
                }
                let mut words = text(layout, self.text, slot, low(sequence).into());
                put_text(&mut words.block, checksum);
                words.equal(bytes)
            }
        }
    }
}

/// A text from its header on, without its checksum. `client` are the words that name the client.
#[inline(always)]
fn text(layout: &TextLayout, client: u64x2, slot: u8, sequence: u64) -> Words<CellRow> {
    let mut block = layout.plus.with(1, client);
    block.flip(3, layout.tails[usize::from(slot)]);
    block.flip(2, hex::at::<3>(low(sequence)));
    let high = (sequence & SEQUENCE_MASK) >> 32;
    if high > 0 {
        // The layout has zeros there.
        let more = (hex(low(high)) >> 32) ^ u64::from(u32::from_le_bytes(*b"0000"));
        block.flip(1, [0, more << 56]);
        block.flip(2, [more >> 8, 0]);
    }
    Words { block, rest: CellRow { table: layout.table, slot }, kind: MessageKind::Text }
}

/// Whether `bytes` are a text of any size, with or without something before its header. A call that
/// does not take the [`ClientMessages`], so they stay in registers while most messages are
/// compared.
#[inline(never)]
fn is_text(layout: &TextLayout, client: [u64; 2], slot: u8, sequence: u64, checksum: u32, bytes: &[u8]) -> bool {
    let mut words = text(layout, client.into(), slot, sequence);
    put_text(&mut words.block, checksum);
    bytes.strip_prefix(layout.lead(slot).bytes()).is_some_and(|bytes| words.equal(bytes))
}

/// Writes what stands before the header of a text. Returns the room that follows.
#[inline]
fn put_lead(lead: Lead, out: PayloadSpace<'_>) -> PayloadSpace<'_> {
    let (before, out) = out.split_at(lead.len());
    before.write_low(lead.word());
    out
}

/// Puts the checksum into a binary message.
#[inline(always)]
fn put_binary(block: &mut FirstBlock, checksum: u32) {
    block.flip(0, [u64::from(checksum.swap_bytes()) << 32, 0]);
}

/// Puts the checksum into a text.
#[inline(always)]
fn put_text(block: &mut FirstBlock, checksum: u32) {
    block.flip(0, hex::at::<4>(checksum));
}

/// The lower half of a sequence.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn low(sequence: u64) -> u32 {
    sequence as u32
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lowest byte is meant")]
const fn low_byte(word: u64) -> u8 {
    word as u8
}
