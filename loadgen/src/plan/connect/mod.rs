//! How the connections of a group are opened.
//!
//! ```text
//! network_path.rs  which way they take: proxy, unix socket, other addresses
//! tls.rs           TLS of the target
//! request.rs       what the opening handshake asks for
//! compression.rs   permessage-deflate
//! secret.rs        credentials, and where they come from
//! ```

mod compression;
mod network_path;
mod request;
mod secret;
mod tls;

use std::{net::IpAddr, time::Duration};

use http::{HeaderName, HeaderValue};

pub use self::{
    compression::Compression,
    network_path::{AddressFamily, HostPort, NetworkPath, Proxy, ProxyScheme, Resolve},
    request::{Credentials, RequestOptions},
    secret::{Secret, SecretSource},
    tls::{ClientCertificate, TlsOptions, TlsVersion},
};

/// How the connections of a group are opened. Their pace is the run's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Longest wait for TCP, proxy, TLS and the opening handshake of a connection. The default is
    /// 10 s.
    pub timeout: Duration,
    /// Header fields of the opening handshake, besides those of RFC 6455, section 4.1.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Addresses of this machine to connect from, in turn over the clients of the group. All are of
    /// one family. If empty, the system chooses.
    pub sources: Vec<IpAddr>,
    /// Which way connections take. By default straight to the host of the target.
    pub network_path: NetworkPath,
    /// TLS of the target.
    pub tls: TlsOptions,
    /// What the opening handshake asks for.
    pub request: RequestOptions,
    /// permessage-deflate (RFC 7692), if it is offered. By default it is not.
    pub compression: Option<Compression>,
}

impl Connect {
    /// Credentials of the target and of the proxy.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = &str> {
        let target = self.request.credentials.as_ref().map(|credentials| match credentials {
            Credentials::Basic(secret) | Credentials::Bearer(secret) => secret,
        });
        let proxy = self.network_path.proxy.as_ref().and_then(|proxy| proxy.credentials.as_ref());
        target.into_iter().chain(proxy).map(Secret::reveal)
    }
}

impl Default for Connect {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            headers: Vec::new(),
            sources: Vec::new(),
            network_path: NetworkPath::default(),
            tls: TlsOptions::default(),
            request: RequestOptions::default(),
            compression: None,
        }
    }
}
