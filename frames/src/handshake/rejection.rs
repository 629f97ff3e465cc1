//! Why a server rejects a request, and the response that says so.

use std::fmt::Write;

/// A request that opens no WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Rejection {
    /// The reason.
    pub reason: RejectionReason,
    /// The request has the method HEAD, so the response has no body (RFC 9110, section 9.3.2).
    pub to_head: bool,
}

/// The reason to reject a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RejectionReason {
    /// The bytes are no HTTP request.
    #[error("this is not HTTP")]
    NotHttp,
    /// The request line is malformed.
    #[error("the request line is malformed")]
    RequestLine,
    /// A major version of HTTP other than 1.
    #[error("this server speaks HTTP/1.1 only")]
    Version,
    /// A field's name is no token, blanks stand between it and its colon, or a field is folded.
    #[error("a header field's name is malformed, or a field is folded")]
    FieldName,
    /// A field's value has a control character.
    #[error("a header field has a control character in its value")]
    FieldValue,
    /// A carriage return that ends no line.
    #[error("a carriage return ends no line")]
    LineEnd,
    /// The request line is longer than a head may be.
    #[error("the request target is longer than 64 KiB")]
    TargetTooLong,
    /// The head is longer than [`HEAD_BYTES`](super::HEAD_BYTES).
    #[error("the head is longer than 64 KiB")]
    HeadTooLong,
    /// More than [`MOST_FIELDS`](super::MOST_FIELDS).
    #[error("there are more than 128 header fields")]
    TooManyFields,
    /// No Host, several, or one that names no host (RFC 9112, section 3.2).
    #[error("there must be one Host field, and it must name a host")]
    Host,
    /// Neither a path nor a URL.
    #[error("the request target must be a path or a URL")]
    Target,
    /// Content-Length or Transfer-Encoding is malformed, or both are present (RFC 9112, section
    /// 6.3).
    #[error("it is not clear how long the request is")]
    Length,
    /// The request has content. A handshake has none.
    #[error("a WebSocket handshake has no content")]
    Content,
    /// A method other than GET.
    #[error("the method of a WebSocket handshake is GET")]
    Method,
    /// HTTP/1.0, which has no Upgrade (RFC 9110, section 7.8).
    #[error("a WebSocket handshake needs HTTP/1.1")]
    OldHttp,
    /// No `Upgrade: websocket`.
    #[error("the request does not ask for an upgrade to websocket")]
    NoUpgrade,
    /// No `Connection: Upgrade`.
    #[error("the request has no Connection: Upgrade")]
    NoConnection,
    /// No version of WebSocket, or one other than 13.
    #[error("this server speaks version 13 of WebSocket (Sec-WebSocket-Version)")]
    WebSocketVersion,
    /// Several versions of WebSocket.
    #[error("there must be one Sec-WebSocket-Version")]
    SeveralVersions,
    /// No key, several, or one that is not 16 bytes in base64.
    #[error("there must be one Sec-WebSocket-Key, of 16 bytes in base64")]
    Key,
    /// A subprotocol is no token, or is offered twice (RFC 6455, section 4.1).
    #[error("Sec-WebSocket-Protocol must name each subprotocol once, as a token")]
    Subprotocol,
    /// `Sec-WebSocket-Extensions` is malformed (RFC 6455, section 9.1).
    #[error("Sec-WebSocket-Extensions must be a list of extensions with parameters")]
    Extensions,
}

impl Rejection {
    /// Whether this is an ordinary HTTP request that asks for no WebSocket.
    pub fn is_plain(&self) -> bool {
        matches!(
            self.reason,
            RejectionReason::Method
                | RejectionReason::OldHttp
                | RejectionReason::NoUpgrade
                | RejectionReason::NoConnection
        )
    }

    /// Status code and reason phrase of the response.
    pub fn status(&self) -> &'static str {
        match self.reason {
            RejectionReason::Method => "405 Method Not Allowed",
            RejectionReason::TargetTooLong => "414 URI Too Long",
            RejectionReason::OldHttp
            | RejectionReason::NoUpgrade
            | RejectionReason::NoConnection
            | RejectionReason::WebSocketVersion => "426 Upgrade Required",
            RejectionReason::HeadTooLong | RejectionReason::TooManyFields => "431 Request Header Fields Too Large",
            RejectionReason::Version => "505 HTTP Version Not Supported",
            _ => "400 Bad Request",
        }
    }

    /// The response, after which the connection ends.
    pub fn response(&self) -> Vec<u8> {
        let status = self.status();
        let body = format!("This is a WebSocket server (RFC 6455), and this was no good handshake: {}.\n", self.reason);
        // RFC 6455, section 4.2.2 asks for the version; RFC 9110, section 15.5.22, for the upgrade.
        let (upgrade, fields) = match &status[..3] {
            "405" => ("", "Allow: GET\r\n"),
            "426" => (", upgrade", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
            _ => ("", ""),
        };
        let mut response = String::new();
        let _ = write!(
            response,
            "HTTP/1.1 {status}\r\nConnection: close{upgrade}\r\n{fields}Content-Type: text/plain\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        if !self.to_head {
            response.push_str(&body);
        }
        response.into_bytes()
    }
}
