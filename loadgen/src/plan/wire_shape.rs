//! How messages are cut into frames, and frames into writes.

use std::num::NonZeroU32;

/// How messages are cut into frames, and frames into writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireShape {
    /// Most payload bytes of a frame. Longer messages are sent in fragments (RFC 6455, section
    /// 5.4). `None` if a message is one frame.
    pub fragment: Option<NonZeroU32>,
    /// What one write hands over.
    pub write: WriteShape,
}

/// What one write hands over to the transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteShape {
    /// All messages of a burst.
    #[default]
    Burst,
    /// One frame.
    Frame,
    /// This many bytes, wherever frames begin and end.
    Split(NonZeroU32),
}
