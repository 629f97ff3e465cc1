//! The opening handshake over a stream: RFC 6455, section 4.1.

use std::{
    io::{self, ErrorKind},
    os::fd::AsFd,
    sync::Arc,
};

use frames::handshake::{Accepted, Key, ResponseError, ResponseReader};
use url::Url;

use super::ends::Remote;
use crate::{
    clock::{Clock, Time},
    transport::{
        ConnectError, Route, Stream,
        connect_error::of_tls,
        redirect::{self, is_redirect},
        refusal_text,
        tls::TlsSummary,
    },
};

/// Longest wait for the rest of a refusal, in nanoseconds.
const REFUSAL_WAIT: u64 = 200_000_000;

/// Bytes per read, at most.
const READ_BUFFER: usize = 1024;

/// Reads in a row, at most. Then other connections get their turn.
const READS_IN_A_ROW: u32 = 16;

/// A request, and what has come of its response.
#[derive(Debug)]
pub(super) struct Upgrade {
    client: u32,
    /// Over TLS.
    secure: bool,
    request: Vec<u8>,
    /// Bytes of the request that were written.
    written: usize,
    /// Why writing failed. What the server said is still read.
    broken: Option<io::Error>,
    response: ResponseReader<Arc<[String]>>,
    /// What TLS has agreed on.
    tls: Option<TlsSummary>,
    /// Bytes that came before the request was sent.
    early: Vec<u8>,
    /// Until when the rest of a refusal is awaited. A server with an endless one must not hold the
    /// client.
    refused_until: Option<Time>,
    /// The last read may not have been the last one.
    read_on: bool,
}

/// What came of a request.
#[derive(Debug)]
pub(super) enum Answered {
    /// The connection is open.
    Accepted(Box<Accepted>),
    /// The server redirects to this URL, and that may be followed.
    Redirected(Url),
}

impl Upgrade {
    pub(super) fn new(route: &Route, client: u32, tls: Option<TlsSummary>) -> Self {
        let key = Key::random();
        let response = ResponseReader::new(&key, route.offered(client));
        Self {
            client,
            secure: route.destination(client).tls.is_some(),
            request: route.request(&key, client),
            written: 0,
            broken: None,
            tls,
            response: match route.compression {
                Some(offer) => response.offering_deflate(offer),
                None => response,
            },
            early: Vec::new(),
            refused_until: None,
            read_on: false,
        }
    }

    /// With bytes of the stream that were read already.
    pub(super) fn after(self, early: Vec<u8>) -> Self {
        Self { early, ..self }
    }

    /// Whether a part of the response has come.
    pub(super) fn has_begun(&self) -> bool {
        self.response.has_begun()
    }

    /// When to advance, if nothing comes before.
    pub(super) fn wake(&self) -> Option<Time> {
        if self.read_on { Some(Time::default()) } else { self.refused_until }
    }

    /// Writes and reads what it can. Returns the response once it is complete.
    pub(super) fn advance(
        &mut self,
        stream: &mut Stream<impl AsFd>,
        route: &Route,
        peer: Remote<'_>,
        clock: &impl Clock,
    ) -> Result<Option<Answered>, ConnectError> {
        if self.broken.is_none() {
            self.broken = self.write(stream).err();
        }
        let early = std::mem::take(&mut self.early);
        if let Some(answered) = self.take(&early, route, peer)? {
            return Ok(Some(answered));
        }
        self.read_on = false;
        for _ in 0..READS_IN_A_ROW {
            // On the stack, to spare the connection's memory.
            let mut buffer = [0; READ_BUFFER];
            match stream.read(&mut buffer) {
                Ok(0) => return self.refused(route, peer),
                Ok(bytes) => {
                    if let Some(answered) = self.take(&buffer[..bytes], route, peer)? {
                        return Ok(Some(answered));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.wait(route, peer, clock),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.end(error, route, peer),
            }
        }
        self.read_on = true;
        self.wait(route, peer, clock)
    }

    fn take(&mut self, bytes: &[u8], route: &Route, peer: Remote<'_>) -> Result<Option<Answered>, ConnectError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        match self.response.take(bytes) {
            Ok(Some(accepted)) if route.demands_subprotocol && accepted.subprotocol.is_none() => {
                Err(refusal_text::no_subprotocol(&peer, &route.offered(self.client)))
            }
            Ok(Some(accepted)) => {
                route.hear_cookies(self.client, &accepted.fields);
                Ok(Some(Answered::Accepted(Box::new(accepted))))
            }
            Ok(None) => Ok(None),
            Err(refusal) => self.decide(&refusal, route, peer),
        }
    }

    /// Follows a redirect, if that may be followed. Else the refusal is an error.
    fn decide(
        &self,
        refusal: &ResponseError,
        route: &Route,
        peer: Remote<'_>,
    ) -> Result<Option<Answered>, ConnectError> {
        let ResponseError::Declined(declined) = refusal else { return Err(self.explained(refusal, route, peer)) };
        route.hear_cookies(self.client, &declined.fields);
        match &route.redirects {
            Some(redirects) if is_redirect(declined) => {
                let told = |kind: &str, why: String| {
                    let words = refusal_text::explain(refusal, self.secure, &route.secrets_of(self.client));
                    Err(ConnectError::new(kind, format!("{peer}: {words} ({why})")))
                };
                match redirect::target(&route.url(self.client), declined) {
                    Err(error) => told(&refusal.kind(), format!("this redirect can't be followed: {error}")),
                    Ok(_) if redirects.left() == 0 => told(
                        "too_many_redirects",
                        format!("after as many redirects as --max-redirects {} allows", redirects.most()),
                    ),
                    Ok(url) => Ok(Some(Answered::Redirected(url))),
                }
            }
            _ => Err(self.explained(refusal, route, peer)),
        }
    }

    fn write(&mut self, stream: &mut Stream<impl AsFd>) -> io::Result<()> {
        while self.written < self.request.len() {
            match stream.write(&self.request[self.written..]) {
                Ok(bytes) => self.written += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        stream.push()
    }

    /// Waits for more, unless this is a refusal that has taken too long.
    fn wait(&mut self, route: &Route, peer: Remote<'_>, clock: &impl Clock) -> Result<Option<Answered>, ConnectError> {
        if !self.response.is_refused() {
            return Ok(None);
        }
        let now = clock.now();
        let until = *self.refused_until.get_or_insert_with(|| now.plus(REFUSAL_WAIT));
        if now < until { Ok(None) } else { self.refused(route, peer) }
    }

    /// Decides on a response that was cut off.
    fn refused(&mut self, route: &Route, peer: Remote<'_>) -> Result<Option<Answered>, ConnectError> {
        let refusal = self.response.finish();
        self.decide(&refusal, route, peer)
    }

    /// Decides once the stream can't be read.
    fn end(&mut self, error: io::Error, route: &Route, peer: Remote<'_>) -> Result<Option<Answered>, ConnectError> {
        // An end without TLS's farewell is an end, too.
        let ended = error.kind() == ErrorKind::UnexpectedEof && of_tls(&error).is_none();
        if ended || self.response.is_refused() {
            return self.refused(route, peer);
        }
        // A failed write tells why, unless the server did.
        let error = self.broken.take().unwrap_or(error);
        let of_tls = route.destination(self.client).tls.as_ref().zip(of_tls(&error));
        let wants_certificate = self.tls.is_some_and(|tls| tls.wants_certificate);
        Err(match of_tls {
            Some((tls, found)) => tls.explain(found, wants_certificate).at(&peer),
            None if self.has_begun() => ConnectError::io(&peer, &error),
            None => {
                let ConnectError { kind, detail } = ConnectError::io(&peer, &error);
                ConnectError { kind, detail: format!("{detail}{}", refusal_text::maybe_tls(self.secure)) }
            }
        })
    }

    /// A refusal in words.
    fn explained(&self, refusal: &ResponseError, route: &Route, peer: Remote<'_>) -> ConnectError {
        let words = refusal_text::explain(refusal, self.secure, &route.secrets_of(self.client));
        let kind = if refusal_text::is_tls(refusal) { "wants_tls".into() } else { refusal.kind() };
        ConnectError::new(&kind, format!("{peer}: {words}"))
    }
}
