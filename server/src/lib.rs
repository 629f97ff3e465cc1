//! A reference WebSocket echo server (RFC 6455). Every message event that comes in goes out again
//! as exactly one message of the same type. It is a known-good target for load tests, and is built
//! not to be their bottleneck.
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
//! ```text
//! options.rs       what the server does, and how much of it one peer may use
//! workers/         the threads: each has a listener, a runtime and its own connections
//! connection/      one connection from its first byte to its last: handshake, echo, closing, log
//! registry/        the connections of a thread: which ones must end, and the memory that all hold
//! page/            the page at `/` for browsers
//! rooms/           broadcasts: a message goes to all members of the room of its path
//! misbehaviour/    faults and delays on purpose, which the echo knows next to nothing of
//! tls/             certificates and keys
//! compression.rs   compression of what one connection sends
//! stats.rs         what was counted
//! command/         the server as a command: its options, its log and its exit codes
//! ```
//!
//! [`run`] starts [`Options::threads`] threads. Each has a listener of its own on the same port,
//! and a descriptor table of its own where [`ConnectionCapacity`] finds no other way to hold all
//! connections. A connection is one task, and never leaves its thread.
//!
//! The crate [`frames`] reads and writes frames. The connections of a thread share two buffers: one
//! to read into, and one to encode answers in. A connection has memory of its own only for a
//! message that came in pieces, and for what TCP did not take.
//!
//! Each thread counts for itself. The counters are merged into [`Stats`] at the end. Threads share
//! nothing but numbers: of open connections, and of bytes that they hold. No waker ever crosses
//! from one thread to another, as each may have a descriptor table of its own.
//!
//! # Log
//! The server tells through [`tracing`] what becomes of a connection: both ends, the path and the
//! names of the header fields of its request, and how it ended. What a peer chose is quoted,
//! escaped and cut. Queries are left out, and so are the values of all fields except
//! [`Options::log_values`]. Messages are not logged. Without a subscriber, nothing is done at all.
//!
//! # Behaviour
//! - All messages that one read brings are answered with one write, as far as the peer takes its
//!   answers ([`Limits::unsent_bytes`]).
//! - A peer that breaks the protocol first gets the echoes that it is owed, and then a Close: 1002
//!   for a protocol error, 1007 for text that is not UTF-8, 1009 for a message over
//!   [`Limits::message_bytes`], 1008 for one of too many frames. Then the server ends its side, and
//!   reads on for a while, so that no reset destroys what the peer has yet to read.
//! - A Close of the peer is answered with its code. The server ends the TCP connection first
//!   (section 7.1.1).
//! - If all peers together hold more memory than [`Limits::memory`], those that hold most end: with
//!   a Close of 1013, or with a reset if a Close would have to wait for answers that they don't
//!   take.
//! - With [`Options::rooms`], a message goes to all members of its sender's room instead. If one
//!   comes for a member while too much waits for it already, the member is closed with 1013.
//! - A GET or HEAD of `/` without an upgrade gets a page that tries the server from a browser,
//!   unless [`Options::page`] is off.
//! - Any other request that is no WebSocket handshake gets an HTTP error: 426, 405 or 400; 408 if
//!   it takes too long; 503 over [`Limits::connections`] or [`Limits::memory`].

pub mod command;
mod compression;
mod connection;
mod misbehaviour;
mod options;
mod page;
mod registry;
mod rooms;
mod stats;
mod tls;
mod workers;

use std::{io, net::TcpListener};

pub use descriptors::{Allowance, Table};
pub use frames::deflate::{DeflateSettings, WindowBits};

use crate::workers::Workers;
pub use crate::{
    misbehaviour::{BadRates, Delay, DelayShape, Fault, FaultKind, FaultLedger, Faults, Stall, UnknownFault},
    options::{Limits, Options, Reply},
    rooms::{OwnCopy, RoomsOptions},
    stats::Stats,
    tls::{ClientAuthority, Identity, TlsError, TlsSettings},
    workers::{ConnectionCapacity, bind},
};

/// Serves the connections of `listener` until `shutdown` completes: [`start`] and
/// [`Serving::until`] in one.
///
/// # Errors
/// Those of [`start`] and [`Serving::until`].
pub async fn run(listener: TcpListener, options: Options, shutdown: impl Future<Output = ()>) -> io::Result<Stats> {
    start(listener, options)?.until(shutdown).await
}

/// Begins to serve the connections of `listener`. When this returns, every thread accepts.
///
/// The kernel spreads connections over the [`Options::threads`] threads: one accepts from
/// `listener`, and each other one from a `SO_REUSEPORT` listener of its own at the same address.
/// All threads share a listener that was made without `SO_REUSEPORT` (not by [`bind`]).
///
/// # Errors
/// If the listener has no address, a further listener can't be bound, or a thread, its descriptor
/// table or its runtime can't be had. Also if [`Options::rooms`] are to be served by more than one
/// thread, or with compression.
pub fn start(listener: TcpListener, options: Options) -> io::Result<Serving> {
    Workers::start(listener, options).map(Serving)
}

/// A server whose threads accept connections. Dropped, it stops as [`until`](Self::until) says, but
/// is not waited for.
#[derive(Debug)]
pub struct Serving(Workers);

impl Serving {
    /// Serves until `shutdown` completes, and then shuts down.
    ///
    /// The server stops accepting, sends what it owes, sends a Close with 1001 (going away) on
    /// every connection, waits for the peers' part at most [`Limits::closing`], and joins its
    /// threads. If the returned future is dropped, the threads stop in this way, but are not waited
    /// for.
    ///
    /// The future needs no particular runtime, and does next to nothing.
    ///
    /// # Errors
    /// If a thread failed or panicked. The failure of a connection is no error; [`Stats`] counts
    /// it.
    pub async fn until(self, shutdown: impl Future<Output = ()>) -> io::Result<Stats> {
        let Self(mut workers) = self;
        tokio::select! {
            () = shutdown => workers.stop(),
            result = workers.ended() => return result,
        }
        workers.ended().await
    }
}
