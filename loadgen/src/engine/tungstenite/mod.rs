//! The engine on mio and tungstenite: the event loop of tokio and the WebSocket of
//! tokio-tungstenite, without the futures between them. The worker takes turns, so it has nothing
//! else to run.
//!
//! tungstenite fills its read buffer with zeros before every read, so that buffer is small. A burst
//! is queued whole and written by one flush.

mod connection;
mod counted_stream;
mod opening;
mod poller;

use std::{io, net::IpAddr, rc::Rc};

use bytes::BytesMut;
use frames::Payloads;
use mio::net::TcpStream;
use tungstenite::protocol::frame::coding::CloseCode;

use self::{
    connection::{NextStep, TungsteniteConnection},
    counted_stream::CountedStream,
    poller::{Poller, ReadySocket},
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

/// Moves messages with tungstenite.
pub(crate) struct Tungstenite {
    slots: Slots<Box<TungsteniteConnection>, TcpStream>,
    poller: Poller,
    /// The events of this turn were collected already.
    polled: bool,
    /// The slot that was last taken off this turn's list.
    listed: usize,
    /// Connections to visit in the next turn and in this one, whatever mio reports.
    revisit: Vec<usize>,
    turn: Vec<usize>,
    /// When the bytes of this turn arrived at the earliest.
    unread_since: UnreadSince,
    run_queue: RunQueue,
    clock: RealClock,
    held_bytes: HeldBytes,
    /// Connections that held too much and were ended. The worker does not know of them.
    unreported_ends: Vec<(usize, ConnectionEnd)>,
    /// Messages are written here before they are queued. The memory is reused.
    scratch: BytesMut,
    /// Their kinds and lengths.
    burst: (Vec<MessageKind>, Vec<usize>),
}

impl Tungstenite {
    /// An engine for `connections` connections.
    pub(crate) fn new(connections: usize, clock: RealClock) -> io::Result<Self> {
        Ok(Self {
            slots: Slots::new(connections),
            poller: Poller::new()?,
            polled: false,
            listed: 0,
            revisit: Vec::new(),
            turn: Vec::new(),
            unread_since: UnreadSince::default(),
            run_queue: RunQueue::of_this_thread(),
            clock,
            held_bytes: HeldBytes::new(),
            unreported_ends: Vec::new(),
            scratch: BytesMut::new(),
            burst: Default::default(),
        })
    }

    /// Polls the sockets: now, or until one is ready or `until` has come.
    fn poll_until(&mut self, until: Option<Time>) {
        let began = self.clock.now();
        let result = match until {
            Some(until) => self.poller.sleep(until, began),
            None => self.poller.poll(),
        };
        let mut poll = SocketPoll { began, ended: began, until, delayed: None, result, sockets: self.poller.ready() };
        if until.is_some() && result != PollResult::Interrupted {
            poll.ended = self.clock.now();
            if poll.is_long() {
                poll.delayed = self.run_queue.since_last().map(|waited| waited.delayed);
            }
        }
        self.unread_since.take(&poll);
    }

    fn has_ready(&self) -> bool {
        self.poller.ready() > 0 || !self.turn.is_empty()
    }

    /// Counts the bytes that a connection holds. Ends the one that holds most if all together hold
    /// too much.
    fn count(&mut self, slot: usize) {
        let held = self.slots[slot].connection().map_or(0, |connection| connection.held());
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

    /// Reports the end of a connection to the worker.
    #[cold]
    fn report_end(&mut self, slot: usize, sink: &mut impl EventSink) {
        if let Some(at) = self.unreported_ends.iter().position(|&(of, _)| of == slot) {
            let (_, cause) = self.unreported_ends.swap_remove(at);
            sink.ended(cause);
        }
    }

    /// Makes sure that a connection is visited that can't write any more, as mio may not report it.
    fn follow_up(&mut self, slot: usize) {
        let Some(connection) = self.slots[slot].connection() else { return };
        if connection.is_broken() {
            self.revisit.push(slot);
        }
        if connection.is_blocked() {
            self.count(slot);
        }
    }
}

impl Engine for Tungstenite {
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
            self.slots.look_at_timers(self.clock.now(), &mut self.revisit);
        }
        std::mem::swap(&mut self.turn, &mut self.revisit);
    }

    fn next_ready(&mut self) -> Option<usize> {
        let mut next = self.turn.pop();
        while next.is_none() {
            let ReadySocket { key, over } = self.poller.next()?;
            next = self.ready_slot(key, over);
        }
        self.listed = next?;
        next
    }

    fn unread_since(&self) -> Time {
        self.unread_since.of_slot(self.listed)
    }

    fn receive(&mut self, slot: usize, sink: &mut impl EventSink) {
        let connection = match &mut self.slots[slot].state {
            SlotState::Connected(connection) => connection,
            SlotState::Opening(_) => return self.receive_opening(slot, sink),
            SlotState::Idle => return self.report_end(slot, sink),
        };
        match connection.receive(self.clock, sink) {
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

    fn queue(
        &mut self,
        slot: usize,
        messages: impl ExactSizeIterator<Item = (MessageKind, usize)>,
        fill: impl FnOnce(Payloads<'_>),
    ) {
        let Some(connection) = self.slots[slot].connection_mut() else { return };
        let (kinds, lengths) = &mut self.burst;
        kinds.clear();
        lengths.clear();
        for (kind, length) in messages {
            kinds.push(kind);
            lengths.push(length);
        }
        self.scratch.resize(lengths.iter().sum(), 0);
        fill(Payloads::bare(&mut self.scratch, lengths));
        for (&kind, &length) in kinds.iter().zip(&*lengths) {
            let bytes = self.scratch.split_to(length).freeze();
            connection.queue_message(kind, bytes);
        }
    }

    fn flush(&mut self, slot: usize) -> u64 {
        let Some(connection) = self.slots[slot].connection_mut() else { return 0 };
        connection.flush();
        let writes = connection.take_writes();
        self.follow_up(slot);
        writes
    }

    fn ping(&mut self, slot: usize, payload: &[u8]) -> bool {
        let sent = self.slots[slot].connection_mut().is_some_and(|connection| connection.ping(payload));
        self.follow_up(slot);
        sent
    }

    fn unsent(&self, slot: usize) -> u64 {
        self.slots[slot].connection().map_or(0, |connection| connection.unsent())
    }

    fn close(&mut self, slot: usize) {
        if let Some(connection) = self.slots[slot].connection_mut() {
            if connection.is_withheld() {
                connection.set_reading(true);
                self.revisit.push(slot);
            }
            connection.send_close(CloseCode::Normal);
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
            // mio does not report again what has come meanwhile.
            self.revisit.push(slot);
        } else {
            self.unread_since.leave_slot(slot, self.clock.now());
        }
    }
}
