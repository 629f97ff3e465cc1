//! The clients of a worker, and how many of them are where.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use super::lifecycle::{ClientState, GroupSessions, StateCounts};
use crate::{
    clock::Time,
    engine::{ConnectionEnd, Engine},
    ledger::Ledger,
    schedule::{
        driver::{ClientView, Presence},
        sessions::AttemptCause,
    },
    transport::Endpoint,
};

/// Bytes that a connection may have unsent. Beyond, the target does not read, and the client gets
/// no more messages.
pub(super) const MAX_UNSENT: u64 = 1024 * 1024;

/// One client of the run.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) ledger: Ledger,
    pub(super) local: Endpoint,
    /// When its session began, or when the last one ended. [`Time::NEVER`] if it has not been open.
    pub(super) since: Time,
    /// Index of its group.
    pub(super) group: u32,
    pub(super) state: ClientState,
    /// What its last attempt to open came after.
    pub(super) after: AttemptCause,
    /// What the plan did not want, since it was open last.
    pub(super) trouble: Trouble,
    /// Its session has had no reply yet.
    pub(super) awaits_reply: bool,
    /// Its connection compresses messages.
    pub(super) compresses: bool,
}

/// What the plan did not want of a client that is not open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trouble {
    #[default]
    None,
    /// An attempt to open it failed.
    Failed,
    /// Its connection died. Attempts may have failed since.
    Died,
}

/// The clients of a worker, by slot.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) all: Vec<Client>,
    /// How many are in each state.
    pub(super) counts: StateCounts,
    /// How many of each group are.
    of_groups: Vec<StateCounts>,
    /// When each client in state `Left` did, and what the server said.
    pub(super) left: BTreeMap<usize, (Time, ConnectionEnd)>,
}

impl Client {
    pub(super) fn new(client: u32, group: usize) -> Self {
        Self {
            ledger: Ledger::new(client),
            local: SocketAddr::new(IpAddr::from([0; 4]), 0).into(),
            since: Time::NEVER,
            group: u32::try_from(group).unwrap_or(u32::MAX),
            state: ClientState::Before,
            after: AttemptCause::Start,
            trouble: Trouble::None,
            awaits_reply: false,
            compresses: false,
        }
    }
}

impl Client {
    /// Whether it has been open.
    pub(super) fn was_open(&self) -> bool {
        self.since < Time::NEVER
    }

    /// Why it can't send.
    #[cold]
    fn absence(&self) -> Presence {
        match self.state {
            ClientState::Before => Presence::Before,
            ClientState::Due | ClientState::Opening | ClientState::Joining if self.after == AttemptCause::Start => {
                Presence::Before
            }
            ClientState::Left | ClientState::Gone => Presence::Gone,
            _ => Presence::Away,
        }
    }
}

impl Clients {
    pub(super) fn new(all: Vec<Client>) -> Self {
        let (mut counts, mut of_groups) = (StateCounts::default(), Vec::new());
        for client in &all {
            let group = client.group as usize;
            of_groups.resize(of_groups.len().max(group + 1), StateCounts::default());
            of_groups[group].add();
            counts.add();
        }
        Self { all, counts, of_groups, left: BTreeMap::new() }
    }

    /// A client has come to another state. Returns the one before.
    pub(super) fn enter(&mut self, slot: usize, state: ClientState) -> ClientState {
        let client = &mut self.all[slot];
        let before = std::mem::replace(&mut client.state, state);
        self.counts.enter(before, state);
        self.of_groups[client.group as usize].enter(before, state);
        before
    }

    /// How many clients of a group are in each state.
    pub(super) fn counts_of(&self, group: usize) -> StateCounts {
        self.of_groups.get(group).copied().unwrap_or_default()
    }

    /// Index of a client's group.
    #[inline]
    pub(super) fn group_of(&self, slot: usize) -> usize {
        self.all[slot].group as usize
    }

    /// What a driver must know of a client of a group with such `sessions`.
    #[inline]
    pub(super) fn view(&self, slot: usize, engine: &impl Engine, sessions: Option<&GroupSessions>) -> ClientView {
        let client = &self.all[slot];
        ClientView {
            presence: if client.state == ClientState::Open { Presence::Open } else { client.absence() },
            blocked: engine.unsent(slot) > MAX_UNSENT,
            in_flight: client.ledger.in_flight(),
            in_session: sessions.map_or(u32::MAX, |sessions| sessions.schedule.left_in_session(slot)),
        }
    }
}
