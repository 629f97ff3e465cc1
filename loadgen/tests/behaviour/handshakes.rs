//! Targets on which no connection opens: each is told apart from the others, and soon.

use std::time::{Duration, Instant};

use loadgen::plan::EngineKind;
use server::{Options, Reply};

use crate::rig::{
    BadHandshake, BadHandshakeServer, Loadgen, PATIENCE, Reference, TestPlan, n32, plan, run, unreachable,
};

const SHORT: Duration = Duration::from_millis(300);

const WRONG_KEY: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";

/// What is done, how long a connection may take, and the kind of failure.
const HANDSHAKES: &[(BadHandshake, Duration, &str)] = &[
    (BadHandshake::NotListening, PATIENCE, "refused"),
    (BadHandshake::Silent, SHORT, "timeout"),
    (BadHandshake::Slow, SHORT, "timeout"),
    (BadHandshake::Sends(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), PATIENCE, "http_503"),
    (BadHandshake::Sends(b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), PATIENCE, "http_301"),
    (BadHandshake::Sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), PATIENCE, "http_200"),
    (BadHandshake::Sends(WRONG_KEY), PATIENCE, "wrong_accept_key"),
    (BadHandshake::Sends(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), PATIENCE, "not_websocket"),
    (BadHandshake::Sends(b""), PATIENCE, "eof"),
    (BadHandshake::Sends(b"HTTP/1.1 101 Swi"), PATIENCE, "eof"),
    (BadHandshake::Sends(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\nwhy"), PATIENCE, "http_403"),
    (BadHandshake::Sends(b"SSH-2.0-OpenSSH_9.7\r\n"), PATIENCE, "not_websocket"),
    (BadHandshake::Sends(b"\x16\x03\x01 \x1b[2J no HTTP\r\n\r\n"), PATIENCE, "wants_tls"),
    (BadHandshake::Sends(b"220 mail.example.org ESMTP\r\n"), PATIENCE, "not_websocket"),
    (BadHandshake::Resets(b""), PATIENCE, "reset"),
    (BadHandshake::EndlessFields, PATIENCE, "head_too_long"),
];

#[test]
fn each_way_to_be_kept_out_has_its_kind() {
    for &(handshake, timeout, kind) in HANDSHAKES {
        let server = BadHandshakeServer::start(handshake);
        let mut plan = TestPlan { clients: n32(3), ..plan(EngineKind::Lean, &server.url) };
        plan.connect.timeout = timeout;
        let started = Instant::now();
        let what = unreachable(&plan);
        assert!(started.elapsed() < PATIENCE / 2, "{handshake:?} took {:?}", started.elapsed());
        assert!(what.starts_with(&format!("{kind} (3): ")), "{handshake:?}: {what}");
        assert!(!what.contains(char::is_control), "{handshake:?}: {what:?}");
    }
}

#[test]
fn a_server_without_tls_is_told_from_one_that_is_not_there() {
    let server = BadHandshakeServer::start(BadHandshake::Sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let mut secure = plan(EngineKind::Lean, &server.url.replace("ws://", "wss://"));
    // It waits for the end of a request that never comes.
    secure.connect.timeout = SHORT;
    let what = unreachable(&secure);
    assert!(what.starts_with("tls (1): ") || what.contains("no TLS handshake with"), "{what}");
}

#[test]
fn a_refusal_is_shown_without_our_secrets() {
    let said = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 24\r\n\r\nnot with sesame, friend\n";
    let server = BadHandshakeServer::start(BadHandshake::Sends(said));
    for engine in ["lean", "tungstenite"] {
        let url = format!("{}/?token=sesame", server.url);
        let outcome = Loadgen::run(&[&url, "-c", "1", "--engine", engine]);
        let parts =
            ["http_401 (1): 127.0.0.1:", "401 Unauthorized", "`Basic`", "-H 'Authorization", "not with ***, friend"];
        assert!(parts.iter().all(|part| outcome.stderr.contains(part)), "{outcome:?}");
        assert!(!outcome.stderr.contains("sesame"), "{outcome:?}");
        assert_eq!(outcome.code, Some(6));
    }
}

#[test]
fn the_first_words_of_each_kind_are_told_though_others_opened() {
    for engine in [EngineKind::Lean, EngineKind::Tungstenite] {
        let mut options = Options { reply: Reply::Echo, ..Options::default() };
        options.limits.connections = 2;
        let server = Reference::start_with(options);
        let report = run(&TestPlan { clients: n32(3), ..plan(engine, &server.url()) });
        let connections = &report.total.connections;
        assert_eq!((connections.opened, connections.failed), (2, 1), "{connections:?}");
        let words = &connections.details["http_503"];
        let parts = [&server.address().to_string()[..], "503 Service Unavailable", "as many connections as it allows"];
        assert!(parts.iter().all(|part| words.contains(part)), "{words}");
    }
}
