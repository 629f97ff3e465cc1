//! What is kept of a direction between its messages.

use super::window_bits::WindowBits;

/// What is kept between messages. `S`: a stream of zlib.
#[derive(Debug)]
pub(super) enum Context<S> {
    /// Nothing: each message is compressed by itself. The thread has a stream for all connections.
    None,
    /// A small window. The thread has a stream for all connections.
    Window(Window),
    /// A stream, from the first message on.
    Stream(Option<S>),
}

impl<S> Context<S> {
    /// Keeps only the bytes of windows of up to 2^`small` bytes.
    pub(super) fn new(window_bits: WindowBits, no_context_takeover: bool, small: u8) -> Self {
        match window_bits.get() {
            _ if no_context_takeover => Self::None,
            bits if bits <= small => Self::Window(Window { bytes: Vec::new(), most: 1 << bits }),
            _ => Self::Stream(None),
        }
    }

    /// Bytes of memory that are kept. A stream takes `of_stream` bytes.
    pub(super) fn held(&self, of_stream: usize) -> usize {
        match self {
            Self::None | Self::Stream(None) => 0,
            Self::Window(window) => window.bytes.capacity(),
            Self::Stream(Some(_)) => of_stream,
        }
    }

    /// Frees what is kept.
    pub(super) fn release(&mut self) {
        match self {
            Self::None => {}
            Self::Window(window) => window.bytes = Vec::new(),
            Self::Stream(stream) => *stream = None,
        }
    }
}

/// The last bytes of a direction.
#[derive(Debug)]
pub(super) struct Window {
    bytes: Vec<u8>,
    most: usize,
}

impl Window {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Adds the bytes of a message. Drops those that are too far back.
    pub(super) fn add(&mut self, message: &[u8]) {
        let message = &message[message.len().saturating_sub(self.most)..];
        let kept = self.bytes.len().min(self.most - message.len());
        self.bytes.drain(..self.bytes.len() - kept);
        let missing = (kept + message.len()).saturating_sub(self.bytes.capacity());
        if missing > 0 {
            // No more than the window, as there is one for each connection.
            let doubled = (2 * self.bytes.capacity()).max(kept + message.len()).min(self.most);
            self.bytes.reserve_exact(doubled - kept);
        }
        self.bytes.extend_from_slice(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_the_last_bytes_and_no_room_for_more() {
        let mut window = Window { bytes: Vec::new(), most: 8 };
        for (message, expected) in [
            (&b"ab"[..], &b"ab"[..]),
            (b"cde", b"abcde"),
            (b"", b"abcde"),
            (b"fghi", b"bcdefghi"),
            (b"0123456789", b"23456789"),
            (b"abcdefgh", b"abcdefgh"),
            (b"x", b"bcdefghx"),
        ] {
            window.add(message);
            assert_eq!(window.bytes(), expected);
            assert!(window.bytes.capacity() <= 8);
        }
    }
}
