//! The clients of a worker, and how many of them are where.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientState {
    /// It never connected, or its connection is over.
    Gone,
    /// Its connection is being opened.
    Opening,
    /// Its connection is open, and it does the steps of joining.
    Joining,
    /// The server closed in an orderly way while nothing was in flight, and nothing was due since.
    Left,
    Open,
    /// The closing handshake has begun.
    Closing,
    /// The closing handshake has begun, and the messages in flight have their fate. What comes now
    /// comes too late.
    Settled,
}

/// The clients of a worker, by slot.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) all: Vec<Client>,
    /// Clients in state `Open`, and in `Closing` or `Settled`.
    pub(super) open: usize,
    pub(super) closing: usize,
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
        Self { all, open: 0, closing: 0, left: BTreeMap::new() }
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
