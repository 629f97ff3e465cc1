//! The addresses that clients connect from. Each pair of source address and peer has a limited
//! number of ports.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
};

/// Why clients can't connect from a source address of the plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceAddressError {
    /// This machine does not have the address.
    #[error("--source-ip {0}: this machine has no such address; `ip -brief address` lists those that it has")]
    Missing(IpAddr),
    /// The target has no address of the same family.
    #[error("--source-ip {0}: the target has no {family} address; give addresses of the family that it has",
        family = if .0.is_ipv4() { "IPv4" } else { "IPv6" })]
    Family(IpAddr),
}

/// The addresses that clients connect from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceAddresses {
    /// The address that the system chooses.
    System,
    /// 127.0.0.1 for the first `clients_each` clients, 127.0.0.2 for the next, and so on. Each has
    /// its own ports.
    Loopback { clients_each: u32 },
    /// The listed addresses in turn, one for each client, over and over.
    Listed(Arc<[IpAddr]>),
}

impl SourceAddresses {
    /// The address of a client; none if the system chooses.
    pub(crate) fn address(&self, client: u32) -> Option<IpAddr> {
        match self {
            Self::System => None,
            Self::Loopback { clients_each } => {
                let number = u32::from(Ipv4Addr::LOCALHOST) + client / clients_each;
                Some(IpAddr::V4(Ipv4Addr::from_bits(number)))
            }
            Self::Listed(addresses) => addresses.get(client as usize % addresses.len()).copied(),
        }
    }
}

/// Checks that this machine has `sources`, which are of one family. Keeps those of the target's
/// addresses that they can connect to.
///
/// # Errors
/// This machine lacks a source address, or the target has none of that family.
pub(crate) fn check(sources: &[IpAddr], target: &mut Vec<SocketAddr>) -> Result<(), SourceAddressError> {
    let Some(&first) = sources.first() else { return Ok(()) };
    if !target.iter().any(|peer| peer.is_ipv4() == first.is_ipv4()) {
        return Err(SourceAddressError::Family(first));
    }
    target.retain(|peer| peer.is_ipv4() == first.is_ipv4());
    let missing = |&&source: &&IpAddr| {
        let bound = UdpSocket::bind((source, 0));
        bound.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrNotAvailable)
    };
    sources.iter().find(missing).map_or(Ok(()), |&source| Err(SourceAddressError::Missing(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_loopback_address_serves_its_share() {
        let source = SourceAddresses::Loopback { clients_each: 20_000 };
        let address = |client| source.address(client).unwrap().to_string();
        assert_eq!(address(0), "127.0.0.1");
        assert_eq!(address(19_999), "127.0.0.1");
        assert_eq!(address(20_000), "127.0.0.2");
        assert_eq!(address(5_119_999), "127.0.1.0");
        assert_eq!(SourceAddresses::System.address(7), None);
    }

    #[test]
    fn listed_addresses_are_taken_in_turn() {
        let source = SourceAddresses::Listed([ip("10.0.0.1"), ip("10.0.0.2")].into());
        assert_eq!(
            [0, 1, 2].map(|client| source.address(client)),
            [0, 1, 0].map(|at| Some(ip(["10.0.0.1", "10.0.0.2"][at])))
        );
    }

    #[test]
    fn sources_are_this_machines_and_of_a_family_with_the_target() {
        let both = || vec![SocketAddr::new(ip("::1"), 1), SocketAddr::new(ip("127.0.0.1"), 1)];
        let mut target = both();
        assert_eq!(check(&[], &mut target), Ok(()));
        assert_eq!(target, both());
        assert_eq!(check(&[ip("127.0.0.9")], &mut target), Ok(()));
        assert_eq!(target, both()[1..]);
        assert_eq!(check(&[ip("::1")], &mut target), Err(SourceAddressError::Family(ip("::1"))));
        // TEST-NET-1 of RFC 5737: no machine has it.
        assert_eq!(
            check(&[ip("127.0.0.1"), ip("192.0.2.1")], &mut target),
            Err(SourceAddressError::Missing(ip("192.0.2.1")))
        );
    }
}
