//! Opens one connection: TCP, TLS, opening handshake.

mod tcp;
mod tls;
mod upgrade;

use std::{
    cell::{Cell, RefCell},
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::{HeaderName, HeaderValue};
use reports::escape::visible_part;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls::{self, ClientConfig, pki_types::ServerName};

use super::{counted_stream::CountedStream, stream::Transport};
use crate::{
    clock::{Clock, Time},
    secrets::Secrets,
};

/// A connection after its opening handshake, ready for an engine.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    /// Its byte stream.
    pub(crate) stream: CountedStream<Transport>,
    /// Bytes that the server sent right after its response.
    pub(crate) early_bytes: Vec<u8>,
    /// Its limits.
    pub(crate) limits: ConnectionLimits,
}

/// Limits that all connections share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    /// Largest accepted message in bytes. A larger one ends the connection.
    pub(crate) max_message: usize,
    /// Size of a connection's read buffer, if it has one of its own.
    pub(crate) read_buffer: usize,
    /// Bytes that all connections of a worker may hold together: messages that are not whole, and
    /// bytes that were not sent. Beyond, the one that holds most ends.
    pub(crate) memory: usize,
}

/// Characters of an error's text that are kept.
const DETAIL_SHOWN: usize = 300;

/// What all connections of a run have in common.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Addresses of the host, in the order to try.
    pub(crate) addresses: Vec<SocketAddr>,
    /// `Host` field of the handshake.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) resource: String,
    /// For `wss`: settings, and the name that the certificate must match.
    pub(crate) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// Further header fields. The handshake sets none of these itself.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Subprotocols that the header fields offer.
    pub(crate) offered: Vec<String>,
    /// Secrets that are masked in what a server says.
    pub(crate) secrets: Secrets,
    /// Longest wait for a connection to open.
    pub(crate) timeout: Duration,
    /// Limits of each connection.
    pub(crate) limits: ConnectionLimits,
}

/// Why a connection did not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub(crate) struct ConnectError {
    /// One of a small set of names, such as `refused` or `http_503`.
    pub(crate) kind: String,
    /// What happened, in words. May hold text that the server chose, escaped.
    pub(crate) detail: String,
}

impl ConnectError {
    fn new(kind: &str, detail: impl AsRef<str>) -> Self {
        Self { kind: kind.to_owned(), detail: visible_part(detail.as_ref(), DETAIL_SHOWN) }
    }

    fn io(peer: SocketAddr, error: &io::Error) -> Self {
        Self::new(io_kind(error), format!("{peer}: {error}"))
    }
}

/// A connection that opened, and how.
pub(crate) struct DialedConnection {
    /// The connection.
    pub(crate) opened: OpenConnection,
    /// Its local address.
    pub(crate) local: SocketAddr,
    /// Its peer.
    pub(crate) peer: SocketAddr,
    /// Nanoseconds from the start to the end of the handshake.
    pub(crate) took: u64,
}

/// Opens the connections of one worker.
#[derive(Debug)]
pub(crate) struct Dialer {
    endpoint: Endpoint,
    clock: Clock,
    /// Index of the address that answered last. It is tried first.
    answering: Cell<usize>,
}

/// How far a connection has come.
#[derive(Debug, Default)]
enum DialStage {
    #[default]
    Tcp,
    Tls(SocketAddr),
    Answer(SocketAddr),
    /// Part of the response has come.
    RestOfAnswer(SocketAddr),
}

/// What a time-out reports.
#[derive(Debug, Default)]
struct DialProgress {
    stage: RefCell<DialStage>,
    /// Addresses with a TCP connection under way.
    under_way: RefCell<Vec<SocketAddr>>,
    /// Errors of other addresses.
    failed: RefCell<Vec<ConnectError>>,
}

impl Dialer {
    pub(crate) fn new(mut endpoint: Endpoint, clock: Clock) -> Self {
        endpoint.addresses = tcp::interleaved(&endpoint.addresses);
        Self { endpoint, clock, answering: Cell::new(0) }
    }

    /// Opens a connection, from `source` if one is given.
    pub(crate) async fn dial(&self, source: Option<IpAddr>) -> Result<DialedConnection, ConnectError> {
        let started = self.clock.now();
        let deadline = Instant::now() + self.endpoint.timeout;
        let progress = DialProgress::default();
        let dialed = timeout_at(deadline, self.open(source, started, deadline, &progress)).await;
        dialed.unwrap_or_else(|_| Err(progress.timed_out(self.endpoint.timeout)))
    }

    async fn open(
        &self,
        source: Option<IpAddr>,
        started: Time,
        deadline: Instant,
        progress: &DialProgress,
    ) -> Result<DialedConnection, ConnectError> {
        let (tcp, peer) = self.tcp(source, progress).await?;
        let io = |error: io::Error| ConnectError::io(peer, &error);
        // Nagle's algorithm would delay a burst until the last one is acknowledged.
        tcp.set_nodelay(true).map_err(io)?;
        let local = tcp.local_addr().map_err(io)?;
        let mut transport = match &self.endpoint.tls {
            None => Transport::Plain(tcp),
            Some((config, name)) => {
                progress.reach(DialStage::Tls(peer));
                Transport::Tls(Box::new(tls::connect(config, name, tcp, peer).await?))
            }
        };
        progress.reach(DialStage::Answer(peer));
        let accepted = self.upgrade(&mut transport, peer, deadline, progress).await?;
        let took = self.clock.now().since(started);
        let stream = CountedStream::new(transport, self.clock);
        let opened = OpenConnection { stream, early_bytes: accepted.remaining, limits: self.endpoint.limits };
        Ok(DialedConnection { opened, local, peer, took })
    }
}

impl DialProgress {
    fn reach(&self, stage: DialStage) {
        *self.stage.borrow_mut() = stage;
    }

    fn timed_out(&self, timeout: Duration) -> ConnectError {
        let within = format!("within {}", humantime::format_duration(timeout));
        let detail = match *self.stage.borrow() {
            DialStage::Tcp => {
                let under_way: Vec<String> = self.under_way.borrow().iter().map(ToString::to_string).collect();
                let failed = self.failed.borrow();
                let mut said = vec![format!("no TCP connection to {} {within}", under_way.join(" or "))];
                said.extend(failed.iter().map(|error| error.detail.clone()));
                said.join("; ")
            }
            DialStage::Tls(peer) => {
                format!("no TLS handshake with {peer} {within} (if it does not speak TLS, try ws://)")
            }
            DialStage::Answer(peer) => format!("no answer to the opening handshake from {peer} {within}"),
            DialStage::RestOfAnswer(peer) => {
                format!("the answer to the opening handshake from {peer} did not end {within}")
            }
        };
        ConnectError::new("timeout", detail)
    }
}

/// Names an error of the operating system or of TLS.
pub(crate) fn io_kind(error: &io::Error) -> &'static str {
    use io::ErrorKind;
    match error.kind() {
        _ if of_tls(error).is_some() => "tls",
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "reset",
        ErrorKind::BrokenPipe => "broken_pipe",
        ErrorKind::TimedOut => "timeout",
        ErrorKind::UnexpectedEof => "eof",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "unreachable",
        _ => match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
            Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => "no_descriptor",
            _ => "io",
        },
    }
}

/// The TLS error inside, if there is one.
fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

#[cfg(test)]
mod tests;
