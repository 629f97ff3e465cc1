//! What is known of a connection once it is open.

use std::net::SocketAddr;

use http::{HeaderName, HeaderValue};

/// A connection that opened, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the worker is to open connections through the engine")]
pub(crate) struct Opened {
    /// Its local address.
    pub(crate) local: SocketAddr,
    /// Its peer.
    pub(crate) peer: SocketAddr,
    /// How long each phase took.
    pub(crate) phases: Phases,
    /// What the server agreed to.
    pub(crate) answer: Answer,
}

/// How long the phases of opening a connection took, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(dead_code, reason = "the worker is to open connections through the engine")]
pub(crate) struct Phases {
    /// From the first SYN to the TCP connection that was taken.
    pub(crate) tcp: u64,
    /// The TLS handshake; none without TLS.
    pub(crate) tls: Option<u64>,
    /// From the request of the opening handshake to the end of its answer.
    pub(crate) upgrade: u64,
}

/// The answer to an opening handshake, as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(dead_code, reason = "the worker is to open connections through the engine")]
pub(crate) struct Answer {
    /// The subprotocol that the server chose.
    pub(crate) subprotocol: Option<String>,
    /// The extensions that the server chose, as its fields name them.
    pub(crate) extensions: Vec<String>,
    /// The other header fields of the answer.
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
}
