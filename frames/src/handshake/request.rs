//! Requests: how a client writes its own, and how a server reads them.

use httparse::{EMPTY_HEADER, Error, Status};

use super::head::{Head, TooLong};
use super::rejection::{Rejection, Why};
use super::{Fields, Key, MOST_FIELDS, is_token};

/// Writes the request of a client (RFC 6455, section 4.1). `fields` are further ones; the caller sees to it that their names
/// are tokens, that no value has a control character, and that none is one that the handshake sets itself.
pub fn request<'a>(
    out: &mut Vec<u8>,
    authority: &str,
    target: &str,
    key: &Key,
    fields: impl Iterator<Item = (&'a str, &'a [u8])>,
) {
    for part in ["GET ", target, " HTTP/1.1\r\nHost: ", authority] {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(
        b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ",
    );
    out.extend_from_slice(key.as_str().as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in fields {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Most bytes of empty lines before a request.
const EMPTY_LINES: usize = 64;

/// Reads a request, and decides on it.
#[derive(Debug, Default)]
pub struct Asked {
    head: Head,
}

/// A good handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// What was asked for, as it came.
    pub target: String,
    /// The subprotocols that are offered, the favourite first.
    pub subprotocols: Vec<String>,
    /// All fields of the request.
    pub fields: Fields,
    /// What came behind it: frames.
    pub behind: Vec<u8>,
    accept: String,
}

impl Upgrade {
    /// The answer that accepts, without a subprotocol and without extensions.
    pub fn answer(&self) -> Vec<u8> {
        let accept = &self.accept;
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
        .into_bytes()
    }
}

impl Asked {
    /// Takes what a read brought. None while the request is not whole.
    ///
    /// # Errors
    /// The request is rejected. Nothing is to be taken after that.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<Upgrade>, Rejection> {
        self.head.add(bytes);
        self.skip_empty_lines();
        if self.head.skipped() > EMPTY_LINES {
            return Err(self.rejection(Why::RequestLine));
        }
        let Some(&first) = self.head.bytes().first() else { return Ok(None) };
        if first != b'\r' && !is_token(&[first]) {
            return Err(self.rejection(Why::NotHttp));
        }
        let end = match self.head.end() {
            Ok(Some(end)) => end,
            Ok(None) => return Ok(None),
            Err(TooLong) if self.head.bytes().contains(&b'\n') => return Err(self.rejection(Why::HeadTooLong)),
            Err(TooLong) => return Err(self.rejection(Why::TargetTooLong)),
        };
        let (head, behind) = self.head.bytes().split_at(end);
        decide(head, behind).map(Some).map_err(|why| self.rejection(why))
    }

    /// What came, from the first byte on.
    pub fn bytes(&self) -> &[u8] {
        self.head.all()
    }

    fn rejection(&self, why: Why) -> Rejection {
        Rejection { why, to_head: self.head.bytes().starts_with(b"HEAD ") }
    }

    /// Empty lines before a request are ignored (RFC 9112, section 2.2).
    fn skip_empty_lines(&mut self) {
        loop {
            match self.head.bytes() {
                [b'\n', ..] => self.head.next(1),
                [b'\r', b'\n', ..] => self.head.next(2),
                _ => return,
            }
        }
    }
}

/// What RFC 9112 and RFC 6455, section 4.2.1 ask of a request.
fn decide(head: &[u8], behind: &[u8]) -> Result<Upgrade, Why> {
    let mut space = [EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut space);
    match request.parse(head) {
        Ok(Status::Complete(_)) => {}
        // The empty line is there, so it must be something else.
        Ok(Status::Partial) | Err(Error::Token | Error::Status) => return Err(Why::RequestLine),
        Err(Error::HeaderName) => return Err(Why::FieldName),
        Err(Error::HeaderValue) => return Err(Why::FieldValue),
        Err(Error::NewLine) => return Err(Why::LineEnd),
        Err(Error::TooManyHeaders) => return Err(Why::TooManyFields),
        Err(Error::Version) => return Err(if names_http(head) { Why::Version } else { Why::RequestLine }),
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(Why::RequestLine);
    };
    let fields = Fields::of(request.headers);
    host(&fields, version)?;
    let has_content = content(&fields, version)?;
    if method != "GET" {
        return Err(Why::Method);
    }
    if !target.starts_with('/') && !target.contains("://") {
        return Err(Why::Target);
    }
    upgrade(&fields, version)?;
    if has_content {
        return Err(Why::Content);
    }
    let subprotocols = subprotocols(&fields)?;
    let accept = key(&fields)?.accept();
    Ok(Upgrade { target: target.to_owned(), subprotocols, fields, behind: behind.to_vec(), accept })
}

/// Whether the first line ends with a version of HTTP, whichever.
fn names_http(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.trim_ascii().rsplit(|&byte| byte == b' ').next().is_some_and(|last| last.starts_with(b"HTTP/"))
}

/// RFC 9112, section 3.2: one host, which HTTP/1.0 need not name.
fn host(fields: &Fields, version: u8) -> Result<(), Why> {
    let may_be_in_a_host = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte);
    let mut hosts = fields.all("host");
    match (hosts.next(), hosts.next()) {
        (None, _) if version == 0 => Ok(()),
        (Some(host), None) if !host.is_empty() && host.iter().all(may_be_in_a_host) => Ok(()),
        _ => Err(Why::Host),
    }
}

/// Whether there is content (RFC 9112, section 6.3).
fn content(fields: &Fields, version: u8) -> Result<bool, Why> {
    let mut codings = fields.elements("transfer-encoding").peekable();
    let coded = codings.peek().is_some();
    if coded && (version == 0 || !codings.last().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"))) {
        return Err(Why::Length);
    }
    let mut lengths = fields.all("content-length").map(|value| {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(value).ok().filter(|_| digits)?.parse::<u64>().ok()
    });
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(coded),
        (Some(Some(length)), None) if !coded => Ok(length > 0),
        _ => Err(Why::Length),
    }
}

fn upgrade(fields: &Fields, version: u8) -> Result<(), Why> {
    if !fields.lists("upgrade", "websocket") {
        return Err(Why::NoUpgrade);
    }
    if version == 0 {
        return Err(Why::OldHttp);
    }
    if !fields.lists("connection", "upgrade") {
        return Err(Why::NoConnection);
    }
    let mut versions = fields.all("sec-websocket-version");
    match (versions.next(), versions.next()) {
        (Some(b"13"), None) => Ok(()),
        (_, None) => Err(Why::WebSocketVersion),
        (_, Some(_)) => Err(Why::SeveralVersions),
    }
}

fn key(fields: &Fields) -> Result<Key, Why> {
    let mut keys = fields.all("sec-websocket-key");
    match (keys.next(), keys.next()) {
        (Some(key), None) => Key::parse(key).ok_or(Why::Key),
        _ => Err(Why::Key),
    }
}

fn subprotocols(fields: &Fields) -> Result<Vec<String>, Why> {
    let mut offered: Vec<String> = Vec::new();
    for name in fields.elements("sec-websocket-protocol") {
        let text = String::from_utf8_lossy(name);
        if !is_token(name) || offered.iter().any(|other| *other == text) {
            return Err(Why::Subprotocol);
        }
        offered.push(text.into_owned());
    }
    Ok(offered)
}
