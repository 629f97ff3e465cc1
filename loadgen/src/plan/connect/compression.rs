//! permessage-deflate: RFC 7692.

/// What is asked of permessage-deflate (RFC 7692, section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// Largest window of both directions: 2 to the power of this many bytes, 9 to 15. The default
    /// is 15, 32 KiB. A smaller one takes less memory a connection and compresses less.
    pub window_bits: u8,
    /// Whether a message may refer to those before it. The default is yes. Without it a connection
    /// holds no window between messages, and small messages compress much less.
    pub context_takeover: bool,
}

impl Compression {
    /// Window bits that can be asked for. 8 are lawful, but zlib, which most servers use, can't
    /// compress with them.
    pub const WINDOW_BITS: std::ops::RangeInclusive<u8> = 9..=15;
}

impl Default for Compression {
    fn default() -> Self {
        Self { window_bits: 15, context_takeover: true }
    }
}
