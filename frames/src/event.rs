//! What a decoder returns.

use crate::{
    close::Close,
    header::{Kind, Opcode},
    violation::Violation,
};

/// A complete message or control frame of the peer. Its bytes are in the read buffer or in the
/// assembler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A message.
    Message(Message<'a>),
    /// A ping. Answer it with a pong of equal payload (RFC 6455, section 5.5.2).
    Ping(&'a [u8]),
    /// A pong: the answer to a ping, or unsolicited (section 5.5.3).
    Pong(&'a [u8]),
    /// The last frame of the peer. Answer it with a Close of equal code, unless you sent one before
    /// (section 5.5.1).
    Close(Option<Close<'a>>),
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Text or binary.
    pub kind: Kind,
    /// Its bytes, unmasked.
    pub payload: &'a [u8],
}

impl<'a> Event<'a> {
    /// The event of a control frame.
    pub(crate) fn of_control(opcode: Opcode, payload: &'a [u8]) -> Result<Self, Violation> {
        match opcode {
            Opcode::Ping => Ok(Self::Ping(payload)),
            Opcode::Pong => Ok(Self::Pong(payload)),
            // The decoder handles the other opcodes itself.
            Opcode::Close | Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                Close::read(payload).map(Self::Close)
            }
        }
    }
}
