//! Opens one connection: TCP, TLS, opening handshake.
//!
//! An [`Opening`] is a state machine over non-blocking sockets. An engine calls
//! [`Opening::advance`] when a socket has something, and when [`Opening::wake`] has come. Nothing
//! blocks, and the time is the clock's that is passed in.
//!
//! ```text
//! TCP (RFC 8305) ─> TLS, for wss ─> upgrade (RFC 6455, section 4.1) ─> OpenedStream | ConnectError
//! ```
//!
//! A tunnel through a proxy would be a stage between TCP and TLS, and a unix socket a case of the
//! addresses.

mod tcp;
mod upgrade;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd, OwnedFd},
    rc::Rc,
};

use frames::handshake::Accepted;
use rustix::net::{getsockname, sockopt::set_tcp_nodelay};

use self::{tcp::TcpAttempts, upgrade::Upgrade};
use super::{
    Answer, ConnectError, Destination, Endpoint, Opened, OpenedStream, Phases, Route, Stream,
    tls::{TlsHandshake, TlsSummary},
};
use crate::clock::{Clock, Time};

/// A connection that is being opened. `S` is a socket that the engine watches.
#[derive(Debug)]
pub(crate) struct Opening<S> {
    route: Rc<Route>,
    client: u32,
    deadline: Time,
    /// When the stage began.
    stage_began: Time,
    phases: Phases,
    /// What TLS has agreed on.
    tls: Option<TlsSummary>,
    stage: Stage<S>,
}

/// How far a connection has come.
#[derive(Debug)]
enum Stage<S> {
    Tcp(TcpAttempts<S>),
    Tls(Ends, TlsHandshake<S>),
    Upgrade(Ends, Stream<S>, Upgrade),
    /// Opened or failed.
    Over,
}

/// The two addresses of a connection.
#[derive(Clone, Copy, Debug)]
struct Ends {
    local: Endpoint,
    peer: Endpoint,
}

/// What has become of an opening.
#[derive(Debug)]
pub(crate) enum OpeningProgress<S> {
    /// It is under way: see [`Opening::wake`].
    Pending,
    /// The connection is open.
    Opened(Box<OpenedStream<S>>),
    /// It did not open.
    Failed(ConnectError),
}

impl<S: AsFd> Opening<S> {
    /// Begins to open the connection of `client`, from `source` if one is given. Nothing is sent
    /// before the first [`Self::advance`].
    pub(crate) fn new(route: &Rc<Route>, client: u32, source: Option<IpAddr>, now: Time) -> Self {
        let timeout = u64::try_from(route.timeout.as_nanos()).unwrap_or(u64::MAX);
        Self {
            deadline: now.plus(timeout),
            stage_began: now,
            phases: Phases::default(),
            tls: None,
            stage: Stage::Tcp(TcpAttempts::new(route.destination(client), source, route.limits.receive_buffer())),
            route: Rc::clone(route),
            client,
        }
    }

    /// Does what can be done now. `watch` takes each new socket, so that the engine calls again
    /// when it can be read or written. Don't call this again once it has opened or failed.
    ///
    /// The sockets are non-blocking. They may be watched by edges: each call goes on until the
    /// kernel has no more, or until `wake` is due at once.
    pub(crate) fn advance(
        &mut self,
        clock: &impl Clock,
        watch: &mut impl FnMut(OwnedFd) -> io::Result<S>,
    ) -> OpeningProgress<S> {
        match self.advance_stages(clock, watch) {
            Ok(Some(opened)) => {
                self.stage = Stage::Over;
                OpeningProgress::Opened(opened)
            }
            Ok(None) if clock.now() < self.deadline => OpeningProgress::Pending,
            Ok(None) => self.fail(self.timed_out()),
            Err(error) => self.fail(error),
        }
    }

    /// When to call [`Self::advance`] if no socket has anything before. May be in the past: then
    /// call it in the next turn.
    pub(crate) fn wake(&self) -> Time {
        let timer = match &self.stage {
            Stage::Tcp(attempts) => attempts.wake(self.destination()),
            Stage::Upgrade(_, _, upgrade) => upgrade.wake(),
            Stage::Tls(..) | Stage::Over => None,
        };
        timer.map_or(self.deadline, |timer| timer.min(self.deadline))
    }

    fn destination(&self) -> &Destination {
        self.route.destination(self.client)
    }

    /// The sockets that are watched.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = &S> {
        let (attempts, one) = match &self.stage {
            Stage::Tcp(attempts) => (Some(attempts.sockets()), None),
            Stage::Tls(_, tls) => (None, Some(tls.socket())),
            Stage::Upgrade(_, stream, _) => (None, Some(stream.socket())),
            Stage::Over => (None, None),
        };
        attempts.into_iter().flatten().chain(one)
    }

    fn fail(&mut self, error: ConnectError) -> OpeningProgress<S> {
        self.stage = Stage::Over;
        OpeningProgress::Failed(error)
    }

    /// Goes from stage to stage as far as it can.
    fn advance_stages(
        &mut self,
        clock: &impl Clock,
        watch: &mut impl FnMut(OwnedFd) -> io::Result<S>,
    ) -> Result<Option<Box<OpenedStream<S>>>, ConnectError> {
        loop {
            match &mut self.stage {
                Stage::Tcp(attempts) => {
                    let destination = self.route.destination(self.client);
                    let Some((socket, peer)) = attempts.advance(destination, clock, watch)? else { return Ok(None) };
                    self.phases.tcp = self.end_stage(clock);
                    self.stage = self.connected(socket, peer)?;
                }
                Stage::Tls(ends, tls) => {
                    let Some(agreed) = tls.advance().map_err(|failure| failure.at(&ends.peer))? else {
                        return Ok(None);
                    };
                    self.tls = Some(agreed);
                    self.phases.tls = Some(self.end_stage(clock));
                    let Stage::Tls(ends, tls) = std::mem::replace(&mut self.stage, Stage::Over) else {
                        return Ok(None);
                    };
                    self.stage =
                        Stage::Upgrade(ends, tls.into_stream(), Upgrade::new(&self.route, self.client, self.tls));
                }
                Stage::Upgrade(ends, stream, upgrade) => {
                    let Some(accepted) = upgrade.advance(stream, &self.route, ends.peer, clock)? else {
                        return Ok(None);
                    };
                    self.phases.upgrade = self.end_stage(clock);
                    return Ok(self.opened(accepted));
                }
                Stage::Over => return Ok(None),
            }
        }
    }

    /// The nanoseconds that a stage took which ends now.
    fn end_stage(&mut self, clock: &impl Clock) -> u64 {
        let now = clock.now();
        now.since(std::mem::replace(&mut self.stage_began, now))
    }

    /// The stage after TCP.
    fn connected(&self, socket: S, peer: SocketAddr) -> Result<Stage<S>, ConnectError> {
        let io = |error: rustix::io::Errno| ConnectError::io(&peer, &error.into());
        // Nagle's algorithm would delay a burst until the last one is acknowledged.
        set_tcp_nodelay(&socket, true).map_err(io)?;
        let local = getsockname(&socket).and_then(SocketAddr::try_from).map_err(io)?;
        let ends = Ends { local: local.into(), peer: peer.into() };
        let Some(tls) = &self.destination().tls else {
            return Ok(Stage::Upgrade(ends, Stream::Plain(socket), Upgrade::new(&self.route, self.client, None)));
        };
        let tls = tls.handshake(self.client, Stream::Plain(socket)).map_err(|failure| failure.at(&peer))?;
        Ok(Stage::Tls(ends, tls))
    }

    fn opened(&mut self, accepted: Accepted) -> Option<Box<OpenedStream<S>>> {
        let Stage::Upgrade(Ends { local, peer }, stream, _) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return None;
        };
        let Accepted { subprotocol, deflate, fields, remaining, .. } = accepted;
        let extensions = fields.elements("sec-websocket-extensions");
        let extensions = extensions.map(|chosen| String::from_utf8_lossy(chosen).into_owned()).collect();
        let answer = Answer { subprotocol, extensions, compression: deflate, fields };
        Some(Box::new(OpenedStream {
            stream: stream.shaped(self.route.wire_shape),
            early_bytes: remaining,
            limits: self.route.limits,
            opened: Opened { local, peer, phases: self.phases, tls: self.tls, answer },
        }))
    }

    fn timed_out(&self) -> ConnectError {
        let within = format!("within {}", humantime::format_duration(self.route.timeout));
        let detail = match &self.stage {
            Stage::Tcp(attempts) => attempts.timed_out(self.destination(), &within),
            Stage::Tls(Ends { peer, .. }, _) => {
                format!("no TLS handshake with {peer} {within} (if it does not speak TLS, try ws://)")
            }
            Stage::Upgrade(Ends { peer, .. }, _, upgrade) if upgrade.has_begun() => {
                format!("the answer to the opening handshake from {peer} did not end {within}")
            }
            Stage::Upgrade(Ends { peer, .. }, ..) => {
                format!("no answer to the opening handshake from {peer} {within}")
            }
            Stage::Over => within,
        };
        ConnectError::new("timeout", detail)
    }
}

#[cfg(test)]
mod tests;
