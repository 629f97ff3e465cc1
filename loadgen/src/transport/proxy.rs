//! The proxy of a route, and what it is asked for.

use std::{fmt, net::SocketAddr};

use super::tls::TlsClient;
use crate::secrets::HIDDEN;

/// A proxy, and the tunnel that it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct ProxyRoute {
    /// How it is spoken to.
    pub(super) protocol: ProxyProtocol,
    /// Where the tunnel leads.
    pub(super) target: TunnelTarget,
}

/// How a proxy is spoken to.
#[derive(Clone, Debug)]
pub(super) enum ProxyProtocol {
    /// CONNECT (RFC 9110, section 9.3.6).
    Http {
        /// TLS between this machine and the proxy.
        tls: Option<TlsClient>,
        credentials: Option<UserAndPassword>,
    },
    /// SOCKS 5 (RFC 1928).
    Socks5 { credentials: Option<UserAndPassword> },
}

impl ProxyRoute {
    /// TLS between this machine and the proxy, if they speak it.
    pub(super) fn tls(&self) -> Option<&TlsClient> {
        match &self.protocol {
            ProxyProtocol::Http { tls, .. } => tls.as_ref(),
            ProxyProtocol::Socks5 { .. } => None,
        }
    }
}

/// Where a tunnel leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TunnelTarget {
    /// A name that the proxy looks up, and a port.
    Name(String, u16),
    /// An address.
    Address(SocketAddr),
}

impl TunnelTarget {
    pub(super) fn port(&self) -> u16 {
        match self {
            Self::Name(_, port) => *port,
            Self::Address(address) => address.port(),
        }
    }
}

/// As in a URL: an IPv6 address has brackets.
impl fmt::Display for TunnelTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// Credentials of a proxy. For SOCKS each has 1 to 255 bytes, which the plan's checks ensure.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct UserAndPassword {
    pub(super) user: String,
    pub(super) password: String,
}

impl UserAndPassword {
    /// Of `USER:PASSWORD`. The user has no colon (RFC 7617, section 2).
    pub(super) fn of(credentials: &str) -> Self {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        Self { user: user.to_owned(), password: password.to_owned() }
    }
}

/// Without both.
impl fmt::Debug for UserAndPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}
