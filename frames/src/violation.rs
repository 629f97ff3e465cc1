//! What a peer must not do.

/// Why a connection must be failed (RFC 6455, section 7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An opcode that no extension has given a meaning: section 5.2.
    #[error("opcode {0} is reserved")]
    ReservedOpcode(u8),
    /// A reserved bit is set, and no extension was agreed on: section 5.2.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// A frame from a server is masked: section 5.1.
    #[error("a frame from a server is masked")]
    Masked,
    /// A frame from a client is not masked: section 5.1.
    #[error("a frame from a client is not masked")]
    Unmasked,
    /// A length that takes more bytes than it needs: section 5.2.
    #[error("a length of {0} is not in its shortest form")]
    LongLength(u64),
    /// A frame that is longer than this end takes, as it announces itself.
    #[error("a frame of {length} bytes; {limit} are accepted")]
    FrameTooBig {
        /// Bytes of its payload.
        length: u64,
        /// Bytes that are accepted.
        limit: u64,
    },
    /// A message that is longer than this end takes, as far as it is known.
    #[error("a message of {length} bytes at least; {limit} are accepted")]
    MessageTooBig {
        /// Bytes of its payload, those announced by its last frame included.
        length: u64,
        /// Bytes that are accepted.
        limit: u64,
    },
    /// A message of more frames than this end takes.
    #[error("a message of more than {limit} frames")]
    TooManyFrames {
        /// Frames that are accepted.
        limit: u32,
    },
    /// A control frame that is not final: section 5.5.
    #[error("a control frame in fragments")]
    FragmentedControl,
    /// A control frame of more than 125 bytes: section 5.5.
    #[error("a control frame of {0} bytes; 125 are allowed")]
    LongControl(u64),
    /// A continuation frame, and no message to continue: section 5.4.
    #[error("a continuation of nothing")]
    NothingToContinue,
    /// A new message before the last is complete: section 5.4.
    #[error("a message within a message")]
    MessageInMessage,
    /// A Close with half of a code: section 5.5.1.
    #[error("a Close with half of a code")]
    HalfCode,
    /// A Close with a code that must not be sent: section 7.4.
    #[error("a Close with code {0}, which must not be sent")]
    ForbiddenCode(u16),
    /// Text, or the reason of a Close, that is not UTF-8: sections 5.6 and 5.5.1.
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// More after a Close: section 5.5.1.
    #[error("more after a Close")]
    AfterClose,
}

/// What a [`Violation`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offence {
    /// The framing.
    Protocol,
    /// The encoding of text.
    Encoding,
    /// The limits of this end.
    Size,
}

impl Violation {
    /// What it is about.
    pub const fn offence(self) -> Offence {
        match self {
            Self::NotUtf8 => Offence::Encoding,
            Self::FrameTooBig { .. } | Self::MessageTooBig { .. } | Self::TooManyFrames { .. } => Offence::Size,
            _ => Offence::Protocol,
        }
    }

    /// The code of the Close that the peer should get: section 7.4.1.
    pub const fn close_code(self) -> u16 {
        match (self, self.offence()) {
            // Not 1009, which is about bytes: these frames may all be empty.
            (Self::TooManyFrames { .. }, _) => 1008,
            (_, Offence::Protocol) => 1002,
            (_, Offence::Encoding) => 1007,
            (_, Offence::Size) => 1009,
        }
    }
}
