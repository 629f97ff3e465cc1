//! Reads the first bytes of a body (RFC 9112, sections 6 and 7).

use super::{BODY_BYTES, Fields};

/// Most bytes of a body that are read. Sizes, extensions and line ends of chunks count.
const RAW_BYTES: usize = 4 * BODY_BYTES;

/// Keeps the beginning of a body, without the framing of chunks.
#[derive(Debug)]
pub(super) struct BodyReader {
    framing: Framing,
    pub(super) kept: Vec<u8>,
    /// Bytes that were read.
    raw: usize,
}

#[derive(Debug)]
enum Framing {
    /// This many bytes are missing.
    Length(u64),
    Chunked(ChunkPosition),
    /// Until the end of the stream.
    ToEnd,
}

/// The position in a chunked body.
#[derive(Debug)]
enum ChunkPosition {
    /// In the line with the size. `extended`: after its digits.
    Size { size: u64, extended: bool },
    /// In the data. This many bytes are missing.
    Data(u64),
    /// In the line end after the data.
    DataEnd,
    /// After the last chunk, or after a malformed one.
    Over,
}

impl BodyReader {
    /// The body of a response.
    pub(super) fn of(status: u16, fields: &Fields) -> Self {
        let chunked =
            fields.elements("transfer-encoding").last().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
        let length = fields.first("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let framing = match length {
            _ if matches!(status, 204 | 304) => Framing::Length(0),
            _ if chunked => Framing::Chunked(ChunkPosition::Size { size: 0, extended: false }),
            Some(length) => Framing::Length(length),
            // A malformed length is ignored; what is kept is bounded anyway.
            None => Framing::ToEnd,
        };
        Self { framing, kept: Vec::new(), raw: 0 }
    }

    /// Whether no more bytes are needed.
    pub(super) fn is_over(&self) -> bool {
        let ended = matches!(self.framing, Framing::Length(0) | Framing::Chunked(ChunkPosition::Over));
        ended || self.kept.len() >= BODY_BYTES || self.raw >= RAW_BYTES
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.is_over() {
                return;
            }
            self.raw += 1;
            match &mut self.framing {
                Framing::Length(missing) => {
                    *missing -= 1;
                    self.kept.push(byte);
                }
                Framing::ToEnd => self.kept.push(byte),
                Framing::Chunked(chunk) => {
                    if matches!(chunk, ChunkPosition::Data(_)) {
                        self.kept.push(byte);
                    }
                    chunk.take(byte);
                }
            }
        }
    }
}

impl ChunkPosition {
    fn take(&mut self, byte: u8) {
        *self = match (&*self, byte) {
            (Self::Size { size: 0, .. }, b'\n') => Self::Over,
            (&Self::Size { size, .. }, b'\n') => Self::Data(size),
            (&Self::Size { size, extended: false }, _) => match char::from(byte).to_digit(16) {
                Some(digit) => match size.checked_mul(16) {
                    Some(size) => Self::Size { size: size + u64::from(digit), extended: false },
                    None => Self::Over,
                },
                None if b"\r; \t".contains(&byte) => Self::Size { size, extended: true },
                None => Self::Over,
            },
            (&Self::Size { size, extended: true }, _) => Self::Size { size, extended: true },
            (Self::Data(1), _) | (Self::DataEnd, b'\r') => Self::DataEnd,
            (&Self::Data(missing), _) => Self::Data(missing - 1),
            (Self::DataEnd, b'\n') => Self::Size { size: 0, extended: false },
            (Self::DataEnd | Self::Over, _) => Self::Over,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunked(bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut body = BodyReader {
            framing: Framing::Chunked(ChunkPosition::Size { size: 0, extended: false }),
            kept: Vec::new(),
            raw: 0,
        };
        body.take(bytes);
        (body.kept.clone(), body.is_over())
    }

    #[test]
    fn chunks_are_joined() {
        for (bytes, kept, over) in [
            (b"5\r\nhello\r\n1;x=\"y\"\r\n!\r\n0\r\n\r\n".as_slice(), b"hello!".as_slice(), true),
            (b"00A\nten bytes.\n0\n", b"ten bytes.", true),
            (b"5\r\nhel", b"hel", false),
            (b"-1\r\nx", b"", true),
            (b"5\r\nhello world", b"hello", true),
            (b"fffffffffffffffff\r\nx", b"", true),
        ] {
            assert_eq!(chunked(bytes), (kept.to_vec(), over), "{bytes:?}");
        }
    }

    #[test]
    fn no_more_is_kept_than_is_shown() {
        let mut body = BodyReader { framing: Framing::Length(u64::MAX), kept: Vec::new(), raw: 0 };
        body.take(&[b'x'; 2 * BODY_BYTES]);
        assert_eq!((body.kept.len(), body.is_over()), (BODY_BYTES, true));
        assert!(chunked(&b"1;extension\r\nx\r\n".repeat(RAW_BYTES)).1);
    }
}
