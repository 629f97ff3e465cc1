//! What an opening handshake leaves.

use frames::deflate::DeflateParameters;

use super::socket::TrackedSocket;
use crate::rooms::Member;

/// A connection whose opening handshake is over.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) socket: TrackedSocket,
    /// The bytes that followed the request.
    pub(super) unread: Vec<u8>,
    /// Its place in its room, if messages are broadcast.
    pub(super) member: Option<Box<Member>>,
    /// How messages are compressed, if they may be.
    pub(super) deflate: Option<DeflateParameters>,
}
