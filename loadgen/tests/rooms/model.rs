//! A model of rooms that remembers everything: which message came where. It looks up in sets what
//! ledgers compute.

use std::collections::{BTreeMap, BTreeSet};

use loadgen::{clock::Time, plan::OwnCopy};

use crate::rig::{Counts, token};

/// A message: its sender and its number.
pub(crate) type Message = (u32, u64);

/// What an event holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Whole(Message),
    /// A mark with a wrong checksum.
    Broken(Message),
    /// Two marks, the second perhaps broken.
    Two(Message, Message, bool),
    Foreign,
}

/// A client, and when it was in its room.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) room: u32,
    pub(crate) own: OwnCopy,
    /// Events may hold several messages.
    pub(crate) batched: bool,
    pub(crate) keeps_order: bool,
    pub(crate) durable: bool,
    /// Oldest first.
    pub(crate) sessions: Vec<Session>,
}

/// A session of a client.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) joined: Time,
    /// When it ended, if it did, whether by plan, and how many messages had been due of the client.
    pub(crate) end: Option<(Time, bool, u64)>,
}

impl Client {
    pub(crate) fn is_present(&self) -> bool {
        self.sessions.last().is_some_and(|session| session.end.is_none())
    }

    /// Its last session has ended: whether by plan.
    pub(crate) fn away(&self) -> Option<bool> {
        Some(self.sessions.last()?.end?.1)
    }

    /// The session in which something was due. One that died has no end as long as it is the last.
    fn session_at(&self, due: Time) -> Option<(usize, &Session)> {
        let last = self.sessions.len().checked_sub(1)?;
        let was_in = |(index, session): &(usize, &Session)| {
            let is_over = session.end.is_some_and(|(at, by_plan, _)| due > at && (by_plan || *index < last));
            due >= session.joined && !is_over
        };
        self.sessions.iter().enumerate().find(was_in)
    }

    /// The numbers of the messages of its session in which this one was due, if that ended, and
    /// whether by plan.
    fn ended_session(&self, sequence: u64) -> Option<(std::ops::Range<u64>, bool)> {
        let mut start = 0;
        for (_, by_plan, before) in self.sessions.iter().filter_map(|session| session.end) {
            if (start..before).contains(&sequence) {
                return Some((start..before, by_plan));
            }
            start = before;
        }
        None
    }
}

/// Remembers everything.
#[derive(Debug, Default)]
pub(crate) struct Model {
    workers: u32,
    pub(crate) clients: Vec<Client>,
    pub(crate) publishers: BTreeSet<u32>,
    /// When the messages of the plan are due.
    pub(crate) due: BTreeMap<Message, Time>,
    pub(crate) sent: BTreeSet<Message>,
    /// What came to whom, and whether whole.
    came: BTreeMap<(u32, Message), Came>,
    /// All workers know what was sent.
    pub(crate) draining: bool,
    measured_from: Time,
    settled: BTreeSet<u32>,
    pub(crate) expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Whole(Time),
    /// In a later session than it was due in, or due while the receiver was away.
    Replayed,
    /// In a later session than it was due in, where rooms are not durable.
    Late,
    Damaged,
    /// An own copy that may come.
    Allowed,
}

/// What ledgers must say.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) counts: Counts,
    /// Fates of messages: lost, damaged, undetermined, that by plan, in the warm-up and after.
    pub(crate) messages: [[u64; 4]; 2],
    /// What is counted of each room.
    pub(crate) rooms: BTreeMap<u32, [u64; COUNTS]>,
    pub(crate) receivers: BTreeMap<u32, (u64, u64)>,
    /// First and last receiver of each message.
    pub(crate) heard: BTreeMap<Message, (Time, Time)>,
}

const MATCHED: usize = 0;
const LOST: usize = 1;
const DAMAGED: usize = 2;
const UNDETERMINED: usize = 3;
const BY_PLAN: usize = 4;
const DUPLICATED: usize = 5;
const REORDERED: usize = 6;
const MISROUTED: usize = 7;
const REPLAYED: usize = 8;
const LOST_AWAY: usize = 9;
pub(crate) const COUNTS: usize = 10;

impl Model {
    /// Clients are dealt out to the workers in turn.
    pub(crate) fn new(workers: u32, measured_from: Time) -> Self {
        Self { workers, measured_from, ..Self::default() }
    }

    fn add(&mut self, name: &'static str) {
        *self.expected.counts.by_name.entry(name).or_default() += 1;
    }

    fn tell(&mut self, name: &'static str, receiver: u32, (sender, sequence): Message) {
        *self.expected.counts.told.entry(name).or_default() += token(receiver, sender, sequence);
    }

    fn in_room(&mut self, receiver: u32, what: usize, message: Message) {
        let measured = self.due[&message] >= self.measured_from;
        let room = self.expected.rooms.entry(self.clients[receiver as usize].room).or_default();
        room[what] += u64::from(measured);
    }

    /// Whether the receiver's worker takes a message for sent at `at`.
    fn counts_as_sent(&self, receiver: u32, message: Message, at: Time) -> bool {
        let known = self.draining || receiver % self.workers == message.0 % self.workers;
        let due = self.due.get(&message).is_some_and(|due| *due <= at);
        due && if known { self.sent.contains(&message) } else { true }
    }

    /// Whether a message must come to a receiver, if it was sent.
    fn must_come(&self, receiver: u32, message: Message) -> bool {
        let (sender, of) = (&self.clients[message.0 as usize], &self.clients[receiver as usize]);
        let own = receiver != message.0 || sender.own == OwnCopy::Expect;
        let due = self.due[&message];
        let first = of.sessions.first().is_some_and(|session| due >= session.joined);
        own && of.room == sender.room && if of.durable { first } else { of.session_at(due).is_some() }
    }

    /// Whether a message that must come to a receiver may still come in time.
    fn is_awaited(&self, receiver: u32, message: Message) -> bool {
        let of = &self.clients[receiver as usize];
        let last = of.sessions.last().filter(|session| session.end.is_none());
        let may_come = last.is_some_and(|session| of.durable || self.due[&message] >= session.joined);
        may_come && self.must_come(receiver, message)
    }

    fn in_flight(&self, receiver: u32, message: Message, at: Time) -> bool {
        self.publishers.contains(&message.0)
            && self.counts_as_sent(receiver, message, at)
            && self.is_awaited(receiver, message)
            && !self.came.contains_key(&(receiver, message))
    }

    pub(crate) fn received(&mut self, receiver: u32, event: &Event, at: Time) {
        if self.settled.contains(&receiver) {
            return;
        }
        let batched = self.clients[receiver as usize].batched;
        match *event {
            Event::Foreign => self.add("unexpected"),
            Event::Whole(message) => self.whole(receiver, message, at),
            Event::Broken(message) => self.broken(receiver, message, at),
            Event::Two(one, other, false) if one == other => self.whole(receiver, one, at),
            // What can't be attributed may be anything.
            Event::Two(one, other, true) if !self.in_flight(receiver, other, at) => self.whole(receiver, one, at),
            Event::Two(one, other, is_broken) if batched => {
                self.whole(receiver, one, at);
                if is_broken {
                    self.broken(receiver, other, at);
                } else {
                    self.whole(receiver, other, at);
                }
            }
            Event::Two(one, other, _) => {
                self.add("coalesced");
                self.damaged(receiver, one, at);
                self.damaged(receiver, other, at);
            }
        }
    }

    fn broken(&mut self, receiver: u32, message: Message, at: Time) {
        if self.in_flight(receiver, message, at) {
            self.add("corrupted");
            self.damaged(receiver, message, at);
        } else {
            self.add("unexpected");
        }
    }

    fn damaged(&mut self, receiver: u32, message: Message, at: Time) {
        if self.in_flight(receiver, message, at) {
            self.came.insert((receiver, message), Came::Damaged);
        }
    }

    fn whole(&mut self, receiver: u32, message: Message, at: Time) {
        let (sender, sequence) = message;
        if !self.publishers.contains(&sender) || !self.counts_as_sent(receiver, message, at) {
            return self.add("unexpected");
        }
        if self.clients[sender as usize].room != self.clients[receiver as usize].room {
            self.add("misrouted");
            return self.in_room(receiver, MISROUTED, message);
        }
        let due = self.due[&message];
        let of = &self.clients[receiver as usize];
        let current = of.sessions.last().is_some_and(|session| due >= session.joined);
        let first = of.sessions.first().is_some_and(|session| due >= session.joined);
        let in_session = of.session_at(due).is_some();
        if !(current || in_session || of.durable && first) {
            return self.add("history");
        }
        let (durable, keeps_order) = (of.durable, of.keeps_order);
        let own = (receiver == sender).then_some(self.clients[sender as usize].own);
        if own == Some(OwnCopy::Refuse) {
            return self.add("unexpected");
        }
        if self.came.contains_key(&(receiver, message)) {
            self.add("duplicated");
            self.tell("duplicated", receiver, message);
            return self.in_room(receiver, DUPLICATED, message);
        }
        if own == Some(OwnCopy::Allow) {
            self.came.insert((receiver, message), Came::Allowed);
            return self.add("own");
        }
        if !current && !durable {
            self.came.insert((receiver, message), Came::Late);
            return self.add("late");
        }
        let later = (receiver, (sender, sequence + 1))..=(receiver, (sender, u64::MAX));
        if keeps_order && self.came.range(later).next().is_some() {
            self.add("reordered");
            self.in_room(receiver, REORDERED, message);
        }
        if !current {
            self.came.insert((receiver, message), Came::Replayed);
            return;
        }
        self.came.insert((receiver, message), Came::Whole(at));
        // Times stay, even if it turns out that the message was never sent.
        if due >= self.measured_from {
            let (deliveries, sum) = self.expected.receivers.entry(receiver).or_default();
            *deliveries += 1;
            *sum += at.since(due);
        }
    }

    /// How many deliveries may still come, once all know what was sent.
    pub(crate) fn outstanding(&self) -> u64 {
        let receivers = (0..).take(self.clients.len());
        let missing = |receiver: u32| self.missing(receiver).filter(move |&message| self.is_awaited(receiver, message));
        receivers.map(|receiver| missing(receiver).count() as u64).sum()
    }

    fn missing(&self, receiver: u32) -> impl Iterator<Item = Message> {
        let must = self.sent.iter().copied().filter(move |&message| self.must_come(receiver, message));
        must.filter(move |&message| self.came.get(&(receiver, message)).is_none_or(|came| *came == Came::Late))
    }

    /// Whether a message reached the server for certain, or else how its sender's session ended.
    fn doubt(&self, (sender, sequence): Message) -> Option<bool> {
        let (numbers, by_plan) = self.clients[sender as usize].ended_session(sequence)?;
        let heard =
            |&(_, (client, number)): &(u32, Message)| client == sender && (sequence..numbers.end).contains(&number);
        (!self.came.keys().any(heard)).then_some(by_plan)
    }

    /// Why a message that must come to a receiver can't come any more, and did not have to come
    /// before: the connection died, or ended by plan.
    fn receiver_gone(&self, receiver: u32, message: Message, cut_short: bool) -> Option<bool> {
        let of = &self.clients[receiver as usize];
        let session = of.session_at(self.due[&message]);
        let end = match session.and_then(|(_, session)| session.end) {
            Some((_, by_plan, _)) if !of.durable => Some(by_plan),
            _ => of.away().or(cut_short.then_some(false)),
        }?;
        let is_late = self.came.get(&(receiver, message)) == Some(&Came::Late);
        if is_late || cut_short || !of.keeps_order {
            return Some(end);
        }
        // A later message came, and it was due in the same session.
        let later = (receiver, (message.0, message.1 + 1))..=(receiver, (message.0, u64::MAX));
        let index = |message| of.session_at(self.due[&message]).map(|(index, _)| index);
        let in_session = |other| of.durable || index(other) == index(message);
        let reached = |(&(_, other), came): (&(u32, Message), &Came)| *came != Came::Late && in_session(other);
        (!self.came.range(later).any(reached)).then_some(end)
    }

    /// What ends with the drain. What was never sent and came all the same is unexpected.
    pub(crate) fn settle(&mut self, cut_short: bool) {
        let mut worst: BTreeMap<Message, usize> = BTreeMap::new();
        for receiver in (0..).take(self.clients.len()) {
            let missing: Vec<Message> = self.missing(receiver).collect();
            for &message in &missing {
                let is_late = self.came.get(&(receiver, message)) == Some(&Came::Late);
                let doubt = self.doubt(message).filter(|_| !is_late);
                let (fate, name) = match self.receiver_gone(receiver, message, cut_short).or(doubt) {
                    None => (LOST, "lost"),
                    Some(false) => (UNDETERMINED, "undetermined"),
                    Some(true) => (BY_PLAN, "by_plan"),
                };
                self.add(name);
                self.tell(name, receiver, message);
                self.in_room(receiver, fate, message);
                if fate == LOST && self.clients[receiver as usize].session_at(self.due[&message]).is_none() {
                    self.add("lost_away");
                    self.in_room(receiver, LOST_AWAY, message);
                }
                worst.entry(message).and_modify(|worst| *worst = fate.min(*worst)).or_insert(fate);
            }
            if !missing.is_empty() {
                self.settled.insert(receiver);
            }
        }
        for ((receiver, message), came) in self.came.clone() {
            match came {
                Came::Allowed | Came::Late => {}
                Came::Whole(_) | Came::Replayed if !self.sent.contains(&message) => self.add("unexpected"),
                Came::Whole(at) => self.matched(receiver, message, at),
                Came::Replayed => {
                    for name in ["matched", "replayed"] {
                        self.add(name);
                        self.tell(name, receiver, message);
                    }
                    self.in_room(receiver, MATCHED, message);
                    self.in_room(receiver, REPLAYED, message);
                }
                Came::Damaged => {
                    self.add("damaged");
                    self.tell("damaged", receiver, message);
                    self.in_room(receiver, DAMAGED, message);
                    worst.entry(message).and_modify(|worst| *worst = DAMAGED.min(*worst)).or_insert(DAMAGED);
                }
            }
        }
        for (message, fate) in worst {
            let measured = usize::from(self.due[&message] >= self.measured_from);
            self.expected.messages[measured][fate - LOST] += 1;
        }
    }

    fn matched(&mut self, receiver: u32, message: Message, at: Time) {
        self.add("matched");
        self.tell("matched", receiver, message);
        self.in_room(receiver, MATCHED, message);
        if receiver != message.0 {
            let (first, last) = self.expected.heard.entry(message).or_insert((at, at));
            (*first, *last) = ((*first).min(at), (*last).max(at));
        }
    }
}
