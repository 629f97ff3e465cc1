//! A connection that opened, and what is known of it.

use frames::{deflate::DeflateParameters, handshake::Fields};

use super::{ConnectionLimits, Endpoint, Stream, tls::TlsSummary};

/// The byte stream of a connection after its opening handshake.
///
/// The engine must read it once without being told: what came right after the answer is not
/// reported again.
#[derive(Debug)]
pub(crate) struct OpenedStream<S> {
    /// Its byte stream.
    pub(crate) stream: Stream<S>,
    /// Bytes that the server sent right after its answer: frames.
    pub(crate) early_bytes: Vec<u8>,
    /// Its limits.
    pub(crate) limits: ConnectionLimits,
    /// What is told to the worker.
    pub(crate) opened: Opened,
}

/// How a connection opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// This machine's end of it.
    pub(crate) local: Endpoint,
    /// Its other end: the server, or the proxy to it.
    pub(crate) peer: Endpoint,
    /// How long each phase took.
    pub(crate) phases: Phases,
    /// What TLS has agreed on with the server; none without TLS.
    pub(crate) tls: Option<TlsSummary>,
    /// Redirects that were followed.
    pub(crate) redirects: u32,
    /// What the server answered.
    pub(crate) answer: Answer,
}

/// How long the phases of opening took, in nanoseconds. They follow each other without a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Phases {
    /// To the TCP connection, attempts at other addresses included.
    pub(crate) tcp: u64,
    /// To the tunnel through a proxy, TLS with the proxy included; none without a proxy.
    pub(crate) proxy: Option<u64>,
    /// The TLS handshake with the server; none without TLS.
    pub(crate) tls: Option<u64>,
    /// The opening handshake of the WebSocket.
    pub(crate) upgrade: u64,
}

impl Phases {
    /// All phases together.
    pub(crate) fn total(self) -> u64 {
        self.tcp + self.proxy.unwrap_or(0) + self.tls.unwrap_or(0) + self.upgrade
    }
}

/// What the server answered to the opening handshake. Its size is bounded as a head's is:
/// [`HEAD_BYTES`](frames::handshake::HEAD_BYTES).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The subprotocol that the server chose.
    pub(crate) subprotocol: Option<String>,
    /// The extensions that the server chose, in its order. Empty where none is offered.
    pub(crate) extensions: Vec<String>,
    /// What was agreed on of compression, if it was offered and accepted.
    pub(crate) compression: Option<DeflateParameters>,
    /// All header fields. The server chose them, so escape them before they are shown.
    pub(crate) fields: Fields,
}
