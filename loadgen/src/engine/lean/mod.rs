//! The lean engine: the crate `frames` on plain sockets and an event queue of its own.
//!
//! All connections share one read buffer and one buffer for the burst being encoded. Both are empty
//! between uses. A connection has memory of its own only for a message cut by a read and for bytes
//! that TCP did not take.

mod connection;
mod event_queue;
mod opening;

use std::{io, net::IpAddr, os::fd::OwnedFd, rc::Rc};

use frames::{Encoder, Kind as FrameKind, Mask, Masks, Payloads};
use rand::rngs::ThreadRng;

use self::{
    connection::{Framing, LeanConnection, NextStep},
    event_queue::{EventQueue, ReadySocket},
};
use super::{
    ConnectionEnd, Engine, EventSink,
    held_bytes::HeldBytes,
    slots::{SlotState, Slots},
    unread_since::{PollResult, RunQueue, SocketPoll, UnreadSince},
};
use crate::{
    clock::{Clock as _, RealClock, Time},
    message::MessageKind,
    schedule::pacer::Wait,
    transport::Route,
};

/// Bytes per read, at most.
const READ_BUFFER: usize = 64 * 1024;

/// Moves messages with `frames`, without tokio.
pub(crate) struct Lean {
    slots: Slots<LeanConnection, OwnedFd>,
    event_queue: EventQueue,
    /// When the bytes of this turn arrived at the earliest.
    unread_since: UnreadSince,
    run_queue: RunQueue,
    /// The events of this turn were collected already.
    polled: bool,
    /// The slot that was last taken off this turn's list.
    listed: usize,
    /// Connections to visit in the next turn and in this one, whatever the kernel reports.
    revisit: Vec<usize>,
    turn: Vec<usize>,
    /// Ended connections that the worker does not know of. They could not be watched, or held too
    /// much.
    unreported_ends: Vec<(usize, ConnectionEnd)>,
    held_bytes: HeldBytes,
    buffer: Vec<u8>,
    /// The burst being encoded, and its connection.
    burst: Encoder,
    burst_of: usize,
    shared: EngineState,
}

/// State that all connections share.
struct EngineState {
    clock: RealClock,
    /// A `ChaCha12` generator seeded by the system. RFC 6455, section 5.3 demands unpredictable
    /// masks.
    masks: Masks<ThreadRng>,
    /// Control frames that answer what a read brought.
    replies: Encoder,
    /// When the last read returned.
    read_at: Time,
}

impl Lean {
    /// An engine for `connections` connections.
    pub(crate) fn new(connections: usize, clock: RealClock) -> io::Result<Self> {
        Ok(Self {
            slots: Slots::new(connections),
            event_queue: EventQueue::new()?,
            unread_since: UnreadSince::default(),
            run_queue: RunQueue::of_this_thread(),
            polled: false,
            listed: 0,
            revisit: Vec::new(),
            turn: Vec::new(),
            unreported_ends: Vec::new(),
            held_bytes: HeldBytes::new(),
            buffer: vec![0; READ_BUFFER],
            burst: Encoder::default(),
            burst_of: 0,
            shared: EngineState {
                clock,
                masks: Masks::new(rand::rng()),
                replies: Encoder::default(),
                read_at: Time::default(),
            },
        })
    }

    /// Polls the connections: now, or until one is ready or `until` has come.
    fn poll_until(&mut self, until: Option<Time>) {
        let began = self.shared.clock.now();
        let result = match until {
            Some(until) => self.event_queue.sleep(until, began),
            None => self.event_queue.poll(),
        };
        let sockets = self.event_queue.found();
        let mut poll = SocketPoll { began, ended: began, until, delayed: None, result, sockets };
        if until.is_some() && result != PollResult::Interrupted {
            poll.ended = self.shared.clock.now();
            if poll.is_long() {
                poll.delayed = self.run_queue.since_last().map(|waited| waited.delayed);
            }
        }
        self.unread_since.take(&poll);
    }

    fn has_ready(&mut self) -> bool {
        self.event_queue.has_some() || !self.turn.is_empty()
    }

    /// Writes the burst to its connection.
    fn write_burst(&mut self) -> u64 {
        let connection = self.slots[self.burst_of].connection_mut();
        let writes = connection.map_or(0, |connection| connection.write(self.burst.bytes()));
        self.burst.clear();
        writes
    }

    /// Makes sure that a connection that can't write any more is visited, even if the kernel does
    /// not report it. Counts what it could not write.
    #[inline]
    fn follow_up(&mut self, slot: usize) {
        if self.slots[slot].connection().is_some_and(LeanConnection::has_pending_io) {
            self.follow_up_pending(slot);
        }
    }

    #[cold]
    fn follow_up_pending(&mut self, slot: usize) {
        if self.slots[slot].connection().is_some_and(LeanConnection::is_broken) {
            self.revisit.push(slot);
        }
        self.count(slot);
    }

    /// Counts the bytes that a connection holds. Ends the one that holds most if all together hold
    /// too much.
    #[inline]
    fn count(&mut self, slot: usize) {
        let held = self.slots[slot].connection().map_or(0, LeanConnection::held);
        if let Some((largest, cause)) = self.held_bytes.update(slot, held) {
            self.end(largest, cause);
        }
    }

    /// Ends a connection. The worker learns of it in the next turn.
    #[cold]
    fn end(&mut self, slot: usize, cause: ConnectionEnd) {
        self.unread_since.slot_is_read(slot);
        if let SlotState::Connected(connection) = std::mem::take(&mut self.slots[slot].state)
            && connection.is_gone()
        {
            return;
        }
        self.unreported_ends.push((slot, cause));
        self.revisit.push(slot);
    }
}

impl Engine for Lean {
    fn open(&mut self, slot: usize, route: &Rc<Route>, client: u32, source: Option<IpAddr>) {
        self.begin_opening(slot, route, client, source);
    }

    fn wait(&mut self, wait: Wait) {
        if self.has_ready() {
            return;
        }
        self.polled = true;
        match wait {
            Wait::Until(time) if self.revisit.is_empty() => {
                let until = self.slots.next_timer().map_or(time, |timer| timer.min(time));
                self.poll_until(Some(until));
            }
            _ => self.poll_until(None),
        }
    }

    fn begin_turn(&mut self) {
        let polled = std::mem::take(&mut self.polled);
        if self.has_ready() {
            return;
        }
        if !polled {
            self.poll_until(None);
        }
        if self.slots.has_timers() {
            self.slots.look_at_timers(self.shared.clock.now(), &mut self.revisit);
        }
        std::mem::swap(&mut self.turn, &mut self.revisit);
    }

    #[inline]
    fn next_ready(&mut self) -> Option<usize> {
        let mut next = self.turn.pop();
        while next.is_none() {
            let ReadySocket { key, over } = self.event_queue.next()?;
            next = self.ready_slot(key, over);
        }
        self.listed = next?;
        next
    }

    #[inline]
    fn unread_since(&self) -> Time {
        self.unread_since.of_slot(self.listed)
    }

    fn receive(&mut self, slot: usize, sink: &mut impl EventSink) {
        let connection = match &mut self.slots[slot].state {
            SlotState::Connected(connection) => connection,
            SlotState::Opening(_) => return self.receive_opening(slot, sink),
            SlotState::Idle => return self.report_end(slot, sink),
        };
        match connection.receive(&mut self.buffer, &mut self.shared, sink) {
            NextStep::Remove => {
                self.slots[slot].state = SlotState::Idle;
                self.unread_since.slot_is_read(slot);
            }
            NextStep::Wait if connection.is_withheld() => {}
            NextStep::Wait => self.unread_since.slot_is_read(slot),
            NextStep::ReadAgain => {
                if connection.is_paced() {
                    // The others are read to their end.
                    self.unread_since.leave_slot(slot, self.unread_since.since());
                } else {
                    self.unread_since.leave_unread();
                }
                self.revisit.push(slot);
            }
        }
        self.count(slot);
    }

    #[inline]
    fn queue(
        &mut self,
        slot: usize,
        messages: impl ExactSizeIterator<Item = (MessageKind, usize)> + Clone,
        fill: impl FnOnce(Payloads<'_>),
    ) {
        if self.burst_of != slot && !self.burst.is_empty() {
            self.write_burst();
            self.follow_up(self.burst_of);
        }
        if let Some(connection) = self.slots[slot].connection_mut().filter(|connection| connection.is_open()) {
            self.burst_of = slot;
            if let Some(framing) = connection.framing() {
                return encode(framing, messages, fill, &mut self.burst, || self.shared.masks.draw());
            }
            let messages = messages.map(|(kind, length)| (frame_kind(kind), length));
            self.burst.masked_messages(messages, || self.shared.masks.draw(), fill);
        }
    }

    #[inline]
    fn flush(&mut self, slot: usize) -> u64 {
        let mut writes = 0;
        if self.burst_of == slot && !self.burst.is_empty() {
            writes = self.write_burst();
        }
        writes += self.slots[slot].connection_mut().map_or(0, LeanConnection::take_writes);
        self.follow_up(slot);
        writes
    }

    fn ping(&mut self, slot: usize, payload: &[u8]) -> bool {
        let connection = self.slots[slot].connection_mut().filter(|connection| connection.is_open());
        let Some(connection) = connection else { return false };
        connection.ping(payload, &mut self.shared);
        self.follow_up(slot);
        true
    }

    fn unsent(&self, slot: usize) -> u64 {
        let queued = if self.burst_of == slot { self.burst.len() } else { 0 };
        (self.slots[slot].connection().map_or(0, LeanConnection::unsent) + queued) as u64
    }

    fn close(&mut self, slot: usize) {
        if let Some(connection) = self.slots[slot].connection_mut() {
            if connection.is_withheld() {
                connection.set_reading(true);
                self.revisit.push(slot);
            }
            connection.close(1000, &mut self.shared);
            self.follow_up(slot);
        }
    }

    fn abort(&mut self, slot: usize) {
        self.reset(slot);
    }

    fn set_reading(&mut self, slot: usize, reading: bool) {
        let Some(connection) = self.slots[slot].connection_mut() else { return };
        connection.set_reading(reading);
        if reading {
            // The kernel does not report again what has come meanwhile.
            self.revisit.push(slot);
        } else {
            self.unread_since.leave_slot(slot, self.shared.clock.now());
        }
    }
}

impl Lean {
    /// Reports the end of a connection to the worker.
    #[cold]
    fn report_end(&mut self, slot: usize, sink: &mut impl EventSink) {
        if let Some(at) = self.unreported_ends.iter().position(|&(of, _)| of == slot) {
            let (_, cause) = self.unreported_ends.swap_remove(at);
            sink.ended(cause);
        }
    }
}

/// Adds messages to a burst, compressed or in fragments.
#[cold]
fn encode(
    framing: &mut Framing,
    messages: impl ExactSizeIterator<Item = (MessageKind, usize)>,
    fill: impl FnOnce(Payloads<'_>),
    burst: &mut Encoder,
    mut mask: impl FnMut() -> Mask,
) {
    let (kinds, lengths): (Vec<_>, Vec<_>) = messages.unzip();
    let mut bytes = vec![0; lengths.iter().sum()];
    fill(Payloads::bare(&mut bytes, &lengths));
    let mut rest = bytes.as_slice();
    for (kind, length) in kinds.into_iter().zip(lengths) {
        let (payload, after) = rest.split_at(length);
        framing.encode(frame_kind(kind), payload, burst, &mut mask);
        rest = after;
    }
}

#[inline]
fn frame_kind(kind: MessageKind) -> FrameKind {
    match kind {
        MessageKind::Text => FrameKind::Text,
        MessageKind::Binary => FrameKind::Binary,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_takes_few_bytes() {
        // A million clients must fit into memory. What few connections need is boxed.
        let engine = Lean::new(1, RealClock::start()).unwrap();
        assert!(size_of_val(&engine.slots[0]) <= 120, "{}", size_of_val(&engine.slots[0]));
    }
}
