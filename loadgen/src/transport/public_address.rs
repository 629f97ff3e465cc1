//! Tells whether a run targets somebody else's machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::lookup::{host_of, look_up};
use crate::plan::{Group, Plan};

/// So few clients harm nobody by mistake.
const FEW: u32 = 1000;

/// The public address that more than a thousand clients of the plan would connect to, if its
/// target has one, or a proxy to it. A unix socket has none.
///
/// An address is public if it is neither loopback, private (RFC 1918, RFC 4193), link-local, shared
/// by a carrier (RFC 6598) nor for benchmarks (RFC 2544).
pub fn public_address(plan: &Plan) -> Option<SocketAddr> {
    if plan.clients().get() <= FEW {
        return None;
    }
    let public = |group: &Group| {
        let path = &group.connect.network_path;
        if path.unix_socket.is_some() {
            return None;
        }
        let targets =
            group.target.urls().iter().filter_map(|url| path.connect_to.clone().or_else(|| host_of(url).ok()));
        let mut hosts = targets.chain(path.proxy.as_ref().map(|proxy| proxy.address.clone()));
        // The run reports a name without an address.
        hosts.find_map(|host| look_up(&host, path).ok()?.addresses.into_iter().find(|address| is_public(address.ip())))
    };
    plan.groups().iter().find_map(public)
}

fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let within = |network: Ipv4Addr, bits: u32| (ip.to_bits() ^ network.to_bits()) >> (32 - bits) == 0;
            let is_shared = within(Ipv4Addr::new(100, 64, 0, 0), 10) || within(Ipv4Addr::new(198, 18, 0, 0), 15);
            !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified() || is_shared)
        }
        IpAddr::V6(ip) => {
            !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_is_what_is_neither_here_nor_in_a_network_of_our_own() {
        for (address, public) in [
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.1.1", false),
            ("100.63.255.255", true),
            ("100.64.0.1", false),
            ("100.127.255.255", false),
            ("100.128.0.0", true),
            ("198.18.0.1", false),
            ("198.20.0.1", true),
            ("8.8.8.8", true),
            ("203.0.113.7", true),
            ("::1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("2001:db8::1", true),
            ("2606:4700::1111", true),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
