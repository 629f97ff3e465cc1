//! `server --log`.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::rig::{
    CLOSE, CONTINUATION, Certified, PATIENCE, ServerProcess, TestPeer, TlsPeer, client, close_payload, handshake, whole,
};

fn logging(more: &[&str]) -> ServerProcess {
    ServerProcess::start_piped(&[&["--listen=127.0.0.1:0", "--log"], more].concat())
}

/// A request for a WebSocket with these further lines of header fields.
fn handshake_with(address: SocketAddr, fields: &[u8]) -> Vec<u8> {
    let mut request = handshake(address);
    let end = request.len() - 2;
    request.splice(end..end, fields.iter().copied());
    request
}

fn open_with(address: SocketAddr, fields: &[u8]) -> TestPeer {
    let mut peer = TestPeer::tcp(address);
    peer.send(&handshake_with(address, fields));
    let answer = peer.http_head();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    peer
}

/// The rest of what the server sends. When it has ended the connection, it has logged how.
fn rest(mut peer: TestPeer) -> String {
    peer.rest()
}

/// Fails unless there are as many lines as `expected`, each with its parts.
fn assert_lines(log: &str, expected: &[&[&str]]) {
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{log}");
    for (line, parts) in lines.iter().zip(expected) {
        for part in *parts {
            assert!(line.contains(part), "{part:?} is missing in: {line}");
        }
    }
    assert!(log.bytes().all(|byte| byte == b'\n' || !byte.is_ascii_control()), "{log:?}");
}

#[test]
fn a_connection_is_logged_when_it_begins_and_ends() {
    let server = logging(&["--log-values=host,ORIGIN"]);
    let mut peer = open_with(server.address, b"Origin: http://example.org\r\n");
    let ends = format!("peer={} local={}", peer.tcp.local_addr().expect("open"), server.address);
    peer.echo("not a word of this");
    peer.send(&whole(CLOSE, close_payload(4001, "bye")));
    peer.frame();
    assert_eq!(rest(peer), "");
    let host = format!("fields=[Host: \"{}\", ", server.address);
    let log = server.finish();
    assert_lines(
        &log,
        &[
            &[" INFO ", "opened", &ends, "request=\"GET /\"", &host, "Origin: \"http://example.org\"]"],
            &[" INFO ", "closed", &ends, "by=\"peer\" code=4001 reason=\"bye\""],
        ],
    );
    assert!(!log.contains("word"), "{log}");
}

#[test]
fn a_peer_can_forge_no_line_and_send_no_escape() {
    let server = logging(&["--log-values=x-~"]);
    let mut peer = open_with(server.address, b"X-\x7e: a\" local=1.2.3.4:5 \x09\x80\xc2\x9b31m\r\n");
    let reason = "bye\r\n\u{1b}[2J\u{9b}31m\u{202e}\" code=1000\n2026-11-23T00:00:00Z  INFO forged";
    peer.send(&whole(CLOSE, close_payload(1000, reason)));
    peer.frame();
    assert_eq!(rest(peer), "");
    // No request at all.
    let mut peer = TestPeer::tcp(server.address);
    peer.send(b"\x1b[2J forged\r\n\r\n");
    rest(peer);
    let log = server.finish();
    assert_lines(
        &log,
        &[
            &["X-~: \"a\\\" local=1.2.3.4:5 \\t\\x80\\xc2\\x9b31m\"]"],
            &["reason=\"bye\\r\\n\\u{1b}[2J\\u{9b}31m\\u{202e}\\\" code=1000\\n2026-11-23T00:00:00Z  INFO forged\""],
            &["no handshake", "request=\"\\x1b[2J forged\\r\"", "error=\"this is not HTTP"],
        ],
    );
    assert!(!log.contains(['\u{9b}', '\u{202e}']), "{log:?}");
}

#[test]
fn no_value_and_no_query_is_logged() {
    let server = logging(&["--log-values=accept"]);
    let secrets = b"AUTHORIZATION: Bearer sesame\r\nCookie: id=sesame\r\nX-Api-Key: sesame\r\nAccept: shown\r\n";
    for line in ["GET /chat?token=sesame HTTP/1.1", "GET http://me:sesame@host/ HTTP/1.1", "GET /?sesame HTTP/7"] {
        let mut peer = TestPeer::tcp(server.address);
        peer.send(&[line.as_bytes(), b"\r\n", secrets.as_slice(), b"\r\n"].concat());
        rest(peer);
    }
    drop(open_with(server.address, &[b"Sec-WebSocket-Protocol: sesame\r\n", secrets.as_slice()].concat()));
    let log = server.finish();
    assert!(!log.contains("sesame"), "{log}");
    let names = "AUTHORIZATION, Cookie, X-Api-Key, Accept: \"shown\"]";
    assert!(log.lines().filter(|line| line.contains(names)).count() >= 3, "{log}");
    assert!(log.contains("\"GET /chat?…\""), "{log}");
}

#[test]
fn refusals_and_failures_are_logged_with_their_reason() {
    let server = logging(&["--connections=1", "--handshake=100ms"]);
    let address = server.address;
    let mut first = TestPeer::tcp(address);
    first.send(b"GET /half HTTP/1.1\r\nHost: x\r\nCook");
    assert!(rest(first).contains(" 408 "));
    let mut broken = TestPeer::open_when_there_is_room(address);
    let mut second = TestPeer::tcp(address);
    second.send(&handshake(address));
    assert!(rest(second).contains(" 503 "));
    broken.send(&whole(CONTINUATION, "of nothing"));
    assert_eq!(broken.frame().close_code(), 1002);
    assert_eq!(rest(broken), "");
    let gone = TestPeer::open_when_there_is_room(address);
    gone.tcp.shutdown(Shutdown::Write).expect("open");
    assert_eq!(rest(gone), "");
    let mut left = TestPeer::open_when_there_is_room(address);
    let (ends, log) = (format!("peer={} ", left.tcp.local_addr().expect("open")), server.finish());
    assert_eq!(left.frame().close_code(), 1001);
    for (ends, parts) in [
        ("", ["no handshake", "request=\"GET /half\" fields=[Host]", "error=\"too slow\""]),
        ("", ["no handshake", "request=\"GET /\" fields=[Host, ", "error=\"as many connections as allowed\""]),
        ("", ["closed", "by=\"server\" code=1002 reason=\"protocol error\"", "error=\"a continuation of nothing\""]),
        ("", ["WARN", "ended", "error=\"the peer ended without a Close\""]),
        (ends.as_str(), ["closed", "by=\"server\" code=1001", "reason=\"server shutdown\""]),
    ] {
        let found = log.lines().any(|line| line.contains(ends) && parts.iter().all(|part| line.contains(part)));
        assert!(found, "{parts:?} is missing in: {log}");
    }
}

#[test]
fn a_request_for_the_page_is_logged() {
    let server = logging(&[]);
    let mut browser = TestPeer::tcp(server.address);
    browser.send(b"GET /?a HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\n\r\n");
    assert!(rest(browser).starts_with("HTTP/1.1 200 "));
    assert_lines(&server.finish(), &[&[" INFO ", "page ", "request=\"GET /?…\" fields=[Host, User-Agent]"]]);
}

#[test]
fn without_the_flag_nothing_is_logged() {
    let server = ServerProcess::start_piped(&["--listen=127.0.0.1:0"]);
    drop(TestPeer::open(server.address));
    assert_eq!(server.finish(), "");
}

#[test]
fn a_log_that_nobody_reads_is_no_reason_to_stop() {
    let mut server = logging(&[]);
    drop(server.child.stderr.take());
    for _ in 0..3 {
        TestPeer::open(server.address).echo("still here");
    }
}

#[test]
fn a_full_log_holds_up_neither_peers_nor_the_end() {
    // 60 kB of names, and more lines than a pipe holds.
    let fields = format!("{}: x\r\n", "N".repeat(600)).repeat(100);
    let mut server = logging(&[]);
    for _ in 0..60 {
        open_with(server.address, fields.as_bytes()).echo("served");
    }
    server.signal(Signal::TERM);
    server.wait();
    let mut log = String::new();
    server.child.stderr.take().expect("piped").read_to_string(&mut log).expect("UTF-8");
    assert!(log.lines().all(|line| line.len() <= 4096), "{}", log.len());
    assert!(log.starts_with("20") && log.contains("NNN…"), "{log}");
}

#[test]
fn output_that_can_not_be_written_is_no_reason_to_stop() {
    for redirection in [">/dev/full 2>/dev/full", "2>/dev/full", ">&-", "| head -c 0"] {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a free port");
        let script = format!("exec \"$0\" --listen={address} --log --fault=drop=1e-9 {redirection}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_server")]).stdin(Stdio::null()).stdout(Stdio::piped());
        shell.stderr(Stdio::null());
        let mut child = shell.process_group(0).spawn().expect("a shell");
        let start = Instant::now();
        while TcpStream::connect(address).is_err() && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        TestPeer::open(address).echo("still here");
        kill_process_group(Pid::from_child(&child), Signal::TERM).expect("it runs");
        child.wait().expect("it ends");
    }
}

#[test]
fn what_was_agreed_on_is_logged() {
    let server = logging(&["--subprotocol=v2.chat,chat", "--compress=12"]);
    let offers = b"Sec-WebSocket-Protocol: secret, chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    for fields in [&offers[..], b""] {
        let mut peer = open_with(server.address, fields);
        peer.send(&whole(CLOSE, ""));
        assert_eq!(peer.frame().opcode, CLOSE);
        peer.end();
    }
    let agreed = r#"subprotocol="chat" extension="permessage-deflate; server_max_window_bits=12""#;
    let log = server.finish();
    assert_lines(&log, &[&[], &["closed"], &["opened"], &["closed"]]);
    let [first, _, third, _] = log.lines().collect::<Vec<_>>()[..] else { unreachable!() };
    assert!(first.contains(agreed) && !log.contains("secret"), "{log}");
    assert!(!third.contains("subprotocol=") && !third.contains("extension="), "{log}");
}

#[test]
fn tls_is_logged_as_it_was_agreed_on_or_failed() {
    let mut command = crate::rig::command(&["--listen=127.0.0.1:0", "--log", "--tls"]);
    let address = |line: &str| line.strip_prefix("listening on wss://")?.trim_end().parse().ok();
    let server = ServerProcess::spawn_other(command.stderr(Stdio::piped()), address);
    let mut plain = TestPeer::tcp(server.address);
    plain.send(&handshake(server.address));
    assert!(rest(plain).contains("Try wss://"));
    let trusted = Certified::authority().certificate;
    let mut distrusting = TlsPeer::tls(server.address, &client([trusted], 3, None));
    let _ = distrusting.tcp.write_all(b"x").and_then(|()| distrusting.tcp.flush());
    let _ = distrusting.tcp.sock.read_to_end(&mut Vec::new());
    let log = server.finish();
    let refused = ["no handshake", "the peer does not trust the certificate"];
    assert_lines(&log, &[&["no handshake", "the peer speaks HTTP without TLS"], &refused]);
}
