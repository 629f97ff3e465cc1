//! What a server does, and how much of it one peer may use.

use std::{num::NonZeroUsize, thread, time::Duration};

use descriptors::Table;
use frames::deflate::DeflateSettings;

use crate::{
    misbehaviour::{Delay, Faults, Stall},
    registry::memory,
    rooms::RoomsOptions,
    tls::TlsSettings,
};

/// How a server behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The answer to a message. Default: [`Reply::Echo`].
    pub reply: Reply,
    /// How messages are broadcast. Default: they are not, and each is answered to its sender. With
    /// rooms, [`reply`](Self::reply) is not used, and there is no [`page`](Self::page).
    pub rooms: Option<RoomsOptions>,
    /// How the server speaks TLS. Default: it does not, and connections are plain TCP.
    pub tls: Option<TlsSettings>,
    /// Subprotocols that the server has. Of those that a client offers, it chooses the first that
    /// is here. Default: none, so that none is chosen.
    pub subprotocols: Vec<String>,
    /// How messages are compressed where a client offers that (RFC 7692). Default: not at all. Not
    /// with [`rooms`](Self::rooms), whose members all get the same frames.
    ///
    /// A connection takes up to 321 KiB of memory for it, and less with a smaller window.
    pub compression: Option<DeflateSettings>,
    /// Number of threads, each with its own runtime and listener. A connection stays on the thread
    /// that accepted it. Default: the number of cores.
    ///
    /// More threads help only to hold more connections than one descriptor table does. Fewer leave
    /// cores to a load generator on this machine.
    pub threads: NonZeroUsize,
    /// Where the threads have their descriptors. Default: with the rest of the process.
    ///
    /// That needs no permission, and one limit bounds all connections.
    /// [`ConnectionCapacity`](crate::ConnectionCapacity) tells when that is too little.
    pub table: Table,
    /// Whether a browser that asks for `/` gets a page that sends bursts to this server and judges
    /// what comes back. Default: yes. Without the page, such a request is refused like any other
    /// that is no handshake.
    pub page: bool,
    /// Header fields that the log shows with their values, in any case of letters. Default: none,
    /// as any value may be a secret. The log always shows the names.
    pub log_values: Vec<String>,
    /// What one peer may use, and what all of them may use together.
    pub limits: Limits,
    /// How long answers wait. Default: not at all.
    pub delay: Option<Delay>,
    /// When the server stands still. Default: never.
    pub stall: Option<Stall>,
    /// What the server does wrong on purpose. Default: nothing.
    pub faults: Faults,
    /// Seed of delays and faults. Default: 0.
    ///
    /// A connection draws once for each of its messages. The draws depend on this seed and on how
    /// many connections were accepted before it. So an equal seed and equal connections give equal
    /// draws. But the network, too, decides which message is the first of a read.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reply: Reply::Echo,
            rooms: None,
            tls: None,
            subprotocols: Vec::new(),
            compression: None,
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

impl Options {
    /// Whether messages wait for a time.
    pub(crate) fn needs_timer(&self) -> bool {
        let staggers = self.rooms.as_ref().is_some_and(|rooms| !rooms.stagger.is_zero());
        self.delay.is_some() || !self.faults.is_empty() || staggers
    }
}

/// The answer to a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reply {
    /// The message itself: text as text, binary as binary.
    #[default]
    Echo,
    /// This text, as one text message, whatever came.
    Text(String),
}

/// What one peer may use of the server, and what all of them may use together.
///
/// The defaults let any plausible load test pass. They keep a hostile peer from taking all memory,
/// a descriptor forever, or a thread for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest message, in bytes of payload after defragmentation, and the largest frame. A
    /// larger one is answered with Close 1009 as soon as a header announces it.
    ///
    /// Default: 16 MiB, the largest of common conformance tests. A connection may take up to twice
    /// this much memory, for what it has received and what it sends, and a little more while a
    /// buffer grows. It gives the memory back with the message.
    pub message_bytes: usize,
    /// The most frames of a message, at least 1. More are answered with Close 1008.
    ///
    /// Without this limit, endless empty fragments (RFC 6455 section 5.4) would keep a message open
    /// forever below any size limit.
    ///
    /// Default: 131 072, twice what common conformance tests send.
    pub frames_per_message: u32,
    /// The longest time from the TCP connection to the end of the HTTP handshake. After it, the
    /// peer gets HTTP 408.
    ///
    /// Default: 10 s. A shorter one frees descriptors from peers that never speak. But it fails
    /// clients on a machine that is busy opening thousands of connections.
    pub handshake: Duration,
    /// The longest time without a byte in either direction. After it, the peer gets Close 1001 with
    /// the reason `idle`. `None`: no limit. The time is checked in steps of a quarter, so the Close
    /// comes after 1 to 1.25 times this.
    ///
    /// Default: 5 minutes. Tests of idle connections commonly hold still for less, and peers that
    /// vanished without a reset do not pile up. The code is not 1008, as section 7.4.1 reserves
    /// that for a message that was received.
    pub idle: Option<Duration>,
    /// The most connections at once, over all threads and with handshakes. One more is answered
    /// with HTTP 503.
    ///
    /// Default: 65 536. An idle connection takes about 1.2 KiB of memory and a file descriptor.
    /// Keep this within the [`ConnectionCapacity`](crate::ConnectionCapacity): a connection without
    /// a descriptor waits unanswered.
    pub connections: usize,
    /// Memory that all peers together may have the server hold, in bytes. It counts answers that
    /// they do not take, what has come of their messages and requests, delayed answers, and 1280
    /// bytes for each connection, and 8 KiB more with TLS.
    ///
    /// Over it, new connections are answered with HTTP 503. Those that hold most end, until an
    /// eighth of the limit is free: with Close 1013 (try again later), or with a reset if more than
    /// 64 KiB of answers would come before the Close.
    ///
    /// It does not count the kernel's socket buffers, nor what the allocator adds while large
    /// buffers grow. The process may take three times as much.
    ///
    /// Default: a quarter of the memory that this process can have, of the machine or of its
    /// control group.
    pub memory: usize,
    /// Echoes held for a peer that does not read, in bytes of frames, beyond what the socket's own
    /// buffers take.
    ///
    /// Over it, the server stops answering that peer until it has caught up (backpressure). So a
    /// connection holds at most this, one message, and what one read brought.
    /// [`unsent_time`](Self::unsent_time) bounds how long.
    ///
    /// With [`rooms`](Options::rooms) it must not hold up the others. So a peer that more waits for
    /// when a message comes for it is closed with 1013 (try again later), after what it was sent
    /// before. It has missed nothing before that Close. The members of a room also stop being read
    /// from while more bytes of their messages wait in the room, for the server to send them.
    ///
    /// Default: 1 MiB. More lets a peer send a longer burst before it must read. With 0, a peer
    /// waits for itself if it writes more than the socket buffers take before it reads.
    pub unsent_bytes: usize,
    /// The longest time that a peer takes no byte while more than
    /// [`unsent_bytes`](Self::unsent_bytes) wait for it. After it, the connection is dropped. A
    /// Close would have to wait for what the peer does not read.
    ///
    /// Default: 30 s, long enough for a peer that is stopped in a debugger or a garbage collection.
    pub unsent_time: Duration,
    /// The longest time for the end of a connection: for what is owed, for the Close frames, and
    /// for the peer's end of the TCP connection. After it, the connection is dropped, whatever the
    /// peer has received.
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
