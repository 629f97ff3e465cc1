//! The bytes of message k, and the check of what comes back.
//!
//! A message is a header and a body. The header names the message, and the body is generated from
//! the header. So the bytes that must come back can be generated again, and none are stored. A
//! CRC-32C (Castagnoli; RFC 3720, appendix B.4) covers the message, so whole messages can be told
//! from damaged ones wherever they turn up.
//!
//! | field    | binary            | text                     |
//! |----------|-------------------|--------------------------|
//! | magic    | `lg1\0`           | `lg1:`                   |
//! | CRC-32C  | 4 bytes           | 8 hex digits, `:`        |
//! | run      | 4 bytes           | 8 hex digits, `:`        |
//! | client   | 4 bytes           | 8 hex digits, `:`        |
//! | sequence | 8 bytes           | 12 hex digits, `:`       |
//! | length   | 4 bytes           | 8 hex digits, `:`        |
//! | body     | any bytes         | cells of 11 bytes        |
//!
//! Numbers are big-endian. The length is that of the whole message. The CRC covers everything after
//! its own field. Text is valid UTF-8; binary in general is not.
//!
//! Texts expose servers that change some texts. Their bodies are rows of cells (`text.rs`), and
//! each cell has something that programs are known to change (`kinds.rs`). There are 256 cells.
//! Run, client and sequence choose the first.
//!
//! | text                     | has                                                          |
//! |--------------------------|--------------------------------------------------------------|
//! | 53 bytes                 | a bare header                                                |
//! | 54 to 63 bytes           | the beginning of a cell                                      |
//! | 64 bytes                 | one cell; 256 texts of a client have all of them             |
//! | 65 to 2 868 bytes        | as many cells as there is room for                           |
//! | 2 869 bytes or more      | all cells, over and over                                     |
//! | 1 in 8 from 57 bytes on  | before its header a space, line end, NUL, BOM, ...: 1 to 4 bytes |
//! | under 53 bytes           | no header, only the beginning of a body nobody can recognise |
//!
//! Where a text ends within a character, spaces, line ends, NULs or letters stand instead. Eleven
//! is odd, so characters of two, three and four bytes come to lie at every offset modulo any power
//! of two.

mod bare;
#[expect(clippy::inline_always, reason = "what is compiled for an instruction must be inlined where that is declared")]
mod block;
#[expect(clippy::inline_always, reason = "as above")]
mod body;
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        clippy::inline_always,
        reason = "what is compiled for an instruction must be inlined where that is declared"
    )
)]
mod checksum;
#[expect(clippy::inline_always, reason = "what is compiled for an instruction must be inlined where that is declared")]
mod client_messages;
mod distance;
mod drawn_size;
mod hex;
mod kinds;
mod layout;
mod sizes;
#[expect(clippy::inline_always, reason = "as above")]
mod text;
mod varied;
#[expect(clippy::inline_always, reason = "as above")]
mod words;

use std::fmt;

use frames::PayloadSpace;

use self::layout::Layout;
pub(crate) use self::{body::mix, distance::distance, text::LEAD};
pub use self::{
    client_messages::ClientMessages,
    sizes::{SizeQuantile, SizeQuantiles, SizeRange, Sizes},
    varied::{VariedMessages, VariedPayload},
};

/// How a message is sent: the opcode of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Opcode 1.
    Text,
    /// Opcode 2.
    Binary,
}

impl MessageKind {
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// Text only.
    Text,
    /// Binary only.
    Binary,
    /// Text for even sequences, binary for odd ones.
    #[default]
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
    pub const fn kind(self, sequence: u64) -> MessageKind {
        match self {
            Self::Text => MessageKind::Text,
            Self::Mixed if sequence.is_multiple_of(2) => MessageKind::Text,
            Self::Binary | Self::Mixed => MessageKind::Binary,
        }
    }

    /// The smallest size with room for the header of each kind.
    pub const fn min_size(self) -> usize {
        match self {
            Self::Binary => BINARY_HEADER,
            Self::Text | Self::Mixed => TEXT_HEADER,
        }
    }
}

const MAGIC: usize = 4;
/// Where the bytes begin that the CRC covers.
const BINARY_COVERED: usize = 8;
const BINARY_HEADER: usize = 28;
pub(super) const TEXT_COVERED: usize = 13;
pub(super) const TEXT_HEADER: usize = 53;
/// Places of the colons between the fields of a text's header.
const COLONS: [usize; 5] = [12, 21, 30, 43, 52];

/// Sequences have 48 bits. At a million messages a second, a client needs nine years to use them
/// up.
const SEQUENCE_MASK: u64 = (1 << 48) - 1;

/// Names a message, as its header does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageHeader {
    /// Run that sent it.
    pub run: u32,
    /// Client that sent it.
    pub client: u32,
    /// Its number within the client, from 0.
    pub sequence: u64,
    /// Bytes of the whole message.
    pub length: u32,
}

/// Generates and checks the messages of one run.
#[derive(Clone, Copy, Debug)]
pub struct Payload {
    run: u32,
    size: u32,
    mix: Mix,
    /// Too short for headers.
    bare: bool,
    layout: Layout,
}

impl Payload {
    /// Messages of `size` bytes. Under [`Mix::min_size`] they have no header, so nobody can tell
    /// them apart.
    pub fn new(run: u32, size: u32, mix: Mix) -> Self {
        Self { bare: (size as usize) < mix.min_size(), ..Self::with_header(run, size, mix) }
    }

    fn with_header(run: u32, size: u32, mix: Mix) -> Self {
        Self { run, size, mix, bare: false, layout: Layout::new(run, size) }
    }

    /// Bytes of each message.
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// The kind of the message with this sequence.
    #[inline]
    pub fn kind(&self, sequence: u64) -> MessageKind {
        self.mix.kind(sequence)
    }

    /// The messages of `client`.
    #[inline]
    pub fn of(&self, client: u32) -> ClientMessages<'_> {
        ClientMessages::new(self, client)
    }

    /// Writes message `sequence` of `client` to `out`, which is [`Self::size`] bytes long. Returns
    /// its checksum.
    ///
    /// # Panics
    /// `out` has no room for the header, if messages have one.
    pub fn encode(&self, client: u32, sequence: u64, out: &mut [u8]) -> u32 {
        self.of(client).encode(sequence, PayloadSpace::new(None, out))
    }

    /// The first bytes of message `sequence` of `client`, up to the end of its magic, and their
    /// number.
    pub(crate) fn opening(&self, client: u32, sequence: u64) -> ([u8; LEAD + MAGIC], usize) {
        let kind = self.kind(sequence);
        let lead = match kind {
            MessageKind::Text => self.of(client).lead(sequence),
            MessageKind::Binary => text::Lead::NONE,
        };
        let mut opening = [0; LEAD + MAGIC];
        let (before, magic) = opening.split_at_mut(lead.len());
        before.copy_from_slice(lead.bytes());
        magic[..MAGIC].copy_from_slice(&kind.magic());
        (opening, lead.len() + MAGIC)
    }

    /// The run that these messages name.
    pub fn run(&self) -> u32 {
        self.run
    }
}

/// The message at the beginning of `bytes`, and its kind, if it is whole and every byte is right.
/// It may be of any run and client, and more bytes may follow.
pub fn leading(bytes: &[u8]) -> Option<(MessageKind, MessageHeader)> {
    let (kind, header) = parse(bytes)?;
    let message = bytes.get(..header.length as usize)?;
    let MessageHeader { run, client, sequence, length } = header;
    let payload = Payload::with_header(run, length, Mix::Mixed);
    payload.of(client).is_whole_of_kind(kind, sequence, message).then_some((kind, header))
}

/// What the header at the beginning of `bytes` claims, if there is one. Up to four bytes may stand
/// before it, as in texts. Checks nothing.
pub fn parse(bytes: &[u8]) -> Option<(MessageKind, MessageHeader)> {
    if let Some(head) = bytes.first_chunk::<BINARY_HEADER>()
        && head.starts_with(&MessageKind::Binary.magic())
    {
        let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let sequence = (u64::from(number(16)) << 32) | u64::from(number(20));
        let header = MessageHeader { run: number(8), client: number(12), sequence, length: number(24) };
        return (sequence <= SEQUENCE_MASK).then_some((MessageKind::Binary, header));
    }
    Some((MessageKind::Text, parse_text(&bytes[text_header(bytes, LEAD)?..])?))
}

/// Where a text's header seems to begin, at `most` or before.
pub(crate) fn text_header(bytes: &[u8], most: usize) -> Option<usize> {
    (0..=most).find(|&at| bytes.get(at..).is_some_and(|rest| rest.starts_with(&MessageKind::Text.magic())))
}

/// What a text's header at the beginning of `bytes` claims.
pub(crate) fn parse_text(bytes: &[u8]) -> Option<MessageHeader> {
    let head = bytes.first_chunk::<TEXT_HEADER>()?;
    if !head.starts_with(&MessageKind::Text.magic()) || COLONS.iter().any(|&at| head[at] != b':') {
        return None;
    }
    let number = |at: usize, digits: usize| parse_digits(&head[at..at + digits]);
    let narrow = |number: u64| u32::try_from(number).ok();
    Some(MessageHeader {
        run: narrow(number(13, 8)?)?,
        client: narrow(number(22, 8)?)?,
        sequence: number(31, 12)?,
        length: narrow(number(44, 8)?)?,
    })
}

/// The number of these hex digits, at most 16. Capitals are none.
#[inline]
pub(super) fn parse_digits(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some((number << 4) | u64::from(value))
    })
}

#[cfg(test)]
mod tests;
