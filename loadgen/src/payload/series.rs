//! The messages of one client.

use frames::Mask;

use super::body::{Body, Key};
use super::checksum::Checksum;
#[cfg(not(target_arch = "x86_64"))]
use super::checksum::Portable;
use super::hex::{self, hex};
use super::words::Words;
use super::{
    BINARY_COVERED, BINARY_HEADER, BINARY_WORDS, Kind, Payload, ROOM, SEQUENCE_MASK, TEXT_COVERED, TEXT_HEADER,
    TEXT_WORDS,
};

/// Makes and checks the messages of one client of a run. What they have in common is worked out once, so one of these is
/// for several messages: those of a burst, those of a read.
#[derive(Clone, Copy, Debug)]
pub struct Series<'p> {
    payload: &'p Payload,
    /// Of messages whose sequence is even, and of the others.
    kinds: [Kind; 2],
    key: Key,
    /// The words of the headers that name the client.
    binary: u64,
    text: [u64; 2],
}

impl<'p> Series<'p> {
    #[inline]
    pub(super) fn new(payload: &'p Payload, client: u32) -> Self {
        let ([_, run, ..], [_, _, before, after, ..]) = (payload.template.binary, payload.template.text);
        let digits = hex(client);
        Self {
            payload,
            kinds: [payload.kind(0), payload.kind(1)],
            key: Key::new(payload.run, client),
            binary: run | (u64::from(client.swap_bytes()) << 32),
            text: [before | (digits << 48), after | (digits >> 16)],
        }
    }

    /// Bytes of each message.
    pub fn size(&self) -> usize {
        self.payload.size()
    }

    /// The kind of the message with this sequence.
    #[inline]
    pub fn kind(&self, sequence: u64) -> Kind {
        if sequence.is_multiple_of(2) { self.kinds[0] } else { self.kinds[1] }
    }

    /// Writes message `sequence` to `out`, which is [`Self::size`] bytes long, masked with `mask` (RFC 6455, section 5.3; all
    /// zero: as it is). The checksum of the message as it is.
    ///
    /// # Panics
    /// When `out` has no room for a header.
    #[inline]
    pub fn encode(&self, sequence: u64, mask: Mask, out: &mut [u8]) -> u32 {
        let mut checksum = 0;
        self.encode_all(sequence, std::iter::once((mask, out)), |of| checksum = of);
        checksum
    }

    /// [`Self::encode`] for the messages from `first` on, one for each of `payloads`, whose checksums `each` takes.
    ///
    /// # Panics
    /// When one of them has no room for a header.
    #[inline]
    pub fn encode_all<'o>(
        &self,
        first: u64,
        payloads: impl Iterator<Item = (Mask, &'o mut [u8])>,
        each: impl FnMut(u32),
    ) {
        #[cfg(target_arch = "x86_64")]
        return super::checksum::Instruction::encode_all(self, first, payloads, each);
        #[cfg(not(target_arch = "x86_64"))]
        self.encode_all_as::<Portable>(first, payloads, each);
    }

    #[inline(always)]
    pub(super) fn encode_all_as<'o, C: Checksum>(
        &self,
        first: u64,
        payloads: impl Iterator<Item = (Mask, &'o mut [u8])>,
        mut each: impl FnMut(u32),
    ) {
        for (sequence, (mask, out)) in (first..).zip(payloads) {
            each(self.encode_as::<C>(sequence, mask, out));
        }
    }

    #[inline(always)]
    fn encode_as<C: Checksum>(&self, sequence: u64, mask: Mask, out: &mut [u8]) -> u32 {
        let mask = u64::from(u32::from_le_bytes(mask)) * 0x1_0000_0001;
        match self.kind(sequence) {
            Kind::Binary => {
                let words = self.binary(sequence);
                let checksum = words.write::<C, BINARY_COVERED>(mask, out).expect(ROOM);
                put(out, 0, (words.head[0] | binary_field(checksum)) ^ mask);
                checksum
            }
            Kind::Text => {
                let words = self.text(sequence, hex(low(sequence)));
                let checksum = words.write::<C, TEXT_COVERED>(mask, out).expect(ROOM);
                let digits = hex(checksum);
                put(out, 0, (words.head[0] | (digits << 32)) ^ mask);
                put(out, 1, (words.head[1] | (digits >> 32)) ^ mask);
                checksum
            }
        }
    }

    /// A binary message but for its checksum.
    #[inline(always)]
    fn binary(&self, sequence: u64) -> Words<{ BINARY_WORDS - 1 }> {
        let [magic, _, _, length] = self.payload.template.binary;
        let number = u64::from_le_bytes((sequence & SEQUENCE_MASK).to_be_bytes());
        let body = Body::new(Kind::Binary, self.key, sequence, BINARY_WORDS as u64 - 1);
        Words::new([magic, self.binary, number], length, BINARY_HEADER, body)
    }

    /// A text but for its checksum. `low`: the last eight digits of its sequence.
    #[inline(always)]
    fn text(&self, sequence: u64, low: u64) -> Words<{ TEXT_WORDS - 1 }> {
        let [magic, run, _, _, number, end, length] = self.payload.template.text;
        let [client, before] = self.text;
        let high = match (sequence & SEQUENCE_MASK) >> 32 {
            0 => u64::from(u32::from_le_bytes(*b"0000")), // Nearly always.
            high => hex(self::low(high)) >> 32,
        };
        let number = number | (high >> 8) | (low << 24);
        let head = [magic, run, client, before | (high << 56), number, end | (low >> 40)];
        let body = Body::new(Kind::Text, self.key, sequence, TEXT_WORDS as u64 - 1);
        Words::new(head, length, TEXT_HEADER, body)
    }

    /// True when a message of `kind` and `bytes` is message `sequence` to the last bit. `checksum`: what [`Self::encode`] returns
    /// for it.
    #[inline(always)]
    pub fn is(&self, sequence: u64, checksum: u32, kind: Kind, bytes: &[u8]) -> bool {
        kind == self.kind(sequence) && bytes.len() == self.size() && self.is_of_kind(kind, sequence, checksum, bytes)
    }

    /// The same where its checksum is not known.
    pub fn is_whole(&self, sequence: u64, kind: Kind, bytes: &[u8]) -> bool {
        kind == self.kind(sequence) && bytes.len() == self.size() && self.is_whole_of_kind(kind, sequence, bytes)
    }

    pub(super) fn is_whole_of_kind(&self, kind: Kind, sequence: u64, bytes: &[u8]) -> bool {
        let covered = match kind {
            Kind::Binary => BINARY_COVERED,
            Kind::Text => TEXT_COVERED,
        };
        // A header may claim to be longer than its message.
        bytes.len() >= kind.header_len() && self.is_of_kind(kind, sequence, crc32c::crc32c(&bytes[covered..]), bytes)
    }

    #[inline(always)]
    fn is_of_kind(&self, kind: Kind, sequence: u64, checksum: u32, bytes: &[u8]) -> bool {
        match kind {
            Kind::Binary => {
                let mut words = self.binary(sequence);
                words.head[0] |= binary_field(checksum);
                words.equal(bytes)
            }
            Kind::Text => {
                let (number, digits) = hex::pair(low(sequence), checksum);
                let mut words = self.text(sequence, number);
                words.head[0] |= digits << 32;
                words.head[1] |= digits >> 32;
                words.equal(bytes)
            }
        }
    }
}

/// A checksum in the first word of a binary header.
#[inline(always)]
fn binary_field(checksum: u32) -> u64 {
    u64::from(checksum.swap_bytes()) << 32
}

/// The lower half of a sequence.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn low(sequence: u64) -> u32 {
    sequence as u32
}

/// Writes word `at` of a message.
#[inline(always)]
fn put(out: &mut [u8], at: usize, word: u64) {
    let (words, _) = out.as_chunks_mut();
    words[at] = word.to_le_bytes();
}
