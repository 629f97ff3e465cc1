//! A reference WebSocket echo server (RFC 6455): every message event that comes in goes out again as exactly one message
//! of the same type. It is a known-good target for load tests and is built not to be their bottleneck.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let listener = server::bind("127.0.0.1:0".parse().expect("an address"))?;
//! println!("ws://{}", listener.local_addr()?);
//! let stats = server::run(listener, server::Options::default(), std::future::pending()).await?;
//! # let _ = stats; Ok(()) }
//! ```
//!
//! # Map
//! [`run`] starts a `crew`: one thread for each of [`Options::threads`], each with a listener of its own on the same port
//! (`listener`) and, where [`ConnectionCapacity`] finds no other way to hold all connections, descriptors of its own. A `worker` is one such
//! thread: it accepts, and each `connection` is one task that never leaves it.
//! Frames are read and written by the crate [`frames`], in a workspace that the connections of a worker share: one buffer to
//! read into, one to encode answers in. A connection has memory of its own only for a message that came in pieces and for
//! what TCP did not take (`outbox`). A `socket` tells the `registry` of every byte. `handshake` and `closing` are a
//! connection's first and last act; `log` tells of both, and of the `request`. The registry of a worker
//! tells its connections when they have been idle too long, when they hold too much `memory`, or when the server goes away.
//! Counters are a worker's own and are merged once, at the end, into [`Stats`]; nothing is shared between threads but numbers:
//! of open connections, and of bytes that they hold. As a thread may have a descriptor table of its own, no waker ever
//! crosses from one to another.
//!
//! For tests of those who measure servers, an `answer` can take a `detour`: through `fault`, which breaks what is promised
//! below, exactly and on the record, and through `delay`. A `courier` does what is due there, and a `timer` wakes the
//! connections where something is. Without these options none of it exists, and answers go straight back.
//!
//! # Log
//! What becomes of a connection is told through [`tracing`]: its ends, the path and the names of the header fields of its
//! request, and how it ended. What a peer chose is quoted, escaped and cut. A query is left out, and so are the values of all
//! fields but [`Options::log_values`]. Nothing is told of a message, and without a subscriber nothing at all is done.
//!
//! # Behaviour
//! - All messages that one read brings are answered with one write, as far as the peer takes its answers
//!   ([`Limits::unsent_bytes`]).
//! - A peer that breaks the protocol first gets the echoes that it is owed, then a Close: 1002 for a protocol error, 1007
//!   for text that is not UTF-8, 1009 for a message over [`Limits::message_bytes`], 1008 for one of too many frames.
//!   Then the server ends its side and reads on for a while, so that no reset destroys what the peer has yet to read.
//! - A Close of the peer is answered with its code, and the server ends the TCP connection first (section 7.1.1).
//! - Where all peers together hold more memory than [`Limits::memory`], those that hold most end: with 1013, or with a reset
//!   where a Close would have to wait behind answers that they don't take.
//! - A GET or HEAD of `/` without an upgrade gets a `page` that tries the server from a browser, unless [`Options::page`] is
//!   off. Any other request that is no WebSocket handshake gets an HTTP error: 426, 405 or 400; 408 when it takes too long; 503 over
//!   [`Limits::connections`] or [`Limits::memory`].

mod connection;
mod misbehaviour;
mod options;
mod page;
mod registry;
mod stats;
mod workers;

use std::{io, net::TcpListener};

pub use descriptors::{Allowance, Table};

use crate::workers::Workers;
pub use crate::{
    misbehaviour::delay::{Delay, DelayShape, Stall},
    misbehaviour::fault::{BadRates, Fault, FaultKind, FaultLedger, Faults, UnknownFault},
    options::{Limits, Options, Reply},
    stats::Stats,
    workers::capacity::ConnectionCapacity,
    workers::listener::bind,
};

/// Serves the connections of `listener` until `shutdown` completes: [`start`] and [`Serving::until`] in one.
///
/// # Errors
/// Theirs.
pub async fn run(listener: TcpListener, options: Options, shutdown: impl Future<Output = ()>) -> io::Result<Stats> {
    start(listener, options)?.until(shutdown).await
}

/// Begins to serve the connections of `listener`. When this returns, every thread accepts.
///
/// The first of [`Options::threads`] threads accepts from `listener`, each other one from a `SO_REUSEPORT` listener of its
/// own at the same address, so that the kernel spreads connections over them. A listener that was made without
/// `SO_REUSEPORT` (not by [`bind`]) is shared by all threads instead.
///
/// # Errors
/// If the listener has no address, if a further listener can't be bound, or if a thread, its descriptor table or its runtime
/// can't be had.
pub fn start(listener: TcpListener, options: Options) -> io::Result<Serving> {
    Workers::start(listener, options).map(Serving)
}

/// A server whose threads accept connections. Dropped, it stops as [`until`](Self::until) says, but is not waited for.
#[derive(Debug)]
pub struct Serving(Workers);

impl Serving {
    /// Serves until `shutdown` completes; then the server stops accepting, flushes what it owes, sends a Close with 1001
    /// (going away) on every connection, waits for the peers' part at most [`Limits::closing`], and joins its threads.
    /// Dropping the returned future stops the threads in the same way but does not wait for them.
    ///
    /// The future needs no particular runtime and does next to nothing.
    ///
    /// # Errors
    /// If a thread failed or panicked. A failure of a connection is not an error; it is counted in [`Stats`].
    pub async fn until(self, shutdown: impl Future<Output = ()>) -> io::Result<Stats> {
        let Self(mut crew) = self;
        tokio::select! {
            () = shutdown => crew.stop(),
            result = crew.ended() => return result,
        }
        crew.ended().await
    }
}
