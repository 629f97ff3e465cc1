//! What clients ask: to be upgraded, or to be rejected with a status.

use frames::handshake::{HEAD_BYTES, Rejection, RequestReader};

/// A name, the bytes, and the decision: `101`, with the offered subprotocols or the number of bytes
/// after the head, or the status of the rejection. In the bytes, `{get}` is a request line with a
/// Host, `{up}` the two upgrade fields and the version, `{key}` a key.
pub(crate) const REQUESTS: &[(&str, &str, &str)] = &[
    ("plain", "{get}{up}{key}\r\n", "101"),
    ("keep-alive in the list", "{get}Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n{v}{key}\r\n", "101"),
    (
        "a list over lines",
        "{get}Connection: keep-alive\r\nUpgrade: websocket\r\nCONNECTION: UPGRADE\r\n{v}{key}\r\n",
        "101",
    ),
    ("another protocol offered first", "{get}Connection: Upgrade\r\nUpgrade: h2c, WebSocket\r\n{v}{key}\r\n", "101"),
    (
        "lines without a carriage return",
        "GET / HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\n{v}{key}\n",
        "101",
    ),
    ("empty lines first", "\r\n\n{get}{up}{key}\r\n", "101"),
    ("a whole URL", "GET ws://example.org:80/chat?a=b HTTP/1.1\r\nHost: example.org\r\n{up}{key}\r\n", "101"),
    ("a target that is not ASCII", "GET /\u{e9} HTTP/1.1\r\nHost: x\r\n{up}{key}\r\n", "101"),
    ("a host with a port", "GET / HTTP/1.1\r\nHost: [::1]:9001\r\n{up}{key}\r\n", "101"),
    ("no content, said so", "{get}{up}{key}Content-Length: 0\r\n\r\n", "101"),
    ("values that are not ASCII", "{get}{up}{key}X: \u{e9}\t\u{ff}\r\nCookie:\r\n\r\n", "101"),
    ("bits that belong to no byte", "{get}{up}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n\r\n", "101"),
    (
        "subprotocols",
        "{get}{up}{key}Sec-WebSocket-Protocol: v1,, v2\r\nSec-WebSocket-Protocol: v3\r\n\r\n",
        "101 v1 v2 v3",
    ),
    (
        "extensions",
        "{get}{up}{key}Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n\r\n",
        "101",
    ),
    ("frames after it", "{get}{up}{key}\r\n\u{1}\r\n\r\n", "101 +5"),
    ("HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\n{up}{key}\r\n", "426"),
    ("HTTP/1.0 without an upgrade", "GET / HTTP/1.0\r\n\r\n", "426"),
    ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
    ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n{up}{key}\r\n", "505"),
    ("no version", "GET /\r\n\r\n", "400"),
    ("no Host", "GET / HTTP/1.1\r\n{up}{key}\r\n", "400"),
    ("no Host and no upgrade", "GET / HTTP/1.1\r\n\r\n", "400"),
    ("two Hosts", "{get}host: x\r\n{up}{key}\r\n", "400"),
    ("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n{up}{key}\r\n", "400"),
    ("a Host that is a URL", "GET / HTTP/1.1\r\nHost: http://x/\r\n{up}{key}\r\n", "400"),
    ("no upgrade", "{get}\r\n", "426"),
    ("an upgrade to something else", "{get}Connection: Upgrade\r\nUpgrade: h2c\r\n{v}{key}\r\n", "426"),
    ("no Connection", "{get}Upgrade: websocket\r\n{v}{key}\r\n", "426"),
    ("no WebSocket version", "{get}Connection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n", "426"),
    ("version 8", "{get}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n{key}\r\n", "426"),
    (
        "versions in a list",
        "{get}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13, 8\r\n{key}\r\n",
        "426",
    ),
    ("two versions", "{get}{up}{v}{key}\r\n", "400"),
    ("no key", "{get}{up}\r\n", "400"),
    ("two keys", "{get}{up}{key}{key}\r\n", "400"),
    ("a short key", "{get}{up}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n", "400"),
    ("a long key", "{get}{up}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n", "400"),
    ("a key that is no base64", "{get}{up}Sec-WebSocket-Key: !GhlIHNhbXBsZSBub25jZQ==\r\n\r\n", "400"),
    ("a key without padding", "{get}{up}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n\r\n", "400"),
    ("a subprotocol twice", "{get}{up}{key}Sec-WebSocket-Protocol: v1, v1\r\n\r\n", "400"),
    ("a subprotocol that is no token", "{get}{up}{key}Sec-WebSocket-Protocol: a b\r\n\r\n", "400"),
    ("content", "{get}{up}{key}Content-Length: 2\r\n\r\nhi", "400"),
    ("chunks", "{get}{up}{key}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    ("a length below zero", "{get}{up}{key}Content-Length: -1\r\n\r\n", "400"),
    ("two lengths", "{get}{up}{key}Content-Length: 0\r\nContent-Length: 0\r\n\r\n", "400"),
    ("a length and chunks", "{get}{up}{key}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    ("a coding that is not chunked", "{get}Transfer-Encoding: gzip\r\n\r\n", "400"),
    ("POST", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", "405"),
    ("POST with an upgrade", "POST / HTTP/1.1\r\nHost: x\r\n{up}{key}\r\n", "405"),
    ("HEAD", "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "405 no body"),
    ("HEAD without Host", "HEAD / HTTP/1.1\r\n\r\n", "400 no body"),
    ("OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
    ("CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", "405"),
    ("a method in small letters", "get / HTTP/1.1\r\nHost: x\r\n{up}{key}\r\n", "405"),
    ("a target that is no path", "GET chat HTTP/1.1\r\nHost: x\r\n{up}{key}\r\n", "400"),
    ("two blanks", "GET  / HTTP/1.1\r\nHost: x\r\n{up}{key}\r\n", "400"),
    ("a folded field", "{get}{up}{key}X: a\r\n b\r\n\r\n", "400"),
    ("a blank before the colon", "{get}{up}{key}X : a\r\n\r\n", "400"),
    ("a line without a colon", "{get}{up}{key}nonsense\r\n\r\n", "400"),
    ("NUL in a value", "{get}{up}{key}X: a\0b\r\n\r\n", "400"),
    ("a carriage return in a value", "{get}{up}{key}X: a\rb\r\n\r\n", "400"),
    ("TLS", "\u{16}\u{3}\u{1}\u{2}\0", "400"),
    ("no HTTP", "hello\r\n\r\n", "400"),
    ("half a request", "GET / HTTP/1.1\r\nHo", "more"),
    ("empty lines", "\r\n\r\n\n\r", "more"),
    ("nothing", "", "more"),
];

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n{v}";
    text.replace("{get}", "GET / HTTP/1.1\r\nHost: x\r\n")
        .replace("{up}", upgrade)
        .replace("{v}", "Sec-WebSocket-Version: 13\r\n")
        .replace("{key}", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        .into_bytes()
}

/// The decision on what came in these pieces.
pub(crate) fn decision<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (String, Option<Rejection>) {
    let (mut reader, mut upgrade, mut frames) = (RequestReader::default(), None, 0);
    for piece in pieces {
        if upgrade.is_some() {
            frames += piece.len();
            continue;
        }
        match reader.take(piece) {
            Ok(taken) => upgrade = taken,
            Err(rejection) => return (described(rejection), Some(rejection)),
        }
    }
    let Some(upgrade) = upgrade else { return ("more".to_owned(), None) };
    frames += upgrade.remaining.len();
    let mut words = vec!["101".to_owned()];
    words.extend(upgrade.subprotocols);
    words.extend((frames > 0).then(|| format!("+{frames}")));
    (words.join(" "), None)
}

fn described(rejection: Rejection) -> String {
    let answer = String::from_utf8(rejection.response()).expect("ASCII");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = &head[9..12];
    assert!(head.starts_with("HTTP/1.1 ") && head.contains("\r\nConnection: close"), "{answer}");
    assert_eq!(status == "426", head.contains("\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), "{answer}");
    assert_eq!(status == "405", head.contains("\r\nAllow: GET\r\n"), "{answer}");
    if body.is_empty() { format!("{status} no body") } else { status.to_owned() }
}

#[test]
fn each_request_is_decided_as_it_must_be_however_it_is_cut() {
    for (name, text, expected) in REQUESTS {
        let bytes = bytes(text);
        let whole = decision(std::iter::once(bytes.as_slice()));
        assert_eq!(whole.0, *expected, "{name}: {:?}", whole.1);
        assert_eq!(decision(bytes.chunks(1)), whole, "{name}, byte by byte");
        for cut in 0..bytes.len() {
            let (before, after) = bytes.split_at(cut);
            assert_eq!(decision([before, after].into_iter()), whole, "{name}, cut at {cut}");
        }
    }
}

#[test]
fn what_has_no_end_is_given_up() {
    let endless = |beginning: &str, line: &str| {
        let stream = bytes(&format!("{beginning}{}", line.repeat(2 * HEAD_BYTES / line.len())));
        [1000, stream.len()].map(|piece| decision(stream.chunks(piece)).0)
    };
    assert_eq!(endless("{get}", "X-Field: and so on\r\n"), ["431", "431"]);
    assert_eq!(endless("GET /", "x"), ["414", "414"]);
    assert_eq!(endless("", "\r\n"), ["400", "400"]);
    let fields = |most: usize| {
        let stream = bytes(&format!("{{get}}{}{{up}}{{key}}\r\n", "X: y\r\n".repeat(most - 5)));
        decision(stream.chunks(77)).0
    };
    assert_eq!([fields(128), fields(129)], ["101", "431"]);
}

#[test]
fn the_answer_is_the_one_of_the_rfc() {
    let upgrade = RequestReader::default().take(&bytes("{get}{up}{key}\r\n")).expect("good").expect("whole");
    let answer = String::from_utf8(upgrade.response(None, None)).expect("ASCII");
    assert!(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{answer}");
}
