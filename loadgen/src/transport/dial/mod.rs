//! Opens one connection: TCP, TLS, opening handshake.

mod tcp;
mod tls;
mod transport;
mod upgrade;

use std::{
    cell::{Cell, RefCell},
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use super::{ConnectError, ConnectionLimits, Route, counted_stream::CountedStream};
use crate::clock::{Clock as _, RealClock, Time};

pub(crate) use self::transport::Transport;

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
    route: Route,
    clock: RealClock,
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
    pub(crate) fn new(route: Route, clock: RealClock) -> Self {
        Self { route, clock, answering: Cell::new(0) }
    }

    /// Opens a connection, from `source` if one is given.
    pub(crate) async fn dial(&self, source: Option<IpAddr>) -> Result<DialedConnection, ConnectError> {
        let started = self.clock.now();
        let deadline = Instant::now() + self.route.timeout;
        let progress = DialProgress::default();
        let dialed = timeout_at(deadline, self.open(source, started, deadline, &progress)).await;
        dialed.unwrap_or_else(|_| Err(progress.timed_out(self.route.timeout)))
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
        let mut transport = match &self.route.tls {
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
        let opened = OpenConnection { stream, early_bytes: accepted.remaining, limits: self.route.limits };
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

#[cfg(test)]
mod tests;
