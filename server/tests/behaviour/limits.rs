//! What one peer may use.

use std::{
    io::Write,
    net::TcpStream,
    num::NonZeroUsize,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use server::{Options, Reply};
use socket2::SockRef;

use crate::rig::{
    BINARY, CLOSE, CONTINUATION, PATIENCE, PING, PONG, ReceivedFrame, TEXT, TestPeer, TestServer, close_payload,
    handshake, part, whole,
};

#[test]
fn a_message_over_the_size_limit_is_closed_with_1009() {
    let mut options = Options::default();
    options.limits.message_bytes = 1000;
    let server = TestServer::start(options);
    let fits = vec![b'x'; 1000];
    let announced = vec![0x80 | BINARY, 0x80 + 126, 0x03, 0xe9, 0, 0, 0, 0];
    let in_pieces = [part(BINARY, &fits), whole(CONTINUATION, "x")].concat();
    for too_big in [announced, in_pieces] {
        let mut peer = TestPeer::open(server.address);
        peer.send(&[whole(TEXT, &fits), too_big].concat());
        assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, &fits));
        assert_eq!(peer.frame().close_code(), 1009);
        peer.end();
    }
    assert_eq!(server.stats().protocol_errors, 2);
}

#[test]
fn a_message_of_too_many_frames_is_closed_with_1008() {
    let mut options = Options::default();
    options.limits.frames_per_message = 4;
    let server = TestServer::start(options);
    let mut peer = TestPeer::open(server.address);
    let middle = [part(CONTINUATION, ""), part(CONTINUATION, "")].concat();
    let four = [part(TEXT, "four "), middle.clone(), whole(CONTINUATION, "frames")].concat();
    let five = [part(TEXT, "five "), middle, part(CONTINUATION, ""), whole(CONTINUATION, "frames")].concat();
    peer.send(&[four.clone(), four, five].concat());
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "four frames"));
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "four frames"));
    assert_eq!(peer.frame().close_code(), 1008);
    peer.end();
    drop(peer);
    assert_eq!(server.stats().protocol_errors, 1);
}

#[test]
fn a_silent_connection_is_closed_with_1001_and_a_reason() {
    let mut options = Options::default();
    options.limits.idle = Some(Duration::from_millis(100));
    let server = TestServer::start(options);
    let mut peer = TestPeer::open(server.address);
    let close = peer.frame();
    assert_eq!(close.close_code(), 1001);
    assert_eq!(&close.payload[2..], b"idle");
    peer.send(&whole(close.opcode, &close.payload));
    peer.end();
    drop(peer);
    let stats = server.stats();
    assert_eq!((stats.idled, stats.broken), (1, 0));
}

/// Sends `bytes` again and again and reads nothing. The server must take no more than the buffers
/// of both sockets hold.
fn never_read(bytes: &[u8]) {
    let mut options = Options::default();
    options.limits.unsent_bytes = 64 << 10;
    options.limits.unsent_time = Duration::from_millis(200);
    let server = TestServer::start(options);
    let mut peer = TestPeer::open(server.address);
    SockRef::from(&peer.tcp).set_recv_buffer_size(16 << 10).expect("an option");
    let most = 128 << 20;
    let mut sent = 0;
    while sent < most && peer.tcp.write_all(bytes).is_ok() {
        sent += bytes.len();
    }
    assert!(sent < most, "the server took {sent} bytes from a peer that took none");
    drop(peer);
    let stats = server.stats();
    assert_eq!(stats.stalled, 1, "{stats:?}");
}

#[test]
fn a_peer_that_never_reads_its_echoes_is_dropped() {
    never_read(&whole(BINARY, vec![7; 16 << 10]));
}

#[test]
fn a_peer_that_never_reads_its_pongs_is_dropped() {
    never_read(&whole(PING, [7; 125]).repeat(100));
}

#[test]
fn a_peer_that_reads_late_loses_nothing() {
    for unsent_bytes in [0, 100 << 10] {
        let mut options = Options::default();
        options.limits.unsent_bytes = unsent_bytes;
        let server = TestServer::start(options);
        let mut reader = TestPeer::open(server.address);
        let mut writer = TestPeer { tcp: reader.tcp.try_clone().expect("a handle") };
        // Some are longer than a single read.
        let payload = |n: u32| {
            let words = if n.is_multiple_of(100) { 50_000 } else { 1000 + n as usize % 5000 };
            n.to_be_bytes().repeat(words)
        };
        let count = 4000;
        let (progress, sent) = mpsc::channel();
        let writing = thread::spawn(move || {
            for n in 0..count {
                writer.send(&whole(BINARY, payload(n)));
                // The reader stops listening once it reads.
                let _ = progress.send(());
            }
        });
        // This waits until the server takes no more. On a slow machine it may end early, and the
        // test is easy.
        while sent.recv_timeout(Duration::from_millis(200)).is_ok() {}
        for n in 0..count {
            assert!(reader.frame() == ReceivedFrame::new(BINARY, payload(n)), "message {n}");
        }
        writing.join().expect("all sent");
        drop(reader);
        let stats = server.stats();
        assert_eq!((stats.messages, stats.stalled), (u64::from(count), 0));
    }
}

/// Options of a server that answers each message with a long reply, and that reply.
fn talkative() -> (Options, ReceivedFrame) {
    let reply = "x".repeat(1 << 20);
    let threads = NonZeroUsize::MIN;
    let mut options = Options { reply: Reply::Text(reply.clone()), threads, ..Options::default() };
    options.limits.unsent_bytes = 64 << 10;
    (options, ReceivedFrame::new(TEXT, reply))
}

#[test]
fn a_read_is_answered_only_as_the_peer_takes_answers() {
    let (options, _) = talkative();
    let server = TestServer::start(options);
    let mut peer = TestPeer::open(server.address);
    let sent = 1000;
    peer.send(&whole(TEXT, "").repeat(sent));
    // Once one answer has come, the server has answered all that it will.
    peer.tcp.peek(&mut [0]).expect("an answer");
    let stats = server.stats();
    assert!(stats.messages < sent as u64, "{stats:?}: a gigabyte for a peer that takes nothing");
}

#[test]
fn messages_that_wait_for_the_peer_keep_their_order() {
    let (options, reply) = talkative();
    let server = TestServer::start(options);
    let (mut peer, mut other) = (TestPeer::open(server.address), TestPeer::open(server.address));
    let messages = [whole(TEXT, "").repeat(50), whole(PING, "?")].concat();
    peer.send(&[messages.clone(), messages, whole(CLOSE, close_payload(1000, "done"))].concat());
    // Once the server's one thread has time for another peer, it has answered this one as far as it
    // can.
    peer.tcp.peek(&mut [0]).expect("an answer");
    other.send(&whole(PING, ""));
    assert_eq!(other.frame(), ReceivedFrame::new(PONG, ""));
    for _ in 0..2 {
        for _ in 0..50 {
            assert!(peer.frame() == reply);
        }
        assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
    }
    assert_eq!(peer.frame(), ReceivedFrame::new(CLOSE, close_payload(1000, "done")));
    peer.end();
    assert_eq!(server.stats().messages, 100);
}

#[test]
fn a_close_that_waits_for_the_peer_counts_at_shutdown() {
    let (mut options, reply) = talkative();
    options.limits.closing = 2 * PATIENCE;
    let server = TestServer::start(options);
    let mut peer = TestPeer::open(server.address);
    peer.send(&[whole(TEXT, "").repeat(100), whole(CLOSE, close_payload(1000, ""))].concat());
    // The server has read all of that when it has answered some, and is held back by the rest.
    peer.tcp.peek(&mut [0]).expect("an answer");
    let (address, started, stopped) = (server.address, Instant::now(), server.stop());
    // Once the server no longer listens, all connections have been asked to end.
    while TcpStream::connect(address).is_ok() && started.elapsed() < PATIENCE {}
    let mut frame = peer.frame();
    while frame == reply {
        frame = peer.frame();
    }
    assert_eq!(frame.close_code(), 1001);
    peer.end();
    drop(peer);
    stopped.join().expect("no panic").expect("no failure");
}

/// A server with one thread, and this memory for all peers together.
fn bounded(memory: usize) -> TestServer {
    let mut options = Options { threads: NonZeroUsize::MIN, ..Options::default() };
    options.limits.memory = memory;
    TestServer::start(options)
}

/// Sends the first bytes of a message, and waits until the server has taken them.
fn send_half(peer: &mut TestPeer, bytes: usize) {
    peer.send(&part(BINARY, vec![7; bytes]));
    peer.send(&whole(PING, "half"));
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "half"));
}

#[test]
fn the_peer_that_holds_most_is_closed_with_1013() {
    let server = bounded(8 << 20);
    let (mut large, mut small) = (TestPeer::open(server.address), TestPeer::open(server.address));
    send_half(&mut large, 5 << 20);
    send_half(&mut small, 2 << 20);
    let mut last = TestPeer::open(server.address);
    last.send(&part(BINARY, vec![7; 2 << 20]));
    let close = large.frame();
    assert_eq!((close.close_code(), &close.payload[2..]), (1013, &b"too much memory held"[..]));
    large.end();
    for peer in [&mut small, &mut last] {
        peer.send(&whole(CONTINUATION, "end"));
        assert_eq!(peer.frame().payload.len(), (2 << 20) + 3);
    }
    drop((large, small, last));
    assert_eq!(server.stats().evicted, 1);
}

#[test]
fn peers_that_do_not_read_share_one_memory_limit() {
    let server = bounded(2 << 20);
    let peers: Vec<_> = (0..8).map(|_| TestPeer::open(server.address)).collect();
    let mut honest = TestPeer::open(server.address);
    let floods: Vec<_> = peers
        .into_iter()
        .map(|mut peer| {
            thread::spawn(move || {
                SockRef::from(&peer.tcp).set_recv_buffer_size(16 << 10).expect("an option");
                peer.tcp.set_write_timeout(Some(Duration::from_secs(2))).expect("an option");
                let message = whole(BINARY, vec![7; 64 << 10]);
                // Until it is reset, or held back.
                while peer.tcp.write_all(&message).is_ok() {}
                peer
            })
        })
        .collect();
    for _ in 0..100 {
        honest.echo("served");
    }
    let peers: Vec<_> = floods.into_iter().map(|flood| flood.join().expect("no panic")).collect();
    honest.echo("served");
    drop((peers, honest));
    // Each would hold 1 MiB and what a read brings.
    let stats = server.stats();
    assert!(stats.evicted >= 5, "{stats:?}");
}

#[test]
fn a_connection_that_memory_has_no_room_for_gets_503() {
    // 1280 bytes each.
    let server = bounded(64 << 10);
    let mut peers: Vec<_> = (0..52).map(|_| TestPeer::open(server.address)).collect();
    let mut late = TestPeer::tcp(server.address);
    late.send(&handshake(server.address));
    let answer = late.http_head();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop((late, peers.pop()));
    peers.push(TestPeer::open_when_there_is_room(server.address));
    peers[0].echo("served");
    drop(peers);
    let stats = server.stats();
    assert!(stats.refused >= 1 && stats.evicted == 0, "{stats:?}");
}

#[test]
fn memory_of_a_message_is_given_back_with_its_echo() {
    // Three large messages come in turn. The server holds one of them at a time.
    let server = bounded(5 << 20);
    let mut peers: Vec<_> = (0..3).map(|_| TestPeer::open(server.address)).collect();
    for peer in &mut peers {
        peer.send(&part(BINARY, vec![7; 2 << 20]));
        peer.send(&whole(CONTINUATION, ""));
        assert_eq!(peer.frame().payload.len(), 2 << 20);
    }
    drop(peers);
    assert_eq!(server.stats().evicted, 0);
}
