//! The HTTP part of a connection (RFC 6455 section 4.2), and the answers to requests that are
//! refused.
//!
//! [`frames::handshake`] decides what is lawful. A subprotocol is chosen if the server was given
//! its name; an echo has no use for it. The only extension is compression.

use std::{io, time::Duration};

use frames::{
    deflate::DeflateParameters,
    handshake::{Rejection, RequestReader, UpgradeRequest},
};
use tokio::time::{Instant, timeout, timeout_at};

use super::{context::ConnectionContext, socket::TrackedSocket};
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
/// that asks for the page gets it, if there is one.
///
/// What came of the request is left in `request`. Returns the request with the bytes that followed
/// it, which are frames: a peer should wait for the answer (section 4.1), but one that does not
/// loses nothing. Returns what was agreed on as well.
pub(super) async fn upgrade(
    socket: &mut TrackedSocket,
    request: &mut RequestReader,
    full: bool,
    context: &ConnectionContext,
    deadline: Instant,
) -> Result<(UpgradeRequest, Agreement), UpgradeRefusal> {
    let handshake = async {
        let upgrade = receive(socket, request).await?;
        let agreement = Agreement::on(&upgrade, context);
        if !full {
            let response = upgrade.response(agreement.subprotocol.as_deref(), agreement.deflate);
            socket.write_all(&response).await.map_err(UpgradeRefusal::Gone)?;
        }
        Ok((upgrade, agreement))
    };
    let refusal = match timeout_at(deadline, handshake).await {
        Ok(Ok(_)) if full => UpgradeRefusal::Full,
        Ok(Ok(upgrade)) => return Ok(upgrade),
        Ok(Err(refusal)) => refusal,
        Err(_) => UpgradeRefusal::TooSlow,
    };
    let page = context
        .page
        .as_deref()
        .filter(|_| matches!(&refusal, UpgradeRefusal::Rejected(rejection) if rejection.is_plain()));
    let (refusal, answer) = match page.and_then(|page| page::answer(page, request.bytes())) {
        Some(_) if full => (UpgradeRefusal::Full, answer(&UpgradeRefusal::Full)),
        Some(page) => (UpgradeRefusal::Page, Some(page.into_bytes())),
        None => {
            let answer = answer(&refusal);
            (refusal, answer)
        }
    };
    if let Some(answer) = answer {
        send(socket, &answer, context.limits.handshake).await;
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

/// What the ends of a connection agreed on in their opening handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agreement {
    pub(super) subprotocol: Option<String>,
    /// How messages are compressed, if they may be.
    pub(super) deflate: Option<DeflateParameters>,
}

impl Agreement {
    /// What the server chooses: the first subprotocol that the client offers and the server has,
    /// and compression if both want it.
    fn on(request: &UpgradeRequest, context: &ConnectionContext) -> Self {
        let subprotocol = request.subprotocols.iter().find(|offered| context.subprotocols.contains(offered));
        let deflate = context.compression.and_then(|settings| settings.choose(&request.deflate));
        Self { subprotocol: subprotocol.cloned(), deflate }
    }
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
