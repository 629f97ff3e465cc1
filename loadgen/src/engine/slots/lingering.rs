//! Connections whose slot was opened again before the server closed TCP.
//!
//! Who closes TCP first keeps the port for a minute (TIME-WAIT: RFC 9293, section 3.6). That is to
//! be the server (RFC 6455, section 7.1.1): clients that reconnect would soon have no port left.

use std::collections::{BTreeMap, VecDeque};

use super::slot::SocketKey;
use crate::{
    clock::Time,
    engine::{ConnectionEnd, EventSink, ReadBatch},
    ledger::MessageEvent,
};

/// Longest wait for the server, in nanoseconds.
const LONGEST: u64 = 1_000_000_000;

/// Connections that wait for the server to close TCP. Nobody hears of what they bring.
#[derive(Debug)]
pub(super) struct Lingering<C> {
    connections: BTreeMap<SocketKey, C>,
    /// When each is closed at the latest.
    until: VecDeque<(Time, SocketKey)>,
}

impl<C> Default for Lingering<C> {
    fn default() -> Self {
        Self { connections: BTreeMap::new(), until: VecDeque::new() }
    }
}

impl<C> Lingering<C> {
    /// Adds a connection at `now`.
    pub(super) fn add(&mut self, key: SocketKey, connection: C, now: Time) {
        self.connections.insert(key, connection);
        self.until.push_back((now.plus(LONGEST), key));
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    /// Closes those that have waited too long at `now`.
    pub(super) fn close_old(&mut self, now: Time) {
        while let Some(&(_, key)) = self.until.front().filter(|&&(until, _)| until <= now) {
            self.until.pop_front();
            self.connections.remove(&key);
        }
    }

    /// The connection with this key.
    pub(super) fn get_mut(&mut self, key: SocketKey) -> Option<&mut C> {
        self.connections.get_mut(&key)
    }

    /// Closes a connection.
    pub(super) fn remove(&mut self, key: SocketKey) {
        self.connections.remove(&key);
    }
}

/// Ignores what a connection brings that lingers.
pub(in crate::engine) struct NobodyListens;

impl EventSink for NobodyListens {
    fn message(&mut self, _: Time, _: MessageEvent<'_>) {}

    fn read(&mut self, _: Time, _: ReadBatch) {}

    fn ended(&mut self, _: ConnectionEnd) {}
}
