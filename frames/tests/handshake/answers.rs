//! Responses of servers: accepted, or refused with a name.

use frames::handshake::{HEAD_BYTES, Key, ResponseError, ResponseReader};

/// A name, the bytes, and the decision: `ok`, with the subprotocol if there is one, or the kind of
/// the error. In the bytes, `{ok}` is a status line with the two upgrade fields, `{key}` the right
/// Sec-WebSocket-Accept, and `{end}` the rest of a valid response after a status line. The client
/// offers `v1` and `v2`.
pub(crate) const ANSWERS: &[(&str, &str, &str)] = &[
    ("plain", "HTTP/1.1 101 Switching Protocols\r\n{end}", "ok"),
    ("no reason phrase", "HTTP/1.1 101 \r\n{end}", "ok"),
    ("no blank for the reason phrase", "HTTP/1.1 101\r\n{end}", "ok"),
    ("a reason phrase that is not ASCII", "HTTP/1.1 101 Grüß Gott\r\n{end}", "ok"),
    (
        "keep-alive in the list",
        "HTTP/1.1 101 X\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n{key}\r\n",
        "ok",
    ),
    (
        "a list over lines",
        "HTTP/1.1 101 X\r\nConnection: keep-alive\r\nUpgrade: websocket\r\nconnection:upgrade\r\n{key}\r\n",
        "ok",
    ),
    ("empty elements", "HTTP/1.1 101 X\r\nConnection: , ,UPGRADE ,\r\nUpgrade: websocket\r\n{key}\r\n", "ok"),
    ("any case", "HTTP/1.1 101 X\r\nCONNECTION: upgrade\r\nuPGRADE: WebSocket\r\n{key}\r\n", "ok"),
    ("blanks around values", "HTTP/1.1 101 X\r\nConnection:\t Upgrade \t\r\nUpgrade:websocket \r\n{key}\r\n", "ok"),
    ("lines without a carriage return", "HTTP/1.1 101 X\nConnection: Upgrade\nUpgrade: websocket\n{key}\n", "ok"),
    (
        "a folded field",
        "HTTP/1.1 101 X\r\nConnection: keep-alive,\r\n  Upgrade\r\nUpgrade: websocket\r\n{key}\r\n",
        "ok",
    ),
    ("early hints", "HTTP/1.1 103 Early Hints\r\nLink: </x.css>\r\n\r\n{ok}{key}\r\n", "ok"),
    ("continue and processing", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n{ok}{key}\r\n", "ok"),
    ("a length beside 101", "{ok}Content-Length: 0\r\n{key}\r\n", "ok"),
    ("a transfer coding beside 101", "{ok}Transfer-Encoding: chunked\r\n{key}\r\n", "ok"),
    (
        "fields that are nobody's business",
        "{ok}Set-Cookie: a=b\r\nSet-Cookie: c=\"d, e\"\r\nX-\u{7e}: \u{e9}\r\n{key}\r\n",
        "ok",
    ),
    ("an empty field", "{ok}Server:\r\n{key}\r\n", "ok"),
    ("frames after it", "{ok}{key}\r\n\u{1}\u{2}\r\n\r\n", "ok + frames"),
    ("a subprotocol that was offered", "{ok}Sec-WebSocket-Protocol: v2\r\n{key}\r\n", "ok v2"),
    ("another one that was offered", "{ok}sec-websocket-protocol:v1\r\n{key}\r\n", "ok v1"),
    ("a subprotocol that was not", "{ok}Sec-WebSocket-Protocol: v3\r\n{key}\r\n", "subprotocol_not_offered"),
    ("a subprotocol in another case", "{ok}Sec-WebSocket-Protocol: V2\r\n{key}\r\n", "subprotocol_not_offered"),
    ("an empty subprotocol", "{ok}Sec-WebSocket-Protocol:\r\n{key}\r\n", "subprotocol_not_offered"),
    ("both subprotocols", "{ok}Sec-WebSocket-Protocol: v1, v2\r\n{key}\r\n", "subprotocol_not_offered"),
    (
        "both, over lines",
        "{ok}Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Protocol: v2\r\n{key}\r\n",
        "subprotocol_not_offered",
    ),
    ("an extension", "{ok}Sec-WebSocket-Extensions: permessage-deflate\r\n{key}\r\n", "extension_not_offered"),
    ("an empty extension", "{ok}Sec-WebSocket-Extensions:\r\n{key}\r\n", "extension_not_offered"),
    ("no accept", "{ok}\r\n", "wrong_accept_key"),
    ("an accept of another key", "{ok}Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n", "wrong_accept_key"),
    ("the key itself", "{ok}Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", "wrong_accept_key"),
    ("two accepts", "{ok}{key}{key}\r\n", "wrong_accept_key"),
    ("no upgrade", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\n{key}\r\n", "not_websocket"),
    ("another upgrade", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n{key}\r\n", "not_websocket"),
    (
        "two upgrades",
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0, websocket\r\n{key}\r\n",
        "not_websocket",
    ),
    (
        "an upgrade with a version",
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket/13\r\n{key}\r\n",
        "not_websocket",
    ),
    ("no connection", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n{key}\r\n", "not_websocket"),
    (
        "connection without the token",
        "HTTP/1.1 101 X\r\nConnection: not-upgrade, x upgrade\r\nUpgrade: websocket\r\n{key}\r\n",
        "not_websocket",
    ),
    (
        "a quoted upgrade",
        "HTTP/1.1 101 X\r\nConnection: \"a, upgrade, b\"\r\nUpgrade: websocket\r\n{key}\r\n",
        "not_websocket",
    ),
    ("a bare 101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "not_websocket"),
    ("HTTP/1.0 with 101", "HTTP/1.0 101 X\r\n{end}", "not_websocket"),
    ("HTTP/2", "HTTP/2 101\r\n{end}", "not_websocket"),
    ("HTTP/1.2", "HTTP/1.2 101 X\r\n{end}", "not_websocket"),
    ("http in small letters", "http/1.1 101 X\r\n{end}", "not_websocket"),
    ("a status of two digits", "HTTP/1.1 42 X\r\n{end}", "not_websocket"),
    ("no status", "HTTP/1.1 \r\n{end}", "not_websocket"),
    ("a blank before the colon", "{ok}Server : x\r\n{key}\r\n", "not_websocket"),
    ("a blank before the name", "HTTP/1.1 101 X\r\n Server: x\r\n{end}", "not_websocket"),
    ("a line without a colon", "{ok}nonsense\r\n{key}\r\n", "not_websocket"),
    ("NUL in a value", "{ok}Server: a\0b\r\n{key}\r\n", "not_websocket"),
    ("an escape in a value", "{ok}Server: \u{1b}[2J\r\n{key}\r\n", "not_websocket"),
    ("a carriage return in a value", "{ok}Server: a\rb\r\n{key}\r\n", "not_websocket"),
    ("an empty line first", "\r\nHTTP/1.1 101 X\r\n{end}", "not_websocket"),
    ("SSH", "SSH-2.0-OpenSSH_9.7\r\n", "not_websocket"),
    ("SMTP", "220 mail.example.org ESMTP\r\n", "not_websocket"),
    ("a TLS alert", "\u{15}\u{3}\u{3}\0\u{2}\u{2}\n", "not_websocket"),
    ("settings of HTTP/2", "\0\0\u{12}\u{4}\0\0\0\0\0\0\u{3}", "not_websocket"),
    ("nothing", "", "eof"),
    ("a head without an end", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso", "eof"),
    ("half a name", "HTT", "eof"),
    ("an interim answer and nothing", "HTTP/1.1 100 Continue\r\n\r\n", "eof"),
    ("ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "http_200 hi"),
    ("ok without a length", "HTTP/1.1 200 OK\r\n\r\nhi", "http_200 hi"),
    ("a longer body than it says", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhigh", "http_200 hi"),
    ("a shorter body than it says", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhigh", "http_200 high"),
    ("a length below zero", "HTTP/1.1 400 X\r\nContent-Length: -1\r\n\r\nhi", "http_400 hi"),
    ("no content", "HTTP/1.1 204 No Content\r\n\r\nhi", "http_204"),
    ("a redirect", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /ws/\r\nContent-Length: 0\r\n\r\n", "http_307"),
    (
        "bad request",
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 24\r\n\r\nsubprotocol is required\n",
        "http_400 subprotocol is required\n",
    ),
    ("unauthorized", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n", "http_401"),
    ("not found in HTTP/1.0", "HTTP/1.0 404 Not Found\r\n\r\n", "http_404"),
    ("upgrade required", "HTTP/1.1 426 X\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n", "http_426"),
    (
        "chunks",
        "HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n1;x\r\n!\r\n0\r\n\r\n",
        "http_503 busy!",
    ),
    (
        "early hints, then a refusal",
        "HTTP/1.1 103 X\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "http_403",
    ),
    ("a refusal without an empty line", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nSer", "http_429"),
    ("a status nobody knows", "HTTP/1.1 999 \r\nContent-Length: 0\r\n\r\n", "http_999"),
];

pub(crate) fn bytes(text: &str, key: &Key) -> Vec<u8> {
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    let accept = format!("Sec-WebSocket-Accept: {}\r\n", key.accept());
    text.replace("{ok}", &format!("HTTP/1.1 101 Switching Protocols\r\n{upgrade}"))
        .replace("{end}", &format!("{upgrade}{accept}\r\n"))
        .replace("{key}", &accept)
        .into_bytes()
}

/// The decision on what came in these pieces, after which the stream ends.
pub(crate) fn decision<'a>(key: &Key, pieces: impl Iterator<Item = &'a [u8]>) -> (String, Option<ResponseError>) {
    let offered = ["v1".to_owned(), "v2".to_owned()];
    let mut answer = ResponseReader::new(key, &offered);
    let mut rest = Vec::new();
    let mut accepted = None;
    for piece in pieces {
        if accepted.is_some() {
            rest.extend_from_slice(piece);
            continue;
        }
        match answer.take(piece) {
            Ok(taken) => accepted = taken,
            Err(refusal) => return (described(&refusal), Some(refusal)),
        }
    }
    let Some(accepted) = accepted else {
        let refusal = answer.finish();
        return (described(&refusal), Some(refusal));
    };
    let mut frames = accepted.remaining;
    frames.extend(rest);
    let frames = if frames.is_empty() { "" } else { " + frames" };
    let subprotocol = accepted.subprotocol.map(|name| format!(" {name}")).unwrap_or_default();
    (format!("ok{subprotocol}{frames}"), None)
}

fn described(refusal: &ResponseError) -> String {
    match refusal {
        ResponseError::Declined(declined) if !declined.body.is_empty() => {
            format!("{} {}", refusal.kind(), String::from_utf8_lossy(&declined.body))
        }
        _ => refusal.kind().into_owned(),
    }
}

#[test]
fn each_answer_is_decided_as_it_must_be_however_it_is_cut() {
    let key = Key::from(*b"the sample nonce");
    for (name, text, expected) in ANSWERS {
        let bytes = bytes(text, &key);
        let whole = decision(&key, std::iter::once(bytes.as_slice()));
        assert_eq!(whole.0, *expected, "{name}");
        assert_eq!(decision(&key, bytes.chunks(1)), whole, "{name}, byte by byte");
        for cut in 0..bytes.len() {
            let (before, after) = bytes.split_at(cut);
            assert_eq!(decision(&key, [before, after].into_iter()), whole, "{name}, cut at {cut}");
        }
    }
}

#[test]
fn what_has_no_end_is_given_up() {
    let key = Key::random();
    let endless = |beginning: &str, line: &str| {
        let stream = bytes(&format!("{beginning}{}", line.repeat(2 * HEAD_BYTES / line.len())), &key);
        [1000, stream.len()].map(|piece| decision(&key, stream.chunks(piece)).0)
    };
    assert_eq!(endless("{ok}", "X-Field: and so on\r\n"), ["head_too_long"; 2]);
    assert_eq!(endless("HTTP/1.1 101 ", "x"), ["head_too_long"; 2]);
    assert_eq!(endless("", "HTTP/1.1 100 Continue\r\n\r\n"), ["too_many_interim_answers"; 2]);
    let fields = |most: usize| {
        let stream = bytes(&format!("{{ok}}{}{{key}}\r\n", "X: y\r\n".repeat(most - 3)), &key);
        decision(&key, stream.chunks(77)).0
    };
    assert_eq!([fields(128), fields(129)], ["ok", "too_many_fields"]);
}

#[test]
fn a_refusal_is_known_before_all_is_said() {
    let key = Key::random();
    let mut answer = ResponseReader::new(&key, &[]);
    assert!(!answer.has_begun() && !answer.is_refused());
    assert_eq!(answer.take(b"HTTP/1.1 403 Forbidden\r\n\r\nbec"), Ok(None));
    assert!(answer.has_begun() && answer.is_refused());
    assert_eq!(answer.take(b"ause"), Ok(None));
    let ResponseError::Declined(declined) = answer.finish() else { panic!("a status") };
    assert_eq!((declined.status, declined.reason, declined.body), (403, b"Forbidden".to_vec(), b"because".to_vec()));
}
