//! Opens one connection: TCP, TLS, opening handshake.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use reports::escape;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{self};

use super::transport::Transport;
use super::wire::{Wire, end_of_head};
use crate::clock::{Clock, Time};

/// A connection behind its opening handshake, which is tungstenite's, whatever moves the messages then.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Its bytes.
    pub(crate) wire: Wire<Transport>,
    /// What the server sent right behind its answer.
    pub(crate) behind: Vec<u8>,
    /// What it may take.
    pub(crate) bounds: Bounds,
}

/// Bounds of a connection, which are the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Largest message that is taken, in bytes; a larger one ends the connection.
    pub(crate) max_message: usize,
    /// Size of a connection's read buffer, where it has one of its own.
    pub(crate) read_buffer: usize,
}

/// Bytes of an error's text that are kept.
const DETAIL_SHOWN: usize = 200;

/// What the connections of a run have in common.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Where the host's name leads, in the order to try.
    pub(crate) addresses: Vec<SocketAddr>,
    /// `Host` field of the handshake.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) resource: String,
    /// For `wss`: settings, and the name that the certificate must be for.
    pub(crate) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// Further header fields.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Longest wait for a connection to open.
    pub(crate) timeout: Duration,
    /// What a connection may take.
    pub(crate) bounds: Bounds,
}

/// Why a connection did not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub(crate) struct ConnectError {
    /// One of a small set of names, such as `refused` or `http_503`.
    pub(crate) kind: String,
    /// The same in words. May hold text that the server chose, escaped.
    pub(crate) detail: String,
}

impl ConnectError {
    fn new(kind: &str, detail: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), detail: detail.into() }
    }

    fn io(error: &io::Error) -> Self {
        Self::new(io_kind(error), error.to_string())
    }
}

/// A connection that opened.
pub(crate) struct Dialed {
    /// The connection.
    pub(crate) opened: Opened,
    /// Its local address.
    pub(crate) local: SocketAddr,
    /// Its peer.
    pub(crate) peer: SocketAddr,
    /// Nanoseconds from the start to the end of the handshake.
    pub(crate) took: u64,
}

/// Opens connections of one worker.
#[derive(Debug)]
pub(crate) struct Dialer {
    endpoint: Endpoint,
    clock: Clock,
    /// Which address answered; the others need not be tried again.
    answering: Cell<usize>,
}

impl Dialer {
    pub(crate) fn new(endpoint: Endpoint, clock: Clock) -> Self {
        Self { endpoint, clock, answering: Cell::new(0) }
    }

    /// Opens a connection from `source`, if one is given.
    pub(crate) async fn dial(&self, source: Option<IpAddr>) -> Result<Dialed, ConnectError> {
        let started = self.clock.now();
        let timeout = self.endpoint.timeout;
        let stage = Cell::new("TCP connection");
        tokio::time::timeout(timeout, self.open(source, started, &stage)).await.unwrap_or_else(|_| {
            let (stage, timeout) = (stage.get(), humantime::format_duration(timeout));
            Err(ConnectError::new("timeout", format!("no {stage} within {timeout}")))
        })
    }

    async fn open(
        &self,
        source: Option<IpAddr>,
        started: Time,
        stage: &Cell<&'static str>,
    ) -> Result<Dialed, ConnectError> {
        let tcp = self.tcp(source).await?;
        let io = |error: io::Error| ConnectError::io(&error);
        // Nagle's algorithm would hold a burst back until the one before is acknowledged.
        tcp.set_nodelay(true).map_err(io)?;
        let (local, peer) = (tcp.local_addr().map_err(io)?, tcp.peer_addr().map_err(io)?);
        let transport = match &self.endpoint.tls {
            None => Transport::Plain(tcp),
            Some((config, name)) => {
                stage.set("TLS handshake");
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(name.clone(), tcp).await;
                Transport::Tls(Box::new(stream.map_err(|error| tls_error(&error))?))
            }
        };
        stage.set("answer to the opening handshake");
        let wire = Wire::new(transport, self.clock).before_head();
        let answered = tokio_tungstenite::client_async(self.request()?, wire).await;
        let (handshaken, _response) = answered.map_err(|error| handshake_error(&error))?;
        let took = self.clock.now().since(started);
        // The buffers of the handshake, four kilobytes, would stay with the connection for good.
        let mut wire = handshaken.into_inner();
        let head = wire.take_head();
        let behind = end_of_head(&head).map(|end| head[end..].to_vec()).unwrap_or_default();
        Ok(Dialed { opened: Opened { wire, behind, bounds: self.endpoint.bounds }, local, peer, took })
    }

    /// A TCP connection to the first address that answers.
    async fn tcp(&self, source: Option<IpAddr>) -> Result<TcpStream, ConnectError> {
        let addresses = &self.endpoint.addresses;
        let mut failed = ConnectError::new("dns", "the host has no address");
        for index in (0..addresses.len()).map(|tried| (self.answering.get() + tried) % addresses.len()) {
            match connect(addresses[index], source).await {
                Ok(tcp) => {
                    self.answering.set(index);
                    return Ok(tcp);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// The opening handshake: RFC 6455, section 4.1.
    fn request(&self) -> Result<Request<()>, ConnectError> {
        let mut request = Request::builder()
            .uri(format!("ws://{}{}", self.endpoint.authority, self.endpoint.resource))
            .header("Host", &self.endpoint.authority)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", generate_key());
        for (name, value) in &self.endpoint.headers {
            request = request.header(name, value);
        }
        request.body(()).map_err(|error| ConnectError::new("other", error.to_string()))
    }
}

fn tls_error(error: &io::Error) -> ConnectError {
    use tokio_rustls::rustls::Error;
    let certificate = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let hint = match certificate {
        Some(Error::InvalidCertificate(_)) => " (--insecure takes any certificate)",
        _ => "",
    };
    ConnectError::new("tls", format!("{error}{hint}"))
}

async fn connect(peer: SocketAddr, source: Option<IpAddr>) -> Result<TcpStream, ConnectError> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| ConnectError::io(&error))?;
    if let Some(source) = source {
        bind(&socket, source, peer)?;
    }
    reach(socket, peer, source).await
}

/// Has `socket` connect from `source`.
fn bind(socket: &TcpSocket, source: IpAddr, peer: SocketAddr) -> Result<(), ConnectError> {
    // The port is for `connect` to choose, which shares it between peers; `bind` would take it from all of them.
    // Where the system has no such option, that is how it is.
    let _ = setsockopt(socket, IpBindAddressNoPort, &true);
    socket.bind(SocketAddr::new(source, 0)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            ConnectError::new("source_address", format!("this machine can't connect from {source} (--source-ip)"))
        }
        io::ErrorKind::AddrInUse => no_port(peer, Some(source)),
        _ => ConnectError::io(&error),
    })
}

/// Connects `socket`, which is bound to `source` if one is given.
async fn reach(socket: TcpSocket, peer: SocketAddr, source: Option<IpAddr>) -> Result<TcpStream, ConnectError> {
    socket.connect(peer).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrNotAvailable if !has_address_for(peer) => {
            let family = if peer.is_ipv4() { "IPv4" } else { "IPv6" };
            ConnectError::new(
                "source_address",
                format!("this machine has no {family} address to connect to {peer} from"),
            )
        }
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => no_port(peer, source),
        _ => ConnectError::io(&error),
    })
}

/// Whether this machine has an address to send to `peer` from: the same error says that it has not, and that all ports are
/// taken. Sends nothing.
fn has_address_for(peer: SocketAddr) -> bool {
    let any = if peer.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    let sent = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(peer));
    !sent.is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable)
}

/// All ports of the source address are taken.
fn no_port(peer: SocketAddr, source: Option<IpAddr>) -> ConnectError {
    let from = source.map_or_else(String::new, |source| format!(" from {source}"));
    let remedy = "fewer --clients, more addresses for --source-ip, or a wider net.ipv4.ip_local_port_range";
    ConnectError::new("no_port", format!("no local port is left to connect to {peer}{from}: use {remedy}"))
}

fn handshake_error(error: &tungstenite::Error) -> ConnectError {
    use tungstenite::Error;
    let detail = escape(error.to_string().as_bytes(), DETAIL_SHOWN);
    let kind = match error {
        Error::Http(response) => {
            let status = response.status();
            return ConnectError::new(&format!("http_{}", status.as_u16()), format!("the server answered {status}"));
        }
        Error::Protocol(ProtocolError::SecWebSocketAcceptKeyMismatch) => "wrong_accept_key",
        Error::Protocol(ProtocolError::HandshakeIncomplete) => "eof",
        Error::Protocol(_) | Error::HttpFormat(_) | Error::Capacity(_) | Error::AttackAttempt | Error::Utf8(_) => {
            "not_websocket"
        }
        Error::Io(error) => io_kind(error),
        _ => "other",
    };
    ConnectError::new(kind, detail)
}

/// Names an error of the operating system.
pub(crate) fn io_kind(error: &io::Error) -> &'static str {
    use io::ErrorKind;
    match error.kind() {
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

#[cfg(test)]
mod tests;
