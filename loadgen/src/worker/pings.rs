//! Sends the pings of clients, and takes the answers.

use super::{
    Worker,
    clients::MAX_UNSENT,
    config::{GroupConfig, WorkerConfig},
    lifecycle::ClientState,
};
use crate::{
    clock::{Clock, Time},
    engine::Engine,
    plan::Share,
    schedule::{
        pacer::SLICE,
        pings::{GroupPings, PingPayload},
    },
};

/// Pings of a turn of a group, at most. Then messages get their turn.
const IN_A_ROW: u32 = 256;

/// Pings of a worker's clients.
#[derive(Debug)]
pub(super) struct WorkerPings {
    /// By group. None for groups whose clients don't ping.
    groups: Box<[Option<GroupPings>]>,
}

impl WorkerPings {
    /// Those of a worker that has these shares of the groups. None if nobody pings.
    pub(super) fn of(config: &WorkerConfig, shares: &[Share]) -> Option<Box<Self>> {
        let of_group = |(group, share): (&GroupConfig, &Share)| {
            group.ping.map(|every| GroupPings::new(group.clients, every, share.clone()))
        };
        let groups: Box<[_]> = config.groups.iter().zip(shares).map(of_group).collect();
        groups.iter().any(Option::is_some).then(|| Box::new(Self { groups }))
    }

    fn each(&mut self) -> impl Iterator<Item = &mut GroupPings> {
        self.groups.iter_mut().flatten()
    }

    /// The load begins at `start` and ends before `end`.
    pub(super) fn begin(&mut self, start: Time, end: Time) {
        self.each().for_each(|pings| pings.begin(start, end));
    }

    /// Nobody pings from `now` on.
    pub(super) fn cut(&mut self, now: Time) {
        self.each().for_each(|pings| pings.cut(now));
    }

    /// When the next ping is due.
    pub(super) fn wake(&self) -> Time {
        self.groups.iter().flatten().map(GroupPings::wake).min().unwrap_or(Time::NEVER)
    }
}

impl<E: Engine, C: Clock> Worker<E, C> {
    /// Sends the pings that are due at `now`, for about a [`SLICE`]. True if there was one.
    #[inline]
    pub(super) fn ping_due(&mut self, now: Time) -> bool {
        self.pings.is_some() && self.ping(now)
    }

    #[cold]
    fn ping(&mut self, now: Time) -> bool {
        let Self { pings, engine, clock, clients, groups, .. } = self;
        let Some(pings) = pings else { return false };
        let mut any = false;
        for (group, pings) in groups.iter_mut().zip(&mut pings.groups) {
            let Some(pings) = pings else { continue };
            for _ in 0..IN_A_ROW {
                let Some(slot) = pings.next(now) else { break };
                any = true;
                let client = &clients.all[slot];
                // Who takes nothing would not answer, and its pings would take memory.
                if client.state != ClientState::Open || engine.unsent(slot) > MAX_UNSENT {
                    continue;
                }
                let at = clock.now();
                let payload = pings.payload(slot, client.ledger.client(), at);
                if engine.ping(slot, &payload) {
                    group.outcome.recorder.pinged(at);
                } else {
                    pings.not_sent(slot);
                }
                if at >= now.plus(SLICE) {
                    break;
                }
            }
        }
        any
    }

    /// Clients that wait long for the start ping as they do later, so that no server takes them for
    /// idle. These pings are not counted.
    pub(super) fn ping_while_waiting(&mut self, now: Time) {
        if let Some(pings) = self.pings.as_mut().filter(|_| self.config.waits_for_start) {
            pings.begin(now, Time::NEVER);
        }
    }

    /// When the next ping is due.
    #[inline]
    pub(super) fn next_ping(&self) -> Time {
        self.pings.as_ref().map_or(Time::NEVER, |pings| pings.wake())
    }

    /// Takes a pong that came at `at`.
    pub(super) fn ponged(&mut self, slot: usize, at: Time, payload: &PingPayload) {
        let group = self.clients.group_of(slot);
        let Some(pings) = self.pings.as_mut().and_then(|pings| pings.groups[group].as_mut()) else { return };
        let client = self.clients.all[slot].ledger.client();
        if let Some(written) = pings.pong(slot, client, payload) {
            self.groups[group].outcome.recorder.answered(written, at);
        }
    }

    /// The connection of a client has opened.
    pub(super) fn begin_pings(&mut self, slot: usize) {
        let group = self.clients.group_of(slot);
        if let Some(pings) = self.pings.as_mut().and_then(|pings| pings.groups[group].as_mut()) {
            pings.opened(slot);
        }
    }

    /// Whether an open client awaits a pong, once the load is over.
    pub(super) fn awaits_pongs(&mut self) -> bool {
        let Self { pings, clients, .. } = self;
        let is_open = |slot: usize| clients.all[slot].state == ClientState::Open;
        pings.as_mut().is_some_and(|pings| pings.each().any(|pings| pings.await_pongs(is_open)))
    }
}
