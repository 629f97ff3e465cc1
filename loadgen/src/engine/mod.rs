//! What moves messages: the only place that knows a WebSocket crate.
//!
//! A worker owns one engine, and the engine owns the worker's connections. Nothing crosses threads. There are two, which
//! have the opening handshake in common ([`crate::transport`]) and the names of ends ([`connection_end`]), and no code that moves a message.

mod connection_end;
pub mod echo;
mod held_bytes;
mod lean;
mod timer;
mod tungstenite;
pub(crate) mod unread_since;

use std::io;

use frames::Payloads;

pub(crate) use self::{connection_end::ConnectionEnd, lean::Lean, tungstenite::Tungstenite};
use crate::{
    clock::{Clock, Time},
    ledger::MessageEvent,
    message::MessageKind,
    schedule::pacer::Wait,
    transport::OpenConnection,
};

/// Connections, by number from 0.
pub(crate) trait Engine {
    /// Takes connection number `slot`.
    fn adopt(&mut self, slot: usize, opened: OpenConnection);

    /// From here on nothing else runs on this thread: to wait may be to block it.
    fn own_thread(&mut self) {}

    /// Waits until a connection is ready or the wait is over.
    fn wait(&mut self, wait: Wait) -> impl Future<Output = ()>;

    /// Begins a turn: lists the connections that may have something to read, or to finish writing. What becomes ready
    /// in the turn is for the next, so that no peer can hold the worker. What is left of the turn before comes first.
    fn begin_turn(&mut self);

    /// Takes a connection off the list of the turn.
    fn next_ready(&mut self) -> Option<usize>;

    /// What is read in this turn has come at this time or later: before it, the sockets were looked at and had nothing.
    fn unread_since(&self) -> Time;

    /// Reads what is there for a connection, but for no longer than about a [`SLICE`](crate::schedule::pacer::SLICE): the rest is for the next turn.
    /// Finishes what an earlier [`Self::flush`] could not write.
    fn receive(&mut self, slot: usize, sink: &mut impl EventSink);

    /// Puts messages of these kinds and of `len` bytes each into a connection's write buffer. `fill` writes them, masked
    /// with the masks that it is given; all zero if the engine masks. It is not called when the connection takes nothing
    /// more.
    fn queue(
        &mut self,
        slot: usize,
        len: usize,
        kinds: impl ExactSizeIterator<Item = MessageKind>,
        fill: impl FnOnce(Payloads<'_>),
    );

    /// Hands a connection's write buffer to the transport; how many writes there were since the last call. What the
    /// transport doesn't take now is written when it does.
    fn flush(&mut self, slot: usize) -> u64;

    /// Bytes that were queued and that the transport has not taken yet.
    fn unsent(&self, slot: usize) -> u64;

    /// Begins the closing handshake (RFC 6455, section 7.1.2) with code 1000.
    fn close(&mut self, slot: usize);
}

/// Makes the engine of a worker, for so many connections; called once in each worker's thread, inside its tokio runtime.
pub(crate) trait BuildEngine: Fn(usize, Clock) -> io::Result<Self::Engine> + Clone + Send + 'static {
    /// What it makes.
    type Engine: Engine + 'static;
}

impl<E: Engine + 'static, F: Fn(usize, Clock) -> io::Result<E> + Clone + Send + 'static> BuildEngine for F {
    type Engine = E;
}

/// Takes what a connection brings.
pub(crate) trait EventSink {
    /// Takes message events, all of one read, for as long as each is the one that must come next, to the last byte. The
    /// first that is not, or of which that is not known, is handed back, and nothing was done about it. Text that is as it must
    /// be is UTF-8, so this spares looking for that. `at` is when the read returned.
    ///
    /// For a sink that knows of no message that it must come next, that is the first.
    fn in_order<'b>(
        &mut self,
        _at: Time,
        mut events: impl Iterator<Item = MessageEvent<'b>>,
    ) -> Option<MessageEvent<'b>> {
        events.next()
    }

    /// A message event; `at` is when the read returned that completed it.
    fn message(&mut self, at: Time, event: MessageEvent<'_>);

    /// The message, or the beginning of one, with which the server broke a rule of the protocol: the connection ends with it. Not
    /// all engines can show it.
    fn offence(&mut self, _at: Time, _event: MessageEvent<'_>) {}

    /// All messages of some reads were handed over.
    fn read(&mut self, at: Time, read: ReadBatch);

    /// The connection is over; nothing more will come.
    fn ended(&mut self, cause: ConnectionEnd);
}

/// Reads that together completed some messages; mostly one.
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
    /// Whether all they brought was control frames.
    pub(crate) fn is_control_only(&self) -> bool {
        self.messages == 0 && self.controls > 0
    }

    /// Counts a message of so many bytes.
    #[inline]
    fn message(&mut self, payload: usize) {
        self.messages += 1;
        self.payload += payload as u64;
    }
}

#[cfg(test)]
mod tests;
