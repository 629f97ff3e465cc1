//! Encodes frames into one buffer, for one write.

use std::num::NonZeroU32;

use crate::{
    deflate::Deflater,
    header::{Header, Kind, Opcode},
    mask::{self, Mask},
    payloads::Payloads,
};

/// Most bytes of memory that [`Encoder::clear`] keeps for the next burst.
const KEPT: usize = 256 * 1024;

/// Most bytes of a control frame's payload (RFC 6455, section 5.5).
const CONTROL: usize = 125;

/// A buffer of frames. A client masks each frame with a mask of its own; a server masks none (RFC
/// 6455, section 5.1).
#[derive(Debug, Default)]
pub struct Encoder {
    /// Longer than the part in use, so that no byte is zeroed twice.
    space: Vec<u8>,
    used: usize,
}

impl Encoder {
    /// The encoded frames.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.space[..self.used]
    }

    /// The number of bytes of all frames.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Whether there are no frames.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Removes all frames. Keeps up to 256 KiB of memory for the next ones.
    #[inline]
    pub fn clear(&mut self) {
        self.used = 0;
        if self.space.len() > KEPT {
            self.space = Vec::new();
        }
    }

    /// Adds a message in one frame, with `length` bytes of payload that `fill` writes. Bytes that
    /// it does not write are undefined. The caller ensures that text is UTF-8.
    #[inline]
    pub fn message(&mut self, kind: Kind, mask: Option<Mask>, length: usize, fill: impl FnOnce(&mut [u8])) {
        let header = Header { last: true, reserved: 0, opcode: kind.into(), mask, length: length as u64 };
        self.frame(header, fill);
    }

    /// Adds messages of these kinds and lengths in bytes, each in one frame, with masks that `mask`
    /// draws. `fill` writes the payloads, which masks them. Bytes that it does not write are
    /// undefined. The caller ensures that text is UTF-8.
    ///
    /// # Panics
    /// If the frames don't fit into memory.
    #[inline]
    pub fn masked_messages(
        &mut self,
        messages: impl ExactSizeIterator<Item = (Kind, usize)> + Clone,
        mut mask: impl FnMut() -> Mask,
        fill: impl FnOnce(Payloads<'_>),
    ) {
        let header = |kind: Kind, length: usize, mask| {
            let (opcode, mask) = (kind.into(), Some(mask));
            Header { last: true, reserved: 0, opcode, mask, length: length as u64 }
        };
        let mut lengths = messages.clone().map(|(_, length)| length);
        let length = lengths.next().unwrap_or(0);
        if lengths.all(|other| other == length) {
            // Most bursts. Their frames are found without a look into the headers.
            let size = header(Kind::Text, length, [0; 4]).size();
            let frames = self.extend(messages.len() * (size + length));
            for (frame, (kind, _)) in frames.chunks_exact_mut(size + length).zip(messages) {
                header(kind, length, mask()).write(frame);
            }
            fill(Payloads::equal(frames, size, length));
        } else {
            let begin = self.used;
            for (kind, length) in messages {
                let header = header(kind, length, mask());
                header.write(self.extend(header.size() + length));
            }
            fill(Payloads::differing(&mut self.space[begin..self.used]));
        }
    }

    /// Adds a message in frames of at most `most` bytes of payload, with masks that `mask` draws
    /// (section 5.4). A message that fits is one frame. The caller ensures that text is UTF-8; a
    /// frame may end within a character.
    pub fn masked_fragments(&mut self, kind: Kind, most: NonZeroU32, mut mask: impl FnMut() -> Mask, payload: &[u8]) {
        self.fragments(kind, 0, most, || Some(mask()), payload);
    }

    /// Adds a message in fragments, the first with these reserved bits.
    fn fragments(
        &mut self,
        kind: Kind,
        mut reserved: u8,
        most: NonZeroU32,
        mut mask: impl FnMut() -> Option<Mask>,
        payload: &[u8],
    ) {
        let most = most.get() as usize;
        let mut opcode = kind.into();
        let mut rest = payload;
        loop {
            let (part, after) = rest.split_at(rest.len().min(most));
            let last = after.is_empty();
            let header = Header { last, reserved, opcode, mask: mask(), length: part.len() as u64 };
            self.frame(header, |out| out.copy_from_slice(part));
            if last {
                return;
            }
            (opcode, rest, reserved) = (Opcode::Continuation, after, 0);
        }
    }

    /// Adds a message in one frame, compressed (RFC 7692, section 6.1). Returns the bytes of its
    /// payload as it is sent. The caller ensures that text is UTF-8.
    #[cold]
    pub fn compressed_message(
        &mut self,
        kind: Kind,
        mask: Option<Mask>,
        deflater: &mut Deflater,
        payload: &[u8],
    ) -> usize {
        let begin = self.used;
        // The length is known afterwards, and the length of the header with it.
        let compressed = begin + Header::LONGEST;
        self.extend(Header::LONGEST);
        let end = deflater.compress_at(payload, &mut self.space, compressed);
        let length = end - compressed;
        let header =
            Header { last: true, reserved: Header::COMPRESSED, opcode: kind.into(), mask, length: length as u64 };
        let size = header.size();
        header.write(&mut self.space[begin..]);
        self.space.copy_within(compressed..end, begin + size);
        self.used = begin + size + length;
        if let Some(mask) = mask {
            mask::apply(mask, 0, &mut self.space[begin + size..self.used]);
        }
        length
    }

    /// Adds a message, compressed and in frames of at most `most` bytes as they are sent, with
    /// masks that `mask` draws. Only the first frame says that it is compressed. Returns the bytes
    /// of its payload as it is sent. The caller ensures that text is UTF-8.
    #[cold]
    pub fn compressed_fragments(
        &mut self,
        kind: Kind,
        most: NonZeroU32,
        mask: impl FnMut() -> Option<Mask>,
        deflater: &mut Deflater,
        payload: &[u8],
    ) -> usize {
        let mut compressed = Vec::new();
        deflater.compress(payload, &mut compressed);
        self.fragments(kind, Header::COMPRESSED, most, mask, &compressed);
        compressed.len()
    }

    /// Adds a ping. Its payload is cut to 125 bytes.
    pub fn ping(&mut self, mask: Option<Mask>, payload: &[u8]) {
        self.control(Opcode::Ping, mask, payload);
    }

    /// Adds a pong. Its payload is that of the ping that it answers (section 5.5.3), cut to 125
    /// bytes.
    pub fn pong(&mut self, mask: Option<Mask>, payload: &[u8]) {
        self.control(Opcode::Pong, mask, payload);
    }

    /// Adds a Close, with a code and a reason or without. A reason that is too long is cut.
    pub fn close(&mut self, mask: Option<Mask>, content: Option<(u16, &str)>) {
        let Some((code, reason)) = content else { return self.control(Opcode::Close, mask, &[]) };
        let [high, low] = code.to_be_bytes();
        let cut = (0..=reason.len().min(CONTROL - 2)).rev().find(|&at| reason.is_char_boundary(at));
        let reason = &reason[..cut.unwrap_or(0)];
        self.control(Opcode::Close, mask, &[&[high, low], reason.as_bytes()].concat());
    }

    fn control(&mut self, opcode: Opcode, mask: Option<Mask>, payload: &[u8]) {
        let payload = &payload[..payload.len().min(CONTROL)];
        let header = Header { last: true, reserved: 0, opcode, mask, length: payload.len() as u64 };
        self.frame(header, |out| out.copy_from_slice(payload));
    }

    /// Adds a frame with any header, even an invalid one, and the payload that `fill` writes. The
    /// header's mask is applied.
    ///
    /// # Panics
    /// If the length does not fit into memory.
    #[inline]
    pub fn frame(&mut self, header: Header, fill: impl FnOnce(&mut [u8])) {
        let payload = self.begin(header);
        fill(payload);
        if let Some(mask) = header.mask {
            mask::apply(mask, 0, payload);
        }
    }

    /// Writes a header. Returns the space for its payload.
    #[expect(clippy::inline_always, reason = "an echo of 64 bytes takes a fifth more instructions with a call")]
    #[inline(always)]
    fn begin(&mut self, header: Header) -> &mut [u8] {
        let (size, length) = (header.size(), usize::try_from(header.length).expect("a payload fits into memory"));
        let (head, payload) = self.extend(size + length).split_at_mut(size);
        header.write(head);
        payload
    }

    /// Extends the part in use by `bytes`.
    #[inline]
    fn extend(&mut self, bytes: usize) -> &mut [u8] {
        let (begin, end) = (self.used, self.used + bytes);
        if self.space.len() < end {
            self.grow(end);
        }
        self.used = end;
        &mut self.space[begin..end]
    }

    #[cold]
    fn grow(&mut self, least: usize) {
        self.space.resize(least.next_power_of_two().max(4096), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_for_the_next_burst_up_to_a_limit() {
        // A power of two above what was asked for.
        for (payload, space, kept) in [(10, 4096, 4096), (200_000, KEPT, KEPT), (300_000, 2 * KEPT, 0)] {
            let mut encoder = Encoder::default();
            encoder.message(Kind::Binary, None, payload, |out| out.fill(1));
            assert_eq!(encoder.space.len(), space, "{payload}");
            encoder.clear();
            assert_eq!(encoder.space.len(), kept, "{payload}");
        }
        assert_eq!(KEPT, 262_144, "as documented");
    }

    #[test]
    fn the_length_is_that_of_all_frames() {
        let mut encoder = Encoder::default();
        assert_eq!((encoder.len(), encoder.is_empty()), (0, true));
        encoder.message(Kind::Text, None, 10, |out| out.fill(b'x'));
        encoder.ping(Some([1, 2, 3, 4]), b"?");
        assert_eq!((encoder.len(), encoder.is_empty()), (12 + 7, false));
        assert_eq!(encoder.bytes().len(), 19);
    }

    #[test]
    fn a_message_is_cut_into_fragments() {
        for (length, lengths) in [(0, &[0][..]), (1, &[1]), (3, &[3]), (4, &[3, 1]), (6, &[3, 3]), (7, &[3, 3, 1])] {
            let payload: Vec<u8> = (1..).take(length).collect();
            let mut encoder = Encoder::default();
            let mut masks = (1..).map(|byte| [byte, 0, 0xff, 7]);
            let most = NonZeroU32::new(3).unwrap();
            encoder.masked_fragments(Kind::Text, most, || masks.next().unwrap(), &payload);
            let mut rest = encoder.bytes();
            let mut got = Vec::new();
            for (index, &part) in lengths.iter().enumerate() {
                let (header, size) = Header::read(rest).unwrap().unwrap();
                assert_eq!(header.opcode, if index == 0 { Opcode::Text } else { Opcode::Continuation });
                assert_eq!((header.length, header.last), (part, index + 1 == lengths.len()));
                let (frame, after) = rest.split_at(size + usize::try_from(part).unwrap());
                let mut part = frame[size..].to_vec();
                mask::apply(header.mask.unwrap(), 0, &mut part);
                got.extend(part);
                rest = after;
            }
            assert_eq!((got, rest), (payload, &[][..]));
        }
    }

    #[test]
    fn messages_that_are_written_together_are_as_if_alone() {
        let lengths = [5, 5, 5, 0, 1, 125, 126, 70, 65_535, 65_536, 0];
        for cut in 0..=lengths.len() {
            let kinds = [Kind::Text, Kind::Binary].into_iter().cycle();
            let masks = (1..).map(|byte| [byte, 0xff, 0, 0x10]);
            let messages: Vec<_> = kinds.zip(lengths).take(cut).collect();
            let (mut together, mut alone) = (Encoder::default(), Encoder::default());
            together.ping(None, b"before");
            let mut drawn = masks.clone();
            let mask = || drawn.next().unwrap();
            together.masked_messages(messages.iter().copied(), mask, |mut payloads| {
                for (length, letter) in lengths.into_iter().take(cut).zip(b'a'..) {
                    payloads.next().unwrap().copy_from_slice(&vec![letter; length]);
                }
                assert!(payloads.next().is_none());
            });
            alone.ping(None, b"before");
            for (((kind, length), mask), letter) in messages.into_iter().zip(masks).zip(b'a'..) {
                alone.message(kind, Some(mask), length, |payload| payload.fill(letter));
            }
            assert_eq!(together.bytes(), alone.bytes(), "{cut}");
        }
    }
}
