//! How the connections of a group are opened, as a plan has it. No secret is in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the connections of a group are opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectRecord {
    /// The proxy that is asked for a tunnel. Null without one.
    pub proxy: Option<ProxyRecord>,
    /// The unix socket to connect to. Null if it is the host's addresses.
    pub unix_socket: Option<String>,
    /// The host and port to connect to. Null if they are the target's.
    pub connect_to: Option<String>,
    /// Names whose addresses the plan gives, as `HOST:PORT:ADDRESS,...`.
    pub resolve: Vec<String>,
    /// 4 or 6 if only addresses of that version of IP are used. Null if all are.
    pub ip_version: Option<u8>,
    /// Whether the next address is tried while the one before has not answered (RFC 8305).
    pub happy_eyeballs: bool,
    /// Subprotocols that are offered.
    pub subprotocols: Vec<String>,
    /// The field `Origin` of the request. Null without one.
    pub origin: Option<String>,
    /// The kind of credentials that the request has. Null without any.
    pub authorization: Option<AuthorizationRecord>,
    /// Redirects that an attempt to open follows, at most.
    pub max_redirects: u32,
    /// Options of TLS. Null if all are the defaults, with TLS or without.
    pub tls: Option<TlsRecord>,
    /// The compression that is offered. Null if none is.
    pub compression: Option<CompressionRecord>,
}

/// A proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyRecord {
    /// How it is spoken to: `http`, `https`, `socks5` or `socks5h`.
    pub scheme: String,
    /// Its host and port.
    pub address: String,
    /// Whether it is given credentials.
    pub credentials: bool,
}

/// Credentials of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationRecord {
    /// A name and a password (RFC 7617).
    Basic,
    /// A token (RFC 6750).
    Bearer,
}

/// Options of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsRecord {
    /// The version that is spoken, `1.2` or `1.3`. Null if it is the highest that both sides know.
    pub version: Option<String>,
    /// Files of certificates that are trusted instead of the system's.
    pub authorities: u32,
    /// Whether clients have a certificate.
    pub client_certificate: bool,
    /// The name that is asked for. Null if it is the URL's host.
    pub server_name: Option<String>,
    /// Any certificate is accepted (`--insecure`).
    pub insecure: bool,
    /// Connections resume the session of one before.
    pub resume: bool,
}

/// permessage-deflate (RFC 7692), as it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompressionRecord {
    /// The largest window of both directions is 2 to the power of this many bytes.
    #[schemars(range(min = 9, max = 15))]
    pub window_bits: u8,
    /// Whether a message may refer to those before it.
    pub context_takeover: bool,
}

impl Default for ConnectRecord {
    fn default() -> Self {
        Self {
            proxy: None,
            unix_socket: None,
            connect_to: None,
            resolve: Vec::new(),
            ip_version: None,
            happy_eyeballs: true,
            subprotocols: Vec::new(),
            origin: None,
            authorization: None,
            max_redirects: 0,
            tls: None,
            compression: None,
        }
    }
}

impl Default for CompressionRecord {
    fn default() -> Self {
        Self { window_bits: 15, context_takeover: true }
    }
}
