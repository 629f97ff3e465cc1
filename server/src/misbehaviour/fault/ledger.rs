//! The ledger of faults: what the server did wrong on purpose.

use std::{collections::BTreeMap, io, net::SocketAddr};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::FaultKind;
use crate::misbehaviour::message::Origin;

/// A fault that was done on purpose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The peer whose message suffered the fault: the client's end of the connection.
    pub peer: SocketAddr,
    /// The number of that message among the text and binary messages of the connection, from 0.
    pub message: u64,
    /// What was done.
    pub kind: FaultKind,
    /// The receiver whose delivery suffered it, where messages are broadcast
    /// ([`Options::rooms`](crate::Options::rooms)). Then a message may have a fault for each
    /// receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<SocketAddr>,
    /// The message that it was merged with ([`FaultKind::Coalesce`]), or that overtook it
    /// ([`FaultKind::Reorder`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<u64>,
    /// The peer that sent the message `with`, if it is another one than `peer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_peer: Option<SocketAddr>,
    /// The peer that got the answer ([`FaultKind::Misroute`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<SocketAddr>,
}

impl Fault {
    /// A fault of the message `origin`. `receiver` is given where messages are broadcast.
    pub(crate) fn new(kind: FaultKind, origin: Origin, receiver: Option<SocketAddr>) -> Self {
        let Origin { peer, message } = origin;
        Self { peer, message, kind, receiver, with: None, with_peer: None, to: None }
    }

    /// This fault, to which the message `other` belongs as well.
    pub(crate) fn with(self, other: Origin) -> Self {
        let with_peer = Some(other.peer).filter(|peer| *peer != self.peer);
        Self { with: Some(other.message), with_peer, ..self }
    }
}

/// All faults of a run as a JSON document of the schema `server.faults/1`.
///
/// ```json
/// {"schema":"server.faults/1","seed":7,"counts":{"coalesce":1},
///  "faults":[{"peer":"127.0.0.1:40000","message":3,"kind":"coalesce","with":4}]}
/// ```
#[derive(Debug, Serialize)]
pub struct FaultLedger<'a> {
    schema: &'static str,
    seed: u64,
    counts: FaultCounts<'a>,
    faults: &'a [Fault],
}

impl<'a> FaultLedger<'a> {
    /// The ledger of `faults` that were drawn with `seed`.
    pub fn new(seed: u64, faults: &'a [Fault]) -> Self {
        Self { schema: "server.faults/1", seed, counts: FaultCounts(faults), faults }
    }

    /// Writes the ledger as JSON, with one line for each fault.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        let head = serde_json::to_string(&FaultLedger { faults: &[], ..*self })?;
        // The list is the last member, so its lines can be written one by one.
        let head = head.strip_suffix("]}").unwrap_or(&head);
        out.write_all(head.as_bytes())?;
        for (index, fault) in self.faults.iter().enumerate() {
            out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut *out, fault)?;
        }
        out.write_all(b"]}\n")
    }
}

/// How many faults of each kind there are.
#[derive(Debug, Clone, Copy)]
struct FaultCounts<'a>(&'a [Fault]);

impl Serialize for FaultCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut counts: BTreeMap<FaultKind, u64> = BTreeMap::new();
        for fault in self.0 {
            *counts.entry(fault.kind).or_default() += 1;
        }
        let mut map = serializer.serialize_map(Some(counts.len()))?;
        for (kind, count) in counts {
            map.serialize_entry(kind.name(), &count)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_document_lists_and_counts_the_faults() {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let other = SocketAddr::from(([127, 0, 0, 1], 40_001));
        let plain = Fault::new(FaultKind::Drop, Origin { peer, message: 3 }, None);
        let broadcast = Fault::new(FaultKind::Coalesce, Origin { peer, message: 6 }, Some(other));
        let faults = [
            plain.clone(),
            Fault { kind: FaultKind::Coalesce, with: Some(4), ..plain.clone() },
            Fault { kind: FaultKind::Drop, message: 5, ..plain.clone() },
            Fault { kind: FaultKind::Misroute, to: Some(other), ..plain },
            broadcast.with(Origin { peer: other, message: 2 }),
        ];
        for (faults, counts, listed) in [
            (&faults[..0], json!({}), json!([])),
            (
                &faults[..],
                json!({"drop": 2, "coalesce": 2, "misroute": 1}),
                json!([
                    {"peer": "127.0.0.1:40000", "message": 3, "kind": "drop"},
                    {"peer": "127.0.0.1:40000", "message": 3, "kind": "coalesce", "with": 4},
                    {"peer": "127.0.0.1:40000", "message": 5, "kind": "drop"},
                    {"peer": "127.0.0.1:40000", "message": 3, "kind": "misroute", "to": "127.0.0.1:40001"},
                    {
                        "peer": "127.0.0.1:40000", "message": 6, "kind": "coalesce", "receiver": "127.0.0.1:40001",
                        "with": 2, "with_peer": "127.0.0.1:40001",
                    },
                ]),
            ),
        ] {
            let mut document = Vec::new();
            FaultLedger::new(7, faults).write(&mut document).expect("memory");
            let document: Value = serde_json::from_slice(&document).expect("JSON");
            assert_eq!(document, json!({"schema": "server.faults/1", "seed": 7, "counts": counts, "faults": listed}));
        }
    }
}
