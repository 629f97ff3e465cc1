//! The request: how a client writes it, and how a server reads it.

use std::fmt::Write;

use httparse::{EMPTY_HEADER, Error, Status};

use super::{
    Fields, Key, MOST_FIELDS,
    head::{HeadBuffer, HeadTooLong},
    rejection::{Rejection, RejectionReason},
};
use crate::{
    deflate::{self, DeflateOffer, DeflateParameters},
    extension::{Extension, is_token},
};

/// Writes a client's request (RFC 6455, section 4.1). `fields` are added to those of the handshake.
/// The caller ensures that their names are tokens, that their values have no control characters,
/// and that none of them repeats a field of the handshake.
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

/// Reads a request and decides on it.
#[derive(Debug, Default)]
pub struct RequestReader {
    head: HeadBuffer,
}

/// A valid request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeRequest {
    /// The request target, as received.
    pub target: String,
    /// The subprotocols that the client offers, the preferred one first.
    pub subprotocols: Vec<String>,
    /// The compressions that the client offers, the preferred one first. Offers that break RFC 7692
    /// are left out: they must be declined (section 7.1).
    pub deflate: Vec<DeflateOffer>,
    /// All fields of the request.
    pub fields: Fields,
    /// The bytes that follow it: frames.
    pub remaining: Vec<u8>,
    accept: String,
}

impl UpgradeRequest {
    /// The response that accepts it. The caller takes `subprotocol` from [`Self::subprotocols`],
    /// and `deflate` from [`Self::deflate`] by
    /// [`DeflateSettings::choose`](deflate::DeflateSettings).
    pub fn response(&self, subprotocol: Option<&str>, deflate: Option<DeflateParameters>) -> Vec<u8> {
        let mut response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {}\r\n",
            self.accept
        );
        // Writing to a string does not fail.
        if let Some(name) = subprotocol {
            let _ = write!(response, "Sec-WebSocket-Protocol: {name}\r\n");
        }
        if let Some(parameters) = deflate {
            let _ = write!(response, "Sec-WebSocket-Extensions: {parameters}\r\n");
        }
        response.push_str("\r\n");
        response.into_bytes()
    }
}

impl RequestReader {
    /// Takes the bytes of a read. Returns none until the request is complete.
    ///
    /// # Errors
    /// The request is rejected. Don't call this again after an error.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<UpgradeRequest>, Rejection> {
        self.head.add(bytes);
        self.skip_empty_lines();
        if self.head.skipped() > EMPTY_LINES {
            return Err(self.rejection(RejectionReason::RequestLine));
        }
        let Some(&first) = self.head.bytes().first() else { return Ok(None) };
        if first != b'\r' && !is_token(&[first]) {
            return Err(self.rejection(RejectionReason::NotHttp));
        }
        let end = match self.head.end() {
            Ok(Some(end)) => end,
            Ok(None) => return Ok(None),
            Err(HeadTooLong) if self.head.bytes().contains(&b'\n') => {
                return Err(self.rejection(RejectionReason::HeadTooLong));
            }
            Err(HeadTooLong) => return Err(self.rejection(RejectionReason::TargetTooLong)),
        };
        let (head, remaining) = self.head.bytes().split_at(end);
        decide(head, remaining).map(Some).map_err(|reason| self.rejection(reason))
    }

    /// All bytes so far.
    pub fn bytes(&self) -> &[u8] {
        self.head.all()
    }

    fn rejection(&self, reason: RejectionReason) -> Rejection {
        Rejection { reason, to_head: self.head.bytes().starts_with(b"HEAD ") }
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

/// Checks a request (RFC 9112; RFC 6455, section 4.2.1).
fn decide(head: &[u8], remaining: &[u8]) -> Result<UpgradeRequest, RejectionReason> {
    let mut space = [EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut space);
    match request.parse(head) {
        Ok(Status::Complete(_)) => {}
        // The empty line was found, so the head is complete but malformed.
        Ok(Status::Partial) | Err(Error::Token | Error::Status) => return Err(RejectionReason::RequestLine),
        Err(Error::HeaderName) => return Err(RejectionReason::FieldName),
        Err(Error::HeaderValue) => return Err(RejectionReason::FieldValue),
        Err(Error::NewLine) => return Err(RejectionReason::LineEnd),
        Err(Error::TooManyHeaders) => return Err(RejectionReason::TooManyFields),
        Err(Error::Version) => {
            return Err(if names_http(head) { RejectionReason::Version } else { RejectionReason::RequestLine });
        }
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(RejectionReason::RequestLine);
    };
    let fields = Fields::of(request.headers);
    host(&fields, version)?;
    let has_content = content(&fields, version)?;
    if method != "GET" {
        return Err(RejectionReason::Method);
    }
    if !target.starts_with('/') && !target.contains("://") {
        return Err(RejectionReason::Target);
    }
    upgrade(&fields, version)?;
    if has_content {
        return Err(RejectionReason::Content);
    }
    let (subprotocols, deflate) = (subprotocols(&fields)?, deflate_offers(&fields)?);
    let (target, accept) = (target.to_owned(), key(&fields)?.accept());
    Ok(UpgradeRequest { target, subprotocols, deflate, fields, remaining: remaining.to_vec(), accept })
}

/// Whether the first line ends with any version of HTTP.
fn names_http(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.trim_ascii().rsplit(|&byte| byte == b' ').next().is_some_and(|last| last.starts_with(b"HTTP/"))
}

/// Checks that there is one host. HTTP/1.0 needs none (RFC 9112, section 3.2).
fn host(fields: &Fields, version: u8) -> Result<(), RejectionReason> {
    let may_be_in_a_host = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte);
    let mut hosts = fields.all("host");
    match (hosts.next(), hosts.next()) {
        (None, _) if version == 0 => Ok(()),
        (Some(host), None) if !host.is_empty() && host.iter().all(may_be_in_a_host) => Ok(()),
        _ => Err(RejectionReason::Host),
    }
}

/// Whether the request has content (RFC 9112, section 6.3).
fn content(fields: &Fields, version: u8) -> Result<bool, RejectionReason> {
    let mut codings = fields.elements("transfer-encoding").peekable();
    let coded = codings.peek().is_some();
    if coded && (version == 0 || !codings.last().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"))) {
        return Err(RejectionReason::Length);
    }
    let mut lengths = fields.all("content-length").map(|value| {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(value).ok().filter(|_| digits)?.parse::<u64>().ok()
    });
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(coded),
        (Some(Some(length)), None) if !coded => Ok(length > 0),
        _ => Err(RejectionReason::Length),
    }
}

fn upgrade(fields: &Fields, version: u8) -> Result<(), RejectionReason> {
    if !fields.lists("upgrade", "websocket") {
        return Err(RejectionReason::NoUpgrade);
    }
    if version == 0 {
        return Err(RejectionReason::OldHttp);
    }
    if !fields.lists("connection", "upgrade") {
        return Err(RejectionReason::NoConnection);
    }
    let mut versions = fields.all("sec-websocket-version");
    match (versions.next(), versions.next()) {
        (Some(b"13"), None) => Ok(()),
        (_, None) => Err(RejectionReason::WebSocketVersion),
        (_, Some(_)) => Err(RejectionReason::SeveralVersions),
    }
}

fn key(fields: &Fields) -> Result<Key, RejectionReason> {
    let mut keys = fields.all("sec-websocket-key");
    match (keys.next(), keys.next()) {
        (Some(key), None) => Key::parse(key).ok_or(RejectionReason::Key),
        _ => Err(RejectionReason::Key),
    }
}

fn subprotocols(fields: &Fields) -> Result<Vec<String>, RejectionReason> {
    let mut offered: Vec<String> = Vec::new();
    for name in fields.elements("sec-websocket-protocol") {
        let text = String::from_utf8_lossy(name);
        if !is_token(name) || offered.iter().any(|other| *other == text) {
            return Err(RejectionReason::Subprotocol);
        }
        offered.push(text.into_owned());
    }
    Ok(offered)
}

/// The offers of compression. A list that breaks the grammar fails the handshake (RFC 6455, section
/// 9.1).
fn deflate_offers(fields: &Fields) -> Result<Vec<DeflateOffer>, RejectionReason> {
    let mut offers = Vec::new();
    for element in fields.elements("sec-websocket-extensions") {
        let extension = Extension::parse(element).ok_or(RejectionReason::Extensions)?;
        if extension.name == deflate::NAME {
            offers.extend(DeflateOffer::read(&extension));
        }
    }
    Ok(offers)
}
