//! Requests that ask for no WebSocket, and unusual ones that do.

use std::{thread, time::Duration};

use server::Options;

use crate::rig::{PATIENCE, ReceivedFrame, TEXT, TestPeer, TestServer, handshake, whole};

/// The whole answer to a request. The server ends the connection after it.
fn answer(peer: &mut TestPeer) -> String {
    let answer = peer.rest();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains(&format!("Content-Length: {}", body.len())) || head.contains("content-length: "), "{head}");
    assert!(body.ends_with(".\n"), "{body:?}");
    answer
}

#[test]
fn a_request_that_is_no_handshake_gets_an_error_that_says_so() {
    let server = TestServer::start(Options::default());
    let good = String::from_utf8(handshake(server.address)).expect("ASCII");
    for (request, status) in [
        ("GET /chat HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "426 Upgrade Required"),
        (good.replace("Version: 13", "Version: 8"), "426 Upgrade Required"),
        (good.replace("GET /", "POST /"), "405 Method Not Allowed"),
        (good.replace("dGhl", "!"), "400 Bad Request"),
        (good.replace("Host: ", "X-Host: "), "400 Bad Request"),
        ("hello\r\n\r\n".to_owned(), "400 Bad Request"),
        (
            good.replace("Host: ", &format!("X: {}\r\nHost: ", "x".repeat(70_000))),
            "431 Request Header Fields Too Large",
        ),
    ] {
        let mut peer = TestPeer::tcp(server.address);
        peer.send(request.as_bytes());
        let answer = answer(&mut peer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        if status.starts_with("426") {
            for header in ["Connection: close, upgrade\r\n", "Upgrade: websocket\r\n", "Sec-WebSocket-Version: 13\r\n"]
            {
                assert!(answer.contains(header), "{answer}");
            }
        }
    }
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.failed_handshakes), (7, 7));
}

#[test]
fn a_handshake_that_takes_too_long_gets_408() {
    let mut options = Options::default();
    options.limits.handshake = Duration::from_millis(100);
    let server = TestServer::start(options);
    for beginning in ["", "GET / HTTP/1.1\r\nHost:"] {
        let mut peer = TestPeer::tcp(server.address);
        peer.send(beginning.as_bytes());
        let answer = answer(&mut peer);
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    }
    assert_eq!(server.stats().failed_handshakes, 2);
}

#[test]
fn one_connection_too_many_gets_503_until_another_ends() {
    let mut options = Options::default();
    options.limits.connections = 2;
    // The first two must keep their places while the third is refused.
    options.limits.handshake = PATIENCE;
    let server = TestServer::start(options);
    let (mut first, mut second) = (TestPeer::open(server.address), TestPeer::open(server.address));
    let mut third = TestPeer::tcp(server.address);
    third.send(&handshake(server.address));
    let refusal = answer(&mut third);
    assert!(refusal.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{refusal}");
    first.echo("still here");
    second.echo("still here");

    drop(first);
    let mut fourth = TestPeer::open_when_there_is_room(server.address);
    fourth.echo("a place");
    drop((second, third, fourth));
    assert!(server.stats().refused >= 1);
}

#[test]
fn a_handshake_may_come_byte_by_byte() {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::tcp(server.address);
    for byte in handshake(server.address) {
        peer.send(&[byte]);
        // Most bytes are read one by one. If some are not, the test is easier to pass.
        thread::sleep(Duration::from_micros(500));
    }
    assert!(peer.http_head().starts_with("HTTP/1.1 101 "));
    peer.echo("whole");
}

#[test]
fn lists_of_fields_are_read_as_lists() {
    let server = TestServer::start(Options::default());
    let good = String::from_utf8(handshake(server.address)).expect("ASCII");
    for (line, lawful) in [
        ("Connection: Upgrade\r\n", "Connection: keep-alive\r\nconnection: UPGRADE, x\r\n"),
        ("Upgrade: websocket\r\n", "Upgrade: h2c, WebSocket\r\n"),
        ("GET / ", "GET ws://example.org/chat "),
        ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
    ] {
        let mut peer = TestPeer::tcp(server.address);
        peer.send(good.replacen(line, lawful, 1).as_bytes());
        let answer = peer.http_head();
        assert!(answer.starts_with("HTTP/1.1 101 "), "{lawful:?}: {answer}");
        assert!(!answer.contains("Sec-WebSocket-Protocol") && !answer.contains("Extensions"), "{answer}");
        peer.echo("open");
    }
}

#[test]
fn frames_that_come_with_the_request_are_served() {
    let server = TestServer::start(Options::default());
    let mut peer = TestPeer::tcp(server.address);
    let early = [whole(TEXT, "early"), whole(TEXT, "and more")].concat();
    peer.send(&[handshake(server.address), early[..early.len() - 3].to_vec()].concat());
    assert!(peer.http_head().starts_with("HTTP/1.1 101 "));
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "early"));
    peer.send(&early[early.len() - 3..]);
    assert_eq!(peer.frame(), ReceivedFrame::new(TEXT, "and more"));
    peer.echo("late");
}

#[test]
fn head_gets_no_body_and_a_second_request_no_answer() {
    let server = TestServer::start(Options::default());
    let raw_answer = |request: &str| {
        let mut peer = TestPeer::tcp(server.address);
        peer.send(request.as_bytes());
        peer.rest()
    };
    let answer = raw_answer("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = raw_answer(&"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("</html>\n"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1);
}
