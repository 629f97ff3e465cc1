//! All attacks.

use super::attack::ServerAttack;
use crate::rig::{BINARY, CLOSE, CONTINUATION, PING, TEXT, close_payload, part, whole};

/// The bytes of one read of the server.
const READ: usize = 64 << 10;

/// The attacks that are made on Node's `ws` as well.
pub(super) const COMPARED: [&str; 9] = [
    "pings, answers taken",
    "empty fragments",
    "one-byte messages",
    "huge messages",
    "messages, nothing read",
    "slow handshakes",
    "churn",
    "half frames",
    "garbage after the handshake",
];

const PLAIN: ServerAttack = ServerAttack {
    name: "",
    opens: true,
    first: Vec::new,
    then: Vec::new,
    piece: READ,
    reads: true,
    churns: false,
    peers: 20,
    fills: false,
};

pub(super) const ATTACKS: &[ServerAttack] = &[
    ServerAttack { name: "pings, answers taken", then: || whole(PING, [7; 125]).repeat(500), ..PLAIN },
    ServerAttack {
        name: "pings, nothing read",
        then: || whole(PING, [7; 125]).repeat(500),
        reads: false,
        fills: true,
        ..PLAIN
    },
    ServerAttack { name: "empty fragments", first: || part(TEXT, ""), then: fragments, ..PLAIN },
    ServerAttack { name: "one-byte messages", then: || whole(BINARY, "x").repeat(9000), fills: true, ..PLAIN },
    ServerAttack { name: "huge messages", then: || long(0x80 | BINARY, 16 << 20), peers: 4, fills: true, ..PLAIN },
    ServerAttack {
        name: "messages, nothing read",
        then: || whole(BINARY, vec![7; 50_000]),
        reads: false,
        fills: true,
        ..PLAIN
    },
    ServerAttack { name: "most of a huge message", first: || long(BINARY, 15 << 20), peers: 4, fills: true, ..PLAIN },
    ServerAttack {
        name: "half frames",
        first: || half_frame(0x80 | BINARY, 16 << 20),
        then: || vec![7],
        piece: 1,
        ..PLAIN
    },
    ServerAttack { name: "a close, nothing read", first: echo_and_close, reads: false, fills: true, ..PLAIN },
    ServerAttack { name: "slow handshakes", opens: false, first: slow_head, piece: 1, ..PLAIN },
    ServerAttack { name: "heads without an end", opens: false, first: long_head, fills: true, ..PLAIN },
    ServerAttack { name: "requests with bodies", opens: false, first: request, then: || vec![b'x'; READ], ..PLAIN },
    ServerAttack { name: "silent connections", opens: false, ..PLAIN },
    ServerAttack { name: "churn", first: || whole(TEXT, "?"), churns: true, ..PLAIN },
    ServerAttack { name: "garbage for a handshake", opens: false, first: || vec![0xa5; 1000], ..PLAIN },
    ServerAttack { name: "garbage after the handshake", first: || vec![0xa5; 1000], ..PLAIN },
    ServerAttack { name: "frames without masks", first: || vec![0x82, 1, b'x'], ..PLAIN },
];

/// Fragments of one message, and the beginning of the next. They are too few for a server to close.
fn fragments() -> Vec<u8> {
    [part(CONTINUATION, "").repeat(10_000), whole(CONTINUATION, ""), part(TEXT, "")].concat()
}

/// The header of a frame, without its payload. The mask changes nothing.
fn half_frame(first: u8, length: usize) -> Vec<u8> {
    [&[first, 0x80 + 127][..], &(length as u64).to_be_bytes(), &[0; 4]].concat()
}

/// A long frame.
fn long(first: u8, length: usize) -> Vec<u8> {
    let mut frame = half_frame(first, length);
    frame.resize(frame.len() + length, 7);
    frame
}

/// More messages than the peer reads echoes, and a Close.
fn echo_and_close() -> Vec<u8> {
    [long(0x80 | BINARY, 1 << 20).repeat(3), whole(CLOSE, close_payload(1000, ""))].concat()
}

fn slow_head() -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: x\r\n{}", "X-Slow: yes\r\n".repeat(1000)).into_bytes()
}

fn long_head() -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}", "x".repeat(60_000)).into_bytes()
}

fn request() -> Vec<u8> {
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n".to_vec()
}
