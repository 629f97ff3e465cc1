//! How connections end before the generator closes them. Most ends are deaths; some are orderly.

use reports::model::Connections;

use super::{Client, ClientState, Worker};
use crate::{
    clock::{Clock, Time},
    engine::{ConnectionEnd, Engine},
    plan::Until,
};

/// Kinds of failures and deaths that are told apart. The rest counts as [`OTHER`], as a server may
/// choose among thousands of close codes.
const KINDS: usize = 64;

/// The kind of everything that is not told apart.
const OTHER: &str = "other";

/// Counts a failure or a death by its kind, and keeps the first detail of each kind.
pub(crate) fn count_kind(connections: &mut Connections, kind: &str, count: u64, detail: Option<&str>) {
    let Connections { errors, details, .. } = connections;
    let known = errors.contains_key(kind) || errors.len() < KINDS;
    let kind = if known { kind } else { OTHER };
    *errors.entry(kind.to_owned()).or_default() += count;
    if let Some(detail) = detail.filter(|_| !details.contains_key(kind)) {
        details.insert(kind.to_owned(), detail.to_owned());
    }
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Handles the end of a client's connection.
    pub(super) fn ended(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        let before = self.clients[slot].state;
        self.clients[slot].state = ClientState::Gone;
        match before {
            ClientState::Gone | ClientState::Left => return,
            ClientState::Closing | ClientState::Settled => self.closing -= 1,
            ClientState::Open => {
                self.open -= 1;
                if cause.is_orderly() && self.may_leave(slot, at) {
                    self.clients[slot].state = ClientState::Left;
                    self.left.insert(slot, (at, cause));
                } else {
                    self.died(slot, at, cause);
                }
            }
        }
        self.settle(slot, at, before == ClientState::Open);
    }

    /// Whether an end at `at` leaves nothing undone: no message is in flight, and no planned one is
    /// due yet. A run with a duration wants its connections until that is over.
    fn may_leave(&self, slot: usize, at: Time) -> bool {
        let over = at >= self.outcome.window.to;
        self.clients[slot].ledger.in_flight() == 0 && (over || matches!(self.config.until, Until::Messages(_)))
    }

    /// A message is due on a connection that left in an orderly way, so its end was a death.
    pub(super) fn missed(&mut self, slot: usize) {
        if let Some((at, cause)) = self.left.remove(&slot) {
            self.clients[slot].state = ClientState::Gone;
            self.died(slot, at, cause);
        }
    }

    fn died(&mut self, slot: usize, at: Time, cause: ConnectionEnd) {
        let connections = &mut self.outcome.connections;
        connections.died += 1;
        count_kind(connections, &cause.kind, 1, Some(&cause.detail));
        let Client { ledger, local, .. } = &self.clients[slot];
        self.outcome.recorder.died(&self.config.expectation, ledger.client(), *local, at, cause.detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_bounded() {
        let mut connections = Connections::default();
        for code in 3000..4500 {
            let kind = format!("closed_{code}");
            count_kind(&mut connections, &kind, 2, Some(&format!("said {kind}")));
            count_kind(&mut connections, "closed_3000", 1, Some("never the first"));
        }
        assert_eq!(connections.errors.len(), KINDS + 1);
        assert_eq!(connections.errors["closed_3000"], 1502);
        assert_eq!(connections.errors["other"], 2 * (1500 - KINDS as u64));
        assert_eq!(connections.details.len(), KINDS + 1);
        assert_eq!(connections.details["closed_3000"], "said closed_3000");
        assert_eq!(connections.details["other"], "said closed_3064");
    }
}
