//! The HTTP request that a connection begins with, as far as it came.
//!
//! The WebSocket library shows a request only if it is a good handshake. What came instead of one is what somebody who
//! looks for a fault wants to see, so its bytes are kept, and read again here and in `log::shown`.

use httparse::{EMPTY_HEADER, Header, Status};

/// Most bytes of a head, which are kept until the handshake is over. Browsers and proxies send 1 to 8 KiB, cookies included.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;

/// As many as the WebSocket library takes.
const MOST_FIELDS: usize = 124;

/// A request; borrowed from the bytes that were received.
#[derive(Debug)]
pub(crate) struct Request<'a> {
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
        Self { method, target, fields, complete }
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
