//! The HTTP part of a connection (RFC 6455 section 4.2), and what those get who do not pass it.

use std::{io, time::Duration};

use tokio::time::timeout;
use tungstenite::{
    Error,
    error::{CapacityError, ProtocolError},
    handshake::{
        machine::TryParse,
        server::{Request, create_response, write_response},
    },
};

use crate::{page, registry::Notice, request::HEAD_BYTES, socket::Socket};

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
/// it gets that. What came of the request is left in `head`.
///
/// What follows the handshake can be read from the socket: a peer must not send frames before it has the answer (section
/// 4.1), and one that does is refused.
pub(crate) async fn upgrade(
    socket: &mut Socket,
    head: &mut Vec<u8>,
    full: bool,
    page: Option<&str>,
    limit: Duration,
) -> Result<(), Refusal> {
    let handshake = async {
        let request = receive(socket, head).await?;
        let mut answer = Vec::new();
        write_response(&mut answer, &create_response(&request)?)?;
        if !full {
            socket.write_all(&answer).await?;
        }
        Ok(())
    };
    let refusal = match timeout(limit, handshake).await {
        Ok(Ok(())) if full => Refusal::Full,
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => Refusal::Failed(error),
        Err(_) => Refusal::TooSlow,
    };
    let page = page.filter(|_| matches!(&refusal, Refusal::Failed(error) if is_plain_request(error)));
    let (refusal, answer) = match page.and_then(|page| page::answer(page, head)) {
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

/// Reads a request, however it is cut, into `head`.
async fn receive(socket: &mut Socket, head: &mut Vec<u8>) -> Result<Request, Error> {
    let mut space = [0; 1024];
    loop {
        let room = HEAD_BYTES - head.len();
        if room == 0 {
            return Err(Error::AttackAttempt);
        }
        let read = socket.read(&mut space[..room.min(1024)]).await?;
        if read == 0 {
            return Err(Error::Protocol(ProtocolError::HandshakeIncomplete));
        }
        let searched = head.len();
        head.extend_from_slice(&space[..read]);
        // Looked at once and not after each read, or a head in many small pieces would take long. What begins like no request is
        // not waited for.
        let hopeless = searched == 0 && !head[0].is_ascii_uppercase();
        if !hopeless && !ends_head(&head[searched.saturating_sub(2)..]) {
            continue;
        }
        match Request::try_parse(head)? {
            Some((size, request)) if size == head.len() => return Ok(request),
            Some(_) => return Err(Error::Protocol(ProtocolError::JunkAfterRequest)),
            None => {}
        }
    }
}

/// Whether a head, or what came with it, has an empty line. Lines may end without a carriage return (RFC 9112 section 2.2).
fn ends_head(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|end| end == b"\n\n") || bytes.windows(3).any(|end| end == b"\n\r\n")
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
