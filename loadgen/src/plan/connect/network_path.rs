//! Which way connections take to the host of a target.

use std::{fmt, net::IpAddr, path::PathBuf};

use url::{Host, Url};

use super::secret::Secret;

/// Which way connections take to the host of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPath {
    /// A proxy that is asked for a tunnel. The default is none. The environment is not asked.
    pub proxy: Option<Proxy>,
    /// The unix socket to connect to, instead of the host's addresses.
    pub unix_socket: Option<PathBuf>,
    /// The host to connect to. The request, and the name in TLS, stay those of the target.
    pub connect_to: Option<HostPort>,
    /// Addresses of names that are not looked up.
    pub resolve: Vec<Resolve>,
    /// Which of a host's addresses are used. The default is all.
    pub family: AddressFamily,
    /// Whether the next address is tried while the one before has not answered for 250 ms (RFC
    /// 8305, section 5). The default is yes. Without it, the next is tried once the one before has
    /// failed.
    pub happy_eyeballs: bool,
}

impl Default for NetworkPath {
    fn default() -> Self {
        Self {
            proxy: None,
            unix_socket: None,
            connect_to: None,
            resolve: Vec::new(),
            family: AddressFamily::default(),
            happy_eyeballs: true,
        }
    }
}

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// How it is spoken to.
    pub scheme: ProxyScheme,
    /// Where it is.
    pub address: HostPort,
    /// `USER:PASSWORD`, if it wants that.
    pub credentials: Option<Secret>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// CONNECT (RFC 9110, section 9.3.6). The proxy looks names up.
    Http,
    /// CONNECT over TLS.
    Https,
    /// SOCKS 5 (RFC 1928). Names are looked up here.
    Socks5,
    /// SOCKS 5. The proxy looks names up.
    Socks5h,
}

impl ProxyScheme {
    /// Its name in a URL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// The port of a proxy whose URL names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address.
    pub host: Host,
    /// The port, not 0.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl HostPort {
    /// Host and port of a URL, if it has both.
    pub fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host()?.to_owned(), port: url.port_or_known_default()? })
    }

    /// Whether it is this machine, as far as its name tells.
    pub fn is_here(&self) -> bool {
        match &self.host {
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
            Host::Domain(name) => name == "localhost",
        }
    }
}

/// Addresses of a name at a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// The name and the port.
    pub host: HostPort,
    /// Its addresses, one at least.
    pub addresses: Vec<IpAddr>,
}

/// Which of a host's addresses are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressFamily {
    /// All.
    #[default]
    Any,
    /// Those of IPv4.
    Ipv4,
    /// Those of IPv6.
    Ipv6,
}
