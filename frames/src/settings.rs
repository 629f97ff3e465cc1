//! What a decoder accepts: the role of its end, and the limits.

use crate::{
    header::{Header, Opcode},
    violation::Violation,
};

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Receives frames without a mask (RFC 6455, section 5.1).
    Client,
    /// Receives frames with a mask.
    Server,
}

/// What a decoder accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The end that receives.
    pub role: Role,
    /// Most bytes of a frame's payload. A longer frame is refused as soon as its header is
    /// received.
    pub max_frame: u64,
    /// Most bytes of a message, in all its frames together.
    pub max_message: u64,
    /// Most frames of a message, at least 1. None means any number, so that endless empty fragments
    /// may keep a message open below any limit on its bytes (section 5.4).
    pub max_frames: Option<u32>,
}

impl Settings {
    /// Reads and checks the header at the beginning of `bytes`. Returns none while it is
    /// incomplete. `in_message`: whether a fragmented message is open.
    #[inline]
    pub(crate) fn header(&self, bytes: &[u8], in_message: bool) -> Result<Option<(Header, usize)>, Violation> {
        let Some((header, size)) = Header::read(bytes)? else { return Ok(None) };
        self.admit(&header, size, in_message)?;
        Ok(Some((header, size)))
    }

    /// Checks the header of a frame, which took `size` bytes. Of several broken rules, it reports
    /// the one that tungstenite reports.
    #[inline]
    fn admit(&self, header: &Header, size: usize, in_message: bool) -> Result<(), Violation> {
        if header.length > self.max_frame {
            return Err(Violation::FrameTooBig { length: header.length, limit: self.max_frame });
        }
        if size != header.size() {
            return Err(Violation::LongLength(header.length));
        }
        match (self.role, header.mask) {
            (Role::Server, None) => return Err(Violation::Unmasked),
            _ if header.reserved != 0 => return Err(Violation::ReservedBit),
            (Role::Client, Some(_)) => return Err(Violation::Masked),
            _ => {}
        }
        match header.opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                if !header.last {
                    return Err(Violation::FragmentedControl);
                }
                if header.length > 125 {
                    return Err(Violation::LongControl(header.length));
                }
                return Ok(());
            }
            Opcode::Continuation if !in_message => return Err(Violation::NothingToContinue),
            Opcode::Text | Opcode::Binary if in_message => return Err(Violation::MessageInMessage),
            _ => {}
        }
        if header.length > self.max_message {
            return Err(Violation::MessageTooBig { length: header.length, limit: self.max_message });
        }
        Ok(())
    }
}
