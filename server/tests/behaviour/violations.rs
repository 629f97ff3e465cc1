//! Peers that break the protocol, and how connections end.

use std::{net::Shutdown, thread, time::Duration};

use server::Options;

use crate::rig::{
    BINARY, CLOSE, CONTINUATION, PATIENCE, PING, PONG, ReceivedFrame, TEXT, TestPeer, TestServer, close_payload, part,
    raw_frame, whole,
};

/// Sends three messages and a violation in one write. The echoes come first, then the Close, then
/// the end.
fn three_echoes_then(violation: &[u8], code: u16) {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::open(server.address);
    let good = ["first", "second", "third"];
    let bytes = good.iter().flat_map(|text| whole(TEXT, text)).chain(violation.iter().copied()).collect::<Vec<_>>();
    peer.send(&bytes);
    for text in good {
        assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, text));
    }
    assert_eq!(peer.frame().close_code(), code);
    peer.end();
    drop(peer);
    let stats = server.stats();
    assert_eq!((stats.messages, stats.protocol_errors, stats.broken), (3, 1, 0));
}

#[test]
fn echoes_come_before_the_close_for_a_protocol_error() {
    const RESERVED_BIT: u8 = 0x40;
    let unmasked = [0x80 | TEXT, 1, b'x'];
    // Two bytes of length where none was needed (section 5.2), and a mask of zeros.
    let long_length = [0x80 | TEXT, 0x80 + 126, 0, 1, 0, 0, 0, 0, b'x'];
    for fault in [
        raw_frame(0x80 | RESERVED_BIT | TEXT, b"x"),
        raw_frame(0x80 | 0x3, b""),
        raw_frame(0x80 | 0xb, b""),
        whole(CONTINUATION, "of nothing"),
        [part(TEXT, "a"), whole(TEXT, "b")].concat(),
        part(PING, "in pieces"),
        raw_frame(0x80 | PING, &[0; 126]),
        whole(CLOSE, "!"),
        unmasked.to_vec(),
        long_length.to_vec(),
    ] {
        three_echoes_then(&fault, 1002);
    }
}

#[test]
fn text_that_is_not_utf8_is_closed_with_1007() {
    three_echoes_then(&whole(TEXT, b"\xff\xfe"), 1007);
    three_echoes_then(&[part(TEXT, b"\xe2\x82"), whole(CONTINUATION, b"x")].concat(), 1007);
    three_echoes_then(&whole(CLOSE, b"\x03\xe8\xff"), 1007);
}

#[test]
fn text_that_can_not_become_utf8_is_closed_early() {
    let announced = [0x80 | TEXT, 0x80 + 126, 0x03, 0xe8, 0, 0, 0, 0];
    three_echoes_then(&[&announced[..], b"a\xff"].concat(), 1007);
    three_echoes_then(&part(TEXT, b"a\xe2\x28"), 1007);
}

#[test]
fn a_ping_before_the_fault_is_answered_too() {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::open(server.address);
    peer.send(&[whole(BINARY, "x"), whole(PING, "?"), whole(CONTINUATION, "")].concat());
    assert_eq!(peer.frame(), ReceivedFrame::new(BINARY, "x"));
    assert_eq!(peer.frame(), ReceivedFrame::new(PONG, "?"));
    assert_eq!(peer.frame().close_code(), 1002);
    peer.end();
}

#[test]
fn a_peer_that_sends_on_after_a_violation_can_read_why() {
    let mut options = Options::default();
    options.limits.closing = PATIENCE;
    let server = TestServer::start(options);
    let mut peer = TestPeer::open(server.address);
    let mut fault = [whole(TEXT, "owed"), whole(CONTINUATION, "")].concat();
    fault.resize(8 << 20, 0x55);
    // The server reads on after its Close. Dropping the socket with these bytes unread would be a
    // reset.
    peer.send(&fault);
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "owed"));
    assert_eq!(peer.frame().close_code(), 1002);
    peer.end();
}

#[test]
fn a_peer_that_never_ends_its_side_is_let_go() {
    let mut options = Options::default();
    options.limits.closing = Duration::from_millis(100);
    options.limits.connections = 1;
    let server = TestServer::start(options);
    for ending in [whole(CONTINUATION, ""), whole(CLOSE, close_payload(1000, ""))] {
        let mut peer = TestPeer::open_when_there_is_room(server.address);
        peer.send(&ending);
        assert_eq!(peer.frame().opcode, CLOSE);
        peer.end();
        // Our side is still open, and yet the place is free soon.
        drop(TestPeer::open_when_there_is_room(server.address));
        drop(peer);
    }
}

#[test]
fn a_close_is_answered_and_the_server_ends_the_connection() {
    let server = TestServer::start(Options::default());
    for payload in [close_payload(1000, "bye"), close_payload(4999, ""), Vec::new()] {
        let mut peer = TestPeer::open(server.address);
        peer.send(&[whole(TEXT, "owed"), whole(CLOSE, &payload), whole(TEXT, "too late")].concat());
        assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "owed"));
        assert_eq!(peer.frame(), ReceivedFrame::new(CLOSE, payload));
        peer.end();
    }
    let stats = server.stats();
    assert_eq!((stats.messages, stats.protocol_errors, stats.broken), (3, 0, 0));
}

#[test]
fn a_close_code_that_must_not_be_sent_is_answered_with_1002() {
    let server = TestServer::start(Options::default());
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999] {
        let mut peer = TestPeer::open(server.address);
        peer.send(&whole(CLOSE, close_payload(code, "")));
        assert_eq!(peer.frame().close_code(), 1002, "for {code}");
        peer.end();
    }
}

#[test]
fn a_peer_that_only_ends_its_side_gets_its_echoes() {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::open(server.address);
    let count = 1000;
    let reader = peer.tcp.try_clone().expect("a handle");
    let reading = thread::spawn(move || {
        let mut peer = TestPeer { tcp: reader };
        for n in 0..count {
            assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, format!("{n}")));
        }
        peer.end();
    });
    peer.send(&(0..count).flat_map(|n| whole(TEXT, format!("{n}"))).collect::<Vec<_>>());
    peer.tcp.shutdown(Shutdown::Write).expect("still open");
    reading.join().expect("all echoes and a clean end");
    drop(peer);
    assert_eq!(server.stats().broken, 1);
}
