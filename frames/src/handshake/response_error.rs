//! The reasons to refuse a response.

use std::borrow::Cow;

use super::Declined;
use crate::deflate::ParameterError;

/// A response that opens no WebSocket. The server's bytes are kept unescaped: escape them before
/// you show them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// A status other than 101.
    #[error("the server answered with status {}", .0.status)]
    Declined(Box<Declined>),
    /// The bytes are no HTTP response. Holds their first line, at most
    /// [`BEGINNING_BYTES`](super::BEGINNING_BYTES).
    #[error("the answer is not HTTP")]
    NotHttp(Vec<u8>),
    /// A version of HTTP other than 1.1.
    #[error("the answer is in another version of HTTP than 1.1")]
    Version,
    /// The status line is malformed.
    #[error("the status line of the answer is malformed")]
    StatusLine,
    /// A field's name is no token, or a blank stands before its colon.
    #[error("the answer has a field whose name is malformed")]
    FieldName,
    /// A field's value has a control character.
    #[error("the answer has a field with a control character in its value")]
    FieldValue,
    /// A carriage return that ends no line.
    #[error("the answer has a carriage return that ends no line")]
    LineEnd,
    /// More than [`HEAD_BYTES`](super::HEAD_BYTES) without an end.
    #[error("the head of the answer is longer than 64 KiB")]
    HeadTooLong,
    /// More than [`MOST_FIELDS`](super::MOST_FIELDS).
    #[error("the answer has more than 128 header fields")]
    TooManyFields,
    /// More than [`INTERIM_RESPONSES`](super::INTERIM_RESPONSES).
    #[error("the server sent more than 16 interim answers (status 1xx)")]
    TooManyInterim,
    /// The stream ended before the response did. Holds its beginning; empty if nothing was
    /// received.
    #[error("the server closed the connection before its answer was complete")]
    Ended(Vec<u8>),
    /// Status 101 without `Upgrade: websocket`. Holds the value of that field, if any.
    #[error("the answer has status 101, but no `Upgrade: websocket`")]
    NoUpgrade(Option<Vec<u8>>),
    /// Status 101 without `Connection: Upgrade`. Holds the value of that field, if any.
    #[error("the answer has status 101, but no `Connection: Upgrade`")]
    NoConnection(Option<Vec<u8>>),
    /// No `Sec-WebSocket-Accept`.
    #[error("the answer has no Sec-WebSocket-Accept")]
    NoAccept,
    /// More than one `Sec-WebSocket-Accept`.
    #[error("the answer has more than one Sec-WebSocket-Accept")]
    SeveralAccepts,
    /// A `Sec-WebSocket-Accept` that does not follow from the key, as in a response to another
    /// request.
    #[error("the Sec-WebSocket-Accept of the answer does not follow from the key of the request")]
    WrongAccept(Vec<u8>),
    /// An extension that was not offered.
    #[error("the server chose an extension that was not offered")]
    Extension(Vec<u8>),
    /// A `Sec-WebSocket-Extensions` that breaks the grammar (RFC 6455, section 9.1).
    #[error("the Sec-WebSocket-Extensions of the answer is malformed")]
    MalformedExtension(Vec<u8>),
    /// Compression with parameters that RFC 7692, section 7.1 does not allow as an answer to what
    /// was offered. Holds the value of the field.
    #[error("the server chose permessage-deflate with wrong parameters: {error}")]
    DeflateParameters {
        /// What is wrong with them.
        error: ParameterError,
        /// The value of the field.
        said: Vec<u8>,
    },
    /// A subprotocol that was not offered.
    #[error("the server chose a subprotocol that was not offered")]
    Subprotocol(Vec<u8>),
    /// More than one `Sec-WebSocket-Protocol`, or a list.
    #[error("the server chose more than one subprotocol")]
    SeveralSubprotocols(Vec<u8>),
}

impl ResponseError {
    /// A name in snake case, such as `http_503` or `wrong_accept_key`. The set of names is small.
    pub fn kind(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Declined(declined) => return Cow::Owned(format!("http_{}", declined.status)),
            Self::NotHttp(_)
            | Self::Version
            | Self::StatusLine
            | Self::FieldName
            | Self::FieldValue
            | Self::LineEnd
            | Self::NoUpgrade(_)
            | Self::NoConnection(_) => "not_websocket",
            Self::HeadTooLong => "head_too_long",
            Self::TooManyFields => "too_many_fields",
            Self::TooManyInterim => "too_many_interim_answers",
            Self::Ended(_) => "eof",
            Self::NoAccept | Self::SeveralAccepts | Self::WrongAccept(_) => "wrong_accept_key",
            Self::Extension(_) => "extension_not_offered",
            Self::MalformedExtension(_) => "malformed_extension",
            Self::DeflateParameters { .. } => "wrong_extension_parameters",
            Self::Subprotocol(_) | Self::SeveralSubprotocols(_) => "subprotocol_not_offered",
        })
    }
}
