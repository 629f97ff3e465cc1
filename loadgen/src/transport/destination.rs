//! A server that clients of a group connect to.

use std::net::SocketAddr;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::{ResolvedPath, tls::TlsClient};
use crate::message::BoundTemplate;

/// A server that clients of a group connect to: what a URL says of it.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    /// The way to it.
    pub(crate) path: ResolvedPath,
    /// Its origin: scheme, host and port. Path and query are in `resource`.
    pub(crate) origin: Url,
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
            path: ResolvedPath::direct(addresses),
            origin: Url::parse(&format!("ws://{authority}/")).unwrap_or_else(|_| unnamed()),
            authority,
            resource,
            personal_resource: None,
            headers: Vec::new(),
            tls: None,
        }
    }
}

/// The origin of a server without a name.
fn unnamed() -> Url {
    Url::parse("ws://unnamed.invalid/").expect("it is a URL")
}
