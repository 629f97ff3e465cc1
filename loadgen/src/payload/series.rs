//! The messages of one client.

use super::body::{Body, Key};
use super::checksum::{Afterwards, Checksum};
use super::{BINARY_COVERED, BINARY_HEADER, Kind, MAGIC, Mix, ROOM, SEQUENCE_MASK, TEXT_COVERED, TEXT_HEADER};

/// Makes and checks the messages of one client of a run. What they have in common is worked out once, so one of these is
/// for several messages: those of a burst, those of a read.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    mix: Mix,
    size: u32,
    key: Key,
    /// Run and client as they stand in a binary header.
    identity: [u8; 8],
    /// Hex digits of a text header.
    run: [u8; 8],
    client: [u8; 8],
    length: [u8; 8],
}

impl Series {
    #[inline]
    pub(super) fn new(run: u32, client: u32, size: u32, mix: Mix) -> Self {
        Self {
            mix,
            size,
            key: Key::new(run, client),
            identity: ((u64::from(run) << 32) | u64::from(client)).to_be_bytes(),
            run: hex(run),
            client: hex(client),
            length: hex(size),
        }
    }

    /// Bytes of each message.
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// The kind of the message with this sequence.
    #[inline]
    pub fn kind(&self, sequence: u64) -> Kind {
        self.mix.kind(sequence)
    }

    /// Writes message `sequence` to `out`, which is [`Self::size`] bytes long. Its checksum.
    ///
    /// # Panics
    /// When `out` has no room for a header.
    #[inline]
    pub fn encode(&self, sequence: u64, out: &mut [u8]) -> u32 {
        #[cfg(target_arch = "x86_64")]
        if let Some(checksum) = super::checksum::Instruction::encode(self, sequence, out) {
            return checksum;
        }
        self.encode_as::<Afterwards>(sequence, out)
    }

    #[inline(always)]
    pub(super) fn encode_as<C: Checksum>(&self, sequence: u64, out: &mut [u8]) -> u32 {
        match self.kind(sequence) {
            Kind::Binary => self.encode_binary::<C>(sequence, out),
            Kind::Text => self.encode_text::<C>(sequence, out),
        }
    }

    #[inline(always)]
    fn encode_binary<C: Checksum>(&self, sequence: u64, out: &mut [u8]) -> u32 {
        let mut checksum = C::start();
        let (head, body) = out.split_first_chunk_mut::<BINARY_HEADER>().expect(ROOM);
        head[..MAGIC].copy_from_slice(&Kind::Binary.magic());
        let (number, length) = ((sequence & SEQUENCE_MASK).to_be_bytes(), self.size.to_be_bytes());
        head[8..16].copy_from_slice(&self.identity);
        checksum.word(self.identity);
        head[16..24].copy_from_slice(&number);
        checksum.word(number);
        head[24..28].copy_from_slice(&length);
        checksum.half(length);
        Body::new(Kind::Binary, self.key, sequence).fill(body, &mut checksum);
        let crc = checksum.finish(&out[BINARY_COVERED..]);
        out[MAGIC..BINARY_COVERED].copy_from_slice(&crc.to_be_bytes());
        crc
    }

    #[inline(always)]
    fn encode_text<C: Checksum>(&self, sequence: u64, out: &mut [u8]) -> u32 {
        let mut checksum = C::start();
        let (head, body) = out.split_first_chunk_mut::<TEXT_HEADER>().expect(ROOM);
        head[..MAGIC].copy_from_slice(&Kind::Text.magic());
        head[12] = b':';
        let (high, low) = digits(sequence);
        head[13..21].copy_from_slice(&self.run);
        checksum.word(self.run);
        head[21] = b':';
        checksum.byte(b':');
        head[22..30].copy_from_slice(&self.client);
        checksum.word(self.client);
        head[30] = b':';
        checksum.byte(b':');
        head[31..35].copy_from_slice(&high);
        checksum.half(high);
        head[35..43].copy_from_slice(&low);
        checksum.word(low);
        head[43] = b':';
        checksum.byte(b':');
        head[44..52].copy_from_slice(&self.length);
        checksum.word(self.length);
        head[52] = b':';
        checksum.byte(b':');
        Body::new(Kind::Text, self.key, sequence).fill(body, &mut checksum);
        let crc = checksum.finish(&out[TEXT_COVERED..]);
        out[MAGIC..TEXT_COVERED - 1].copy_from_slice(&hex(crc));
        crc
    }

    /// True when `bytes` are message `sequence` to the last bit. `checksum`: what [`Self::encode`] returns for it.
    #[inline]
    pub fn is(&self, sequence: u64, checksum: u32, bytes: &[u8]) -> bool {
        bytes.len() == self.size() && self.is_of_kind(self.kind(sequence), sequence, checksum, bytes)
    }

    /// The same where its checksum is not known.
    pub fn is_whole(&self, sequence: u64, bytes: &[u8]) -> bool {
        bytes.len() == self.size() && self.is_whole_of_kind(self.kind(sequence), sequence, bytes)
    }

    pub(super) fn is_whole_of_kind(&self, kind: Kind, sequence: u64, bytes: &[u8]) -> bool {
        let covered = match kind {
            Kind::Binary => bytes.get(BINARY_COVERED..),
            Kind::Text => bytes.get(TEXT_COVERED..),
        };
        covered.is_some_and(|covered| self.is_of_kind(kind, sequence, crc32c::crc32c(covered), bytes))
    }

    #[inline]
    fn is_of_kind(&self, kind: Kind, sequence: u64, checksum: u32, bytes: &[u8]) -> bool {
        // Each with a body whose kind is known when this is compiled.
        match kind {
            Kind::Binary => bytes.split_first_chunk().is_some_and(|(head, rest)| {
                self.is_binary_header(head, sequence, checksum)
                    && Body::new(Kind::Binary, self.key, sequence).equals(rest)
            }),
            Kind::Text => bytes.split_first_chunk().is_some_and(|(head, rest)| {
                self.is_text_header(head, sequence, checksum) && Body::new(Kind::Text, self.key, sequence).equals(rest)
            }),
        }
    }

    // Headers are compared field by field where they lie, without branches.

    #[inline]
    fn is_binary_header(&self, head: &[u8; BINARY_HEADER], sequence: u64, checksum: u32) -> bool {
        let narrow = differing(field(head, 0), Kind::Binary.magic())
            | differing(field(head, MAGIC), checksum.to_be_bytes())
            | differing(field(head, 24), self.size.to_be_bytes());
        let wide =
            wide(field(head, 8), self.identity) | wide(field(head, 16), (sequence & SEQUENCE_MASK).to_be_bytes());
        u64::from(narrow) | wide == 0
    }

    #[inline]
    fn is_text_header(&self, head: &[u8; TEXT_HEADER], sequence: u64, checksum: u32) -> bool {
        let (high, low) = digits(sequence);
        let wide = wide(field(head, MAGIC), hex(checksum))
            | wide(field(head, 13), self.run)
            | wide(field(head, 22), self.client)
            | wide(field(head, 35), low)
            | wide(field(head, 44), self.length);
        let narrow = differing(field(head, 0), Kind::Text.magic()) | differing(field(head, 31), high);
        let colons = super::COLONS.iter().fold(0, |differing, &at| differing | (head[at] ^ b':'));
        wide | u64::from(narrow) | u64::from(colons) == 0
    }
}

/// The twelve hex digits of a sequence.
#[inline]
fn digits(sequence: u64) -> ([u8; 4], [u8; 8]) {
    let sequence = sequence & SEQUENCE_MASK;
    if let Ok(low) = u32::try_from(sequence) {
        return (*b"0000", hex(low)); // Nearly always.
    }
    let half = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap_or(0);
    let [_, _, _, _, high @ ..] = hex(half(sequence >> 32));
    (high, hex(half(sequence)))
}

/// Bytes of a header from `at` on.
#[inline]
fn field<const N: usize, const M: usize>(head: &[u8; N], at: usize) -> [u8; M] {
    std::array::from_fn(|index| head[at + index])
}

/// 0 if both are the same.
#[inline]
fn differing(a: [u8; 4], b: [u8; 4]) -> u32 {
    u32::from_ne_bytes(a) ^ u32::from_ne_bytes(b)
}

/// 0 if both are the same.
#[inline]
fn wide(a: [u8; 8], b: [u8; 8]) -> u64 {
    u64::from_ne_bytes(a) ^ u64::from_ne_bytes(b)
}

/// Eight lower-case hex digits, all at once: spreads the nibbles over the bytes of a word, then adds to each what makes
/// it a digit.
#[inline]
pub(super) fn hex(number: u32) -> [u8; 8] {
    let mut nibbles = u64::from(number);
    nibbles = (nibbles | (nibbles << 16)) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles | (nibbles << 8)) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles | (nibbles << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in each byte whose nibble is over 9: adding 6 carries into its bit 4.
    let letters = ((nibbles + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (nibbles + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}
