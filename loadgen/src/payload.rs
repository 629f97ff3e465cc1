//! The bytes of message k, and what comes back when it is whole.
//!
//! A message is a header and a body. The header says which message it is; the body is generated from the header, so the
//! bytes that must come back can be computed again and none are stored. It is covered by a CRC-32C (Castagnoli;
//! RFC 3720, appendix B.4), so that whole messages can be told from damaged ones wherever they turn up.
//!
//! | field    | binary            | text                     |
//! |----------|-------------------|--------------------------|
//! | magic    | `lg1\0`           | `lg1:`                   |
//! | CRC-32C  | 4 bytes           | 8 hex digits, `:`        |
//! | run      | 4 bytes           | 8 hex digits, `:`        |
//! | client   | 4 bytes           | 8 hex digits, `:`        |
//! | sequence | 8 bytes           | 12 hex digits, `:`       |
//! | length   | 4 bytes           | 8 hex digits, `:`        |
//! | body     | any bytes         | letters, one in seven of two bytes in UTF-8 |
//!
//! Numbers are big-endian. The length is that of the whole message; the CRC covers everything after its own field. Text is
//! valid UTF-8 and printable, binary is not valid UTF-8 in general.

mod body;

use std::fmt;

use body::Body;
pub(crate) use body::mix;

/// How a message is sent: the opcode of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Opcode 1.
    Text,
    /// Opcode 2.
    Binary,
}

impl Kind {
    /// Bytes of a header of this kind: the size of the smallest message.
    pub const fn header_len(self) -> usize {
        match self {
            Self::Text => TEXT_HEADER,
            Self::Binary => BINARY_HEADER,
        }
    }

    const fn magic(self) -> [u8; MAGIC] {
        match self {
            Self::Text => *b"lg1:",
            Self::Binary => *b"lg1\0",
        }
    }
}

/// Which kinds a run sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Text only.
    Text,
    /// Binary only.
    Binary,
    /// Text where the sequence is even, binary where it is odd.
    Mixed,
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Mixed => "mixed",
        })
    }
}

impl Mix {
    /// The kind of the message with this sequence.
    pub const fn kind(self, sequence: u64) -> Kind {
        match self {
            Self::Text => Kind::Text,
            Self::Mixed if sequence.is_multiple_of(2) => Kind::Text,
            Self::Binary | Self::Mixed => Kind::Binary,
        }
    }

    /// The smallest size that carries a header of each kind that is sent.
    pub const fn min_size(self) -> usize {
        match self {
            Self::Binary => BINARY_HEADER,
            Self::Text | Self::Mixed => TEXT_HEADER,
        }
    }
}

const MAGIC: usize = 4;
/// What the CRC covers begins here.
const BINARY_COVERED: usize = 8;
const BINARY_HEADER: usize = 28;
const TEXT_COVERED: usize = 13;
const TEXT_HEADER: usize = 53;
/// Where the colons between the fields of a text's header are.
const COLONS: [usize; 5] = [12, 21, 30, 43, 52];

/// What a plan has made sure of.
const ROOM: &str = "a message has room for its header";

/// Sequences have 48 bits on the wire: at a million messages a second, a client needs nine years to use them up.
const SEQUENCE_MASK: u64 = (1 << 48) - 1;

/// Which message this is, as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Run that sent it.
    pub run: u32,
    /// Client that sent it.
    pub client: u32,
    /// Its number within the client, from 0.
    pub sequence: u64,
    /// Bytes of the whole message.
    pub length: u32,
}

/// Makes and checks the messages of one run.
#[derive(Clone, Copy, Debug)]
pub struct Payload {
    run: u32,
    size: u32,
    mix: Mix,
}

impl Payload {
    /// Messages of `size` bytes, which must not be less than [`Mix::min_size`].
    pub fn new(run: u32, size: u32, mix: Mix) -> Self {
        debug_assert!(size as usize >= mix.min_size());
        Self { run, size, mix }
    }

    /// Bytes of each message.
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// The kind of the message with this sequence.
    pub fn kind(&self, sequence: u64) -> Kind {
        self.mix.kind(sequence)
    }

    fn header(&self, client: u32, sequence: u64) -> Header {
        Header { run: self.run, client, sequence, length: self.size }
    }

    /// Writes message `sequence` of `client` to `out`, which is [`Self::size`] bytes long. Its checksum.
    ///
    /// # Panics
    /// When `out` has no room for a header.
    pub fn encode(&self, client: u32, sequence: u64, out: &mut [u8]) -> u32 {
        let (kind, header) = (self.kind(sequence), self.header(client, sequence));
        Body::new(kind, &header).fill(&mut out[kind.header_len()..]);
        match kind {
            Kind::Binary => {
                out.first_chunk_mut().map(|head| write_binary_header(head, &header)).expect(ROOM);
                let crc = crc32c::crc32c(&out[BINARY_COVERED..]);
                out[MAGIC..BINARY_COVERED].copy_from_slice(&crc.to_be_bytes());
                crc
            }
            Kind::Text => {
                out.first_chunk_mut().map(|head| write_text_header(head, &header)).expect(ROOM);
                let crc = crc32c::crc32c(&out[TEXT_COVERED..]);
                out[MAGIC..TEXT_COVERED - 1].copy_from_slice(&hex(crc));
                crc
            }
        }
    }

    /// True when `bytes` are message `sequence` of `client` to the last bit.
    pub fn is(&self, client: u32, sequence: u64, bytes: &[u8]) -> bool {
        bytes.len() == self.size() && is_whole(self.kind(sequence), &self.header(client, sequence), bytes)
    }

    /// The same where the checksum of that message is known: [`Self::encode`] has returned it.
    #[inline]
    pub fn is_with(&self, client: u32, sequence: u64, checksum: u32, bytes: &[u8]) -> bool {
        let (kind, header) = (self.kind(sequence), self.header(client, sequence));
        bytes.len() == self.size() && is_whole_with(kind, &header, checksum, bytes)
    }

    /// The run that these messages carry.
    pub fn run(&self) -> u32 {
        self.run
    }
}

/// The message that `bytes` begin with, and its kind, if it is there whole and every byte is right. It may be of any
/// run and any client, and bytes may follow.
pub fn leading(bytes: &[u8]) -> Option<(Kind, Header)> {
    let (kind, header) = parse(bytes)?;
    let message = bytes.get(..header.length as usize)?;
    (message.len() >= kind.header_len() && is_whole(kind, &header, message)).then_some((kind, header))
}

/// What the header at the beginning of `bytes` claims, if one is there. Nothing of it is checked.
pub fn parse(bytes: &[u8]) -> Option<(Kind, Header)> {
    if let Some(head) = bytes.first_chunk::<BINARY_HEADER>()
        && head.starts_with(&Kind::Binary.magic())
    {
        let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let sequence = (u64::from(number(16)) << 32) | u64::from(number(20));
        let header = Header { run: number(8), client: number(12), sequence, length: number(24) };
        return (sequence <= SEQUENCE_MASK).then_some((Kind::Binary, header));
    }
    let head = bytes.first_chunk::<TEXT_HEADER>()?;
    if !head.starts_with(&Kind::Text.magic()) || COLONS.iter().any(|&at| head[at] != b':') {
        return None;
    }
    let number = |at: usize, digits: usize| {
        // `from_str_radix` would take a sign and upper case.
        let digits = &head[at..at + digits];
        let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        lower.then(|| std::str::from_utf8(digits).ok().and_then(|text| u64::from_str_radix(text, 16).ok())).flatten()
    };
    let narrow = |number: u64| u32::try_from(number).ok();
    let header = Header {
        run: narrow(number(13, 8)?)?,
        client: narrow(number(22, 8)?)?,
        sequence: number(31, 12)?,
        length: narrow(number(44, 8)?)?,
    };
    Some((Kind::Text, header))
}

/// True when `message` is the one that `header` describes.
fn is_whole(kind: Kind, header: &Header, message: &[u8]) -> bool {
    let covered = match kind {
        Kind::Binary => message.get(BINARY_COVERED..),
        Kind::Text => message.get(TEXT_COVERED..),
    };
    covered.is_some_and(|covered| is_whole_with(kind, header, crc32c::crc32c(covered), message))
}

/// The same where the checksum is known.
#[inline]
fn is_whole_with(kind: Kind, header: &Header, crc: u32, message: &[u8]) -> bool {
    match kind {
        Kind::Binary => message
            .split_first_chunk()
            .is_some_and(|(head, body)| is_binary_header(head, header, crc) && Body::new(kind, header).equals(body)),
        Kind::Text => message
            .split_first_chunk()
            .is_some_and(|(head, body)| is_text_header(head, header, crc) && Body::new(kind, header).equals(body)),
    }
}

// The headers are written and compared field by field where they lie. To put one together elsewhere first would take
// longer than all the rest: what was just written in small pieces is slow to be read in large ones.

/// All but the CRC.
#[inline]
fn write_binary_header(head: &mut [u8; BINARY_HEADER], header: &Header) {
    head[..4].copy_from_slice(&Kind::Binary.magic());
    head[8..12].copy_from_slice(&header.run.to_be_bytes());
    head[12..16].copy_from_slice(&header.client.to_be_bytes());
    head[16..24].copy_from_slice(&(header.sequence & SEQUENCE_MASK).to_be_bytes());
    head[24..28].copy_from_slice(&header.length.to_be_bytes());
}

#[inline]
fn is_binary_header(head: &[u8; BINARY_HEADER], header: &Header, crc: u32) -> bool {
    let differing = differing(field(head, 0), Kind::Binary.magic())
        | differing(field(head, 4), crc.to_be_bytes())
        | differing(field(head, 8), header.run.to_be_bytes())
        | differing(field(head, 12), header.client.to_be_bytes())
        | differing(field(head, 24), header.length.to_be_bytes());
    let sequence = u64::from_be_bytes(field(head, 16)) ^ (header.sequence & SEQUENCE_MASK);
    u64::from(differing) | sequence == 0
}

/// All but the CRC.
#[inline]
fn write_text_header(head: &mut [u8; TEXT_HEADER], header: &Header) {
    let sequence = header.sequence & SEQUENCE_MASK;
    let [high, low] = [sequence >> 32, sequence & 0xffff_ffff].map(|half| hex(u32::try_from(half).unwrap_or(0)));
    head[..4].copy_from_slice(&Kind::Text.magic());
    head[13..21].copy_from_slice(&hex(header.run));
    head[22..30].copy_from_slice(&hex(header.client));
    head[31..35].copy_from_slice(&high[4..]);
    head[35..43].copy_from_slice(&low);
    head[44..52].copy_from_slice(&hex(header.length));
    for at in COLONS {
        head[at] = b':';
    }
}

#[inline]
fn is_text_header(head: &[u8; TEXT_HEADER], header: &Header, crc: u32) -> bool {
    let sequence = header.sequence & SEQUENCE_MASK;
    let [high, low] = [sequence >> 32, sequence & 0xffff_ffff].map(|half| hex(u32::try_from(half).unwrap_or(0)));
    let wide = |at, expected: [u8; 8]| u64::from_ne_bytes(field(head, at)) ^ u64::from_ne_bytes(expected);
    let digits = wide(4, hex(crc))
        | wide(13, hex(header.run))
        | wide(22, hex(header.client))
        | wide(35, low)
        | wide(44, hex(header.length));
    let narrow = differing(field(head, 0), Kind::Text.magic()) | differing(field(head, 31), field(&high, 4));
    let colons = COLONS.iter().fold(0, |differing, &at| differing | (head[at] ^ b':'));
    digits | u64::from(narrow) | u64::from(colons) == 0
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

/// Eight lower-case hex digits, all at once: spreads the nibbles over the bytes of a word, then adds to each what makes
/// it a digit.
#[inline]
fn hex(number: u32) -> [u8; 8] {
    let mut nibbles = u64::from(number);
    nibbles = (nibbles | (nibbles << 16)) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles | (nibbles << 8)) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles | (nibbles << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in each byte whose nibble is over 9: adding 6 carries into its bit 4.
    let letters = ((nibbles + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (nibbles + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}

#[cfg(test)]
mod tests;
