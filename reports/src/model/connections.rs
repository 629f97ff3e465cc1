//! What became of the connections, and what was agreed on them.

use std::{collections::BTreeMap, ops::AddAssign};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::saturate::add;

/// What became of the connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// Clients of the plan. Each has one connection at a time.
    pub requested: u64,
    /// Connections whose handshake succeeded, over all sessions of the clients.
    pub opened: u64,
    /// Clients that never opened a connection, or were not tried because the run was stopped.
    pub failed: u64,
    /// Opened connections that the target ended although the plan wanted them open.
    pub died: u64,
    /// Time to look up the host of the target, once for all connections, in nanoseconds. The
    /// longest of all groups in their total. Null where the target names an address.
    pub dns_ns: Option<u64>,
    /// Failed attempts and deaths by kind (`refused`, `http_503`, `reset`, `closed_1011`, ...).
    pub errors: BTreeMap<String, u64>,
    /// What the first failure or death of each kind said, escaped and cut to 300 characters.
    pub details: BTreeMap<String, String>,
    /// TLS of the connections whose handshake succeeded, those of clients that did not join
    /// included. Null without TLS.
    pub tls: Option<TlsCounts>,
    /// Compression of these connections. Null where clients did not offer it.
    pub compression: Option<CompressionCounts>,
    /// These connections by the subprotocol that the server chose. Empty where it chose none.
    pub subprotocols: BTreeMap<String, u64>,
    /// These connections by the address of their peer. Empty if all of a whole run had one address.
    pub addresses: BTreeMap<String, u64>,
    /// Redirects that attempts to open followed.
    pub redirects: u64,
}

/// TLS of connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsCounts {
    /// Connections with a full handshake.
    pub full: u64,
    /// Connections that resumed the session of one before.
    pub resumed: u64,
    /// Connections by version of the protocol: `1.2`, `1.3`.
    pub versions: BTreeMap<String, u64>,
    /// Connections by cipher suite.
    pub ciphers: BTreeMap<String, u64>,
    /// Any certificate was accepted (`--insecure`), so nobody knows who answered.
    pub insecure: bool,
}

/// Compression of connections: permessage-deflate (RFC 7692). It was offered on all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompressionCounts {
    /// Connections whose server agreed.
    pub agreed: u64,
    /// Connections whose server did not. Their messages were not compressed.
    pub declined: u64,
    /// Connections by what was agreed, as the server wrote it:
    /// `permessage-deflate; server_max_window_bits=10`.
    pub parameters: BTreeMap<String, u64>,
}

/// Kinds, names and addresses that are told apart in a map. The rest counts as [`OTHER`], as a
/// server may choose among thousands of close codes.
const TOLD_APART: usize = 64;

/// The name of everything that is not told apart.
const OTHER: &str = "other";

impl Connections {
    /// Counts failures or deaths of a kind, and keeps the first detail of each kind. After so many
    /// kinds, the rest counts as `other`.
    pub fn count_error(&mut self, kind: &str, count: u64, detail: Option<&str>) {
        let kind = add_named(&mut self.errors, kind, count);
        if let Some(detail) = detail.filter(|_| !self.details.contains_key(kind)) {
            self.details.insert(kind.to_owned(), detail.to_owned());
        }
    }

    /// Counts connections on which the server chose a subprotocol.
    pub fn count_subprotocol(&mut self, name: &str, count: u64) {
        add_named(&mut self.subprotocols, name, count);
    }

    /// Forgets the address of the peer if all had one. Most runs have one server at one address,
    /// which the target names.
    pub fn keep_several_addresses(&mut self) {
        if self.addresses.len() == 1 {
            self.addresses.clear();
        }
    }

    /// Counts connections to an address of their peer.
    pub fn count_address(&mut self, address: &str, count: u64) {
        add_named(&mut self.addresses, address, count);
    }
}

impl TlsCounts {
    /// Counts a connection with this version and cipher suite.
    pub fn count(&mut self, version: &str, cipher: &str, is_resumed: bool) {
        *(if is_resumed { &mut self.resumed } else { &mut self.full }) += 1;
        add_named(&mut self.versions, version, 1);
        add_named(&mut self.ciphers, cipher, 1);
    }
}

impl CompressionCounts {
    /// Counts a connection on which these parameters were agreed, or none.
    pub fn count(&mut self, parameters: Option<&str>) {
        match parameters {
            Some(parameters) => {
                self.agreed += 1;
                add_named(&mut self.parameters, parameters, 1);
            }
            None => self.declined += 1,
        }
    }
}

/// Adds to the number of a name, or to that of [`OTHER`] if there are too many names. Returns the
/// name that it counts as.
fn add_named<'a>(numbers: &mut BTreeMap<String, u64>, name: &'a str, count: u64) -> &'a str {
    if let Some(number) = numbers.get_mut(name) {
        add(number, count);
        return name;
    }
    let name = if numbers.len() < TOLD_APART { name } else { OTHER };
    add(numbers.entry(name.to_owned()).or_default(), count);
    name
}

fn add_all(sum: &mut BTreeMap<String, u64>, part: &BTreeMap<String, u64>) {
    for (name, count) in part {
        add_named(sum, name, *count);
    }
}

fn add_option<T: Default + for<'a> AddAssign<&'a T>>(sum: &mut Option<T>, part: Option<&T>) {
    if let Some(part) = part {
        *sum.get_or_insert_default() += part;
    }
}

// Destructured, so that a new counter can't be forgotten here.
impl AddAssign<&Connections> for Connections {
    fn add_assign(&mut self, part: &Connections) {
        let Connections { requested, opened, failed, died, dns_ns, errors, details, .. } = part;
        let Connections { tls, compression, subprotocols, addresses, redirects, .. } = part;
        add(&mut self.requested, *requested);
        add(&mut self.opened, *opened);
        add(&mut self.failed, *failed);
        add(&mut self.died, *died);
        self.dns_ns = self.dns_ns.max(*dns_ns);
        for (kind, count) in errors {
            self.count_error(kind, *count, details.get(kind).map(String::as_str));
        }
        add_option(&mut self.tls, tls.as_ref());
        add_option(&mut self.compression, compression.as_ref());
        add_all(&mut self.subprotocols, subprotocols);
        add_all(&mut self.addresses, addresses);
        add(&mut self.redirects, *redirects);
    }
}

impl AddAssign<&TlsCounts> for TlsCounts {
    fn add_assign(&mut self, part: &TlsCounts) {
        let TlsCounts { full, resumed, versions, ciphers, insecure } = part;
        add(&mut self.full, *full);
        add(&mut self.resumed, *resumed);
        add_all(&mut self.versions, versions);
        add_all(&mut self.ciphers, ciphers);
        self.insecure = self.insecure || *insecure;
    }
}

impl AddAssign<&CompressionCounts> for CompressionCounts {
    fn add_assign(&mut self, part: &CompressionCounts) {
        let CompressionCounts { agreed, declined, parameters } = part;
        add(&mut self.agreed, *agreed);
        add(&mut self.declined, *declined);
        add_all(&mut self.parameters, parameters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_added_by_kind() {
        let named = |name: &str, n| BTreeMap::from([(name.to_owned(), n)]);
        let connections = |unit: u64, said: &str| Connections {
            requested: 9 * unit,
            opened: 6 * unit,
            failed: 3 * unit,
            died: unit,
            dns_ns: Some(unit.min(9)),
            errors: [("refused".to_owned(), 3 * unit), ("reset".to_owned(), unit)].into(),
            details: [("refused".to_owned(), said.to_owned())].into(),
            tls: Some(TlsCounts {
                full: 4 * unit,
                resumed: 2 * unit,
                versions: named("1.3", 6 * unit),
                ciphers: named("TLS13_AES_256_GCM_SHA384", 6 * unit),
                insecure: unit == 10,
            }),
            compression: Some(CompressionCounts {
                agreed: 5 * unit,
                declined: unit,
                parameters: named("permessage-deflate", 5 * unit),
            }),
            subprotocols: named("chat.v2", 2 * unit),
            addresses: named("192.0.2.1:443", 6 * unit),
            redirects: 7 * unit,
        };
        let mut sum = connections(1, "first");
        sum += &connections(10, "later");
        let mut expected = connections(11, "first");
        expected.tls.as_mut().unwrap().insecure = true;
        assert_eq!(sum, expected, "of look-ups, the longest stays");
        let mut sum = Connections::default();
        sum += &connections(1, "first");
        assert_eq!(sum, connections(1, "first"));
        sum += &Connections::default();
        assert_eq!(sum, connections(1, "first"), "a group without TLS adds nothing");
    }

    #[test]
    fn kinds_are_bounded() {
        let mut connections = Connections::default();
        for code in 3000..4500 {
            let kind = format!("closed_{code}");
            connections.count_error(&kind, 2, Some(&format!("said {kind}")));
            connections.count_error("closed_3000", 1, Some("never the first"));
        }
        assert_eq!(connections.errors.len(), TOLD_APART + 1);
        assert_eq!(connections.errors["closed_3000"], 1502);
        assert_eq!(connections.errors["other"], 2 * (1500 - TOLD_APART as u64));
        assert_eq!(connections.details.len(), TOLD_APART + 1);
        assert_eq!(connections.details["closed_3000"], "said closed_3000");
        assert_eq!(connections.details["other"], "said closed_3064");
    }

    #[test]
    fn each_connection_counts_once_by_what_was_agreed() {
        let mut tls = TlsCounts::default();
        tls.count("1.3", "A", false);
        tls.count("1.3", "A", true);
        tls.count("1.2", "B", true);
        assert_eq!((tls.full, tls.resumed, tls.versions["1.3"], tls.ciphers["B"]), (1, 2, 2, 1));
        let mut compression = CompressionCounts::default();
        for parameters in [Some("permessage-deflate"), None, Some("permessage-deflate")] {
            compression.count(parameters);
        }
        assert_eq!((compression.agreed, compression.declined), (2, 1));
        assert_eq!(compression.parameters["permessage-deflate"], 2);
    }
}
