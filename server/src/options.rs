//! What a server shall do, and how much of it one peer may use.

use std::{num::NonZeroUsize, thread, time::Duration};

use descriptors::Table;

use crate::{
    misbehaviour::delay::{Delay, Stall},
    misbehaviour::fault::Faults,
    registry::memory,
};

/// How a server behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What a message is answered with. Default: [`Reply::Echo`].
    pub reply: Reply,
    /// Number of threads, each with its own runtime and listener; a connection stays on the thread that accepted it.
    /// Default: the number of cores. More do not help but to hold more connections than a descriptor table does; fewer leave
    /// cores to whoever generates the load on this machine.
    pub threads: NonZeroUsize,
    /// Where the threads have their descriptors. Default: with the rest of the process, which needs no permission and bounds
    /// all connections by one limit; [`ConnectionCapacity`](crate::ConnectionCapacity) tells when that is too little.
    pub table: Table,
    /// Whether a browser that asks for `/` gets a page that sends bursts to this server and judges what comes back. Default:
    /// yes; without it, such a request is one more that is no handshake.
    pub page: bool,
    /// Header fields whose values the log shows, in any case of letters. Default: none, as any may hold a secret; of all
    /// others it has the names.
    pub log_values: Vec<String>,
    /// What one peer may use, and all of them together.
    pub limits: Limits,
    /// How long answers wait. Default: not at all.
    pub delay: Option<Delay>,
    /// When the server stands still. Default: never.
    pub stall: Option<Stall>,
    /// What it does wrong. Default: nothing.
    pub faults: Faults,
    /// Seed of delays and faults, 0 by default. A connection draws by this and by how many were accepted before it, for
    /// each of its messages in turn. So the same seed and the same connections give the same draws; which message is the
    /// next one, or the first of a read, is up to the network as well.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reply: Reply::Echo,
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            table: Table::Shared,
            page: true,
            log_values: Vec::new(),
            limits: Limits::default(),
            delay: None,
            stall: None,
            faults: Faults::default(),
            seed: 0,
        }
    }
}

/// What a message is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reply {
    /// The message itself: text as text, binary as binary.
    #[default]
    Echo,
    /// This text, as one text message, whatever came.
    Text(String),
}

/// What one peer may use of the server, and all of them together. The defaults let any plausible load test pass and keep a hostile peer from
/// taking all memory, a descriptor forever, or a thread for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest message, in bytes of payload after defragmentation; also the largest frame. A larger one is answered with
    /// Close 1009 as soon as a header announces it.
    ///
    /// Default: 16 MiB, the largest of common conformance tests. A connection may take up to twice this much memory,
    /// received and to be sent, and a little more while its buffer grows; it is given back with the message.
    pub message_bytes: usize,
    /// Most frames a message, at least 1. More are answered with Close 1008. Without it, endless empty fragments
    /// (RFC 6455 section 5.4) would keep a message open forever below any size limit.
    ///
    /// Default: 131 072, twice what common conformance tests send.
    pub frames_per_message: u32,
    /// Longest time from the TCP connection to the end of the HTTP handshake; then HTTP 408.
    ///
    /// Default: 10 s. A short one frees descriptors from peers that never speak, but fails a client on a machine that is
    /// busy opening thousands of connections.
    pub handshake: Duration,
    /// Longest time without a byte in either direction; then Close 1001 with the reason `idle`. `None`: no limit. It is
    /// checked in steps of a quarter, so the close comes after 1 to 1.25 times this.
    ///
    /// Default: 5 minutes: longer than tests of idle connections commonly hold still, short enough that peers that
    /// vanished without a reset do not pile up. 1001 and not 1008, as section 7.4.1 reserves 1008 for a message that was
    /// received.
    pub idle: Option<Duration>,
    /// Most connections at once over all threads, handshakes included. One more is answered with HTTP 503.
    ///
    /// Default: 65 536. An idle connection takes about 1.2 KiB of memory and a file descriptor; keep this within the
    /// [`ConnectionCapacity`](crate::ConnectionCapacity) that the limit on open files leaves, as a connection for which no descriptor is left waits
    /// unanswered instead.
    pub connections: usize,
    /// Memory that all peers together may have the server hold, in bytes: answers that they do not take, what has come of their
    /// messages and requests, delayed answers, and 1280 bytes a connection. Over it, new connections are answered with HTTP
    /// 503, and those that hold most end until an eighth of it is free again: with Close 1013 (try again later), or with a reset
    /// where more than 64 KiB of answers would be in front of the Close. The kernel's socket buffers are not counted, nor what
    /// the allocator adds where large buffers grow: the process may take three times as much.
    ///
    /// Default: a quarter of the memory that this process can have: the machine's, or that of its control group.
    pub memory: usize,
    /// Echoes held for a peer that does not read, in bytes of frames, beyond what the socket's own buffers take. Over it
    /// the server stops answering that peer until it has caught up (backpressure), so a connection holds at most this plus
    /// one message, and what one read brought. See [`unsent_time`](Self::unsent_time) for one that never does.
    ///
    /// Default: 1 MiB. More lets a peer send a longer burst before it must read; 0 couples reading to writing entirely,
    /// and a peer that writes a burst larger than the socket buffers before it reads then waits for itself.
    pub unsent_bytes: usize,
    /// Longest time that a peer with more than [`unsent_bytes`](Self::unsent_bytes) outstanding takes no byte at all; then
    /// the connection is dropped without a Close, which would have to queue behind what the peer does not read.
    ///
    /// Default: 30 s, long enough for a peer that is stopped in a debugger or a garbage collection.
    pub unsent_time: Duration,
    /// Longest time for the end of a connection: what is owed, the Close frames and the peer's end of the TCP connection.
    /// After it the connection is dropped, whatever the peer has received.
    ///
    /// Default: 2 s. It also bounds how long a shutdown takes.
    pub closing: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 16 << 20,
            frames_per_message: 131_072,
            handshake: Duration::from_secs(10),
            idle: Some(Duration::from_secs(300)),
            connections: 65_536,
            memory: memory::quarter(),
            unsent_bytes: 1 << 20,
            unsent_time: Duration::from_secs(30),
            closing: Duration::from_secs(2),
        }
    }
}
