//! What was agreed on the connections of a group when they opened, and where they went.

use reports::{escape::visible_part, model::Connections};

use crate::{
    secrets::HIDDEN,
    transport::{Answer, Endpoint, Opened, TlsSummary},
};

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

/// What was asked for on all connections of a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// Compression was offered.
    pub(super) compression: bool,
    /// Any certificate is accepted.
    pub(super) insecure: bool,
    /// Subprotocols are offered by their option. Others come from header fields, whose values may
    /// be secrets.
    pub(super) subprotocol: bool,
}

/// Counts what was agreed on a connection.
pub(super) fn count(connections: &mut Connections, opened: &Opened, asked: Asked) {
    let Answer { subprotocol, compression, .. } = &opened.answer;
    if let Some(TlsSummary { version, cipher, resumed, .. }) = opened.tls {
        let tls = connections.tls.get_or_insert_default();
        tls.count(version, cipher, resumed);
        tls.insecure = asked.insecure;
    }
    if asked.compression {
        let parameters = compression.as_ref().map(ToString::to_string);
        connections.compression.get_or_insert_default().count(parameters.as_deref());
    }
    if let Some(name) = subprotocol {
        let shown = if asked.subprotocol { visible_part(name, NAME_SHOWN) } else { HIDDEN.to_owned() };
        connections.count_subprotocol(&shown, 1);
    }
    connections.redirects += u64::from(opened.redirects);
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use frames::deflate::DeflateParameters;

    use super::*;
    use crate::transport::Phases;

    fn opened(tls: Option<TlsSummary>, answer: Answer) -> Opened {
        let (local, peer) = (Endpoint::Unix, Endpoint::Unix);
        Opened { local, peer, phases: Phases::default(), tls, redirects: 2, answer }
    }

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
            count(&mut connections, &opened(None, answer), Asked { subprotocol: true, ..Asked::default() });
        }
        assert_eq!((connections.subprotocols.len(), connections.redirects), (2, 6));
        assert_eq!(connections.subprotocols["chat"], 2);
        assert!(connections.subprotocols.keys().all(|name| name.len() < 500 && !name.contains('\u{1b}')));
    }

    #[test]
    fn a_name_that_a_header_field_offers_is_hidden() {
        let mut connections = Connections::default();
        let answer = Answer { subprotocol: Some("bearer.s3cret".to_owned()), ..Answer::default() };
        count(&mut connections, &opened(None, answer), Asked::default());
        assert_eq!(connections.subprotocols.keys().collect::<Vec<_>>(), [HIDDEN]);
    }

    #[test]
    fn each_connection_counts_as_what_was_agreed_on_it() {
        let tls = |resumed| TlsSummary { version: "1.3", cipher: "A", resumed, wants_certificate: false };
        let compressed = |compression| Answer { compression, ..Answer::default() };
        let (mut connections, asked) =
            (Connections::default(), Asked { compression: true, insecure: true, subprotocol: false });
        count(&mut connections, &opened(Some(tls(false)), compressed(None)), asked);
        count(&mut connections, &opened(Some(tls(true)), compressed(Some(DeflateParameters::default()))), asked);
        let said = connections.tls.unwrap();
        assert_eq!((said.full, said.resumed, said.versions["1.3"], said.insecure), (1, 1, 2, true));
        let said = connections.compression.unwrap();
        assert_eq!((said.agreed, said.declined, said.parameters["permessage-deflate"]), (1, 1, 1));
        let mut plain = Connections::default();
        count(&mut plain, &opened(None, Answer::default()), Asked::default());
        assert_eq!(plain, Connections { redirects: 2, ..Connections::default() });
    }
}
