//! Servers to test, and a peer that speaks WebSocket byte by byte.

mod peer;
mod process;
mod server;
mod tls;

use std::time::Duration;

pub(crate) use self::{
    peer::{
        BINARY, CLOSE, CONTINUATION, PING, PONG, ReceivedFrame, TEXT, TestPeer, close_payload, handshake, part,
        raw_frame, whole,
    },
    process::{ServerProcess, command},
    server::TestServer,
    tls::{Certified, TlsPeer, client, self_signed},
};

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
