//! The closed model: each client keeps a window of messages in flight. A reply makes room.

use std::{collections::VecDeque, ops::Range};

use super::{
    command::{ClientView, Command, Presence, Progress, SendCommand},
    think::{ThinkTime, Thought},
};
use crate::{clock::Time, plan::Share};

/// Silence after which a run of a number of messages gives up on those in flight, even with a
/// shorter drain. A drain may be zero, and a reply takes time. Nanoseconds.
const LEAST_SILENCE: u64 = 1_000_000_000;

/// Drives clients in the closed model.
#[derive(Debug)]
pub(crate) struct ClosedDriver {
    slots: Range<usize>,
    /// Messages in flight of each client.
    window: u32,
    /// Messages that fill a window at once. The rest of a large window follows after other clients.
    at_once: u32,
    /// Length of the measured phase in nanoseconds, if time ends it.
    length: Option<u64>,
    /// Silence after which the messages in flight are lost, in nanoseconds.
    silence: u64,
    /// Measured messages that each client may still send. Empty if time ends the phase.
    left: Vec<u64>,
    /// Their sum.
    planned: u64,
    start: Time,
    measured_from: Time,
    end: Time,
    begun: bool,
    /// Clients whose window has room: for this turn, and for the next.
    unfilled: VecDeque<usize>,
    later: VecDeque<usize>,
    /// Clients wait for this long after a reply.
    think: Option<Box<ThinkTime>>,
}

impl ClosedDriver {
    /// Keeps `window` messages in flight for `length` nanoseconds after the warm-up.
    pub(crate) fn elapsed(share: &Share, window: u32, at_once: u32, length: u64) -> Self {
        Self {
            slots: share.slots.clone(),
            window,
            at_once,
            length: Some(length),
            silence: u64::MAX,
            left: Vec::new(),
            planned: 0,
            start: Time::NEVER,
            measured_from: Time::NEVER,
            end: Time::NEVER,
            begun: false,
            unfilled: VecDeque::new(),
            later: VecDeque::new(),
            think: None,
        }
    }

    /// Keeps `window` messages in flight until each client has sent `messages` after the warm-up
    /// and has its replies. Gives up on replies after `silence` nanoseconds without any.
    pub(crate) fn counted(share: &Share, window: u32, at_once: u32, messages: u64, silence: u64) -> Self {
        Self {
            length: None,
            silence: silence.max(LEAST_SILENCE),
            left: vec![messages; share.slots.len()],
            planned: messages.saturating_mul(share.slots.len() as u64),
            ..Self::elapsed(share, window, at_once, 0)
        }
    }

    /// Lets clients wait for `think` nanoseconds after a reply. The group has `clients` clients.
    pub(crate) fn thinking(mut self, share: &Share, clients: u32, think: u64) -> Self {
        if think > 0 {
            // Nobody is silent who thinks.
            self.silence = self.silence.saturating_add(think);
            self.think = Some(Box::new(ThinkTime::new(share, clients, think)));
        }
        self
    }

    pub(super) fn begin(&mut self, start: Time, warmup: u64) {
        (self.start, self.measured_from) = (start, start.plus(warmup));
        self.end = self.length.map_or(Time::NEVER, |length| self.measured_from.plus(length));
    }

    pub(super) fn end(&self) -> Option<Time> {
        Some(self.end).filter(|&end| end < Time::NEVER)
    }

    pub(super) fn is_counted(&self) -> bool {
        self.length.is_none()
    }

    /// Fills windows that have room, each once a turn.
    #[inline]
    pub(super) fn next(&mut self, now: Time, view: impl Fn(usize) -> ClientView) -> Option<Command> {
        if now < self.start || now >= self.end {
            return None;
        }
        if !std::mem::replace(&mut self.begun, true) {
            match &mut self.think {
                Some(think) => think.begin(self.start, self.window),
                None => self.unfilled.extend(self.slots.clone()),
            }
        }
        while let Some(slot) = self.unfilled.pop_front() {
            if let Some(command) = self.refill(slot, now, view(slot)) {
                return Some(command);
            }
        }
        std::mem::swap(&mut self.unfilled, &mut self.later);
        if self.think.is_some() { self.next_thought(now, view) } else { None }
    }

    /// Sends what clients have thought about for long enough.
    #[cold]
    fn next_thought(&mut self, now: Time, view: impl Fn(usize) -> ClientView) -> Option<Command> {
        while let Some(Thought { slot, due, messages }) = self.think.as_mut()?.take(now) {
            // What it thinks about beside this is not in flight yet.
            if let Some(command) = self.send(slot, due, view(slot), messages) {
                return Some(command);
            }
        }
        None
    }

    #[inline]
    pub(super) fn replied(&mut self, slot: usize, at: Time, view: ClientView) -> Option<Command> {
        if !self.begun || at >= self.end {
            return None;
        }
        if self.think.is_some() { self.think(slot, at, view) } else { self.refill(slot, at, view) }
    }

    /// Lets a client think about as much as its window has room for.
    #[cold]
    fn think(&mut self, slot: usize, at: Time, view: ClientView) -> Option<Command> {
        let think = self.think.as_mut()?;
        match view.presence {
            Presence::Open => {
                let room = self.window.saturating_sub(view.in_flight).saturating_sub(think.waiting(slot));
                if room > 0 {
                    think.think(slot, at, room);
                }
                None
            }
            Presence::Before | Presence::Away => None,
            Presence::Gone => (self.take_planned(slot) > 0).then_some(Command::Miss(slot)),
        }
    }

    /// Sends as much as the window of a client has room for. A reply at `due` made the room.
    #[inline]
    fn refill(&mut self, slot: usize, due: Time, view: ClientView) -> Option<Command> {
        let waiting = self.think.as_ref().map_or(0, |think| think.waiting(slot));
        self.send(slot, due, view, self.window.saturating_sub(waiting))
    }

    /// Sends at most `most` messages.
    #[inline]
    fn send(&mut self, slot: usize, due: Time, view: ClientView, most: u32) -> Option<Command> {
        match view.presence {
            Presence::Open => {}
            // It is told of the client once that opens.
            Presence::Before | Presence::Away => return None,
            Presence::Gone => return (self.take_planned(slot) > 0).then_some(Command::Miss(slot)),
        }
        let left = self.left.get_mut(slot - self.slots.start);
        let mut room = self.window.saturating_sub(view.in_flight).min(view.in_session).min(most);
        if let Some(&mut left) = left.filter(|_| due >= self.measured_from) {
            room = room.min(u32::try_from(left).unwrap_or(u32::MAX));
        }
        // A blocked connection is ready again once it takes more.
        let messages = if view.blocked { 0 } else { room.min(self.at_once) };
        (messages > 0).then_some(Command::Send(SendCommand { slot, due, messages, wanted: room }))
    }

    /// Plans nothing more for a client. Returns what was planned.
    fn take_planned(&mut self, slot: usize) -> u64 {
        let planned = self.left.get_mut(slot - self.slots.start).map_or(0, std::mem::take);
        self.planned -= planned;
        planned
    }

    /// The window of a client that has opened is filled in the next turn.
    pub(super) fn joined(&mut self, slot: usize) {
        if self.begun {
            self.later.push_back(slot);
        }
    }

    #[inline]
    pub(super) fn sent(&mut self, command: &SendCommand, sent: u32) {
        let &SendCommand { slot, due, wanted, .. } = command;
        if due >= self.measured_from
            && let Some(left) = self.left.get_mut(slot - self.slots.start)
        {
            *left -= u64::from(sent);
            self.planned -= u64::from(sent);
        }
        if sent < wanted {
            match &mut self.think {
                Some(think) => think.put_off(Thought { slot, due, messages: wanted - sent }),
                None => self.later.push_back(slot),
            }
        }
    }

    #[inline]
    pub(super) fn wake(&self) -> Time {
        if !self.begun {
            self.start
        } else if self.unfilled.is_empty() && self.later.is_empty() {
            self.think.as_ref().and_then(|think| think.wake()).map_or(self.end, |due| due.min(self.end))
        } else {
            Time::default()
        }
    }

    #[inline]
    pub(super) fn is_over(&self, now: Time, progress: Progress) -> bool {
        let Progress { in_flight, last_reply } = progress;
        let settled = self.is_counted() && self.begun && {
            let all = in_flight == 0 && self.planned == 0;
            all || now.since(last_reply) >= self.silence
        };
        settled || now >= self.end
    }

    pub(super) fn cut(&mut self, now: Time) {
        self.end = self.end.min(now);
    }

    pub(super) fn is_spent(&self) -> bool {
        self.is_counted() && self.planned == 0
    }

    pub(super) fn planned(&self) -> Vec<usize> {
        let left = self.slots.clone().zip(&self.left);
        left.filter(|(_, left)| **left > 0).map(|(slot, _)| slot).collect()
    }
}
