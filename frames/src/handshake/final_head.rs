//! Reads responses up to the final one (RFC 9110, section 15), which either does what was asked
//! for or declines.

use std::ops::RangeInclusive;

use httparse::{EMPTY_HEADER, Error, ParserConfig, Response, Status};

use super::{
    BEGINNING_BYTES, Fields, INTERIM_RESPONSES, MOST_FIELDS, ResponseError,
    declined::DeclinedReader,
    head::{HeadBuffer, HeadTooLong},
};

/// Reads responses up to the final one.
#[derive(Debug)]
pub(super) struct FinalHeadReader {
    /// Statuses that do what was asked for.
    awaited: RangeInclusive<u16>,
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

/// The head of a response that does what was asked for.
pub(super) struct FinalHead {
    /// Minor version of HTTP/1.
    pub(super) version: u8,
    pub(super) fields: Fields,
    /// Interim responses that came before it.
    pub(super) interim: u32,
    /// The bytes that follow it.
    pub(super) remaining: Vec<u8>,
}

/// The head of a response.
struct ResponseHead {
    version: u8,
    status: u16,
    reason: Vec<u8>,
    fields: Fields,
}

impl FinalHeadReader {
    /// Awaits a response with one of these statuses. Others than interim ones decline.
    pub(super) fn awaiting(awaited: RangeInclusive<u16>) -> Self {
        Self { awaited, head: HeadBuffer::default(), interim: 0, refused: None }
    }

    /// Takes the bytes of a read. Returns none until the head is complete. Of a refusal, the first
    /// bytes of its body count as a part of it.
    ///
    /// # Errors
    /// The response is refused. Don't call this again after an error.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Option<FinalHead>, ResponseError> {
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
            let ResponseHead { version, status, reason, fields } = parse(head)?;
            match status {
                _ if self.awaited.contains(&status) => {
                    let (interim, remaining) = (self.interim, remaining.to_vec());
                    return Ok(Some(FinalHead { version, fields, interim, remaining }));
                }
                100 | 102..200 if self.interim == INTERIM_RESPONSES => return Err(ResponseError::TooManyInterim),
                100 | 102..200 => self.interim += 1,
                _ => {
                    let mut declined = Box::new(DeclinedReader::new(status, reason, fields));
                    let over = declined.take(remaining);
                    self.refused = Some(Refused::Declined(declined));
                    return if over { Err(self.finish()) } else { Ok(None) };
                }
            }
            self.head.next(end);
        }
    }

    /// Whether the response is refused, and only its body is still read.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Whether any byte was received.
    pub(super) fn has_begun(&self) -> bool {
        !self.head.all().is_empty()
    }

    /// Decides on the bytes so far, when the stream has ended or the caller waits no longer.
    pub(super) fn finish(&mut self) -> ResponseError {
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
            Ok(ResponseHead { reason, fields, status, .. }) if status >= 200 && !self.awaited.contains(&status) => {
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
