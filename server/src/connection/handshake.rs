//! The HTTP part of a connection (RFC 6455 section 4.2), and the answers to requests that are
//! refused.
//!
//! [`frames::handshake`] decides what is lawful. No subprotocol and no extension is ever chosen, as
//! an echo has no use for them.

use std::{io, time::Duration};

use frames::handshake::{Rejection, RequestReader, UpgradeRequest};
use tokio::time::{Instant, timeout, timeout_at};

use super::socket::TrackedSocket;
use crate::{page, registry::EndRequest};

const FULL: &str = "This server has as many connections as it allows, or they hold as much memory.\n";
const NO_TLS: &str = "This server speaks TLS. Try wss:// or https://.\n";
const TOO_SLOW: &str = "The WebSocket handshake took too long.\n";

/// Why a request did not lead to a WebSocket.
#[derive(Debug)]
pub(super) enum UpgradeRefusal {
    /// The server is full, and told the peer so.
    Full,
    /// The peer asked for the page, and got it.
    Page,
    /// The peer sent HTTP where the server speaks TLS, and was told so.
    NoTls,
    /// The TLS handshake failed, for this reason.
    Tls(String),
    /// The peer took too long, and was told so if it still listens.
    TooSlow,
    /// The peer sent something else, and was told what is wrong.
    Rejected(Rejection),
    /// The peer went away.
    Gone(io::Error),
    /// The server asked the connection to end before the handshake was over.
    AskedToEnd(EndRequest),
}

/// Answers the peer's request until `deadline`, with HTTP 503 if the server is `full`. A browser
/// that asks for the `page` gets it, if there is one. A refusal may take `limit` to be sent.
///
/// What came of the request is left in `request`. Returns the request with the bytes that followed
/// it, which are frames: a peer should wait for the answer (section 4.1), but one that does not
/// loses nothing.
pub(super) async fn upgrade(
    socket: &mut TrackedSocket,
    request: &mut RequestReader,
    full: bool,
    page: Option<&str>,
    deadline: Instant,
    limit: Duration,
) -> Result<UpgradeRequest, UpgradeRefusal> {
    let handshake = async {
        let upgrade = receive(socket, request).await?;
        if !full {
            socket.write_all(&upgrade.response(None, None)).await.map_err(UpgradeRefusal::Gone)?;
        }
        Ok(upgrade)
    };
    let refusal = match timeout_at(deadline, handshake).await {
        Ok(Ok(_)) if full => UpgradeRefusal::Full,
        Ok(Ok(upgrade)) => return Ok(upgrade),
        Ok(Err(refusal)) => refusal,
        Err(_) => UpgradeRefusal::TooSlow,
    };
    let page = page.filter(|_| matches!(&refusal, UpgradeRefusal::Rejected(rejection) if rejection.is_plain()));
    let (refusal, answer) = match page.and_then(|page| page::answer(page, request.bytes())) {
        Some(_) if full => (UpgradeRefusal::Full, answer(&UpgradeRefusal::Full)),
        Some(page) => (UpgradeRefusal::Page, Some(page.into_bytes())),
        None => {
            let answer = answer(&refusal);
            (refusal, answer)
        }
    };
    if let Some(answer) = answer {
        send(socket, &answer, limit).await;
    }
    Err(refusal)
}

/// Tells a peer why its connection led to no request, if that can be told.
pub(super) async fn tell(socket: &mut TrackedSocket, refusal: &UpgradeRefusal, limit: Duration) {
    if let Some(answer) = answer(refusal) {
        send(socket, &answer, limit).await;
    }
}

/// Sends the answer to a refused request. It fits into the buffers of a new connection. A peer that
/// does not take it is not waited for.
async fn send(socket: &mut TrackedSocket, answer: &[u8], limit: Duration) {
    let _: Result<io::Result<()>, _> = timeout(limit, socket.write_all(answer)).await;
}

/// Reads a request into `request`, however it is cut.
pub(super) async fn receive(
    socket: &mut TrackedSocket,
    request: &mut RequestReader,
) -> Result<UpgradeRequest, UpgradeRefusal> {
    let mut space = [0; 1024];
    loop {
        let read = socket.read(&mut space).await.map_err(UpgradeRefusal::Gone)?;
        if read == 0 {
            return Err(UpgradeRefusal::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(upgrade) = request.take(&space[..read]).map_err(UpgradeRefusal::Rejected)? {
            return Ok(upgrade);
        }
    }
}

/// The answer to a refused request. `None` if there is no more to say, or nobody to read it.
fn answer(refusal: &UpgradeRefusal) -> Option<Vec<u8>> {
    let (status, body) = match refusal {
        UpgradeRefusal::Gone(_)
        | UpgradeRefusal::AskedToEnd(_)
        | UpgradeRefusal::Page
        // An alert has said it.
        | UpgradeRefusal::Tls(_) => return None,
        UpgradeRefusal::Rejected(rejection) => return Some(rejection.response()),
        UpgradeRefusal::Full => ("503 Service Unavailable", FULL),
        UpgradeRefusal::NoTls => ("400 Bad Request", NO_TLS),
        UpgradeRefusal::TooSlow => ("408 Request Timeout", TOO_SLOW),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    Some(answer.into_bytes())
}
