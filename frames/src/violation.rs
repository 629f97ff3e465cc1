//! What a peer must not do, and the Close code that answers it.

/// Why a connection must be failed (RFC 6455, section 7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A reserved opcode: section 5.2.
    #[error("opcode {0} is reserved")]
    ReservedOpcode(u8),
    /// A reserved bit is set without an extension: section 5.2.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// A frame from a server is masked: section 5.1.
    #[error("a frame from a server is masked")]
    Masked,
    /// A frame from a client is not masked: section 5.1.
    #[error("a frame from a client is not masked")]
    Unmasked,
    /// A length that is not in its shortest form: section 5.2.
    #[error("a length of {0} is not in its shortest form")]
    LongLength(u64),
    /// A frame whose header announces more bytes than the limit.
    #[error("a frame of {length} bytes; {limit} are accepted")]
    FrameTooBig {
        /// Bytes of its payload.
        length: u64,
        /// Bytes that are accepted.
        limit: u64,
    },
    /// A message of more bytes than the limit.
    #[error("a message of {length} bytes at least; {limit} are accepted")]
    MessageTooBig {
        /// Bytes of its payload so far, with those that its last header announces.
        length: u64,
        /// Bytes that are accepted.
        limit: u64,
    },
    /// A message of more frames than the limit.
    #[error("a message of more than {limit} frames")]
    TooManyFrames {
        /// Frames that are accepted.
        limit: u32,
    },
    /// A fragmented control frame: section 5.5.
    #[error("a control frame in fragments")]
    FragmentedControl,
    /// A control frame of more than 125 bytes: section 5.5.
    #[error("a control frame of {0} bytes; 125 are allowed")]
    LongControl(u64),
    /// A continuation frame without a message: section 5.4.
    #[error("a continuation of nothing")]
    NothingToContinue,
    /// A new message before the last one is complete: section 5.4.
    #[error("a message within a message")]
    MessageInMessage,
    /// A Close with a single byte of payload: section 5.5.1.
    #[error("a Close with half of a code")]
    HalfCode,
    /// A Close with a code that must not be sent: section 7.4.
    #[error("a Close with code {0}, which must not be sent")]
    ForbiddenCode(u16),
    /// Text, or the reason of a Close, that is not UTF-8: sections 5.6 and 5.5.1.
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// A compressed message that can't be inflated: RFC 7692, section 7.2.2.
    #[error("a compressed message that can't be inflated")]
    Inflate,
    /// Bytes after a Close: section 5.5.1.
    #[error("more after a Close")]
    AfterClose,
}

/// The kind of a [`Violation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// The framing.
    Protocol,
    /// The encoding of text.
    Encoding,
    /// The limits of this end.
    Size,
    /// The compression of a message.
    Compression,
}

impl Violation {
    /// Its kind.
    pub const fn kind(self) -> ViolationKind {
        match self {
            Self::NotUtf8 => ViolationKind::Encoding,
            Self::Inflate => ViolationKind::Compression,
            Self::FrameTooBig { .. } | Self::MessageTooBig { .. } | Self::TooManyFrames { .. } => ViolationKind::Size,
            _ => ViolationKind::Protocol,
        }
    }

    /// The code of the Close that answers it: section 7.4.1.
    pub const fn close_code(self) -> u16 {
        match (self, self.kind()) {
            // 1009 is about bytes, and these frames may all be empty.
            (Self::TooManyFrames { .. }, _) => 1008,
            (_, ViolationKind::Protocol) => 1002,
            // "Data within a message that was not consistent with the type of the message."
            (_, ViolationKind::Encoding | ViolationKind::Compression) => 1007,
            (_, ViolationKind::Size) => 1009,
        }
    }
}
