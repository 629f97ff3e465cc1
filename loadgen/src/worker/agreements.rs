//! What was agreed on the connections of a group when they opened, and where they went.

use reports::{escape::visible_part, model::Connections};

use crate::transport::{Endpoint, Opened};

/// Addresses that are told apart. The rest counts as `other`.
const ADDRESSES: usize = 64;
/// What more addresses count as.
const OTHER: &str = "other";
/// Characters of a name that a server chose.
const NAME_SHOWN: usize = 100;

/// Where the connections of a group went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    /// Connections by their peer.
    known: Vec<(Endpoint, u64)>,
    others: u64,
}

impl Addresses {
    /// Counts a connection.
    pub(super) fn count(&mut self, peer: Endpoint) {
        if let Some((_, n)) = self.known.iter_mut().find(|(known, _)| *known == peer) {
            *n += 1;
        } else if self.known.len() < ADDRESSES {
            self.known.push((peer, 1));
        } else {
            self.others += 1;
        }
    }

    /// Adds them to what a result has.
    pub(crate) fn tell(&self, connections: &mut Connections) {
        for (peer, n) in &self.known {
            connections.count_address(&peer.to_string(), *n);
        }
        if self.others > 0 {
            connections.count_address(OTHER, self.others);
        }
    }
}

/// Counts what was agreed on a connection.
pub(super) fn count(connections: &mut Connections, opened: &Opened) {
    if let Some(name) = &opened.answer.subprotocol {
        connections.count_subprotocol(&visible_part(name, NAME_SHOWN), 1);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;
    use crate::transport::{Answer, Phases};

    #[test]
    fn addresses_are_bounded() {
        let address = |port| Endpoint::Ip(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let mut addresses = Addresses::default();
        for port in 1..=100 {
            addresses.count(address(port));
            addresses.count(address(1));
        }
        let mut connections = Connections::default();
        addresses.tell(&mut connections);
        assert_eq!(connections.addresses.len(), ADDRESSES + 1);
        assert_eq!((connections.addresses["127.0.0.1:1"], connections.addresses[OTHER]), (101, 36));
    }

    #[test]
    fn names_that_a_server_chose_are_visible_and_bounded() {
        let mut connections = Connections::default();
        for name in ["chat", "chat", &"\u{1b}".repeat(1000)] {
            let answer = Answer { subprotocol: Some(name.to_owned()), ..Answer::default() };
            let opened = Opened { local: Endpoint::Unix, peer: Endpoint::Unix, phases: Phases::default(), answer };
            count(&mut connections, &opened);
        }
        assert_eq!(connections.subprotocols.len(), 2);
        assert_eq!(connections.subprotocols["chat"], 2);
        assert!(connections.subprotocols.keys().all(|name| name.len() < 500 && !name.contains('\u{1b}')));
    }
}
