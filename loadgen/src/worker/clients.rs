//! The clients of a worker, and how many of them are where.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use super::lifecycle::{ClientState, StateCounts};
use crate::{
    clock::Time,
    engine::{ConnectionEnd, Engine},
    ledger::Ledger,
    schedule::driver::{ClientView, Presence},
};

/// Bytes that a connection may have unsent. Beyond, the target does not read, and the client gets
/// no more messages.
pub(super) const MAX_UNSENT: u64 = 1024 * 1024;

/// One client of the run.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) ledger: Ledger,
    pub(super) local: SocketAddr,
    /// Index of its group.
    pub(super) group: u32,
    pub(super) state: ClientState,
}

/// The clients of a worker, by slot.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) all: Vec<Client>,
    /// How many are in each state.
    pub(super) counts: StateCounts,
    /// When each client in state `Left` did, and what the server said.
    pub(super) left: BTreeMap<usize, (Time, ConnectionEnd)>,
}

impl Client {
    pub(super) fn new(client: u32, group: usize) -> Self {
        Self {
            ledger: Ledger::new(client),
            local: SocketAddr::new(IpAddr::from([0; 4]), 0),
            group: u32::try_from(group).unwrap_or(u32::MAX),
            state: ClientState::Gone,
        }
    }
}

impl Clients {
    pub(super) fn new(all: Vec<Client>) -> Self {
        Self { all, counts: StateCounts::default(), left: BTreeMap::new() }
    }

    /// A client has come to another state. Returns the one before.
    pub(super) fn enter(&mut self, slot: usize, state: ClientState) -> ClientState {
        let before = std::mem::replace(&mut self.all[slot].state, state);
        self.counts.moved(before, state);
        before
    }

    /// Index of a client's group.
    #[inline]
    pub(super) fn group_of(&self, slot: usize) -> usize {
        self.all[slot].group as usize
    }

    /// What a driver must know of a client.
    #[inline]
    pub(super) fn view(&self, slot: usize, engine: &impl Engine) -> ClientView {
        let Client { ledger, state, .. } = &self.all[slot];
        ClientView {
            presence: if *state == ClientState::Open { Presence::Open } else { Presence::Gone },
            blocked: engine.unsent(slot) > MAX_UNSENT,
            in_flight: ledger.in_flight(),
            in_session: u32::MAX,
        }
    }
}
