//! Answers of HTTP proxies to CONNECT.

use frames::handshake::{BODY_BYTES, HEAD_BYTES, INTERIM_RESPONSES, ResponseError, TunnelReader, tunnel_request};

/// What a client makes of an answer in pieces of so many bytes, after which the stream ends.
fn answered(answer: &[u8], piece: usize) -> Result<Vec<u8>, ResponseError> {
    let (mut reader, mut rest) = (TunnelReader::default(), answer);
    while !rest.is_empty() {
        let (next, behind) = rest.split_at(piece.min(rest.len()));
        rest = behind;
        if let Some(mut remaining) = reader.take(next)? {
            remaining.extend_from_slice(rest);
            return Ok(remaining);
        }
    }
    Err(reader.finish())
}

fn cut_everywhere(answer: &[u8]) -> Result<Vec<u8>, ResponseError> {
    let whole = answered(answer, answer.len().max(1));
    for piece in 1..answer.len().min(300) {
        assert_eq!(answered(answer, piece), whole, "{} in pieces of {piece}", answer.escape_ascii());
    }
    whole
}

#[test]
fn a_request_names_where_to_go() {
    let mut bytes = Vec::new();
    tunnel_request(&mut bytes, "[::1]:443", [("User-Agent", b"x".as_slice())].into_iter());
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text, "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nUser-Agent: x\r\n\r\n");
}

#[test]
fn any_2xx_opens_a_tunnel_and_what_follows_is_its() {
    for (answer, remaining) in [
        (b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), b"".as_slice()),
        (b"HTTP/1.0 200 Connection established\r\nProxy-Agent: x\r\n\r\n\x16\x03", b"\x16\x03"),
        (b"HTTP/1.1 204 \r\n\r\nSSH-2.0-x\r\n", b"SSH-2.0-x\r\n"),
        (b"HTTP/1.1 299\n\nab", b"ab"),
        (b"HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 OK\r\n\r\na", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello", b"hello"),
    ] {
        assert_eq!(cut_everywhere(answer).unwrap(), remaining, "{}", answer.escape_ascii());
    }
}

#[test]
fn what_declines_is_told_by_its_kind() {
    let kind = |answer: &[u8]| cut_everywhere(answer).unwrap_err().kind().into_owned();
    for (answer, expected) in [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno".as_slice(), "http_407"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "http_101"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "http_302"),
        (b"HTTP/1.1 503 Bu", "eof"),
        (b"HTTP/1.1 503 Busy\r\nX: ", "http_503"),
        (b"HTTP/1.1 200 OK\r\nX: ", "eof"),
        (b"", "eof"),
        (b"\x05\x00", "not_websocket"),
        (b"HTTP/2 200 OK\r\n\r\n", "not_websocket"),
        (b"HTTP/1.1 200 OK\r\nX y: 1\r\n\r\n", "not_websocket"),
    ] {
        assert_eq!(kind(answer), expected, "{}", answer.escape_ascii());
    }
}

#[test]
fn an_endless_answer_is_refused_in_time() {
    let endless = [b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &vec![b'x'; HEAD_BYTES]].concat();
    assert_eq!(answered(&endless, 4096).unwrap_err(), ResponseError::HeadTooLong);
    let interim = b"HTTP/1.1 100 Wait\r\n\r\n".repeat(INTERIM_RESPONSES as usize + 1);
    assert_eq!(answered(&interim, 50).unwrap_err(), ResponseError::TooManyInterim);
    let page = [b"HTTP/1.1 403 Forbidden\r\n\r\n".as_slice(), &vec![b'y'; 5 * BODY_BYTES]].concat();
    let ResponseError::Declined(declined) = answered(&page, 100).unwrap_err() else { panic!("it declines") };
    assert_eq!(declined.body.len(), BODY_BYTES);
}
