//! How the connections of a group are opened.

use std::{net::IpAddr, time::Duration};

use http::{HeaderName, HeaderValue};

/// How the connections of a group are opened. Their pace is the run's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Longest wait for TCP, TLS and the opening handshake of a connection. The default is 10 s.
    pub timeout: Duration,
    /// Header fields of the opening handshake, besides those of RFC 6455, section 4.1.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Addresses of this machine to connect from, in turn over the clients of the group. All are of
    /// one family. If empty, the system chooses.
    pub sources: Vec<IpAddr>,
    /// Accept any certificate of a `wss` target. The default is to verify it.
    pub insecure: bool,
}

impl Default for Connect {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), headers: Vec::new(), sources: Vec::new(), insecure: false }
    }
}
