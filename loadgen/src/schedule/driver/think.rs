//! Think time in the closed model: what a reply makes due, and when.

use std::collections::VecDeque;

use crate::{clock::Time, plan::Share};

/// Messages that will be due together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thought {
    pub(super) slot: usize,
    pub(super) due: Time,
    pub(super) messages: u32,
}

/// The messages that clients think about, in the order of their due times.
#[derive(Debug)]
pub(super) struct ThinkTime {
    /// From a reply to the next message, in nanoseconds.
    pub(super) time: u64,
    share: Share,
    /// Clients of the group.
    clients: u32,
    /// Replies come in the order of time, and all think for as long.
    thoughts: VecDeque<Thought>,
    /// What could not be sent at once: for this turn, and for the next.
    late: VecDeque<Thought>,
    later: VecDeque<Thought>,
    /// Messages that each client thinks about.
    waiting: Vec<u32>,
}

impl ThinkTime {
    pub(super) fn new(share: &Share, clients: u32, time: u64) -> Self {
        Self {
            time,
            share: share.clone(),
            clients,
            thoughts: VecDeque::new(),
            late: VecDeque::new(),
            later: VecDeque::new(),
            waiting: vec![0; share.slots.len()],
        }
    }

    /// Lets clients begin with `messages` messages each. The clients of the group are spread over
    /// one think time: all at once, they would stay together.
    pub(super) fn begin(&mut self, start: Time, messages: u32) {
        for slot in self.share.slots.clone() {
            let part = u128::from(self.time) * u128::from(self.share.index(slot)) / u128::from(self.clients);
            self.push(Thought { slot, due: start.plus(u64::try_from(part).unwrap_or(u64::MAX)), messages });
        }
    }

    /// Messages that a client thinks about.
    pub(super) fn waiting(&self, slot: usize) -> u32 {
        self.waiting[slot - self.share.slots.start]
    }

    /// Lets a client send so many messages once it has thought from `at` on.
    pub(super) fn think(&mut self, slot: usize, at: Time, messages: u32) {
        self.push(Thought { slot, due: at.plus(self.time), messages });
    }

    fn push(&mut self, thought: Thought) {
        self.waiting[thought.slot - self.share.slots.start] += thought.messages;
        self.thoughts.push_back(thought);
    }

    /// Sends the rest of what is due in the next turn.
    pub(super) fn put_off(&mut self, thought: Thought) {
        self.waiting[thought.slot - self.share.slots.start] += thought.messages;
        self.later.push_back(thought);
    }

    /// Takes what is due at `now`; none if there is nothing more in this turn.
    pub(super) fn take(&mut self, now: Time) -> Option<Thought> {
        let thought = match self.late.pop_front() {
            Some(late) => late,
            None if self.thoughts.front().is_some_and(|first| first.due <= now) => self.thoughts.pop_front()?,
            None => {
                std::mem::swap(&mut self.late, &mut self.later);
                return None;
            }
        };
        self.waiting[thought.slot - self.share.slots.start] -= thought.messages;
        Some(thought)
    }

    /// When the next message is due; in the past if something is late.
    pub(super) fn wake(&self) -> Option<Time> {
        if !self.late.is_empty() || !self.later.is_empty() {
            return Some(Time::default());
        }
        self.thoughts.front().map(|first| first.due)
    }
}
