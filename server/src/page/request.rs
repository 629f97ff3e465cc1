//! The head of the HTTP request that a connection begins with, as far as it came.

use std::borrow::Cow;

use frames::handshake::MOST_FIELDS;
use httparse::{EMPTY_HEADER, Header, Status};
use percent_encoding::percent_decode_str;

/// The head of a request, borrowed from the bytes that were received.
#[derive(Debug)]
pub(crate) struct RequestHead<'a> {
    method: &'a str,
    target: &'a str,
    fields: Vec<Header<'a>>,
    /// Whether all of it came.
    complete: bool,
}

impl<'a> RequestHead<'a> {
    /// Parses what came, even if it is incomplete or wrong.
    pub(crate) fn read(head: &'a [u8]) -> Self {
        let mut space = [EMPTY_HEADER; MOST_FIELDS];
        let mut request = httparse::Request::new(&mut space);
        // What was parsed before the end or an error stays.
        let complete = matches!(request.parse(head), Ok(Status::Complete(_)));
        let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
        // Fields that were not reached stay empty.
        let fields = request.headers.iter().filter(|field| !field.name.is_empty()).copied().collect();
        Self { method, target, fields, complete }
    }

    /// Whether the answer must have no body.
    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Whether this is what a browser sends for `/`, with any query: GET or HEAD, and no upgrade.
    pub(crate) fn asks_for_page(&self) -> bool {
        let path = path(self.target);
        let upgrades = self.fields.iter().any(|field| field.name.eq_ignore_ascii_case("upgrade"));
        self.complete && matches!(self.method, "GET" | "HEAD") && path == "/" && !upgrades
    }
}

/// The path of a target, without its query. The target may be a whole URL (RFC 9112 section 3.2.2).
pub(crate) fn path(target: &str) -> &str {
    let target = target.split_once('?').map_or(target, |(before, _)| before);
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else { return target };
    match rest.find('/') {
        Some(at) => &rest[at..],
        // A URL without a path means the root.
        None => "/",
    }
}

/// The text of a parameter in the query of a target, percent-decoded. None if it is not there.
pub(crate) fn parameter<'t>(target: &'t str, name: &str) -> Option<Cow<'t, [u8]>> {
    let (_, query) = target.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode_str(value).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_or_head_of_the_root_asks_for_the_page() {
        for (head, asks) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
            ("HEAD / HTTP/1.0\r\n\r\n", true),
            ("GET /?a=/b HTTP/1.1\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: x\r\n", false),
            ("GET http://x:80/?a HTTP/1.1\r\n\r\n", true),
            ("GET http://x HTTP/1.1\r\n\r\n", true),
            ("GET http://x/y HTTP/1.1\r\n\r\n", false),
            ("GET /://x/ HTTP/1.1\r\n\r\n", false),
            ("POST / HTTP/1.1\r\n\r\n", false),
            ("GET /index.html HTTP/1.1\r\n\r\n", false),
            ("GET // HTTP/1.1\r\n\r\n", false),
            ("GET ?a HTTP/1.1\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nupgrade: WebSocket\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", false),
        ] {
            assert_eq!(RequestHead::read(head.as_bytes()).asks_for_page(), asks, "{head:?}");
        }
    }

    #[test]
    fn a_parameter_is_decoded() {
        let after = |target| parameter(target, "after").map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(after("/a?after=lg1%3Ax%20%2B+"), Some("lg1:x ++".to_owned()));
        assert_eq!(after("/a?b=after&after=%C3%A4&after=2").as_deref(), Some("\u{e4}"));
        assert_eq!(after("/a?after=").as_deref(), Some(""));
        assert_eq!([after("/a"), after("/after=1"), after("/a?after"), after("/a?afterwards=1")], [const { None }; 4]);
    }
}
