//! Engines open connections and move messages over them.
//!
//! A worker owns one engine, and the engine owns the worker's connections. Nothing crosses threads.
//! Two engines exist. They share how connections are opened ([`crate::transport`], [`slots`]) and
//! how ends are named ([`connection_end`]), but no code that moves a message. So each is a check on
//! the other.

mod connection_end;
pub mod echo;
mod held_bytes;
mod lean;
#[cfg(test)]
pub(crate) mod simulated;
mod slots;
mod timer;
mod tungstenite;
pub(crate) mod unread_since;

use std::{io, net::IpAddr, rc::Rc};

use frames::Payloads;

pub(crate) use self::{connection_end::ConnectionEnd, lean::Lean, tungstenite::Tungstenite};
use crate::{
    clock::{RealClock, Time},
    ledger::MessageEvent,
    message::MessageKind,
    schedule::pacer::Wait,
    transport::{ConnectError, Opened, Route},
};

/// Moves the messages of numbered connections, from 0 on.
pub(crate) trait Engine {
    /// Begins to open connection `slot`, which is idle: it was never open, it ended, failed or was
    /// aborted. `client` is the number of the client in the run, and `source` is the local address,
    /// if the system does not choose it. A later [`Self::receive`] tells the sink of the outcome:
    /// opened or failed. It also fails once the route's time-out is over.
    ///
    /// An old connection of this slot may still be closing. Nothing of it reaches the new one.
    fn open(&mut self, slot: usize, route: &Rc<Route>, client: u32, source: Option<IpAddr>);

    /// Waits until a connection is ready or the wait is over. Blocks the thread.
    fn wait(&mut self, wait: Wait);

    /// Begins a turn: lists the connections that may be read, or written to again. What becomes
    /// ready during the turn waits for the next, so no peer can hold the worker. Leftovers of the
    /// last turn come first.
    fn begin_turn(&mut self);

    /// Takes a connection off this turn's list. A connection that is being opened is listed when
    /// something happened to it, or when its time is over.
    fn next_ready(&mut self) -> Option<usize>;

    /// Bytes read in this turn arrived at this time or later: the sockets were empty before.
    fn unread_since(&self) -> Time;

    /// Reads what has arrived on a connection, for no longer than about a
    /// [`SLICE`](crate::schedule::pacer::SLICE). The rest waits for the next turn. Also finishes
    /// what an earlier [`Self::flush`] could not write. A connection that is being opened gets on.
    fn receive(&mut self, slot: usize, sink: &mut impl EventSink);

    /// Appends messages of these kinds and lengths in bytes to a connection's write buffer. `fill`
    /// writes the payloads, and the engine masks them. `fill` is not called if the connection can't
    /// take more.
    fn queue(
        &mut self,
        slot: usize,
        messages: impl ExactSizeIterator<Item = (MessageKind, usize)> + Clone,
        fill: impl FnOnce(Payloads<'_>),
    );

    /// Hands a connection's write buffer to the transport, in the shape that its route wants
    /// ([`WireShape`](crate::plan::WireShape)). Returns the number of writes since the last call.
    /// What the transport does not take is written later.
    fn flush(&mut self, slot: usize) -> u64;

    /// Sends a ping with up to 125 bytes of payload (RFC 6455, section 5.5.2), after what was
    /// queued and flushed. The sink learns of the answer: [`EventSink::pong`]. False if the
    /// connection is not open.
    fn ping(&mut self, slot: usize, payload: &[u8]) -> bool;

    /// Bytes that were queued and not yet taken by the transport.
    fn unsent(&self, slot: usize) -> u64;

    /// Begins the closing handshake (RFC 6455, section 7.1.2) with code 1000. From now on nothing
    /// withholds or bounds reads, so that the peer's answer comes.
    fn close(&mut self, slot: usize);

    /// Resets connection `slot`, or gives up opening it (RFC 9293, section 3.10.5). The slot is
    /// idle at once, and the sink hears nothing of it.
    fn abort(&mut self, slot: usize);

    /// Stops or resumes reading from a connection. What arrives meanwhile stays in the socket, so
    /// the peer meets a full window. What has arrived is read after resuming.
    ///
    /// Where the route bounds what a turn reads
    /// ([`read_at_most`](crate::transport::ConnectionLimits::read_at_most)), a connection is read
    /// once a turn, until it is closed.
    fn set_reading(&mut self, slot: usize, reading: bool);
}

/// Builds the engine of a worker for a number of connections. Called once in each worker's
/// thread.
pub(crate) trait BuildEngine: Fn(usize, RealClock) -> io::Result<Self::Engine> + Clone + Send + 'static {
    /// The engine that it builds.
    type Engine: Engine + 'static;
}

impl<E: Engine + 'static, F: Fn(usize, RealClock) -> io::Result<E> + Clone + Send + 'static> BuildEngine for F {
    type Engine = E;
}

/// Receives what a connection brings.
pub(crate) trait EventSink {
    /// The connection is open: the answer to the opening handshake was whole at `at`.
    fn opened(&mut self, _at: Time, _opened: Opened) {}

    /// The connection did not open. Its slot is idle.
    fn failed(&mut self, _at: Time, _error: ConnectError) {}

    /// Takes the events of one read while each is the message that must come next, to the last
    /// byte. Returns the first event that is not, untouched. Text that is exactly as expected is
    /// valid UTF-8, which saves checking it. `at` is when the read returned.
    ///
    /// A sink that expects nothing in particular returns the first event.
    fn in_order<'b>(
        &mut self,
        _at: Time,
        mut events: impl Iterator<Item = MessageEvent<'b>>,
    ) -> Option<MessageEvent<'b>> {
        events.next()
    }

    /// A message event. `at` is when the read returned that completed it.
    fn message(&mut self, at: Time, event: MessageEvent<'_>);

    /// The message with which the server broke a rule of the protocol, or its beginning. The
    /// connection ends with it. Not every engine can report it.
    fn offence(&mut self, _at: Time, _event: MessageEvent<'_>) {}

    /// The answer to a ping with this payload came, or a pong that nobody asked for (RFC 6455,
    /// section 5.5.3). `at` is when the read returned that completed it.
    fn pong(&mut self, _at: Time, _payload: &[u8]) {}

    /// All messages of some reads were handed over.
    fn read(&mut self, at: Time, read: ReadBatch);

    /// The connection is over, and nothing more will come. Its slot is idle, even if the socket
    /// waits for the peer to close TCP.
    fn ended(&mut self, cause: ConnectionEnd);
}

/// One or more reads that together completed some messages. Mostly one read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadBatch {
    /// Reads that returned bytes.
    pub(crate) calls: u64,
    /// Bytes that they returned.
    pub(crate) bytes: u64,
    /// Messages that they completed.
    pub(crate) messages: u64,
    /// Payload bytes of these messages.
    pub(crate) payload: u64,
    /// Control frames that they completed.
    pub(crate) controls: u64,
}

impl ReadBatch {
    /// Whether the reads brought nothing but control frames.
    pub(crate) fn is_control_only(&self) -> bool {
        self.messages == 0 && self.controls > 0
    }

    /// Counts a message of `payload` bytes.
    #[inline]
    fn message(&mut self, payload: usize) {
        self.messages += 1;
        self.payload += payload as u64;
    }
}

#[cfg(test)]
mod tests;
