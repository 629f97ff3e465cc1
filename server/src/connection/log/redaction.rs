//! What the log shows of a request: nothing that may be a secret.
//!
//! A query, the value of a header field or a proxy's user-info may hold a token, so they are left
//! out. Only the values of fields that the operator has named are shown.

use frames::handshake::MOST_FIELDS;
use httparse::{EMPTY_HEADER, Header, Request};

/// The most bytes shown of a request target, of a value, and of all fields together.
const TARGET_BYTES: usize = 256;
const VALUE_BYTES: usize = 256;
const FIELDS_BYTES: usize = 2048;

/// The most bytes shown of a head that is no HTTP.
const OTHER_BYTES: usize = 40;

/// The request line and the header fields in `head`, which may be incomplete. The fields `named`
/// are shown with their values.
pub(super) fn request(head: &[u8], named: &[String]) -> (String, String) {
    let mut space = [EMPTY_HEADER; MOST_FIELDS];
    let mut request = Request::new(&mut space);
    // What was parsed before the end or an error stays. Fields that were not reached stay empty.
    let _ = request.parse(head);
    let line = match (request.method, request.path) {
        (Some(method), Some(target)) => format!("\"{method} {}\"", shown_target(target)),
        _ => shown_beginning(head),
    };
    let mut fields = String::from("[");
    for field in request.headers.iter().filter(|field| !field.name.is_empty()) {
        let shown = shown_field(field, named);
        if fields.len() + shown.len() > FIELDS_BYTES {
            fields.push_str(if fields.len() > 1 { ", …" } else { "…" });
            break;
        }
        if fields.len() > 1 {
            fields.push_str(", ");
        }
        fields.push_str(&shown);
    }
    fields.push(']');
    (line, fields)
}

/// The path. A query is shown as `?…`, and the user-info of a target as `…`.
fn shown_target(target: &str) -> String {
    let (path, query) = match target.find(['?', '#']) {
        Some(at) => (&target[..at], "?…"),
        None => (target, ""),
    };
    // Neither `http://user:password@host/` nor `user:password@host` begins with a slash.
    let (hidden, path) = match path.find('@') {
        Some(at) if !path.starts_with('/') => ("…", &path[at..]),
        _ => ("", path),
    };
    format!("{hidden}{}{query}", shortened(path.as_bytes(), TARGET_BYTES))
}

/// `Name`, or `Name: "value"`. The parser has checked that names are tokens (RFC 9110 section
/// 5.6.2); values may have any bytes.
fn shown_field(field: &Header<'_>, named: &[String]) -> String {
    let name = shortened(field.name.as_bytes(), VALUE_BYTES);
    if named.iter().any(|named| named.eq_ignore_ascii_case(field.name)) {
        return format!("{name}: \"{}\"", shortened(field.value, VALUE_BYTES));
    }
    name
}

/// The beginning of a head that is no request, up to where a value may begin.
fn shown_beginning(head: &[u8]) -> String {
    let end = head.iter().position(|byte| b"\n?:=@#;&".contains(byte)).unwrap_or(head.len());
    let shown = &head[..end.min(OTHER_BYTES)];
    let more = if shown.len() < head.len() { "…" } else { "" };
    format!("\"{}\"{more}", shown.escape_ascii())
}

fn shortened(bytes: &[u8], most: usize) -> String {
    let more = if bytes.len() > most { "…" } else { "" };
    format!("{}{more}", bytes[..bytes.len().min(most)].escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(head: &[u8]) -> (String, String) {
        request(head, &["host".to_owned(), "X".to_owned()])
    }

    #[test]
    fn names_are_shown_and_values_only_of_named_fields() {
        let (line, fields) = shown(
            b"GET /chat?room=1 HTTP/1.1\r\nHost: x\r\nauthorization: Basic c2VjcmV0\r\nX-Api-Key: secret\r\n\
              Sec-WebSocket-Protocol: bearer.secret\r\nX: a \"b\"\\\x9b\xff\r\n\r\nsecret",
        );
        assert_eq!(line, "\"GET /chat?…\"");
        let names = "[Host: \"x\", authorization, X-Api-Key, Sec-WebSocket-Protocol, ";
        assert_eq!(fields, format!("{names}X: \"a \\\"b\\\"\\\\\\x9b\\xff\"]"));
    }

    #[test]
    fn no_query_and_no_user_info_is_shown() {
        for (target, shown) in [
            ("/", "/"),
            ("/a@b", "/a@b"),
            ("/?secret", "/?…"),
            ("/a#secret", "/a?…"),
            ("/a?b@secret", "/a?…"),
            ("http://u:secret@host/p?secret", "…@host/p?…"),
            ("u:secret@host:1", "…@host:1"),
            ("?secret", "?…"),
        ] {
            assert_eq!(shown_target(target), shown, "{target}");
        }
        for head in
            ["GET /x?secret HTTP/9", "GET /x?secret HTTP/1.1\nHost: x\n secret\n\n", "GET /x?secret", "secret=1"]
        {
            let (line, fields) = shown(head.as_bytes());
            assert!(!(line + &fields).replace("\"secret\"…", "").contains("secret"), "{head}");
        }
    }

    #[test]
    fn half_a_request_is_shown_with_its_whole_fields() {
        let (line, fields) = shown(b"GET / HTTP/1.1\r\nHost: x\r\nCookie: sec");
        assert_eq!((line.as_str(), fields.as_str()), ("\"GET /\"", "[Host: \"x\"]"));
        // A folded value must not be shown as if it were a field of its own.
        let (_, fields) = shown(b"GET / HTTP/1.1\r\nHost: x\r\nCookie:\r\n secret\r\n\r\n");
        assert!(!fields.contains("secret"), "{fields}");
    }

    #[test]
    fn a_head_that_is_no_request_is_cut_before_any_value() {
        for (head, line) in [
            (b"".as_slice(), "\"\""),
            (b"\x16\x03\x01", "\"\\x16\\x03\\x01\""),
            (b"hello\x1b there\nCookie: secret", "\"hello\\x1b there\"…"),
            (b"Cookie: secret", "\"Cookie\"…"),
            (&[b'x'; 101], &format!("\"{}\"…", "x".repeat(40))),
        ] {
            assert_eq!(shown(head), (line.to_owned(), "[]".to_owned()));
        }
    }

    #[test]
    fn a_long_head_is_cut() {
        let many = format!("Field-{}: y\r\n", "x".repeat(50)).repeat(100);
        let head = format!("GET /{} HTTP/1.1\r\nHost: {}\r\n{many}\r\n", "p".repeat(5000), "h".repeat(30_000));
        let (line, fields) = shown(head.as_bytes());
        assert!(line.len() < 300 && line.contains('…'), "{line}");
        assert!(fields.len() < FIELDS_BYTES + 20 && fields.ends_with(", …]"), "{fields}");
        assert!(fields.starts_with(&format!("[Host: \"{}…\", Field-xx", "h".repeat(256))), "{fields}");
    }
}
