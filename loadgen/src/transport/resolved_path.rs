//! The way to a host, once its names are looked up.

use std::{io, net::SocketAddr, sync::Arc};

use url::Host;

use super::{
    first_hop::{FirstHop, HostAddresses},
    lookup::{Found, look_up},
    proxy::{ProxyProtocol, ProxyRoute, TunnelTarget, UserAndPassword},
    tls::{TlsClient, TlsSettings},
};
use crate::plan::{Connect, HostPort, NetworkPath, Proxy, ProxyScheme};

/// The way to a host.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedPath {
    /// Where connections go first.
    pub(crate) first_hop: FirstHop,
    /// The proxy at the first hop, if it is one.
    pub(crate) proxy: Option<Arc<ProxyRoute>>,
    /// Nanoseconds that lookups of names took; none if no name was looked up.
    pub(crate) lookup: Option<u64>,
}

impl ResolvedPath {
    /// Straight to one of these addresses.
    pub(crate) fn direct(addresses: Vec<SocketAddr>) -> Self {
        Self { first_hop: FirstHop::tcp(addresses), proxy: None, lookup: None }
    }

    /// The way to `host` that connections of a group take.
    ///
    /// # Errors
    /// A name has no address, or TLS to the proxy can't be set up.
    pub(crate) fn to(host: &HostPort, connect: &Connect) -> io::Result<Self> {
        let path = &connect.network_path;
        if let Some(socket) = &path.unix_socket {
            return Ok(Self { first_hop: FirstHop::Unix(socket.as_path().into()), proxy: None, lookup: None });
        }
        let host = path.connect_to.as_ref().unwrap_or(host);
        let first = path.proxy.as_ref().map_or(host, |proxy| &proxy.address);
        let Found { addresses, took } = look_up(first, path)?;
        let addresses = HostAddresses { happy_eyeballs: path.happy_eyeballs, ..HostAddresses::of(addresses) };
        let mut resolved = Self { first_hop: FirstHop::Tcp(addresses), proxy: None, lookup: took };
        if let Some(proxy) = &path.proxy {
            let (target, took) = tunnel_target(proxy.scheme, host, path)?;
            resolved.proxy = Some(Arc::new(ProxyRoute { protocol: protocol(proxy, connect)?, target }));
            resolved.lookup = resolved.lookup.into_iter().chain(took).reduce(|a, b| a + b);
        }
        Ok(resolved)
    }
}

/// What a proxy is asked to connect to, and how long a lookup of that took.
fn tunnel_target(scheme: ProxyScheme, host: &HostPort, path: &NetworkPath) -> io::Result<(TunnelTarget, Option<u64>)> {
    let is_given = path.resolve.iter().any(|given| given.host == *host);
    match &host.host {
        Host::Domain(name) if scheme != ProxyScheme::Socks5 && !is_given => {
            Ok((TunnelTarget::Name(name.clone(), host.port), None))
        }
        Host::Domain(_) => {
            let Found { addresses, took } = look_up(host, path)?;
            // A proxy is asked for one address.
            Ok((TunnelTarget::Address(addresses[0]), took))
        }
        // It is asked for what was given, whichever family the way to it is of.
        Host::Ipv4(ip) => Ok((TunnelTarget::Address((*ip, host.port).into()), None)),
        Host::Ipv6(ip) => Ok((TunnelTarget::Address((*ip, host.port).into()), None)),
    }
}

/// How a proxy is spoken to. TLS to it trusts what TLS to the server does.
fn protocol(proxy: &Proxy, connect: &Connect) -> io::Result<ProxyProtocol> {
    let credentials = proxy.credentials.as_ref().map(|secret| UserAndPassword::of(secret.reveal()));
    let tls = || {
        let host = match &proxy.address.host {
            Host::Domain(name) => Host::Domain(name.as_str()),
            Host::Ipv4(ip) => Host::Ipv4(*ip),
            Host::Ipv6(ip) => Host::Ipv6(*ip),
        };
        let settings = TlsSettings::of_proxy(&connect.tls).map_err(io::Error::other)?;
        TlsClient::new(settings, &host).map_err(io::Error::other)
    };
    Ok(match proxy.scheme {
        ProxyScheme::Http => ProxyProtocol::Http { tls: None, credentials },
        ProxyScheme::Https => ProxyProtocol::Http { tls: Some(tls()?), credentials },
        ProxyScheme::Socks5 | ProxyScheme::Socks5h => ProxyProtocol::Socks5 { credentials },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{AddressFamily, Resolve};

    fn host(text: &str, port: u16) -> HostPort {
        HostPort { host: Host::parse(text).unwrap(), port }
    }

    fn proxy(scheme: ProxyScheme) -> Proxy {
        Proxy { scheme, address: host("127.0.0.2", 3128), credentials: None }
    }

    fn given() -> Vec<Resolve> {
        vec![Resolve { host: host("given.invalid", 80), addresses: vec!["::1".parse().unwrap(), [10, 0, 0, 5].into()] }]
    }

    fn to(text: &str, network_path: NetworkPath) -> ResolvedPath {
        ResolvedPath::to(&host(text, 80), &Connect { network_path, ..Connect::default() }).unwrap()
    }

    fn hops(path: &ResolvedPath) -> (Vec<String>, Option<String>) {
        let addresses = path.first_hop.addresses().iter().map(ToString::to_string).collect();
        (addresses, path.proxy.as_ref().map(|proxy| proxy.target.to_string()))
    }

    #[test]
    fn connections_go_to_the_host_or_where_the_plan_says() {
        let bare = NetworkPath::default;
        assert_eq!(hops(&to("10.0.0.1", bare())).0, ["10.0.0.1:80"]);
        let elsewhere = NetworkPath { connect_to: Some(host("[::1]", 81)), ..bare() };
        assert_eq!(hops(&to("example.org", elsewhere)), (vec!["[::1]:81".to_owned()], None));
        let looked_up = NetworkPath { resolve: given(), ..bare() };
        assert_eq!(hops(&to("given.invalid", looked_up)).0, ["[::1]:80", "10.0.0.5:80"]);
        let socket = to("example.org", NetworkPath { unix_socket: Some("/s".into()), ..bare() });
        assert!(matches!(&socket.first_hop, FirstHop::Unix(path) if path.to_str() == Some("/s")), "{socket:?}");
        assert!(socket.first_hop.is_here() && hops(&socket).0.is_empty());
    }

    #[test]
    fn a_proxy_is_asked_for_names_unless_addresses_are_known() {
        use ProxyScheme::{Http, Socks5, Socks5h};
        let path =
            |scheme, family| NetworkPath { proxy: Some(proxy(scheme)), resolve: given(), family, ..<_>::default() };
        for (scheme, family, text, target) in [
            (Http, AddressFamily::Any, "example.org", "example.org:80"),
            (Socks5h, AddressFamily::Any, "example.org", "example.org:80"),
            (Http, AddressFamily::Any, "[::1]", "[::1]:80"),
            (Http, AddressFamily::Any, "given.invalid", "[::1]:80"),
            (Socks5, AddressFamily::Ipv4, "given.invalid", "10.0.0.5:80"),
            (Socks5, AddressFamily::Ipv4, "[::1]", "[::1]:80"),
        ] {
            let expected = (vec!["127.0.0.2:3128".to_owned()], Some(target.to_owned()));
            assert_eq!(hops(&to(text, path(scheme, family))), expected, "{scheme:?} {text}");
        }
        let elsewhere = NetworkPath { connect_to: Some(host("other.invalid", 81)), ..path(Http, AddressFamily::Any) };
        assert_eq!(hops(&to("example.org", elsewhere)).1.as_deref(), Some("other.invalid:81"));
    }
}
