//! A buffer for the heads of HTTP messages, however the stream is cut.

use super::HEAD_BYTES;

/// The bytes so far, and where the current head begins.
#[derive(Debug, Default)]
pub(super) struct HeadBuffer {
    bytes: Vec<u8>,
    /// Where the current head begins.
    start: usize,
    /// The current head does not end before this.
    searched: usize,
}

/// The heads are longer than [`HEAD_BYTES`].
#[derive(Debug)]
pub(super) struct HeadTooLong;

impl HeadBuffer {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes of the current head, and those that follow it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The number of bytes before the current head.
    pub(super) fn skipped(&self) -> usize {
        self.start
    }

    /// All bytes so far.
    pub(super) fn all(&self) -> &[u8] {
        &self.bytes
    }

    /// The length of the current head with its empty line. None while that line is missing. Lines
    /// may end without a carriage return (RFC 9112, section 2.2).
    pub(super) fn end(&mut self) -> Result<Option<usize>, HeadTooLong> {
        let mut at = self.searched.max(self.start);
        while let Some(newline) = self.bytes[at..].iter().position(|&byte| byte == b'\n') {
            at += newline;
            let end = match self.bytes[at + 1..] {
                [b'\n', ..] => at + 2,
                [b'\r', b'\n', ..] => at + 3,
                [] | [b'\r'] => break,
                _ => {
                    at += 1;
                    continue;
                }
            };
            self.searched = at;
            return if end > HEAD_BYTES { Err(HeadTooLong) } else { Ok(Some(end - self.start)) };
        }
        self.searched = if self.bytes.get(at) == Some(&b'\n') { at } else { self.bytes.len() };
        if self.bytes.len() >= HEAD_BYTES { Err(HeadTooLong) } else { Ok(None) }
    }

    /// Begins the next head, after `bytes` bytes of this one.
    pub(super) fn next(&mut self, bytes: usize) {
        self.start += bytes;
        self.searched = self.start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_after_the_first_empty_line() {
        for (bytes, end) in [
            (b"HTTP/1.1 101 X\r\nA: b\r\n\r\n\x81\x00".as_slice(), Some(24)),
            (b"HTTP/1.1 101 X\nA: b\n\n\x81\n\n", Some(21)),
            (b"A\r\nB\n\r\n", Some(7)),
            (b"no end\r\n\r", None),
            (b"", None),
        ] {
            for piece in 1..=bytes.len().max(1) {
                let mut head = HeadBuffer::default();
                let found = bytes.chunks(piece).find_map(|piece| {
                    head.add(piece);
                    head.end().expect("short")
                });
                assert_eq!(found, end, "{bytes:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_head_may_be_as_long_as_the_bound_and_no_longer() {
        for (longer, fits) in [(0, true), (1, false)] {
            let mut head = HeadBuffer::default();
            head.add(&vec![b'x'; HEAD_BYTES - 4 + longer]);
            assert!(head.end().is_ok());
            head.add(b"\r\n\r\n");
            assert_eq!(head.end().is_ok(), fits);
        }
        let mut head = HeadBuffer::default();
        head.add(&vec![b'x'; HEAD_BYTES]);
        assert!(head.end().is_err(), "it can't end in time");
    }
}
