//! The HTTP request that a connection begins with, as far as it came.
//!
//! The WebSocket library shows a request only if it is a good handshake. What came instead of one is what somebody who
//! looks for a fault wants to see, so its bytes are kept, and read again here.

use std::fmt;

use httparse::{EMPTY_HEADER, Header, Status};

/// Most bytes of a head, which are kept until the handshake is over. Browsers and proxies send 1 to 8 KiB, cookies included.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;

/// As many as the WebSocket library takes.
const MOST_FIELDS: usize = 124;

/// What is shown of something that is no HTTP.
const SHOWN_BYTES: usize = 100;

/// Fields that carry credentials.
const SECRETS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// A request; borrowed from the bytes that were received.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    head: &'a [u8],
    method: &'a str,
    target: &'a str,
    fields: Vec<Header<'a>>,
    /// The head came to its end.
    complete: bool,
}

impl<'a> Request<'a> {
    /// Reads what there is, however little or wrong.
    pub(crate) fn read(head: &'a [u8]) -> Self {
        let mut space = [EMPTY_HEADER; MOST_FIELDS];
        let mut request = httparse::Request::new(&mut space);
        // What was read before the end or a fault stays.
        let complete = matches!(request.parse(head), Ok(Status::Complete(_)));
        let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
        // Fields that were not reached are left as they were.
        let fields = request.headers.iter().filter(|field| !field.name.is_empty()).copied().collect();
        Self { head, method, target, fields, complete }
    }

    /// Whether the answer shall have no body.
    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Whether this is what a browser sends for `/`, with any query: GET or HEAD, and no upgrade to anything.
    pub(crate) fn asks_for_page(&self) -> bool {
        let path = self.target.split('?').next();
        let upgrades = self.fields.iter().any(|field| field.name.eq_ignore_ascii_case("upgrade"));
        self.complete && matches!(self.method, "GET" | "HEAD") && path == Some("/") && !upgrades
    }

    /// The method and the request target, in quotes; the beginning of what came if that is no request.
    pub(crate) fn line(&self) -> impl fmt::Display {
        if !self.target.is_empty() {
            return format!("\"{} {}\"", self.method, self.target.as_bytes().escape_ascii());
        }
        let line = self.head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let shown = &line[..line.len().min(SHOWN_BYTES)];
        let more = if shown.len() < self.head.len() { "…" } else { "" };
        format!("\"{}\"{more}", shown.escape_ascii())
    }

    /// All header fields that came whole, in their order, on one line. Values of [`SECRETS`] are not shown.
    pub(crate) fn fields(&self) -> impl fmt::Display {
        let shown: Vec<_> = self.fields.iter().map(shown).collect();
        format!("[{}]", shown.join(", "))
    }
}

/// A field as `Name: "value"`. Names are tokens (RFC 9110 section 5.6.2), which the parser has checked; values are not.
fn shown(field: &Header<'_>) -> String {
    let name = field.name;
    if SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
        return format!("{name}: (hidden)");
    }
    format!("{name}: \"{}\"", field.value.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_and_fields(head: &[u8]) -> (String, String) {
        let request = Request::read(head);
        (request.line().to_string(), request.fields().to_string())
    }

    #[test]
    fn a_request_is_shown_with_its_fields_but_for_secrets() {
        let (line, fields) = line_and_fields(
            b"GET /chat?room=1 HTTP/1.1\r\nHost: x\r\nauthorization: Basic c2VjcmV0\r\nCOOKIE: secret\r\n\
              Proxy-Authorization: secret\r\nX: a \"b\"\\\x9b\xff\r\n\r\nsecret",
        );
        assert_eq!(line, "\"GET /chat?room=1\"");
        assert_eq!(
            fields,
            "[Host: \"x\", authorization: (hidden), COOKIE: (hidden), Proxy-Authorization: (hidden), \
             X: \"a \\\"b\\\"\\\\\\x9b\\xff\"]"
        );
    }

    #[test]
    fn of_half_a_request_the_whole_fields_are_shown() {
        let (line, fields) = line_and_fields(b"GET / HTTP/1.1\r\nHost: x\r\nCookie: sec");
        assert_eq!((line.as_str(), fields.as_str()), ("\"GET /\"", "[Host: \"x\"]"));
        // A fold would otherwise be a way to show what is hidden.
        let (_, fields) = line_and_fields(b"GET / HTTP/1.1\r\nHost: x\r\nCookie:\r\n secret\r\n\r\n");
        assert!(!fields.contains("secret"), "{fields}");
    }

    #[test]
    fn only_a_plain_get_or_head_of_the_root_asks_for_the_page() {
        for (head, asks) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
            ("HEAD / HTTP/1.0\r\n\r\n", true),
            ("GET /?a=/b HTTP/1.1\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: x\r\n", false),
            ("POST / HTTP/1.1\r\n\r\n", false),
            ("GET /index.html HTTP/1.1\r\n\r\n", false),
            ("GET // HTTP/1.1\r\n\r\n", false),
            ("GET ?a HTTP/1.1\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nupgrade: WebSocket\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", false),
        ] {
            assert_eq!(Request::read(head.as_bytes()).asks_for_page(), asks, "{head:?}");
        }
    }

    #[test]
    fn what_is_no_request_is_shown_by_its_beginning() {
        for (head, line) in [
            (b"".as_slice(), "\"\""),
            (b"\x16\x03\x01", "\"\\x16\\x03\\x01\""),
            (b"hello\x1b there\nCookie: secret", "\"hello\\x1b there\"…"),
            (&[b'x'; 101], &format!("\"{}\"…", "x".repeat(100))),
        ] {
            assert_eq!(line_and_fields(head), (line.to_owned(), "[]".to_owned()));
        }
    }
}
