//! Asks a proxy for a tunnel to the server.
//!
//! ```text
//! http_connect.rs  CONNECT: what is said and heard, without I/O
//! socks5.rs        SOCKS 5, without I/O
//! refusal.rs       why there is no tunnel, in words
//! ```

mod http_connect;
mod refusal;
mod socks5;

use std::{
    io::{self, ErrorKind},
    os::fd::AsFd,
};

pub(super) use self::refusal::TunnelRefusal;
use self::{http_connect::HttpConnect, socks5::Socks5};
use crate::{
    clock::{Clock, Time},
    secrets::Secrets,
    transport::{
        Stream,
        connect_error::of_tls,
        io_kind,
        proxy::{ProxyProtocol, ProxyRoute},
        tls::TlsClient,
    },
};

/// Longest wait for the rest of a refusal, in nanoseconds.
const REFUSAL_WAIT: u64 = 200_000_000;

/// Bytes per read, at most.
const READ_BUFFER: usize = 1024;

/// Reads in a row, at most. Then other connections get their turn.
const READS_IN_A_ROW: u32 = 16;

/// A client that asks for a tunnel.
#[derive(Debug)]
pub(super) struct Tunnel {
    client: TunnelClient,
    /// TLS with the proxy.
    tls: Option<TlsClient>,
    /// Why writing failed. What the proxy said is still read.
    broken: Option<io::Error>,
    /// Until when the rest of a refusal is awaited.
    refused_until: Option<Time>,
    /// The last read may not have been the last one.
    read_on: bool,
}

/// How the proxy is spoken to.
#[derive(Debug)]
enum TunnelClient {
    Http(HttpConnect),
    Socks5(Socks5),
}

impl Tunnel {
    /// Asks a proxy for a tunnel. Nothing is sent before the first [`Self::advance`].
    pub(super) fn new(proxy: &ProxyRoute) -> Self {
        let target = proxy.target.clone();
        let client = match &proxy.protocol {
            ProxyProtocol::Http { tls, credentials } => {
                TunnelClient::Http(HttpConnect::new(target, credentials.as_ref(), tls.is_some()))
            }
            ProxyProtocol::Socks5 { credentials } => TunnelClient::Socks5(Socks5::new(target, credentials.clone())),
        };
        Self { client, tls: proxy.tls().cloned(), broken: None, refused_until: None, read_on: false }
    }

    /// Whether a part of an answer has come.
    pub(super) fn has_begun(&self) -> bool {
        match &self.client {
            TunnelClient::Http(client) => client.has_begun(),
            TunnelClient::Socks5(client) => client.has_begun(),
        }
    }

    /// What may be wrong if nothing has come.
    pub(super) fn silence_hint(&self) -> &'static str {
        match &self.client {
            TunnelClient::Http(_) => "",
            TunnelClient::Socks5(_) => " (if it is an HTTP proxy, try http://)",
        }
    }

    /// When to advance, if nothing comes before.
    pub(super) fn wake(&self) -> Option<Time> {
        if self.read_on { Some(Time::default()) } else { self.refused_until }
    }

    /// Writes and reads what it can. Returns the tunnel's first bytes once there is one. What the
    /// proxy says is shown without the `secrets`.
    pub(super) fn advance(
        &mut self,
        stream: &mut Stream<impl AsFd>,
        secrets: &Secrets,
        clock: &impl Clock,
    ) -> Result<Option<Vec<u8>>, TunnelRefusal> {
        self.read_on = false;
        for _ in 0..READS_IN_A_ROW {
            // Each answer may call for more to be said.
            if self.broken.is_none() {
                self.broken = self.write(stream).err();
            }
            // On the stack, to spare the connection's memory.
            let mut buffer = [0; READ_BUFFER];
            match stream.read(&mut buffer) {
                Ok(0) => return Err(self.refused(secrets)),
                Ok(bytes) => {
                    if let Some(early) = self.take(&buffer[..bytes], secrets)? {
                        return Ok(Some(early));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.wait(secrets, clock),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.end(error, secrets)),
            }
        }
        self.read_on = true;
        self.wait(secrets, clock)
    }

    fn write(&mut self, stream: &mut Stream<impl AsFd>) -> io::Result<()> {
        loop {
            let unsent = match &self.client {
                TunnelClient::Http(client) => client.unsent(),
                TunnelClient::Socks5(client) => client.unsent(),
            };
            if unsent.is_empty() {
                return stream.push();
            }
            match stream.write(unsent) {
                Ok(bytes) => match &mut self.client {
                    TunnelClient::Http(client) => client.wrote(bytes),
                    TunnelClient::Socks5(client) => client.wrote(bytes),
                },
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, bytes: &[u8], secrets: &Secrets) -> Result<Option<Vec<u8>>, TunnelRefusal> {
        match &mut self.client {
            TunnelClient::Http(client) => client.take(bytes, secrets),
            TunnelClient::Socks5(client) => client.take(bytes),
        }
    }

    fn is_refused(&self) -> bool {
        matches!(&self.client, TunnelClient::Http(client) if client.is_refused())
    }

    /// Waits for more, unless this is a refusal that has taken too long.
    fn wait(&mut self, secrets: &Secrets, clock: &impl Clock) -> Result<Option<Vec<u8>>, TunnelRefusal> {
        if !self.is_refused() {
            return Ok(None);
        }
        let now = clock.now();
        let until = *self.refused_until.get_or_insert_with(|| now.plus(REFUSAL_WAIT));
        if now < until { Ok(None) } else { Err(self.refused(secrets)) }
    }

    /// The error of an answer that was cut off.
    fn refused(&mut self, secrets: &Secrets) -> TunnelRefusal {
        match &mut self.client {
            TunnelClient::Http(client) => client.finish(secrets),
            TunnelClient::Socks5(client) => client.finish(),
        }
    }

    /// The error of a stream that can't be read.
    fn end(&mut self, error: io::Error, secrets: &Secrets) -> TunnelRefusal {
        // An end without TLS's farewell is an end, too. A refusal tells more than its cut.
        let ended = error.kind() == ErrorKind::UnexpectedEof && of_tls(&error).is_none();
        if ended || self.is_refused() {
            return self.refused(secrets);
        }
        let error = self.broken.take().unwrap_or(error);
        match self.tls.as_ref().zip(of_tls(&error)) {
            Some((tls, found)) => TunnelRefusal::of_tls(&tls.explain(found, false)),
            None => TunnelRefusal::new(io_kind(&error), error.to_string()),
        }
    }
}
