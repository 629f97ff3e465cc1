//! The HTTP part of a connection (RFC 6455 section 4.2), and what those get who do not pass it. What is lawful is for
//! [`frames::handshake`] to decide; no subprotocol and no extension is ever chosen, as an echo has no use for them.

use std::{io, time::Duration};

use frames::handshake::{Rejection, RequestReader, UpgradeRequest};
use tokio::time::timeout;

use crate::{connection::socket::TrackedSocket, page, registry::EndRequest};

const FULL: &str = "This server has as many connections as it allows, or they hold as much memory.\n";
const TOO_SLOW: &str = "The WebSocket handshake took too long.\n";

/// Why a handshake did not lead to a WebSocket.
#[derive(Debug)]
pub(crate) enum UpgradeRefusal {
    /// The server is full; the peer was told so.
    Full,
    /// The peer asked for the page instead, and got it.
    Page,
    /// The peer took too long; it was told so if it still listens.
    TooSlow,
    /// The peer sent something else; it was told so.
    Rejected(Rejection),
    /// The peer went away.
    Gone(io::Error),
    /// The server did not wait for the end of the handshake.
    Noticed(EndRequest),
}

/// Answers the peer's handshake within `limit`; with HTTP 503 if the server is `full`. With a `page`, a browser that asks for
/// it gets that. What came of the request is left in `asked`. Returns what came behind it, which is frames: a peer should wait
/// for the answer (section 4.1), but one that does not loses nothing.
pub(crate) async fn upgrade(
    socket: &mut TrackedSocket,
    asked: &mut RequestReader,
    full: bool,
    page: Option<&str>,
    limit: Duration,
) -> Result<Vec<u8>, UpgradeRefusal> {
    let handshake = async {
        let upgrade = receive(socket, asked).await?;
        if !full {
            socket.write_all(&upgrade.response()).await.map_err(UpgradeRefusal::Gone)?;
        }
        Ok(upgrade.remaining)
    };
    let refusal = match timeout(limit, handshake).await {
        Ok(Ok(_)) if full => UpgradeRefusal::Full,
        Ok(Ok(behind)) => return Ok(behind),
        Ok(Err(refusal)) => refusal,
        Err(_) => UpgradeRefusal::TooSlow,
    };
    let page = page.filter(|_| matches!(&refusal, UpgradeRefusal::Rejected(rejection) if rejection.is_plain()));
    let (refusal, answer) = match page.and_then(|page| page::answer(page, asked.bytes())) {
        Some(_) if full => (UpgradeRefusal::Full, answer(&UpgradeRefusal::Full)),
        Some(page) => (UpgradeRefusal::Page, Some(page.into_bytes())),
        None => {
            let answer = answer(&refusal);
            (refusal, answer)
        }
    };
    if let Some(answer) = answer {
        // What fits into the buffers of a fresh connection; a peer that won't take it is not waited for longer.
        let _: Result<io::Result<()>, _> = timeout(limit, socket.write_all(&answer)).await;
    }
    Err(refusal)
}

/// Reads a request, however it is cut, into `asked`.
async fn receive(socket: &mut TrackedSocket, asked: &mut RequestReader) -> Result<UpgradeRequest, UpgradeRefusal> {
    let mut space = [0; 1024];
    loop {
        let read = socket.read(&mut space).await.map_err(UpgradeRefusal::Gone)?;
        if read == 0 {
            return Err(UpgradeRefusal::Gone(io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(upgrade) = asked.take(&space[..read]).map_err(UpgradeRefusal::Rejected)? {
            return Ok(upgrade);
        }
    }
}

/// The answer to who is refused. None if nobody is there to read it.
fn answer(refusal: &UpgradeRefusal) -> Option<Vec<u8>> {
    let (status, body) = match refusal {
        UpgradeRefusal::Gone(_) | UpgradeRefusal::Noticed(_) | UpgradeRefusal::Page => return None,
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
