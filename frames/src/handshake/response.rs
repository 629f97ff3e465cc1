//! The client's side: the server's response.

use super::{
    Fields, Key, ResponseError,
    final_head::{FinalHead, FinalHeadReader},
};
use crate::{
    deflate::{self, DeflateOffer, DeflateParameters, ParameterError},
    extension::Extension,
};

/// Reads the response to a request, and decides on it. `O` holds the subprotocols that the request
/// offers: borrowed, owned or shared.
#[derive(Debug)]
pub struct ResponseReader<O> {
    accept: String,
    offered: O,
    deflate: Option<DeflateOffer>,
    reader: FinalHeadReader,
}

/// A lawful response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// The compression that was agreed. None if it was not offered, or if the server declined.
    pub deflate: Option<DeflateParameters>,
    /// All fields of the response.
    pub fields: Fields,
    /// Interim responses that came before it.
    pub interim: u32,
    /// The bytes that follow it: frames.
    pub remaining: Vec<u8>,
}

impl<O: AsRef<[String]>> ResponseReader<O> {
    /// Awaits the response to a request with `key` that offers these subprotocols and no extension.
    pub fn new(key: &Key, offered: O) -> Self {
        Self { accept: key.accept(), offered, deflate: None, reader: FinalHeadReader::awaiting(101..=101) }
    }

    /// Says that the request offers this compression, too.
    #[must_use]
    pub fn offering_deflate(self, offer: DeflateOffer) -> Self {
        Self { deflate: Some(offer), ..self }
    }

    /// Takes the bytes of a read. Returns none until the response is complete. Of a refusal, the
    /// first bytes of its body count as a part of it.
    ///
    /// # Errors
    /// The response is refused. Don't call this again after an error.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<Accepted>, ResponseError> {
        let Some(FinalHead { version, fields, interim, remaining }) = self.reader.take(bytes)? else { return Ok(None) };
        self.check(version, &fields)?;
        let (deflate, subprotocol) = (self.extensions(&fields)?, self.subprotocol(&fields)?);
        Ok(Some(Accepted { subprotocol, deflate, fields, interim, remaining }))
    }

    /// Whether the response is refused, and only its body is still read. The caller may stop
    /// waiting for that and call [`Self::finish`].
    pub fn is_refused(&self) -> bool {
        self.reader.is_refused()
    }

    /// Whether any byte was received.
    pub fn has_begun(&self) -> bool {
        self.reader.has_begun()
    }

    /// Decides on the bytes so far, when the stream has ended or the caller waits no longer.
    pub fn finish(&mut self) -> ResponseError {
        self.reader.finish()
    }

    /// Checks a response with status 101 (RFC 6455, section 4.1), but not what it chooses.
    fn check(&self, version: u8, fields: &Fields) -> Result<(), ResponseError> {
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
        Ok(())
    }

    /// The compression that the server chose: none, or what was offered, with lawful parameters.
    fn extensions(&self, fields: &Fields) -> Result<Option<DeflateParameters>, ResponseError> {
        const NAME: &str = "sec-websocket-extensions";
        let Some(said) = fields.first(NAME) else { return Ok(None) };
        let Some(offer) = &self.deflate else { return Err(ResponseError::Extension(said.to_vec())) };
        let mut agreed = None;
        for element in fields.elements(NAME) {
            let Some(extension) = Extension::parse(element) else {
                return Err(ResponseError::MalformedExtension(element.to_vec()));
            };
            if extension.name != deflate::NAME {
                return Err(ResponseError::Extension(element.to_vec()));
            }
            let parameters = if agreed.is_some() { Err(ParameterError::Twice) } else { offer.agreed(&extension) };
            let wrong = |error| ResponseError::DeflateParameters { error, said: element.to_vec() };
            agreed = Some(parameters.map_err(wrong)?);
        }
        if agreed.is_none() {
            return Err(ResponseError::MalformedExtension(said.to_vec()));
        }
        Ok(agreed)
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
