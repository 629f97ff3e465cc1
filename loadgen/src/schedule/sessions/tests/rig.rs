//! Plays schedules of sessions with connections that open, fail and end as they are told to.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    num::NonZeroU32,
    time::Duration,
};

use super::super::{AttemptCause, SessionCommand, SessionSchedule};
use crate::{
    clock::Time,
    plan::{Jitter, Partition, Reconnect, SessionLength, Sessions, Share, Storm},
};

/// What becomes of a connection attempt of a client, and of its connection: times in nanoseconds
/// after the command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer {
    /// The attempt takes so long.
    pub(super) opening: u64,
    pub(super) fails: bool,
    /// The server ends the connection so long after it was open.
    pub(super) dies: Option<u64>,
    /// A message is sent so often.
    pub(super) sends: Option<u64>,
    /// A close takes so long. A cut takes no time.
    pub(super) closing: u64,
}

/// What happened: when, to which client by its index in the group, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Happened {
    pub(super) at: u64,
    pub(super) client: u32,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Open(After),
    Close,
    Cut,
}

/// An [`AttemptCause`] with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum After {
    Start,
    Session,
    Drop,
    Storm,
    Death,
    Failure,
}

impl From<AttemptCause> for After {
    fn from(cause: AttemptCause) -> Self {
        match cause {
            AttemptCause::Start => Self::Start,
            AttemptCause::Session => Self::Session,
            AttemptCause::Drop => Self::Drop,
            AttemptCause::Storm => Self::Storm,
            AttemptCause::Death => Self::Death,
            AttemptCause::Failure => Self::Failure,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Opened,
    Failed,
    Ended,
    Sent,
}

pub(super) fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

pub(super) fn at(nanos: u64) -> Time {
    Time::from_nanos(nanos)
}

pub(super) fn n(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

pub(super) fn elapsed(nanos: u64) -> SessionLength {
    SessionLength::Elapsed(ns(nanos))
}

pub(super) fn messages(messages: u64) -> SessionLength {
    SessionLength::Messages(messages.try_into().unwrap())
}

/// Backoff without jitter.
pub(super) fn reconnect(min: u64, max: u64) -> Reconnect {
    Reconnect { min: ns(min), max: ns(max), jitter: Jitter::None }
}

pub(super) fn storm(percent: u32, at: u64) -> Storm {
    Storm { share: n(percent * 10_000), at: ns(at) }
}

/// The only worker's share of a group.
pub(super) fn alone(clients: u32) -> Share {
    Partition::new([n(clients)], n(1)).share(0, 0)
}

/// Plays the schedule of one worker from 0 to `until`. The measured phase begins at `from`. `peer`
/// says what becomes of attempt number `k` of a client, from 0 on. Clients that do not open later
/// open at 0.
pub(super) struct Play<'a> {
    pub(super) rules: &'a Sessions,
    pub(super) clients: u32,
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) peer: &'a dyn Fn(u32, u32) -> Peer,
}

pub(super) const SEED: u64 = 5;

impl Play<'_> {
    /// What one worker does that has all clients.
    pub(super) fn alone(&self) -> Vec<Happened> {
        self.share(&alone(self.clients))
    }

    /// What a worker does that has these.
    pub(super) fn share(&self, share: &Share) -> Vec<Happened> {
        let mut schedule = SessionSchedule::new(self.rules, share, n(self.clients), SEED);
        schedule.begin(at(self.from));
        let mut connections = Connections::new(self.peer);
        if !self.rules.opens_later() {
            share.indices().for_each(|client| connections.open(client, 0));
        }
        let (mut happened, mut now) = (Vec::new(), 0);
        loop {
            now = connections.next().min(schedule.wake().as_nanos()).max(now);
            if now >= self.until {
                return happened;
            }
            while let Some((client, event)) = connections.take(now) {
                let slot = share.slot(client);
                match event {
                    Event::Opened => schedule.opened(slot, at(now)),
                    Event::Failed => schedule.failed(slot, at(now)),
                    Event::Ended => schedule.ended(slot, at(now)),
                    Event::Sent => schedule.sent(slot, 1),
                }
            }
            while let Some(command) = schedule.next(at(now)) {
                let (slot, what) = match command {
                    SessionCommand::Open { slot, after } => (slot, What::Open(after.into())),
                    SessionCommand::Close(slot) => (slot, What::Close),
                    SessionCommand::Cut(slot) => (slot, What::Cut),
                };
                let client = share.index(slot);
                connections.carry_out(client, what, now);
                if what == What::Cut {
                    schedule.ended(slot, at(now));
                }
                happened.push(Happened { at: now, client, what });
            }
        }
    }
}

/// What is to come from connections.
pub(super) struct Connections<'a> {
    peer: &'a dyn Fn(u32, u32) -> Peer,
    events: BinaryHeap<Reverse<(u64, u32, u32, Event)>>,
    /// Of each client: attempts, and the number of the connection that events are about.
    of: BTreeMap<u32, (u32, u32)>,
}

impl<'a> Connections<'a> {
    pub(super) fn new(peer: &'a dyn Fn(u32, u32) -> Peer) -> Self {
        Self { peer, events: BinaryHeap::new(), of: BTreeMap::new() }
    }

    pub(super) fn carry_out(&mut self, client: u32, what: What, now: u64) {
        let peer = self.peer(client);
        match what {
            What::Open(_) => self.open(client, now),
            What::Close => {
                self.forget(client);
                self.push(now + peer.closing, client, Event::Ended);
            }
            What::Cut => self.forget(client),
        }
    }

    pub(super) fn open(&mut self, client: u32, now: u64) {
        self.of.entry(client).or_default().0 += 1;
        let peer = self.peer(client);
        self.push(now + peer.opening, client, if peer.fails { Event::Failed } else { Event::Opened });
    }

    /// When something comes next.
    pub(super) fn next(&self) -> u64 {
        self.events.peek().map_or(u64::MAX, |Reverse((at, ..))| *at)
    }

    /// What comes at `now` or before.
    pub(super) fn take(&mut self, now: u64) -> Option<(u32, Event)> {
        while self.next() <= now {
            let Reverse((at, client, number, event)) = self.events.pop()?;
            if self.of[&client].1 != number {
                continue;
            }
            let peer = self.peer(client);
            match event {
                Event::Opened => {
                    if let Some(died) = peer.dies {
                        self.push(at + died, client, Event::Ended);
                    }
                    if let Some(each) = peer.sends {
                        self.push(at + each, client, Event::Sent);
                    }
                }
                Event::Sent => self.push(at + peer.sends.unwrap(), client, Event::Sent),
                Event::Failed | Event::Ended => self.forget(client),
            }
            return Some((client, event));
        }
        None
    }

    fn peer(&self, client: u32) -> Peer {
        let attempts = self.of.get(&client).map_or(0, |of| of.0);
        (self.peer)(client, attempts.saturating_sub(1))
    }

    /// Nothing more comes from the connection of a client.
    fn forget(&mut self, client: u32) {
        self.of.entry(client).or_default().1 += 1;
    }

    fn push(&mut self, at: u64, client: u32, event: Event) {
        let number = self.of.get(&client).map_or(0, |of| of.1);
        self.events.push(Reverse((at, client, number, event)));
    }
}
