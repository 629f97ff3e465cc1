//! The HTTP part of a connection (RFC 6455 section 4.2), and the answers to requests that are
//! refused.
//!
//! [`frames::handshake`] decides what is lawful. No subprotocol and no extension is ever chosen, as
//! an echo has no use for them.

use std::{io, time::Duration};

use frames::handshake::{Rejection, RequestReader, UpgradeRequest};
use tokio::time::timeout;

use super::socket::TrackedSocket;
use crate::{page, registry::EndRequest};

const FULL: &str = "This server has as many connections as it allows, or they hold as much memory.\n";
const TOO_SLOW: &str = "The WebSocket handshake took too long.\n";

/// Why a request did not lead to a WebSocket.
#[derive(Debug)]
pub(super) enum UpgradeRefusal {
    /// The server is full, and told the peer so.
    Full,
    /// The peer asked for the page, and got it.
    Page,
    /// The peer took too long, and was told so if it still listens.
    TooSlow,
    /// The peer sent something else, and was told what is wrong.
    Rejected(Rejection),
    /// The peer went away.
    Gone(io::Error),
    /// The server asked the connection to end before the handshake was over.
    AskedToEnd(EndRequest),
}

/// Answers the peer's request within `limit`, with HTTP 503 if the server is `full`. A browser that
/// asks for the `page` gets it, if there is one.
///
/// What came of the request is left in `request`. Returns the request with the bytes that followed
/// it, which are frames: a peer should wait for the answer (section 4.1), but one that does not
/// loses nothing.
pub(super) async fn upgrade(
    socket: &mut TrackedSocket,
    request: &mut RequestReader,
    full: bool,
    page: Option<&str>,
    limit: Duration,
) -> Result<UpgradeRequest, UpgradeRefusal> {
    let handshake = async {
        let upgrade = receive(socket, request).await?;
        if !full {
            socket.write_all(&upgrade.response(None, None)).await.map_err(UpgradeRefusal::Gone)?;
        }
        Ok(upgrade)
    };
    let refusal = match timeout(limit, handshake).await {
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
        // This fits into the buffers of a new connection. A peer that does not take it is not
        // waited for.
        let _: Result<io::Result<()>, _> = timeout(limit, socket.write_all(&answer)).await;
    }
    Err(refusal)
}

/// Reads a request into `request`, however it is cut.
async fn receive(socket: &mut TrackedSocket, request: &mut RequestReader) -> Result<UpgradeRequest, UpgradeRefusal> {
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
        UpgradeRefusal::Gone(_) | UpgradeRefusal::AskedToEnd(_) | UpgradeRefusal::Page => return None,
        UpgradeRefusal::Rejected(rejection) => return Some(rejection.response()),
        UpgradeRefusal::Full => ("503 Service Unavailable", FULL),
        UpgradeRefusal::TooSlow => ("408 Request Timeout", TOO_SLOW),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    Some(answer.into_bytes())
}
