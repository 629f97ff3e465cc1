//! The client's side: what a server answers.

use httparse::{EMPTY_HEADER, Error, ParserConfig, Response, Status};

use super::declined::Declining;
use super::head::{Head, TooLong};
use super::{BEGINNING_BYTES, Fields, INTERIM_ANSWERS, Key, MOST_FIELDS, Refusal};

/// Reads the answer to a request, and decides on it.
#[derive(Debug)]
pub struct Answer<'a> {
    accept: String,
    offered: &'a [String],
    head: Head,
    interim: u32,
    refused: Option<Refused>,
}

/// A refusal whose words still come.
#[derive(Debug)]
enum Refused {
    NotHttp,
    Declining(Box<Declining>),
}

/// A lawful answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// All fields of the answer.
    pub fields: Fields,
    /// Interim answers that came before it.
    pub interim: u32,
    /// What came behind it: frames.
    pub behind: Vec<u8>,
}

/// The head of an answer.
struct Parsed {
    version: u8,
    status: u16,
    reason: Vec<u8>,
    fields: Fields,
}

impl<'a> Answer<'a> {
    /// Awaits the answer to a request with `key` that offers these subprotocols and no extension.
    pub fn new(key: &Key, offered: &'a [String]) -> Self {
        Self { accept: key.accept(), offered, head: Head::default(), interim: 0, refused: None }
    }

    /// Takes what a read brought. None while the decision, or what the server says with a refusal, is not there yet.
    ///
    /// # Errors
    /// The answer is refused. Nothing is to be taken after that.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<Accepted>, Refusal> {
        if let Some(Refused::Declining(declining)) = &mut self.refused {
            return if declining.take(bytes) { Err(self.finish()) } else { Ok(None) };
        }
        self.head.add(bytes);
        loop {
            if self.is_no_http() {
                self.refused = Some(Refused::NotHttp);
                let come = self.head.bytes();
                let enough = come.len() >= BEGINNING_BYTES || come.contains(&b'\n');
                return if enough { Err(self.finish()) } else { Ok(None) };
            }
            let Some(end) = self.head.end().map_err(|TooLong| Refusal::HeadTooLong)? else { return Ok(None) };
            let (head, behind) = self.head.bytes().split_at(end);
            let parsed = parse(head)?;
            match parsed.status {
                101 => {
                    let Parsed { version, fields, .. } = parsed;
                    let subprotocol = self.check(version, &fields)?;
                    let behind = behind.to_vec();
                    return Ok(Some(Accepted { subprotocol, fields, interim: self.interim, behind }));
                }
                100..200 if self.interim == INTERIM_ANSWERS => return Err(Refusal::TooManyInterim),
                100..200 => self.interim += 1,
                _ => {
                    let mut declining = Box::new(Declining::new(parsed.status, parsed.reason, parsed.fields));
                    let over = declining.take(behind);
                    self.refused = Some(Refused::Declining(declining));
                    return if over { Err(self.finish()) } else { Ok(None) };
                }
            }
            self.head.next(end);
        }
    }

    /// Whether the answer is refused, and only what the server says about that is awaited. It need not be for long.
    pub fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Whether anything came.
    pub fn has_begun(&self) -> bool {
        !self.head.all().is_empty()
    }

    /// The refusal of what came, as the stream has ended or nothing more is waited for.
    pub fn finish(&mut self) -> Refusal {
        match self.refused.take() {
            Some(Refused::Declining(declining)) => Refusal::Declined(Box::new(declining.finish())),
            Some(Refused::NotHttp) => Refusal::NotHttp(self.beginning()),
            None => self.cut_off(),
        }
    }

    /// What becomes of a head without an end. A server that says a status and closes has said enough.
    fn cut_off(&self) -> Refusal {
        let mut head = self.head.bytes().to_vec();
        let lines = head.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        head.truncate(lines);
        head.extend_from_slice(b"\r\n");
        match parse(&head) {
            Ok(Parsed { reason, fields, status, .. }) if status >= 200 => {
                Refusal::Declined(Box::new(Declining::new(status, reason, fields).finish()))
            }
            _ => Refusal::Ended(self.beginning()),
        }
    }

    /// Whether what came can't be the beginning of an answer.
    fn is_no_http(&self) -> bool {
        const NAME: &[u8] = b"HTTP/";
        let come = self.head.bytes();
        let compared = come.len().min(NAME.len());
        come[..compared] != NAME[..compared]
    }

    /// The first line, or some of it.
    fn beginning(&self) -> Vec<u8> {
        let come = self.head.bytes();
        let line = come.split(|&byte| byte == b'\n').next().unwrap_or_default();
        line[..line.len().min(BEGINNING_BYTES)].to_vec()
    }

    /// What RFC 6455, section 4.1 asks of an answer with status 101. Returns the subprotocol.
    fn check(&self, version: u8, fields: &Fields) -> Result<Option<String>, Refusal> {
        if version != 1 {
            return Err(Refusal::Version);
        }
        let said = |name| fields.first(name).map(<[u8]>::to_vec);
        let mut upgrades = fields.elements("upgrade");
        let websocket = upgrades.next().is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"));
        // Several protocols in a row would be another connection than this one.
        if !websocket || upgrades.next().is_some() {
            return Err(Refusal::NoUpgrade(said("upgrade")));
        }
        if !fields.lists("connection", "upgrade") {
            return Err(Refusal::NoConnection(said("connection")));
        }
        let mut accepts = fields.all("sec-websocket-accept");
        let accept = accepts.next().ok_or(Refusal::NoAccept)?;
        if accepts.next().is_some() {
            return Err(Refusal::SeveralAccepts);
        }
        if accept != self.accept.as_bytes() {
            return Err(Refusal::WrongAccept(accept.to_vec()));
        }
        // None was offered.
        if let Some(extension) = fields.first("sec-websocket-extensions") {
            return Err(Refusal::Extension(extension.to_vec()));
        }
        self.subprotocol(fields)
    }

    /// The subprotocol that the server chose: none, or one of those that were offered, letter by letter.
    fn subprotocol(&self, fields: &Fields) -> Result<Option<String>, Refusal> {
        let mut chosen = fields.all("sec-websocket-protocol");
        let Some(name) = chosen.next() else { return Ok(None) };
        if chosen.next().is_some() || name.contains(&b',') {
            return Err(Refusal::SeveralSubprotocols(name.to_vec()));
        }
        let offered = self.offered.iter().find(|offered| offered.as_bytes() == name);
        offered.map(|offered| Some(offered.clone())).ok_or_else(|| Refusal::Subprotocol(name.to_vec()))
    }
}

fn parse(head: &[u8]) -> Result<Parsed, Refusal> {
    let mut space = [EMPTY_HEADER; MOST_FIELDS];
    let mut response = Response::new(&mut space);
    let mut config = ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    match config.parse_response(&mut response, head) {
        Ok(Status::Complete(_)) => {}
        // The empty line is there, so it must be something else.
        Ok(Status::Partial) | Err(Error::Status | Error::Token) => return Err(Refusal::StatusLine),
        Err(Error::HeaderName) => return Err(Refusal::FieldName),
        Err(Error::HeaderValue) => return Err(Refusal::FieldValue),
        Err(Error::NewLine) => return Err(Refusal::LineEnd),
        Err(Error::TooManyHeaders) => return Err(Refusal::TooManyFields),
        Err(Error::Version) => return Err(Refusal::Version),
    }
    let (Some(version), Some(status)) = (response.version, response.code) else { return Err(Refusal::StatusLine) };
    // The parser shows no reason that is not ASCII, though it may be anything (RFC 9112, section 4).
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let reason = line.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or_default().trim_ascii().to_vec();
    Ok(Parsed { version, status, reason, fields: Fields::of(response.headers) })
}
