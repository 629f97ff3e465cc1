//! Collects the heads of HTTP messages, however a stream is cut.

use super::HEAD_BYTES;

/// What came so far, and where the heads in it end.
#[derive(Debug, Default)]
pub(super) struct Head {
    bytes: Vec<u8>,
    /// Where the head that is awaited begins.
    start: usize,
    /// No head ends before this.
    searched: usize,
}

/// There are more bytes of heads than is allowed.
#[derive(Debug)]
pub(super) struct TooLong;

impl Head {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What came of the head that is awaited, and behind it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// How many bytes were before that.
    pub(super) fn skipped(&self) -> usize {
        self.start
    }

    /// All that came.
    pub(super) fn all(&self) -> &[u8] {
        &self.bytes
    }

    /// How long the head that is awaited is, with its empty line; none while that is not there. Lines may end without a
    /// carriage return (RFC 9112, section 2.2).
    pub(super) fn end(&mut self) -> Result<Option<usize>, TooLong> {
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
            return if end > HEAD_BYTES { Err(TooLong) } else { Ok(Some(end - self.start)) };
        }
        self.searched = if self.bytes.get(at) == Some(&b'\n') { at } else { self.bytes.len() };
        if self.bytes.len() >= HEAD_BYTES { Err(TooLong) } else { Ok(None) }
    }

    /// Awaits the next head, behind so many bytes of this one.
    pub(super) fn next(&mut self, bytes: usize) {
        self.start += bytes;
        self.searched = self.start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_behind_the_first_empty_line() {
        for (bytes, end) in [
            (b"HTTP/1.1 101 X\r\nA: b\r\n\r\n\x81\x00".as_slice(), Some(24)),
            (b"HTTP/1.1 101 X\nA: b\n\n\x81\n\n", Some(21)),
            (b"A\r\nB\n\r\n", Some(7)),
            (b"no end\r\n\r", None),
            (b"", None),
        ] {
            for piece in 1..=bytes.len().max(1) {
                let mut head = Head::default();
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
            let mut head = Head::default();
            head.add(&vec![b'x'; HEAD_BYTES - 4 + longer]);
            assert!(head.end().is_ok());
            head.add(b"\r\n\r\n");
            assert_eq!(head.end().is_ok(), fits);
        }
        let mut head = Head::default();
        head.add(&vec![b'x'; HEAD_BYTES]);
        assert!(head.end().is_err(), "it can't end in time");
    }
}
