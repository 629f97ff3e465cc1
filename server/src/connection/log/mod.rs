//! What is said about a connection, with `tracing`: once when its handshake is over, once when it ends. Nothing is said
//! about a message.
//!
//! Whatever a peer chose is quoted and escaped before it leaves here, so that it can neither begin a line of its own nor
//! reach a terminal, whoever takes the events.

mod redaction;

use std::{fmt, io, net::SocketAddr, rc::Rc};

use tokio::net::TcpStream;
use tracing::{Level, field::display, info, warn};

use crate::{
    connection::closing::{Ending, HOSTILE_REASON, reason},
    connection::handshake::UpgradeRefusal,
    registry::EndRequest,
    workers::worker::Overload,
};

/// The log of one connection. Empty, and next to free, when nobody listens.
#[derive(Debug)]
pub(crate) struct Log(Option<Box<Ends>>);

/// Both ends of the TCP connection, and of which header fields the values are shown.
#[derive(Debug)]
struct Ends {
    peer: SocketAddr,
    local: Option<SocketAddr>,
    values: Rc<[String]>,
}

impl Log {
    /// Of a connection to `peer`. Of header fields, the log has the names, and the values of those named in `values`.
    pub(crate) fn of(tcp: &TcpStream, peer: SocketAddr, values: &Rc<[String]>) -> Self {
        let ends = || Box::new(Ends { peer, local: tcp.local_addr().ok(), values: Rc::clone(values) });
        Self(tracing::enabled!(Level::INFO).then(ends))
    }

    /// The request in `head` was answered with a WebSocket.
    pub(crate) fn opened(&self, head: &[u8]) {
        let Some((peer, local)) = self.ends() else { return };
        let (line, fields) = self.request(head);
        info!(%peer, local, request = %line, fields = %fields, "opened");
    }

    /// The request in `head` was not answered with a WebSocket; `overload` if that is why.
    pub(crate) fn refused(&self, head: &[u8], refusal: &UpgradeRefusal, overload: Option<Overload>) {
        let Some((peer, local)) = self.ends() else { return };
        let (line, fields) = self.request(head);
        let why = match refusal {
            UpgradeRefusal::Page => return info!(%peer, local, request = %line, fields = %fields, "page"),
            UpgradeRefusal::Full if overload == Some(Overload::Memory) => {
                "all peers hold as much memory as allowed".to_owned()
            }
            UpgradeRefusal::Full => "as many connections as allowed".to_owned(),
            UpgradeRefusal::TooSlow => "too slow".to_owned(),
            UpgradeRefusal::Noticed(notice) => notice.reason().to_owned(),
            UpgradeRefusal::Rejected(rejection) => rejection.to_string(),
            UpgradeRefusal::Gone(error) => format!("the peer went away: {error}"),
        };
        warn!(%peer, local, request = %line, fields = %fields, error = ?why, "no handshake");
    }

    /// The WebSocket is about to end.
    pub(crate) fn ended(&self, ending: &Ending) {
        let Some((peer, local)) = self.ends() else { return };
        match ending {
            Ending::Closed(Some((code, reason))) => {
                info!(%peer, local, by = "peer", code, ?reason, "closed");
            }
            Ending::Closed(None) => info!(%peer, local, by = "peer", "closed without a code"),
            Ending::EndRequest(EndRequest::Memory) => {
                let error = "all peers held more memory than allowed, and this one most";
                warn!(%peer, local, by = "server", code = 1013, reason = ?EndRequest::Memory.reason(), error, "closed");
            }
            Ending::EndRequest(notice) => {
                info!(%peer, local, by = "server", code = notice.code(), reason = ?notice.reason(), "closed");
            }
            Ending::Hostile => {
                info!(%peer, local, by = "server", code = 1011, reason = ?HOSTILE_REASON, "closed on purpose");
            }
            Ending::Reset => info!(%peer, local, "reset on purpose"),
            Ending::Fault(violation) => {
                let (code, reason, error) = (violation.close_code(), reason(*violation), violation.to_string());
                warn!(%peer, local, by = "server", code, ?reason, ?error, "closed");
            }
            Ending::HalfClosed => warn!(%peer, local, error = "the peer ended without a Close", "ended"),
            Ending::Broken(error) => warn!(%peer, local, error = ?error.to_string(), "ended"),
            Ending::Stalled => warn!(%peer, local, error = "the peer took nothing for too long", "ended"),
        }
    }

    fn request(&self, head: &[u8]) -> (String, String) {
        redaction::request(head, self.0.as_ref().map_or(&[], |ends| &ends.values))
    }

    fn ends(&self) -> Option<(SocketAddr, Option<impl tracing::Value + fmt::Debug + use<>>)> {
        self.0.as_ref().map(|ends| (ends.peer, ends.local.map(display)))
    }
}

/// Connections could not be accepted, so many times since this was told last.
pub(crate) fn not_accepted(error: &io::Error, times: u64) {
    warn!(%error, times, "not accepted");
}
