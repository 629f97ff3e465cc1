//! What the opening handshake asks for.

use http::HeaderValue;

use super::secret::Secret;

/// What the opening handshake asks for, besides header fields that are given as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestOptions {
    /// Subprotocols to offer. The server must choose one of them, as browsers demand. The default
    /// is none.
    pub subprotocols: Vec<String>,
    /// The `Origin` field (RFC 6454).
    pub origin: Option<HeaderValue>,
    /// The `Authorization` field.
    pub credentials: Option<Credentials>,
    /// Redirects that are followed, at most. The default is 0, as a redirect is mostly a mistake in
    /// the URL.
    pub max_redirects: u32,
}

/// Credentials of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// `USER:PASSWORD` (RFC 7617).
    Basic(Secret),
    /// A token (RFC 6750).
    Bearer(Secret),
}
