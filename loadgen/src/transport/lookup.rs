//! Addresses of hosts.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    time::Instant,
};

use url::{Host, Url};

use crate::plan::{AddressFamily, HostPort, NetworkPath};

/// Addresses that were looked up.
#[derive(Debug)]
pub(crate) struct Found {
    /// In the order to try, one at least.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Nanoseconds that the lookup took; none without one.
    pub(crate) took: Option<u64>,
}

/// Host and port of a URL.
///
/// # Errors
/// It has no host.
pub(crate) fn host_of(url: &Url) -> io::Result<HostPort> {
    HostPort::of(url).ok_or_else(|| io::Error::other("the URL has no host"))
}

/// The host that an address is.
pub(crate) fn host_at(address: SocketAddr) -> HostPort {
    let host = match address.ip() {
        IpAddr::V4(ip) => Host::Ipv4(ip),
        IpAddr::V6(ip) => Host::Ipv6(ip),
    };
    HostPort { host, port: address.port() }
}

/// The addresses of a host that a path uses.
///
/// # Errors
/// The name has no address, or none of the family that the path uses.
pub(crate) fn look_up(host: &HostPort, path: &NetworkPath) -> io::Result<Found> {
    let (mut addresses, took) = all_addresses(host, path)?;
    let (family, version) = match path.family {
        AddressFamily::Any => (None, 0),
        AddressFamily::Ipv4 => (Some(true), 4),
        AddressFamily::Ipv6 => (Some(false), 6),
    };
    addresses.retain(|address| family.is_none_or(|ipv4| address.is_ipv4() == ipv4));
    if addresses.is_empty() {
        let host = &host.host;
        return Err(io::Error::other(format!("dns: `{host}` has no IPv{version} address (--ip-version {version})")));
    }
    Ok(Found { addresses: in_order(&addresses, path.happy_eyeballs), took })
}

fn all_addresses(host: &HostPort, path: &NetworkPath) -> io::Result<(Vec<SocketAddr>, Option<u64>)> {
    if let Some(given) = path.resolve.iter().find(|given| given.host == *host) {
        return Ok((given.addresses.iter().map(|&ip| (ip, host.port).into()).collect(), None));
    }
    let name = match &host.host {
        Host::Ipv4(ip) => return Ok((vec![(*ip, host.port).into()], None)),
        Host::Ipv6(ip) => return Ok((vec![(*ip, host.port).into()], None)),
        Host::Domain(name) => name,
    };
    let began = Instant::now();
    let found = (name.as_str(), host.port).to_socket_addrs();
    let found = found.map_err(|error| io::Error::other(format!("dns: `{name}` has no address: {error}")))?;
    Ok((found.collect(), Some(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX))))
}

/// The addresses in their order without duplicates. If `interleaved`, the families take turns: RFC
/// 8305, section 4.
fn in_order(addresses: &[SocketAddr], interleaved: bool) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return Vec::new() };
    let of_first = |peer: &&SocketAddr| !interleaved || peer.is_ipv4() == first.is_ipv4();
    let mut families = [
        addresses.iter().filter(of_first).collect::<Vec<_>>().into_iter(),
        addresses.iter().filter(|peer| !of_first(peer)).collect::<Vec<_>>().into_iter(),
    ];
    let mut order: Vec<SocketAddr> = Vec::new();
    for turn in 0..2 * addresses.len() {
        match families[turn % 2].next() {
            Some(peer) if !order.contains(peer) => order.push(*peer),
            _ => {}
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Resolve;

    fn peers(ips: &[&str]) -> Vec<SocketAddr> {
        ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 1)).collect()
    }

    fn host(text: &str) -> HostPort {
        HostPort { host: Host::parse(text).unwrap(), port: 1 }
    }

    #[test]
    fn families_take_turns_and_no_address_is_tried_twice() {
        let found = peers(&["::1", "::2", "::1", "::3", "10.0.0.1", "10.0.0.2"]);
        assert_eq!(in_order(&found, true), peers(&["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]));
        assert_eq!(in_order(&found, false), peers(&["::1", "::2", "::3", "10.0.0.1", "10.0.0.2"]));
        assert_eq!(in_order(&peers(&["10.0.0.1"]), true), peers(&["10.0.0.1"]));
        assert_eq!(in_order(&[], true), []);
    }

    #[test]
    fn given_addresses_are_not_looked_up() {
        // No server of names knows this: RFC 6761, section 6.4.
        let name = host("there.invalid");
        let addresses = peers(&["10.0.0.5", "::1", "10.0.0.6"]).iter().map(SocketAddr::ip).collect();
        let given = Resolve { host: name.clone(), addresses };
        let path = |family| NetworkPath { resolve: vec![given.clone()], family, ..NetworkPath::default() };
        let found = |family| look_up(&name, &path(family)).map(|found| (found.addresses, found.took));
        assert_eq!(found(AddressFamily::Any).unwrap(), (peers(&["10.0.0.5", "::1", "10.0.0.6"]), None));
        assert_eq!(found(AddressFamily::Ipv4).unwrap(), (peers(&["10.0.0.5", "10.0.0.6"]), None));
        assert_eq!(found(AddressFamily::Ipv6).unwrap(), (peers(&["::1"]), None));
        let other = HostPort { port: 2, ..name.clone() };
        assert!(look_up(&other, &path(AddressFamily::Any)).unwrap_err().to_string().contains("has no address"));
    }

    #[test]
    fn a_host_without_an_address_of_the_family_is_named() {
        let path = |family| NetworkPath { family, ..NetworkPath::default() };
        let told = |text, family| look_up(&host(text), &path(family)).unwrap_err().to_string();
        assert_eq!(told("[::1]", AddressFamily::Ipv4), "dns: `[::1]` has no IPv4 address (--ip-version 4)");
        assert_eq!(told("127.0.0.1", AddressFamily::Ipv6), "dns: `127.0.0.1` has no IPv6 address (--ip-version 6)");
    }

    #[test]
    fn a_url_names_its_host_and_port() {
        let of = |url: &str| host_of(&Url::parse(url).unwrap()).unwrap().to_string();
        assert_eq!(of("ws://example.org/a"), "example.org:80");
        assert_eq!(of("wss://[::1]"), "[::1]:443");
        assert_eq!(of("ws://127.0.0.1:9001"), "127.0.0.1:9001");
    }
}
