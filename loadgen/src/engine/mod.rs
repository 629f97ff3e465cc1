//! What moves messages: the only place that knows a WebSocket crate.
//!
//! A worker owns one engine, and the engine owns the worker's connections. Nothing crosses threads. There are two, which
//! have the opening handshake in common ([`dial`]) and the names of ends ([`cause`]), and no code that moves a message.

mod alarm;
mod cause;
mod dial;
mod lean;
mod timer;
mod transport;
mod tungstenite;
mod wire;

pub(crate) use cause::Cause;
pub(crate) use dial::{Bounds, ConnectError, Dialed, Dialer, Endpoint, Opened};
pub(crate) use lean::Lean;
pub(crate) use tungstenite::Tungstenite;

use std::io;

use frames::Mask;

use crate::clock::{Clock, Time};
use crate::ledger::Event;
use crate::pacer::Wait;
use crate::payload::Kind;

/// Connections, by number from 0.
pub(crate) trait Engine {
    /// Takes connection number `slot`.
    fn adopt(&mut self, slot: usize, opened: Opened);

    /// From here on nothing else runs on this thread: to wait may be to block it.
    fn own_thread(&mut self) {}

    /// Waits until a connection is ready or the wait is over.
    fn wait(&mut self, wait: Wait) -> impl Future<Output = ()>;

    /// Begins a turn: lists the connections that may have something to read, or to finish writing. What becomes ready
    /// in the turn is for the next, so that no peer can hold the worker.
    fn begin_turn(&mut self);

    /// Takes a connection off the list of the turn.
    fn next_ready(&mut self) -> Option<usize>;

    /// Reads everything that is there for a connection, and finishes what an earlier [`Self::flush`] could not write.
    fn receive(&mut self, slot: usize, sink: &mut impl Sink);

    /// Puts a message of `len` bytes into a connection's write buffer. `fill` writes it, masked with the mask that it is
    /// given; all zero if the engine masks.
    fn queue(&mut self, slot: usize, kind: Kind, len: usize, fill: impl FnOnce(Mask, &mut [u8]));

    /// Hands a connection's write buffer to the transport; how many writes there were since the last call. What the
    /// transport doesn't take now is written when it does.
    fn flush(&mut self, slot: usize) -> u64;

    /// Bytes that were queued and that the transport has not taken yet.
    fn unsent(&self, slot: usize) -> u64;

    /// Begins the closing handshake (RFC 6455, section 7.1.2) with code 1000.
    fn close(&mut self, slot: usize);
}

/// Makes the engine of a worker, for so many connections; called once in each worker's thread, inside its tokio runtime.
pub(crate) trait Build: Fn(usize, Clock) -> io::Result<Self::Engine> + Clone + Send + 'static {
    /// What it makes.
    type Engine: Engine + 'static;
}

impl<E: Engine + 'static, F: Fn(usize, Clock) -> io::Result<E> + Clone + Send + 'static> Build for F {
    type Engine = E;
}

/// Takes what a connection brings.
pub(crate) trait Sink {
    /// Takes message events that are as they must be, one after the other. `at` is when the read returned that brought
    /// them all.
    fn arrivals(&mut self, at: Time) -> impl Arrivals;

    /// A message event; `at` is when the read returned that completed it.
    fn message(&mut self, at: Time, event: Event<'_>);

    /// All messages of some reads were handed over.
    fn read(&mut self, at: Time, read: Read);

    /// The connection is over; nothing more will come.
    fn ended(&mut self, cause: Cause);
}

/// Takes the messages of a read for as long as each is the one that must come next. What it took is booked when it is
/// dropped.
pub(crate) trait Arrivals {
    /// Takes a message event if it is the one that must come next, to the last byte. False if it is not, or if that is not
    /// known; then nothing was done. Text that is as it must be is UTF-8, so this spares looking for that.
    fn take(&mut self, event: Event<'_>) -> bool;
}

/// Takes nothing: for sinks that know of no message that it must come next.
pub(crate) struct NoneExpected;

impl Arrivals for NoneExpected {
    fn take(&mut self, _: Event<'_>) -> bool {
        false
    }
}

/// Reads that together completed some messages; mostly one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Reads that returned bytes.
    pub(crate) calls: u64,
    /// Bytes that they returned.
    pub(crate) bytes: u64,
    /// Messages that they completed.
    pub(crate) messages: u64,
    /// Payload bytes of these messages.
    pub(crate) payload: u64,
    /// Messages and control frames that they completed.
    pub(crate) frames: u64,
}

impl Read {
    /// Counts a message of so many bytes.
    #[inline]
    fn message(&mut self, payload: usize) {
        self.frames += 1;
        self.messages += 1;
        self.payload += payload as u64;
    }
}

#[cfg(test)]
mod tests;
