//! The HTTP part of a connection (RFC 6455 section 4.2), and what those get who do not pass it.

use std::{io, time::Duration};

use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_tungstenite::{
    accept_hdr_async_with_config,
    tungstenite::{
        Error,
        error::{CapacityError, ProtocolError},
        handshake::server::{ErrorResponse, Request, Response},
        http::{Response as HttpResponse, StatusCode},
        protocol::WebSocketConfig,
    },
};

use crate::{page, registry::Notice, socket::Socket};

const FULL: &str = "This server has as many connections as it allows.\n";
const NOT_A_HANDSHAKE: &str = "This is a WebSocket server (RFC 6455); open it with a WebSocket client.\n";
const TOO_SLOW: &str = "The WebSocket handshake took too long.\n";

/// Why a handshake did not lead to a WebSocket.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The server is full; the peer was told so.
    Full,
    /// The peer asked for the page instead, and got it.
    Page,
    /// The peer took too long; it was told so if it still listens.
    TooSlow,
    /// The peer sent something else; it was told so if it still listens.
    Failed(Error),
    /// The server did not wait for the end of the handshake.
    Noticed(Notice),
}

/// Answers the peer's handshake within `limit`; with HTTP 503 if the server is `full`. With a `page`, a browser that asks for
/// it gets that.
///
/// Only the handshake is done with the borrowed socket, so that it is still there to answer a bad one. What follows it can
/// be read from the socket: a peer must not send frames before it has the answer (section 4.1), and one that does is
/// refused.
pub(crate) async fn upgrade(
    socket: &mut Socket,
    full: bool,
    page: Option<&str>,
    limit: Duration,
) -> Result<(), Refusal> {
    #[allow(clippy::result_large_err, reason = "the library's signature; it is called once a connection")]
    let admit = |_: &Request, response: Response| if full { Err(unavailable()) } else { Ok(response) };
    // This WebSocket is dropped unused, so it shall not allocate its buffer.
    let config = WebSocketConfig::default().read_buffer_size(0);
    let handshake = async {
        socket.collect_head().await?;
        accept_hdr_async_with_config(&mut *socket, admit, Some(config)).await
    };
    let refusal = match timeout(limit, handshake).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(Error::Http(_))) => return Err(Refusal::Full),
        Ok(Err(error)) => Refusal::Failed(error),
        Err(_) => Refusal::TooSlow,
    };
    let page = page.filter(|_| matches!(&refusal, Refusal::Failed(error) if is_plain_request(error)));
    let (refusal, answer) = match page.and_then(|page| page::answer(page, socket.head())) {
        Some(_) if full => (Refusal::Full, answer(&Refusal::Full)),
        Some(page) => (Refusal::Page, Some(page)),
        None => {
            let answer = answer(&refusal);
            (refusal, answer)
        }
    };
    if let Some(answer) = answer {
        // What fits into the buffers of a fresh connection; a peer that won't take it is not waited for longer.
        let _: Result<io::Result<()>, _> = timeout(limit, socket.write_all(answer.as_bytes())).await;
    }
    Err(refusal)
}

/// Whether a handshake failed because the request is an ordinary one.
fn is_plain_request(error: &Error) -> bool {
    matches!(
        error,
        Error::Protocol(
            ProtocolError::WrongHttpMethod
                | ProtocolError::WrongHttpVersion
                | ProtocolError::MissingConnectionUpgradeHeader
                | ProtocolError::MissingUpgradeWebSocketHeader
        )
    )
}

/// The answer to who is refused. None if nobody is there to read it.
fn answer(refusal: &Refusal) -> Option<String> {
    let (status, header, body) = match refusal {
        Refusal::Failed(Error::Io(_) | Error::Protocol(ProtocolError::HandshakeIncomplete))
        | Refusal::Noticed(_)
        | Refusal::Page => return None,
        Refusal::Full => ("503 Service Unavailable", "", FULL),
        Refusal::TooSlow => ("408 Request Timeout", "", TOO_SLOW),
        Refusal::Failed(Error::Protocol(ProtocolError::WrongHttpMethod)) => {
            ("405 Method Not Allowed", "Allow: GET\r\n", NOT_A_HANDSHAKE)
        }
        Refusal::Failed(Error::Protocol(
            ProtocolError::WrongHttpVersion
            | ProtocolError::MissingConnectionUpgradeHeader
            | ProtocolError::MissingUpgradeWebSocketHeader
            | ProtocolError::MissingSecWebSocketVersionHeader,
        )) => {
            // The version header is what section 4.2.2 asks for; the upgrade header, RFC 9110 section 15.5.22.
            ("426 Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", NOT_A_HANDSHAKE)
        }
        Refusal::Failed(Error::Capacity(CapacityError::TooManyHeaders) | Error::AttackAttempt) => {
            ("431 Request Header Fields Too Large", "", NOT_A_HANDSHAKE)
        }
        Refusal::Failed(_) => ("400 Bad Request", "", NOT_A_HANDSHAKE),
    };
    let length = body.len();
    let upgrade = if header.starts_with("Upgrade") { ", upgrade" } else { "" };
    Some(format!(
        "HTTP/1.1 {status}\r\nConnection: close{upgrade}\r\n{header}Content-Type: text/plain\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    ))
}

fn unavailable() -> ErrorResponse {
    HttpResponse::builder()
        .status(StatusCode::SERVICE_UNAVAILABLE)
        .header("Connection", "close")
        .header("Content-Type", "text/plain")
        .header("Content-Length", FULL.len())
        .body(Some(FULL.to_owned()))
        .expect("a status and headers that are constants")
}
