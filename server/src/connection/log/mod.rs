//! What is logged of a connection, with `tracing`: one event when its handshake is over, and one
//! when it ends. No message is logged.
//!
//! Text that a peer chose is quoted and escaped before it leaves here. So it can't begin a line of
//! its own, nor send escapes to a terminal, whichever subscriber takes the events.

mod redaction;

use std::{fmt, net::SocketAddr, rc::Rc};

use tokio::net::TcpStream;
use tracing::{Level, field::display, info, warn};

use super::{
    admission::Overload,
    ending::Ending,
    handshake::{Agreement, UpgradeRefusal},
    transport::TlsAgreement,
};
use crate::{misbehaviour::FaultyEnd, registry::EndRequest};

/// The log of one connection. It is empty, and next to free, when no subscriber listens.
#[derive(Debug)]
pub(crate) struct ConnectionLog(Option<Box<Ends>>);

/// Both ends of a TCP connection, and the header fields whose values are shown.
#[derive(Debug)]
struct Ends {
    peer: SocketAddr,
    local: Option<SocketAddr>,
    values: Rc<[String]>,
}

impl ConnectionLog {
    /// The log of a connection to `peer`. It shows the names of all header fields, and the values
    /// of those named in `values`.
    pub(crate) fn new(tcp: &TcpStream, peer: SocketAddr, values: &Rc<[String]>) -> Self {
        let ends = || Box::new(Ends { peer, local: tcp.local_addr().ok(), values: Rc::clone(values) });
        Self(tracing::enabled!(Level::INFO).then(ends))
    }

    /// Logs that the request in `head` was answered with a WebSocket, and what was agreed on.
    pub(super) fn opened(&self, head: &[u8], tls: Option<TlsAgreement>, agreement: &Agreement) {
        let Some((peer, local)) = self.ends() else { return };
        let (line, fields) = self.request(head);
        let (tls, resumed) = (tls.map(|tls| tls.version), tls.filter(|tls| tls.resumed).map(|_| true));
        let (subprotocol, extension) = (agreement.subprotocol.as_deref(), agreement.deflate.map(|it| it.to_string()));
        info!(%peer, local, request = %line, fields = %fields, tls, resumed, subprotocol, extension, "opened");
    }

    /// Logs that the request in `head` led to no WebSocket, and why. `overload` says what the
    /// server is full of.
    pub(super) fn refused(&self, head: &[u8], refusal: &UpgradeRefusal, overload: Option<Overload>) {
        let Some((peer, local)) = self.ends() else { return };
        let (line, fields) = self.request(head);
        let why = match refusal {
            UpgradeRefusal::Page => return info!(%peer, local, request = %line, fields = %fields, "page"),
            UpgradeRefusal::Full if overload == Some(Overload::Memory) => {
                "all peers hold as much memory as allowed".to_owned()
            }
            UpgradeRefusal::Full => "as many connections as allowed".to_owned(),
            UpgradeRefusal::NoTls => "the peer speaks HTTP without TLS".to_owned(),
            UpgradeRefusal::Tls(why) => format!("TLS: {why}"),
            UpgradeRefusal::TooSlow => "too slow".to_owned(),
            UpgradeRefusal::AskedToEnd(request) => request.reason().to_owned(),
            UpgradeRefusal::Rejected(rejection) => rejection.to_string(),
            UpgradeRefusal::Gone(error) => format!("the peer went away: {error}"),
        };
        warn!(%peer, local, request = %line, fields = %fields, error = ?why, "no handshake");
    }

    /// Logs that the WebSocket is about to end, and why.
    pub(super) fn ended(&self, ending: &Ending) {
        let Some((peer, local)) = self.ends() else { return };
        let (code, reason) = ending.code_and_reason().unwrap_or_default();
        match ending {
            Ending::Closed(Some(_)) => info!(%peer, local, by = "peer", code, ?reason, "closed"),
            Ending::Closed(None) => info!(%peer, local, by = "peer", "closed without a code"),
            Ending::Asked(EndRequest::Memory) => {
                let error = "all peers held more memory than allowed, and this one most";
                warn!(%peer, local, by = "server", code, ?reason, error, "closed");
            }
            Ending::Asked(_) => info!(%peer, local, by = "server", code, ?reason, "closed"),
            Ending::Faulty(FaultyEnd::HostileClose) => {
                info!(%peer, local, by = "server", code, ?reason, "closed on purpose");
            }
            Ending::Faulty(FaultyEnd::Reset) => info!(%peer, local, "reset on purpose"),
            Ending::Violation(violation) => {
                warn!(%peer, local, by = "server", code, ?reason, error = ?violation.to_string(), "closed");
            }
            Ending::TooSlow => {
                let error = "too much waited for the peer when a message of its room came";
                warn!(%peer, local, by = "server", code, ?reason, error, "closed");
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
