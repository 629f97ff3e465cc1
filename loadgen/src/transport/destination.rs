//! A server that clients of a group connect to.

use std::{cell::Cell, net::SocketAddr};

use http::{HeaderName, HeaderValue};

use super::tls::TlsClient;
use crate::message::BoundTemplate;

/// A server that clients of a group connect to: what a URL says of it.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    /// Addresses of the host, in the order to try: see [`interleaved`](super::route).
    pub(crate) addresses: Vec<SocketAddr>,
    /// Nanoseconds that the lookup of the host's name took; none if the target gives the address.
    pub(crate) lookup: Option<u64>,
    /// Index of the address that answered last. It is tried first.
    pub(crate) answering: Cell<usize>,
    /// `Host` field of the handshake.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) resource: String,
    /// Path and query, where they differ from client to client. Stands over `resource`.
    pub(crate) personal_resource: Option<BoundTemplate>,
    /// Header fields that its URL asks for: its user-info as credentials.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// For `wss`.
    pub(crate) tls: Option<TlsClient>,
}

impl Destination {
    /// A server without TLS, and without anything that differs from client to client.
    pub(crate) fn plain(addresses: Vec<SocketAddr>, authority: String, resource: String) -> Self {
        Self {
            addresses,
            lookup: None,
            answering: Cell::default(),
            authority,
            resource,
            personal_resource: None,
            headers: Vec::new(),
            tls: None,
        }
    }
}
