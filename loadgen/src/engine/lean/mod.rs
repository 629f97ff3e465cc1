//! The engine on sockets and an event queue of its own, with the frames of the crate `frames`.
//!
//! What all connections share: one buffer to read into, which is empty between reads, and one to encode bursts into, which
//! is empty between bursts. A connection has memory of its own only for what a read cut and for what TCP did not take.

mod connection;
mod link;
mod readiness;

use std::io;
use std::time::Duration;

use frames::{Encoder, Kind as FrameKind, Masks, Payloads};
use rand::rngs::ThreadRng;

use self::connection::{After, Connection};
use self::link::Link;
use self::readiness::{Readiness, Ready};
use super::holdings::Holdings;
use super::look::{Glance, Look, RunQueue, Told};
use super::{Cause, Engine, Sink};
use crate::clock::{Clock, Time};
use crate::message::Kind;
use crate::schedule::pacer::Wait;
use crate::transport::{Opened, Transport};

/// Bytes that are read at once.
const READ_BUFFER: usize = 64 * 1024;

/// Longest wait while other tasks run on this thread, so that none of them is needed to wake the engine.
const COURTESY: Duration = Duration::from_millis(1);

/// Connections on sockets.
pub(crate) struct Lean {
    connections: Vec<Option<Connection>>,
    readiness: Readiness,
    /// What the looks tell of when bytes came.
    look: Look,
    run_queue: RunQueue,
    /// The events of this turn were collected already.
    looked: bool,
    /// Connections to look at in the next turn and in this one, whatever the kernel says.
    called: Vec<usize>,
    turn: Vec<usize>,
    /// Connections that are no more, of which the worker was not told: they could not be watched, or held too much.
    buried: Vec<(usize, Cause)>,
    holdings: Holdings,
    own_thread: bool,
    buffer: Vec<u8>,
    /// The burst that is being encoded, and whose it is.
    burst: Encoder,
    burst_of: usize,
    shared: Shared,
}

/// What the connections have in common.
struct Shared {
    clock: Clock,
    /// A `ChaCha12` generator, seeded by the system: RFC 6455, section 5.3 asks for one that can't be predicted.
    masks: Masks<ThreadRng>,
    /// Control frames that answer what a read brought.
    replies: Encoder,
    /// When the last read returned.
    read_at: Time,
}

impl Lean {
    /// An engine for `connections` connections.
    pub(crate) fn new(connections: usize, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            connections: std::iter::repeat_with(|| None).take(connections).collect(),
            readiness: Readiness::new()?,
            look: Look::default(),
            run_queue: RunQueue::of_this_thread(),
            looked: false,
            called: Vec::new(),
            turn: Vec::new(),
            buried: Vec::new(),
            holdings: Holdings::new(),
            own_thread: false,
            buffer: vec![0; READ_BUFFER],
            burst: Encoder::default(),
            burst_of: 0,
            shared: Shared {
                clock,
                masks: Masks::new(rand::rng()),
                replies: Encoder::default(),
                read_at: Time::default(),
            },
        })
    }

    /// Looks which connections are ready: now, or until `until` if none is.
    fn look_until(&mut self, until: Option<Time>) {
        let began = self.shared.clock.now();
        let told = match until {
            Some(until) => self.readiness.sleep(until, began),
            None => self.readiness.look(),
        };
        let sockets = self.readiness.found();
        let mut glance = Glance { began, ended: began, until, delayed: None, told, sockets };
        if until.is_some() && told != Told::Nothing {
            glance.ended = self.shared.clock.now();
            if glance.is_long() {
                glance.delayed = self.run_queue.since_last().map(|waited| waited.delayed);
            }
        }
        self.look.take(&glance);
    }

    fn has_ready(&self) -> bool {
        self.readiness.has_some() || !self.turn.is_empty()
    }

    /// Takes a connection out of tokio's hands, and watches it.
    fn watch(&mut self, slot: usize, opened: Opened) -> io::Result<Connection> {
        let Opened { wire, behind, bounds } = opened;
        let link = Link::try_from(wire.into_stream())?;
        self.readiness.add(link.tcp(), slot)?;
        Ok(Connection::new(link, behind, bounds))
    }

    /// Hands the burst to its connection.
    fn write_burst(&mut self) -> u64 {
        let writes = match &mut self.connections[self.burst_of] {
            Some(connection) => connection.write(self.burst.bytes()),
            None => 0,
        };
        self.burst.clear();
        writes
    }

    /// Sees to it that a connection which can't write any more is looked at, whether or not the kernel tells of it again.
    /// Counts what it could not write.
    #[inline]
    fn attend(&mut self, slot: usize) {
        if self.connections[slot].as_ref().is_some_and(Connection::is_troubled) {
            self.attend_to_trouble(slot);
        }
    }

    #[cold]
    fn attend_to_trouble(&mut self, slot: usize) {
        if self.connections[slot].as_ref().is_some_and(Connection::is_broken) {
            self.called.push(slot);
        }
        self.count(slot);
    }

    /// Counts what a connection holds, and ends the one that holds most if that is too much for all together.
    #[inline]
    fn count(&mut self, slot: usize) {
        let held = self.connections[slot].as_ref().map_or(0, Connection::held);
        if let Some((largest, cause)) = self.holdings.update(slot, held) {
            self.end(largest, cause);
        }
    }

    /// Ends a connection; the worker is told in the next turn.
    #[cold]
    fn end(&mut self, slot: usize, cause: Cause) {
        self.connections[slot] = None;
        self.buried.push((slot, cause));
        self.called.push(slot);
    }
}

impl Engine for Lean {
    fn adopt(&mut self, slot: usize, opened: Opened) {
        // What TLS holds already, the kernel does not tell of.
        let early = !opened.behind.is_empty() || matches!(opened.wire.stream(), Transport::Tls(_));
        self.holdings.limit(opened.bounds.memory);
        match self.watch(slot, opened) {
            Ok(connection) => self.connections[slot] = Some(connection),
            Err(error) => self.end(slot, Cause::io(&error)),
        }
        if early {
            self.called.push(slot);
        }
    }

    fn own_thread(&mut self) {
        self.own_thread = true;
    }

    async fn wait(&mut self, wait: Wait) {
        if !self.own_thread {
            let now = self.shared.clock.now();
            return match wait {
                Wait::Poll => tokio::task::yield_now().await,
                Wait::Until(time) => tokio::time::sleep(COURTESY.min(Duration::from_nanos(time.since(now)))).await,
            };
        }
        if self.has_ready() {
            return;
        }
        self.looked = true;
        match wait {
            Wait::Until(time) if self.called.is_empty() => self.look_until(Some(time)),
            _ => self.look_until(None),
        }
    }

    fn begin_turn(&mut self) {
        let looked = std::mem::take(&mut self.looked);
        if self.has_ready() {
            return;
        }
        if !looked {
            self.look_until(None);
        }
        std::mem::swap(&mut self.turn, &mut self.called);
    }

    #[inline]
    fn next_ready(&mut self) -> Option<usize> {
        if let Some(slot) = self.turn.pop() {
            return Some(slot);
        }
        let Ready { slot, over } = self.readiness.next()?;
        if over && let Some(connection) = &mut self.connections[slot] {
            connection.read_to_the_end();
        }
        Some(slot)
    }

    #[inline]
    fn unread_since(&self) -> Time {
        self.look.since()
    }

    fn receive(&mut self, slot: usize, sink: &mut impl Sink) {
        let Some(connection) = &mut self.connections[slot] else { return self.bury(slot, sink) };
        match connection.receive(&mut self.buffer, &mut self.shared, sink) {
            After::Over => self.connections[slot] = None,
            After::Nothing => {}
            After::More => {
                self.look.hold();
                self.called.push(slot);
            }
        }
        self.count(slot);
    }

    #[inline]
    fn queue(
        &mut self,
        slot: usize,
        len: usize,
        kinds: impl ExactSizeIterator<Item = Kind>,
        fill: impl FnOnce(Payloads<'_>),
    ) {
        if self.burst_of != slot && !self.burst.is_empty() {
            self.write_burst();
            self.attend(self.burst_of);
        }
        if self.connections[slot].as_ref().is_some_and(Connection::is_open) {
            self.burst_of = slot;
            let masks = &mut self.shared.masks;
            let messages = kinds.map(|kind| match kind {
                Kind::Text => (FrameKind::Text, masks.draw()),
                Kind::Binary => (FrameKind::Binary, masks.draw()),
            });
            self.burst.masked_messages(len, messages, fill);
        }
    }

    #[inline]
    fn flush(&mut self, slot: usize) -> u64 {
        let mut writes = 0;
        if self.burst_of == slot && !self.burst.is_empty() {
            writes = self.write_burst();
        }
        writes += self.connections[slot].as_mut().map_or(0, Connection::take_writes);
        self.attend(slot);
        writes
    }

    fn unsent(&self, slot: usize) -> u64 {
        let queued = if self.burst_of == slot { self.burst.len() } else { 0 };
        (self.connections[slot].as_ref().map_or(0, Connection::unsent) + queued) as u64
    }

    fn close(&mut self, slot: usize) {
        if let Some(connection) = &mut self.connections[slot] {
            connection.close(1000, &mut self.shared);
            self.attend(slot);
        }
    }
}

impl Lean {
    /// Tells of a connection that is no more.
    #[cold]
    fn bury(&mut self, slot: usize, sink: &mut impl Sink) {
        if let Some(at) = self.buried.iter().position(|&(of, _)| of == slot) {
            let (_, cause) = self.buried.swap_remove(at);
            sink.ended(cause);
        }
    }
}
