//! The header of a frame (RFC 6455, section 5.2).

use crate::{mask::Mask, violation::Violation};

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opcode {
    /// A further frame of a message.
    Continuation,
    /// The first frame of a text.
    Text,
    /// The first frame of a binary message.
    Binary,
    /// The last frame of this direction.
    Close,
    /// A ping, to be answered by a pong.
    Ping,
    /// The answer to a ping, or unsolicited.
    Pong,
}

impl Opcode {
    const fn from_bits(bits: u8) -> Result<Self, Violation> {
        Ok(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            reserved => return Err(Violation::ReservedOpcode(reserved)),
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    /// Whether it is a control frame. Those may come between the frames of a message.
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl From<Kind> for Opcode {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Binary => Self::Binary,
        }
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether the frame is the last of its message (FIN).
    pub last: bool,
    /// The three reserved bits, in the low bits.
    pub reserved: u8,
    /// The type of the frame.
    pub opcode: Opcode,
    /// The masking key of the payload.
    pub mask: Option<Mask>,
    /// The length of the payload in bytes.
    pub length: u64,
}

const LAST: u8 = 0x80;
const TEXT_MESSAGE: u8 = LAST | Opcode::Text.bits();
const BINARY_MESSAGE: u8 = LAST | Opcode::Binary.bits();
const MASKED: u8 = 0x80;
/// Short lengths that announce two or eight bytes of extended length.
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

impl Header {
    /// Bytes of a header without a mask, for a payload of less than 126 bytes.
    pub(crate) const SHORTEST: usize = 2;
    /// The reserved bit of a compressed message, RSV1.
    pub(crate) const COMPRESSED: u8 = 4;
    /// Bytes of the longest header.
    pub const LONGEST: usize = 14;

    /// Reads the header at the beginning of `bytes`. Returns it with its own length in bytes, or
    /// none while it is incomplete.
    ///
    /// # Errors
    /// [`Violation::ReservedOpcode`]. The [decoder](crate::Decoder) checks all other rules.
    #[inline]
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let (length, rest) = match second & !MASKED {
            TWO_BYTES => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            EIGHT_BYTES => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            short => (u64::from(short), rest),
        };
        let (mask, rest) = match rest.split_first_chunk() {
            _ if second & MASKED == 0 => (None, rest),
            Some((mask, rest)) => (Some(*mask), rest),
            None => return Ok(None),
        };
        let (last, reserved) = (first & LAST != 0, (first >> 4) & 7);
        let header = Self { last, reserved, opcode: Opcode::from_bits(first & 0xf)?, mask, length };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    /// The type and length of a message in one frame of less than 126 bytes, if the header is of
    /// that form and has a mask as `masked` says.
    #[inline]
    pub(crate) fn of_short_message(bytes: &[u8], masked: bool) -> Option<(Kind, u8)> {
        let &[first, second] = bytes.first_chunk()?;
        let kind = match first {
            TEXT_MESSAGE => Kind::Text,
            BINARY_MESSAGE => Kind::Binary,
            _ => return None,
        };
        // A wrong mask bit makes this more than any short length.
        let length = second ^ if masked { MASKED } else { 0 };
        (length < TWO_BYTES).then_some((kind, length))
    }

    /// The header of a message in one frame of less than 64 KiB, its length in the shortest form.
    #[inline]
    pub(crate) fn of_whole_message(bytes: &[u8]) -> Option<(Kind, Self, usize)> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (kind, opcode) = match first {
            TEXT_MESSAGE => (Kind::Text, Opcode::Text),
            BINARY_MESSAGE => (Kind::Binary, Opcode::Binary),
            _ => return None,
        };
        let (length, at, rest) = match second & !MASKED {
            EIGHT_BYTES => return None,
            TWO_BYTES => match u16::from_be_bytes(*rest.first_chunk()?) {
                0..126 => return None,
                length => (u64::from(length), 4, &rest[2..]),
            },
            short => (u64::from(short), 2, rest),
        };
        let (mask, at) = match second & MASKED {
            0 => (None, at),
            _ => (Some(*rest.first_chunk()?), at + size_of::<Mask>()),
        };
        Some((kind, Self { last: true, reserved: 0, opcode, mask, length }, at))
    }

    /// The length of the header at the beginning of `bytes` and the length of its payload. None if
    /// the header is incomplete. It must have a mask and its length in the shortest form.
    #[inline]
    pub(crate) fn masked_sizes(bytes: &[u8]) -> Option<(usize, usize)> {
        const MASKED_SHORTEST: usize = Header::SHORTEST + size_of::<Mask>();
        let short = bytes.get(1)? & !MASKED;
        if short < TWO_BYTES {
            return Some((MASKED_SHORTEST, short.into()));
        }
        let (header, size) = Self::read(bytes).ok()??;
        Some((size, usize::try_from(header.length).ok()?))
    }

    /// Whether this is the first frame of a compressed message: RSV1 alone is set (RFC 7692,
    /// section 6).
    #[inline]
    pub(crate) fn begins_compressed(&self) -> bool {
        self.reserved == Self::COMPRESSED && matches!(self.opcode, Opcode::Text | Opcode::Binary)
    }

    /// The length of this header in bytes, in its shortest form.
    #[inline]
    pub const fn size(&self) -> usize {
        let length = match self.length {
            0..126 => 0,
            126..65_536 => 2,
            _ => 8,
        };
        2 + length + if self.mask.is_some() { size_of::<Mask>() } else { 0 }
    }

    /// Writes this header, in its shortest form, to the beginning of `out`.
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::size`].
    #[expect(clippy::inline_always, reason = "a call takes longer than the header of a short message")]
    #[inline(always)]
    pub fn write(&self, out: &mut [u8]) {
        let first = self.opcode.bits() | (self.reserved << 4) | if self.last { LAST } else { 0 };
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        let long = self.length.to_be_bytes();
        let at = match self.length {
            // In range: shorter than 126, so in the last byte.
            0..126 => {
                out[..2].copy_from_slice(&[first, masked | long[7]]);
                2
            }
            126..65_536 => {
                out[..4].copy_from_slice(&[first, masked | TWO_BYTES, long[6], long[7]]);
                4
            }
            _ => {
                out[..2].copy_from_slice(&[first, masked | EIGHT_BYTES]);
                out[2..10].copy_from_slice(&long);
                10
            }
        };
        if let Some(mask) = self.mask {
            out[at..at + size_of::<Mask>()].copy_from_slice(&mask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_no_byte_less() {
        let opcodes = [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong];
        for opcode in opcodes {
            for length in [0, 1, 125, 126, 127, 65_535, 65_536, u64::MAX >> 1, u64::MAX] {
                for mask in [None, Some([1, 2, 3, 4])] {
                    for (last, reserved) in [(true, 0), (false, 0), (true, 4), (false, 7)] {
                        let header = Header { last, reserved, opcode, mask, length };
                        let mut bytes = [0xaa; Header::LONGEST + 1];
                        header.write(&mut bytes);
                        assert_eq!(Header::read(&bytes), Ok(Some((header, header.size()))));
                        for short in 0..header.size() {
                            assert_eq!(Header::read(&bytes[..short]), Ok(None), "{header:?} in {short} bytes");
                        }
                        assert_eq!(bytes[header.size()], 0xaa);
                    }
                }
            }
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_rfc() {
        // Section 5.7.
        let plain = Header { last: true, reserved: 0, opcode: Opcode::Text, mask: None, length: 5 };
        for (header, bytes) in [
            (plain, &[0x81, 0x05][..]),
            (Header { mask: Some([0x37, 0xfa, 0x21, 0x3d]), ..plain }, &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d]),
            (Header { last: false, length: 3, ..plain }, &[0x01, 0x03]),
            (Header { opcode: Opcode::Continuation, length: 2, ..plain }, &[0x80, 0x02]),
            (Header { opcode: Opcode::Ping, ..plain }, &[0x89, 0x05]),
            (Header { opcode: Opcode::Binary, length: 256, ..plain }, &[0x82, 0x7e, 0x01, 0x00]),
            (Header { opcode: Opcode::Binary, length: 65_536, ..plain }, &[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut out = [0; Header::LONGEST];
            header.write(&mut out);
            assert_eq!(&out[..header.size()], bytes);
        }
    }
}
