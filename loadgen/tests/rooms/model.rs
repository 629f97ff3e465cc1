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

/// Remembers everything.
#[derive(Debug, Default)]
pub(crate) struct Model {
    workers: u32,
    /// Room, own copies and whether events may hold several messages, of each client.
    pub(crate) clients: Vec<(u32, OwnCopy, bool)>,
    /// When each client joined.
    pub(crate) joined: BTreeMap<u32, Time>,
    pub(crate) ended: BTreeSet<u32>,
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
    Damaged,
    /// An own copy that may come.
    Allowed,
}

/// What ledgers must say.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) counts: Counts,
    /// Fates of messages: lost, damaged, undetermined, in the warm-up and after.
    pub(crate) messages: [[u64; 3]; 2],
    /// Matched, lost, damaged, undetermined, duplicated, reordered and misrouted of each room.
    pub(crate) rooms: BTreeMap<u32, [u64; 7]>,
    pub(crate) receivers: BTreeMap<u32, (u64, u64)>,
    /// First and last receiver of each message.
    pub(crate) heard: BTreeMap<Message, (Time, Time)>,
}

const MATCHED: usize = 0;
const LOST: usize = 1;
const DAMAGED: usize = 2;
const UNDETERMINED: usize = 3;
const DUPLICATED: usize = 4;
const REORDERED: usize = 5;
const MISROUTED: usize = 6;

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
        let room = self.expected.rooms.entry(self.clients[receiver as usize].0).or_default();
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
        let (sender, (room, ..)) = (message.0, self.clients[receiver as usize]);
        let own = receiver != sender || self.clients[sender as usize].1 == OwnCopy::Expect;
        let here = self.joined.get(&receiver).is_some_and(|joined| self.due[&message] >= *joined);
        own && here && room == self.clients[sender as usize].0
    }

    fn in_flight(&self, receiver: u32, message: Message, at: Time) -> bool {
        self.publishers.contains(&message.0)
            && self.counts_as_sent(receiver, message, at)
            && self.must_come(receiver, message)
            && !self.came.contains_key(&(receiver, message))
    }

    pub(crate) fn received(&mut self, receiver: u32, event: &Event, at: Time) {
        if self.settled.contains(&receiver) {
            return;
        }
        let batched = self.clients[receiver as usize].2;
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
        if self.clients[sender as usize].0 != self.clients[receiver as usize].0 {
            self.add("misrouted");
            return self.in_room(receiver, MISROUTED, message);
        }
        if self.joined.get(&receiver).is_none_or(|joined| self.due[&message] < *joined) {
            return self.add("history");
        }
        let own = (receiver == sender).then_some(self.clients[sender as usize].1);
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
        let later = (receiver, (sender, sequence + 1))..=(receiver, (sender, u64::MAX));
        if self.came.range(later).next().is_some() {
            self.add("reordered");
            self.in_room(receiver, REORDERED, message);
        }
        self.came.insert((receiver, message), Came::Whole(at));
        // Times stay, even if it turns out that the message was never sent.
        if self.due[&message] >= self.measured_from {
            let (deliveries, sum) = self.expected.receivers.entry(receiver).or_default();
            *deliveries += 1;
            *sum += at.since(self.due[&message]);
        }
    }

    /// How many deliveries have not come, once all know what was sent.
    pub(crate) fn outstanding(&self) -> u64 {
        let missing = |receiver: u32| self.missing(receiver).count() as u64;
        self.joined.keys().filter(|client| !self.ended.contains(client)).map(|&client| missing(client)).sum()
    }

    fn missing(&self, receiver: u32) -> impl Iterator<Item = Message> {
        let must = self.sent.iter().copied().filter(move |&message| self.must_come(receiver, message));
        must.filter(move |&message| !self.came.contains_key(&(receiver, message)))
    }

    /// What ends with the drain. What was never sent and came all the same is unexpected.
    pub(crate) fn settle(&mut self, cut_short: bool) {
        let mut highest: BTreeMap<u32, u64> = BTreeMap::new();
        for (&(_, (sender, sequence)), _) in self.came.iter().filter(|(_, came)| **came != Came::Allowed) {
            let highest = highest.entry(sender).or_default();
            *highest = (*highest).max(sequence);
        }
        let mut worst: BTreeMap<Message, usize> = BTreeMap::new();
        for receiver in self.joined.keys().copied().collect::<Vec<_>>() {
            let missing: Vec<Message> = self.missing(receiver).collect();
            for &message in &missing {
                let reached = highest.get(&message.0).is_some_and(|highest| message.1 <= *highest);
                let told = !self.ended.contains(&message.0) || reached;
                let lost = told && !self.ended.contains(&receiver) && !cut_short;
                let (fate, name) = if lost { (LOST, "lost") } else { (UNDETERMINED, "undetermined") };
                self.add(name);
                self.tell(name, receiver, message);
                self.in_room(receiver, fate, message);
                worst.entry(message).and_modify(|worst| *worst = fate.min(*worst)).or_insert(fate);
            }
            if !missing.is_empty() {
                self.settled.insert(receiver);
            }
        }
        for ((receiver, message), came) in self.came.clone() {
            match came {
                Came::Allowed => {}
                Came::Whole(_) if !self.sent.contains(&message) => self.add("unexpected"),
                Came::Whole(at) => self.matched(receiver, message, at),
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
