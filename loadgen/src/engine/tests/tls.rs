//! Tests of engines over TLS: what it holds back, how its bytes may be cut, and how it ends.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::Duration,
};

use ::tungstenite::{Message, WebSocket};
use rustls::{ServerConnection, StreamOwned};

use super::{
    super::*,
    rig::{Heard, Slots, accept_over, accept_tcp, listener},
};
use crate::transport::tls::test_server;

/// The server's side of a connection over TLS.
type SecureServer<S> = WebSocket<StreamOwned<ServerConnection, S>>;

/// One slot with an open connection over TLS, and the server's side of it. `wrap` gets its TCP.
fn one_secure<E: Engine, S: Read + Write + Send + 'static>(
    build: impl BuildEngine<Engine = E>,
    wrap: impl FnOnce(TcpStream) -> S + Send + 'static,
) -> (Slots<E>, SecureServer<S>) {
    let (listener, address) = listener();
    let mut slots = Slots::new(build, 1, address, Duration::from_secs(60)).with_tls();
    let server = thread::spawn(move || accept_over(test_server::accept(wrap(accept_tcp(&listener))), b""));
    slots.open(0);
    assert_eq!(slots.hear(0, 1), [Heard::Opened]);
    (slots, server.join().unwrap())
}

fn tcp(stream: TcpStream) -> TcpStream {
    stream
}

/// A stream that writes a byte at a time.
struct ByteByByte(TcpStream);

impl Read for ByteByByte {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for ByteByByte {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ended(kind: &str) -> Heard {
    Heard::Ended(kind.to_owned())
}

fn hears_a_farewell(build: impl BuildEngine) {
    // TCP stays open. What is written before the farewell comes first, though both are one segment.
    let (mut slots, mut server) = one_secure(build, tcp);
    let StreamOwned { conn, sock } = server.get_mut();
    conn.writer().write_all(b"\x82\x02hi").unwrap();
    conn.send_close_notify();
    let mut bytes = Vec::new();
    while conn.wants_write() {
        conn.write_tls(&mut bytes).unwrap();
    }
    sock.write_all(&bytes).unwrap();
    assert_eq!(slots.hear(0, 2), [Heard::Message(b"hi".to_vec()), ended("eof")]);
}

#[test]
fn a_farewell_of_tls_ends_the_connection() {
    hears_a_farewell(Lean::new);
    hears_a_farewell(Tungstenite::new);
}

fn ends_without_a_farewell(build: impl BuildEngine) {
    let (mut slots, mut server) = one_secure(build, tcp);
    server.get_mut().sock.shutdown(Shutdown::Write).unwrap();
    assert_eq!(slots.hear(0, 1), [ended("eof")]);
}

#[test]
fn the_end_of_tcp_ends_tls() {
    ends_without_a_farewell(Lean::new);
    ends_without_a_farewell(Tungstenite::new);
}

fn says_farewell(build: impl BuildEngine) {
    let (mut slots, mut server) = one_secure(build, tcp);
    slots.engine.close(0);
    let server = thread::spawn(move || {
        assert!(server.read().unwrap().is_close());
        assert!(matches!(server.flush(), Ok(()) | Err(::tungstenite::Error::ConnectionClosed)));
        let tls = server.get_mut();
        tls.conn.send_close_notify();
        tls.flush().unwrap();
        tls.sock.shutdown(Shutdown::Write).unwrap();
        // Not the end of TCP alone.
        tls.read(&mut [0]).unwrap()
    });
    while !server.is_finished() {
        slots.turn();
    }
    assert_eq!(server.join().unwrap(), 0);
}

#[test]
fn a_connection_that_ends_says_farewell() {
    says_farewell(Lean::new);
    says_farewell(Tungstenite::new);
}

fn cuts_without_a_farewell(build: impl BuildEngine) {
    let (mut slots, mut server) = one_secure(build, tcp);
    slots.engine.abort(0);
    let error = server.get_mut().read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_cut_connection_says_no_farewell() {
    cuts_without_a_farewell(Lean::new);
    cuts_without_a_farewell(Tungstenite::new);
}

fn follows_new_keys(build: impl BuildEngine) {
    let (mut slots, mut server) = one_secure(build, tcp);
    for round in 0..4 {
        server.get_mut().conn.refresh_traffic_keys().unwrap();
        server.send(Message::binary(vec![round; 100])).unwrap();
        assert_eq!(slots.hear(0, 1), [Heard::Message(vec![round; 100])]);
        slots.send(0, &[(MessageKind::Binary, vec![round; 20])]);
        assert_eq!(server.read().unwrap().into_data(), vec![round; 20]);
    }
}

#[test]
fn a_server_may_change_its_keys() {
    follows_new_keys(Lean::new);
    follows_new_keys(Tungstenite::new);
}

fn takes_bytes_one_by_one(build: impl BuildEngine) {
    let (mut slots, mut server) = one_secure(build, ByteByByte);
    let lengths = [0, 1, 125, 3000];
    for length in lengths {
        server.send(Message::binary(vec![7; length])).unwrap();
    }
    assert_eq!(slots.hear(0, 4), lengths.map(|length| Heard::Message(vec![7; length])));
}

#[test]
fn records_may_come_a_byte_at_a_time() {
    takes_bytes_one_by_one(Lean::new);
    takes_bytes_one_by_one(Tungstenite::new);
}

fn echoes_large_messages(build: impl BuildEngine) {
    const LARGE: usize = 5 << 20;
    let (mut slots, mut server) = one_secure(build, tcp);
    let server = thread::spawn(move || {
        for _ in 0..2 {
            let message = server.read().unwrap();
            server.send(message).unwrap();
        }
        server
    });
    let message = |step: usize| (0..LARGE).map(|at| (at / step).to_le_bytes()[0]).collect::<Vec<_>>();
    let sent = [(MessageKind::Binary, message(3)), (MessageKind::Binary, message(1000))];
    slots.send(0, &sent);
    let heard = slots.hear(0, 2);
    assert!(heard == sent.map(|(_, bytes)| Heard::Message(bytes)), "the bytes are others");
    drop(server.join());
}

#[test]
fn large_messages_pass_both_ways() {
    echoes_large_messages(Lean::new);
    echoes_large_messages(Tungstenite::new);
}
