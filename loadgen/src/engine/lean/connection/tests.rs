//! Tests for what end-to-end tests reach by chance only: writes that stop half-way, and frames that
//! come with the handshake.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
};

use frames::{Encoder, Masks};
use rustix::{
    event::{PollFd, PollFlags, poll},
    time::Timespec,
};
use socket2::SockRef;

use super::*;
use crate::clock::RealClock;

/// Records what a connection brings.
#[derive(Default)]
struct MessageLog {
    messages: Vec<Vec<u8>>,
    ended: Option<String>,
}

impl EventSink for MessageLog {
    fn message(&mut self, _: Time, event: ledger::MessageEvent<'_>) {
        self.messages.push(event.bytes.to_vec());
    }

    fn read(&mut self, _: Time, _: ReadBatch) {}

    fn ended(&mut self, cause: ConnectionEnd) {
        self.ended = Some(cause.kind);
    }
}

/// About how many bytes the kernel buffers. Several segments, or it would wait for its timers.
const BUFFER: usize = 256 * 1024;

struct Pair {
    connection: LeanConnection,
    server: TcpStream,
    shared: EngineState,
    received: MessageLog,
}

impl Pair {
    /// A connection with bounded kernel buffers, and `early` bytes with its handshake.
    fn new(early: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        SockRef::from(&client).set_send_buffer_size(BUFFER).unwrap();
        SockRef::from(&server).set_recv_buffer_size(BUFFER).unwrap();
        client.set_nonblocking(true).unwrap();
        client.set_nodelay(true).unwrap();
        let limits =
            ConnectionLimits { max_message: 1 << 20, read_buffer: 4096, memory: usize::MAX, read_at_most: None };
        Self {
            connection: LeanConnection::new(Stream::Plain(client.into()), early.to_vec(), limits, None),
            server,
            shared: EngineState {
                clock: RealClock::start(),
                masks: Masks::new(rand::rng()),
                replies: Encoder::default(),
                read_at: Time::default(),
            },
            received: MessageLog::default(),
        }
    }

    fn receive(&mut self) -> NextStep {
        self.connection.receive(&mut [0; 1024], &mut self.shared, &mut self.received)
    }

    /// Writes until the kernel takes no more. Returns everything that was to be written.
    fn block(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while self.connection.unsent() == 0 {
            let bytes: Vec<u8> = (0..=255).cycle().skip(all.len() % 251).take(10_000).collect();
            assert!(self.connection.write(&bytes) <= 1);
            all.extend(bytes);
        }
        all
    }

    /// Reads `all` bytes on the server's side while the connection goes on.
    fn drain(&mut self, all: usize) -> Vec<u8> {
        let mut got = vec![0; all];
        let mut at = 0;
        while at < all {
            at += self.server.read(&mut got[at..]).unwrap();
            assert_eq!(self.receive(), NextStep::Wait);
        }
        got
    }

    /// Waits until the server's bytes have come, and takes them.
    fn hear(&mut self, bytes: &[u8]) {
        self.server.write_all(bytes).unwrap();
        let tcp = TcpStream::from(self.connection.stream.socket().try_clone().unwrap());
        tcp.set_nonblocking(false).unwrap();
        while tcp.peek(&mut [0; 1024]).unwrap() < bytes.len() {}
        tcp.set_nonblocking(true).unwrap();
        self.receive();
    }
}

#[test]
fn what_the_kernel_does_not_take_follows_in_order() {
    let mut pair = Pair::new(b"");
    let mut all = pair.block();
    // It goes after what waits, not past it.
    assert_eq!(pair.connection.write(b"the end"), 0);
    all.extend(b"the end");
    assert!(pair.connection.unsent() > 7);
    let got = pair.drain(all.len());
    assert!(got == all);
    assert_eq!(pair.connection.unsent(), 0);
    assert!(pair.connection.take_writes() > 0, "the later ones are told of");
    assert_eq!(pair.connection.take_writes(), 0);
    pair.receive();
    assert!(pair.connection.pending_io.is_none(), "no memory is kept");
}

#[test]
fn memory_does_not_grow_with_what_has_passed() {
    let mut pair = Pair::new(b"");
    pair.block();
    // So much that the kernel never takes all of it.
    pair.connection.write(&vec![0; 8 * BUFFER]);
    for _ in 0..500 {
        let mut some = [0; 10_000];
        pair.server.read_exact(&mut some).unwrap();
        pair.receive();
        pair.connection.write(&some);
    }
    // The kernel decides how much waits. No more than as much again is kept of what was written.
    let (kept, waits) = (pair.connection.pending_io.as_ref().unwrap().unsent.len(), pair.connection.unsent());
    assert!(kept <= 2 * waits, "{kept} bytes for {waits} that wait, and 5 MB have counters");
}

#[test]
fn of_pings_that_have_to_wait_the_last_is_answered() {
    let mut pair = Pair::new(b"");
    let all = pair.block();
    pair.hear(b"\x89\x03one\x89\x03two");
    pair.hear(b"\x89\x05three");
    assert_eq!(pair.drain(all.len()).len(), all.len());
    let mut answered = Vec::new();
    while answered.last().is_none_or(|payload| payload != b"three") {
        let mut head = [0; 6];
        pair.server.read_exact(&mut head).unwrap();
        let mut payload = vec![0; usize::from(head[1] & 0x7f)];
        pair.server.read_exact(&mut payload).unwrap();
        frames::apply([head[2], head[3], head[4], head[5]], 0, &mut payload);
        assert_eq!((head[0], head[1] & 0x80), (0x8a, 0x80));
        answered.push(payload);
    }
    // The first of two pings is answered only if there was room for both pongs.
    assert!(
        [&[&b"three"[..]][..], &[b"two", b"three"], &[b"one", b"two", b"three"]].iter().any(|these| *these == answered)
    );
}

#[test]
fn what_came_with_the_handshake_comes_first() {
    let mut pair = Pair::new(b"\x81\x05early\x82\x04la");
    assert!(pair.connection.pending_io.is_some());
    pair.receive();
    assert_eq!(pair.received.messages, [b"early"]);
    pair.hear(b"te");
    assert_eq!(pair.received.messages, [&b"early"[..], b"late"]);
    assert!(pair.connection.pending_io.is_none());
}

#[test]
fn the_end_of_a_stream_is_read_with_what_comes_before_it() {
    let mut pair = Pair::new(b"");
    pair.server.write_all(b"\x81\x04last").unwrap();
    pair.server.shutdown(Shutdown::Write).unwrap();
    let mut watched = [PollFd::new(pair.connection.stream.socket(), PollFlags::RDHUP)];
    assert_eq!(poll(&mut watched, Some(&Timespec { tv_sec: 10, tv_nsec: 0 })), Ok(1));
    // The kernel reports it once.
    pair.connection.read_to_the_end();
    assert_eq!(pair.receive(), NextStep::Remove);
    assert_eq!((&pair.received.messages[..], pair.received.ended.as_deref()), (&[b"last".to_vec()][..], Some("eof")));
}

#[test]
fn a_stream_that_goes_on_has_not_ended() {
    let mut pair = Pair::new(b"");
    pair.connection.read_to_the_end();
    assert_eq!(pair.receive(), NextStep::Wait);
    assert!(!pair.connection.must_read_on(), "or each read would take another one");
}

#[test]
fn reads_to_the_end_after_a_failed_write() {
    let mut pair = Pair::new(b"");
    pair.block();
    // A reset, since the server has unread bytes.
    pair.server.write_all(b"\x81\x04last").unwrap();
    drop(pair.server);
    let bytes = [0; 10_000];
    while !pair.connection.is_broken() && pair.received.ended.is_none() {
        pair.connection.write(&bytes);
        pair.connection.receive(&mut [0; 1024], &mut pair.shared, &mut pair.received);
    }
    if pair.received.ended.is_none() {
        assert_eq!(pair.connection.receive(&mut [0; 1024], &mut pair.shared, &mut pair.received), NextStep::Remove);
    }
    assert!(
        matches!(pair.received.ended.as_deref(), Some("reset" | "broken_pipe" | "eof")),
        "{:?}",
        pair.received.ended
    );
    assert_eq!(pair.connection.unsent(), 0);
}

/// Takes longer than a turn over the first message of each read.
#[derive(Default)]
struct Slow {
    begun: bool,
    reads: Vec<u64>,
}

impl EventSink for Slow {
    fn message(&mut self, _: Time, _: ledger::MessageEvent<'_>) {
        if !std::mem::replace(&mut self.begun, true) {
            std::thread::sleep(std::time::Duration::from_nanos(2 * SLICE));
        }
    }

    fn read(&mut self, _: Time, read: ReadBatch) {
        self.begun = false;
        self.reads.push(read.bytes);
    }

    fn ended(&mut self, _: ConnectionEnd) {}
}

#[test]
fn reads_are_shorter_after_one_that_took_long() {
    let mut pair = Pair::new(b"");
    let sent = b"\x81\x01x".repeat(2_500);
    pair.server.write_all(&sent).unwrap();
    let mut slow = Slow::default();
    while slow.reads.iter().sum::<u64>() < sent.len() as u64 {
        pair.connection.receive(&mut vec![0; 64 * 1024], &mut pair.shared, &mut slow);
    }
    assert!(slow.reads[0] <= FIRST_READ.into(), "{:?}", slow.reads);
    let later = &slow.reads[2..];
    assert!(!later.is_empty() && later.iter().all(|&bytes| bytes <= LEAST_READ.into()), "{:?}", slow.reads);
}
