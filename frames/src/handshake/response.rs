//! The client's side: the server's response.

use httparse::{EMPTY_HEADER, Error, ParserConfig, Response, Status};

use super::{
    BEGINNING_BYTES, Fields, INTERIM_RESPONSES, Key, MOST_FIELDS, ResponseError,
    declined::DeclinedReader,
    head::{HeadBuffer, HeadTooLong},
};

/// Reads the response to a request, and decides on it. `O` holds the subprotocols that the request
/// offers: borrowed, owned or shared.
#[derive(Debug)]
pub struct ResponseReader<O> {
    accept: String,
    offered: O,
    head: HeadBuffer,
    interim: u32,
    refused: Option<Refused>,
}

/// A response that is refused already, while the rest of it is still read.
#[derive(Debug)]
enum Refused {
    NotHttp,
    Declined(Box<DeclinedReader>),
}

/// A lawful response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// All fields of the response.
    pub fields: Fields,
    /// Interim responses that came before it.
    pub interim: u32,
    /// The bytes that follow it: frames.
    pub remaining: Vec<u8>,
}

/// The head of a response.
struct ResponseHead {
    version: u8,
    status: u16,
    reason: Vec<u8>,
    fields: Fields,
}

impl<O: AsRef<[String]>> ResponseReader<O> {
    /// Awaits the response to a request with `key` that offers these subprotocols and no extension.
    pub fn new(key: &Key, offered: O) -> Self {
        Self { accept: key.accept(), offered, head: HeadBuffer::default(), interim: 0, refused: None }
    }

    /// Takes the bytes of a read. Returns none until the response is complete. Of a refusal, the
    /// first bytes of its body count as a part of it.
    ///
    /// # Errors
    /// The response is refused. Don't call this again after an error.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<Accepted>, ResponseError> {
        if let Some(Refused::Declined(declined)) = &mut self.refused {
            return if declined.take(bytes) { Err(self.finish()) } else { Ok(None) };
        }
        self.head.add(bytes);
        loop {
            if self.is_no_http() {
                self.refused = Some(Refused::NotHttp);
                let received = self.head.bytes();
                let enough = received.len() >= BEGINNING_BYTES || received.contains(&b'\n');
                return if enough { Err(self.finish()) } else { Ok(None) };
            }
            let Some(end) = self.head.end().map_err(|HeadTooLong| ResponseError::HeadTooLong)? else { return Ok(None) };
            let (head, remaining) = self.head.bytes().split_at(end);
            let parsed = parse(head)?;
            match parsed.status {
                101 => {
                    let ResponseHead { version, fields, .. } = parsed;
                    let subprotocol = self.check(version, &fields)?;
                    let (interim, remaining) = (self.interim, remaining.to_vec());
                    return Ok(Some(Accepted { subprotocol, fields, interim, remaining }));
                }
                100..200 if self.interim == INTERIM_RESPONSES => return Err(ResponseError::TooManyInterim),
                100..200 => self.interim += 1,
                _ => {
                    let mut declined = Box::new(DeclinedReader::new(parsed.status, parsed.reason, parsed.fields));
                    let over = declined.take(remaining);
                    self.refused = Some(Refused::Declined(declined));
                    return if over { Err(self.finish()) } else { Ok(None) };
                }
            }
            self.head.next(end);
        }
    }

    /// Whether the response is refused, and only its body is still read. The caller may stop
    /// waiting for that and call [`Self::finish`].
    pub fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Whether any byte was received.
    pub fn has_begun(&self) -> bool {
        !self.head.all().is_empty()
    }

    /// Decides on the bytes so far, when the stream has ended or the caller waits no longer.
    pub fn finish(&mut self) -> ResponseError {
        match self.refused.take() {
            Some(Refused::Declined(declined)) => ResponseError::Declined(Box::new(declined.finish())),
            Some(Refused::NotHttp) => ResponseError::NotHttp(self.beginning()),
            None => self.cut_off(),
        }
    }

    /// Decides on a head without an end. A status line is enough to name the refusal.
    fn cut_off(&self) -> ResponseError {
        let mut head = self.head.bytes().to_vec();
        let lines = head.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        head.truncate(lines);
        head.extend_from_slice(b"\r\n");
        match parse(&head) {
            Ok(ResponseHead { reason, fields, status, .. }) if status >= 200 => {
                ResponseError::Declined(Box::new(DeclinedReader::new(status, reason, fields).finish()))
            }
            _ => ResponseError::Ended(self.beginning()),
        }
    }

    /// Whether the bytes so far can't begin an HTTP response.
    fn is_no_http(&self) -> bool {
        const NAME: &[u8] = b"HTTP/";
        let received = self.head.bytes();
        let compared = received.len().min(NAME.len());
        received[..compared] != NAME[..compared]
    }

    /// The first line, cut to [`BEGINNING_BYTES`].
    fn beginning(&self) -> Vec<u8> {
        let received = self.head.bytes();
        let line = received.split(|&byte| byte == b'\n').next().unwrap_or_default();
        line[..line.len().min(BEGINNING_BYTES)].to_vec()
    }

    /// Checks a response with status 101 (RFC 6455, section 4.1). Returns the subprotocol.
    fn check(&self, version: u8, fields: &Fields) -> Result<Option<String>, ResponseError> {
        if version != 1 {
            return Err(ResponseError::Version);
        }
        let said = |name| fields.first(name).map(<[u8]>::to_vec);
        let mut upgrades = fields.elements("upgrade");
        let websocket = upgrades.next().is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"));
        // A list of several protocols would not be a WebSocket alone.
        if !websocket || upgrades.next().is_some() {
            return Err(ResponseError::NoUpgrade(said("upgrade")));
        }
        if !fields.lists("connection", "upgrade") {
            return Err(ResponseError::NoConnection(said("connection")));
        }
        let mut accepts = fields.all("sec-websocket-accept");
        let accept = accepts.next().ok_or(ResponseError::NoAccept)?;
        if accepts.next().is_some() {
            return Err(ResponseError::SeveralAccepts);
        }
        if accept != self.accept.as_bytes() {
            return Err(ResponseError::WrongAccept(accept.to_vec()));
        }
        // None was offered.
        if let Some(extension) = fields.first("sec-websocket-extensions") {
            return Err(ResponseError::Extension(extension.to_vec()));
        }
        self.subprotocol(fields)
    }

    /// The subprotocol that the server chose: none, or exactly one of those that were offered.
    fn subprotocol(&self, fields: &Fields) -> Result<Option<String>, ResponseError> {
        let mut chosen = fields.all("sec-websocket-protocol");
        let Some(name) = chosen.next() else { return Ok(None) };
        if chosen.next().is_some() || name.contains(&b',') {
            return Err(ResponseError::SeveralSubprotocols(name.to_vec()));
        }
        let offered = self.offered.as_ref().iter().find(|offered| offered.as_bytes() == name);
        offered.map(|offered| Some(offered.clone())).ok_or_else(|| ResponseError::Subprotocol(name.to_vec()))
    }
}

fn parse(head: &[u8]) -> Result<ResponseHead, ResponseError> {
    let mut space = [EMPTY_HEADER; MOST_FIELDS];
    let mut response = Response::new(&mut space);
    let mut config = ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    match config.parse_response(&mut response, head) {
        Ok(Status::Complete(_)) => {}
        // The empty line was found, so the head is complete but malformed.
        Ok(Status::Partial) | Err(Error::Status | Error::Token) => return Err(ResponseError::StatusLine),
        Err(Error::HeaderName) => return Err(ResponseError::FieldName),
        Err(Error::HeaderValue) => return Err(ResponseError::FieldValue),
        Err(Error::NewLine) => return Err(ResponseError::LineEnd),
        Err(Error::TooManyHeaders) => return Err(ResponseError::TooManyFields),
        Err(Error::Version) => return Err(ResponseError::Version),
    }
    let (Some(version), Some(status)) = (response.version, response.code) else {
        return Err(ResponseError::StatusLine);
    };
    // The parser drops a reason phrase that is not ASCII, which RFC 9112, section 4 allows.
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let reason = line.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or_default().trim_ascii().to_vec();
    Ok(ResponseHead { version, status, reason, fields: Fields::of(response.headers) })
}
