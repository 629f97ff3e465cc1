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

/// What a frame may be at its place in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Between messages. `compression`: whether the next one may be compressed.
    Between { compression: bool },
    /// In a fragmented message, compressed or not.
    Within { compressed: bool },
}

impl Settings {
    /// Reads and checks the header at the beginning of `bytes`. Returns none while it is
    /// incomplete.
    #[inline]
    pub(crate) fn header(&self, bytes: &[u8], place: Place) -> Result<Option<(Header, usize)>, Violation> {
        let Some((header, size)) = Header::read(bytes)? else { return Ok(None) };
        self.admit(&header, size, place)?;
        Ok(Some((header, size)))
    }

    /// Most bytes of a message as it is sent. A compressed one is measured as it is inflated, and
    /// may be longer when it is sent: DEFLATE takes at most 9 bits for a byte (RFC 1951, section
    /// 3.2.6) if it is not stored, and a few bytes for a block.
    pub(crate) fn most_sent(&self, compressed: bool) -> u64 {
        sent(self.max_message, compressed)
    }

    /// Checks the header of a frame, which took `size` bytes. Of several broken rules, it reports
    /// the one that tungstenite reports.
    #[inline]
    fn admit(&self, header: &Header, size: usize, place: Place) -> Result<(), Violation> {
        let in_message = matches!(place, Place::Within { .. });
        // Only the first frame of a message says that it is compressed: RFC 7692, section 6.1.
        let begins_compressed = place == Place::Between { compression: true } && header.begins_compressed();
        let compressed =
            begins_compressed || place == Place::Within { compressed: true } && !header.opcode.is_control();
        if header.length > sent(self.max_frame, compressed) {
            return Err(Violation::FrameTooBig { length: header.length, limit: self.max_frame });
        }
        if size != header.size() {
            return Err(Violation::LongLength(header.length));
        }
        match (self.role, header.mask) {
            (Role::Server, None) => return Err(Violation::Unmasked),
            _ if header.reserved != 0 && !begins_compressed => return Err(Violation::ReservedBit),
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
        if header.length > self.most_sent(compressed) {
            return Err(Violation::MessageTooBig { length: header.length, limit: self.max_message });
        }
        Ok(())
    }
}

/// A limit on bytes as they are sent.
fn sent(limit: u64, compressed: bool) -> u64 {
    if compressed { limit.saturating_add(limit / 8).saturating_add(64) } else { limit }
}
