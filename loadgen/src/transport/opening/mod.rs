//! Opens one connection: TCP, TLS, opening handshake.
//!
//! An [`Opening`] is a state machine over non-blocking sockets. An engine calls
//! [`Opening::advance`] when a socket has something, and when [`Opening::wake`] has come. Nothing
//! blocks, and the time is the clock's that is passed in.
//!
//! ```text
//! TCP (RFC 8305) | unix socket
//!   ─> through a proxy: [TLS to it] ─> tunnel (CONNECT, SOCKS 5)
//!   ─> TLS, for wss
//!   ─> upgrade (RFC 6455, section 4.1) ─> a redirect that is followed begins anew
//!   ─> OpenedStream | ConnectError
//! ```

mod ends;
mod tcp;
mod tunnel;
mod unix;
mod upgrade;

use std::{
    io,
    net::IpAddr,
    os::fd::{AsFd, OwnedFd},
    rc::Rc,
    task::Poll,
};

use frames::handshake::Accepted;
use url::Url;

use self::{
    ends::{Ends, Remote},
    tcp::TcpAttempts,
    tunnel::{Tunnel, TunnelRefusal},
    unix::UnixAttempt,
    upgrade::{Answered, Upgrade},
};
use super::{
    Answer, ConnectError, Destination, Endpoint, Opened, OpenedStream, Phases, Route, Stream,
    first_hop::FirstHop,
    tls::{TlsFailure, TlsHandshake, TlsSummary},
};
use crate::clock::{Clock, Time};

/// Time between two looks whether a name was looked up, in nanoseconds.
const LOOK: u64 = 2_000_000;

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
    source: Option<IpAddr>,
    /// Redirects that were followed.
    redirects: u32,
    stage: Stage<S>,
}

/// How far a connection has come.
#[derive(Debug)]
enum Stage<S> {
    Tcp(TcpAttempts<S>),
    Unix(UnixAttempt),
    /// TLS with the proxy.
    ProxyTls(Ends, TlsHandshake<S>),
    Tunnel(Ends, Stream<S>, Tunnel),
    /// TLS with the server.
    Tls(Ends, TlsHandshake<S>),
    Upgrade(Ends, Stream<S>, Upgrade),
    /// The host that a redirect leads to is looked up, until this time at least.
    Redirect(Box<Url>, Time),
    /// Opened or failed.
    Over,
}

impl<S: AsFd> Stage<S> {
    /// The stage that begins the way of a client.
    fn first(route: &Route, client: u32, source: Option<IpAddr>) -> Self {
        match &route.destination(client).path.first_hop {
            FirstHop::Tcp(addresses) => Self::Tcp(TcpAttempts::new(addresses, source, route.limits.receive_buffer())),
            FirstHop::Unix(_) => Self::Unix(UnixAttempt::default()),
        }
    }
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
            source,
            redirects: 0,
            stage: Stage::first(route, client, source),
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
            Stage::Tcp(attempts) => attempts.wake(self.destination().path.first_hop.addresses()),
            Stage::Unix(attempt) => attempt.wake(),
            Stage::Tunnel(_, _, tunnel) => tunnel.wake(),
            Stage::Upgrade(_, _, upgrade) => upgrade.wake(),
            Stage::Redirect(_, look) => Some(*look),
            Stage::ProxyTls(..) | Stage::Tls(..) | Stage::Over => None,
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
            Stage::ProxyTls(_, tls) | Stage::Tls(_, tls) => (None, Some(tls.socket())),
            Stage::Tunnel(_, stream, _) | Stage::Upgrade(_, stream, _) => (None, Some(stream.socket())),
            Stage::Unix(_) | Stage::Redirect(..) | Stage::Over => (None, None),
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
            let destination = self.route.destination(self.client);
            let is_over = match &mut self.stage {
                Stage::Tcp(_) | Stage::Unix(_) => self.connect(clock, watch)?,
                Stage::ProxyTls(ends, tls) => {
                    let agreed = tls.advance().map_err(|failure| TunnelRefusal::of_tls(&failure).at(ends.peer))?;
                    agreed.is_some() && self.ask_for_tunnel()
                }
                Stage::Tunnel(ends, stream, tunnel) => {
                    let secrets = &self.route.secrets;
                    match tunnel.advance(stream, secrets, clock).map_err(|refusal| refusal.at(ends.peer))? {
                        Some(early) => self.tunnelled(early, clock)?,
                        None => false,
                    }
                }
                Stage::Tls(ends, tls) => {
                    let remote = Remote { peer: ends.peer, destination };
                    let Some(agreed) = tls.advance().map_err(|failure| failure.at(&remote))? else { return Ok(None) };
                    self.tls = Some(agreed);
                    self.secured(clock)
                }
                Stage::Upgrade(ends, stream, upgrade) => {
                    let remote = Remote { peer: ends.peer, destination };
                    let Some(answered) = upgrade.advance(stream, &self.route, remote, clock)? else {
                        return Ok(None);
                    };
                    self.phases.upgrade += self.end_stage(clock);
                    match answered {
                        Answered::Accepted(accepted) => return Ok(self.opened(*accepted)),
                        Answered::Redirected(url) => {
                            self.stage = Stage::Redirect(Box::new(url), Time::default());
                            true
                        }
                    }
                }
                Stage::Redirect(..) => self.follow(clock)?,
                Stage::Over => false,
            };
            if !is_over {
                return Ok(None);
            }
        }
    }

    /// The nanoseconds that a stage took which ends now.
    fn end_stage(&mut self, clock: &impl Clock) -> u64 {
        let now = clock.now();
        now.since(std::mem::replace(&mut self.stage_began, now))
    }

    /// Begins anew where a redirect leads to, once that is looked up. False until then.
    fn follow(&mut self, clock: &impl Clock) -> Result<bool, ConnectError> {
        let (Stage::Redirect(url, look), Some(redirects)) = (&mut self.stage, &self.route.redirects) else {
            return Ok(false);
        };
        let path = match redirects.path_to(url) {
            Poll::Pending => {
                *look = clock.now().plus(LOOK);
                return Ok(false);
            }
            Poll::Ready(path) => path,
        };
        let failed = |why: String| ConnectError::new("dns", format!("after a redirect: {why}"));
        let mut path = path.map_err(failed)?;
        path.first_hop.leave_from(&mut self.source);
        let failed = |why: String| ConnectError::new("tls", format!("after a redirect: {why}"));
        let route = self.route.redirected(self.client, url, path).map_err(failed)?;
        self.route = Rc::new(route);
        self.redirects += 1;
        self.tls = None;
        self.stage = Stage::first(&self.route, self.client, self.source);
        Ok(true)
    }

    /// Connects to the first hop. True once that is done.
    fn connect(
        &mut self,
        clock: &impl Clock,
        watch: &mut impl FnMut(OwnedFd) -> io::Result<S>,
    ) -> Result<bool, ConnectError> {
        let path = &self.route.destination(self.client).path;
        let (socket, ends) = match (&mut self.stage, &path.first_hop) {
            (Stage::Tcp(attempts), FirstHop::Tcp(addresses)) => {
                let of_proxy = |error: ConnectError| if path.proxy.is_some() { error.of_proxy() } else { error };
                let connected = attempts.advance(addresses, clock, watch).map_err(of_proxy)?;
                let Some((socket, peer)) = connected else { return Ok(false) };
                let ends = tcp::ends(&socket, peer).map_err(of_proxy)?;
                (socket, ends)
            }
            (Stage::Unix(attempt), FirstHop::Unix(path)) => {
                let Some(socket) = attempt.advance(path, clock, watch)? else { return Ok(false) };
                (socket, Ends { local: Endpoint::Unix, peer: Endpoint::Unix })
            }
            _ => return Ok(false),
        };
        self.phases.tcp += self.end_stage(clock);
        self.stage = match &self.destination().path.proxy {
            None => self.after_path(ends, Stream::Plain(socket), Vec::new())?,
            Some(proxy) => match proxy.tls() {
                None => Stage::Tunnel(ends, Stream::Plain(socket), Tunnel::new(proxy)),
                Some(tls) => {
                    let tls = tls.handshake(self.client, Stream::Plain(socket));
                    Stage::ProxyTls(ends, tls.map_err(|failure| TunnelRefusal::of_tls(&failure).at(ends.peer))?)
                }
            },
        };
        Ok(true)
    }

    /// There is TLS with the proxy.
    fn ask_for_tunnel(&mut self) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        if let (Stage::ProxyTls(ends, tls), Some(proxy)) = (stage, &self.destination().path.proxy) {
            self.stage = Stage::Tunnel(ends, tls.into_stream(), Tunnel::new(proxy));
        }
        true
    }

    /// There is a tunnel, and these bytes came through it already.
    fn tunnelled(&mut self, early: Vec<u8>, clock: &impl Clock) -> Result<bool, ConnectError> {
        self.phases.proxy = Some(self.phases.proxy.unwrap_or(0) + self.end_stage(clock));
        if let Stage::Tunnel(ends, stream, _) = std::mem::replace(&mut self.stage, Stage::Over) {
            self.stage = self.after_path(ends, stream, early)?;
        }
        Ok(true)
    }

    /// The stage after the way to the server, of which these bytes came already.
    fn after_path(&self, ends: Ends, stream: Stream<S>, early: Vec<u8>) -> Result<Stage<S>, ConnectError> {
        let destination = self.destination();
        let Some(tls) = &destination.tls else {
            let upgrade = Upgrade::new(&self.route, self.client, None).after(early);
            return Ok(Stage::Upgrade(ends, stream, upgrade));
        };
        let failed = |failure: TlsFailure| failure.at(&Remote { peer: ends.peer, destination });
        let mut tls = tls.handshake(self.client, stream).map_err(failed)?;
        tls.take_early(&early).map_err(failed)?;
        Ok(Stage::Tls(ends, tls))
    }

    /// There is TLS with the server.
    fn secured(&mut self, clock: &impl Clock) -> bool {
        self.phases.tls = Some(self.phases.tls.unwrap_or(0) + self.end_stage(clock));
        if let Stage::Tls(ends, tls) = std::mem::replace(&mut self.stage, Stage::Over) {
            self.stage = Stage::Upgrade(ends, tls.into_stream(), Upgrade::new(&self.route, self.client, self.tls));
        }
        true
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
            opened: Opened { redirects: self.redirects, local, peer, phases: self.phases, tls: self.tls, answer },
        }))
    }

    fn timed_out(&self) -> ConnectError {
        let within = format!("within {}", humantime::format_duration(self.route.timeout));
        let destination = self.destination();
        let remote = |ends: &Ends| Remote { peer: ends.peer, destination };
        let detail = match &self.stage {
            Stage::Tcp(attempts) => attempts.timed_out(destination.path.first_hop.addresses(), &within),
            Stage::Unix(_) => match &destination.path.first_hop {
                FirstHop::Unix(path) => unix::timed_out(path, &within),
                FirstHop::Tcp(_) => within,
            },
            Stage::ProxyTls(Ends { peer, .. }, _) => {
                format!("no TLS handshake with {peer} {within} (if it does not speak TLS, try http://)")
            }
            Stage::Tunnel(Ends { peer, .. }, _, tunnel) if tunnel.has_begun() => {
                format!("the answer of {peer} did not end {within}")
            }
            Stage::Tunnel(Ends { peer, .. }, _, tunnel) => {
                format!("no answer from {peer} {within}{}", tunnel.silence_hint())
            }
            Stage::Tls(ends, _) => {
                format!("no TLS handshake with {} {within} (if it does not speak TLS, try ws://)", remote(ends))
            }
            Stage::Upgrade(ends, _, upgrade) if upgrade.has_begun() => {
                format!("the answer to the opening handshake from {} did not end {within}", remote(ends))
            }
            Stage::Upgrade(ends, ..) => {
                format!("no answer to the opening handshake from {} {within}", remote(ends))
            }
            Stage::Redirect(url, _) => {
                format!(
                    "`{}`, which a redirect leads to, is not looked up {within}",
                    url.host_str().unwrap_or_default()
                )
            }
            Stage::Over => within,
        };
        let of_proxy = match &self.stage {
            Stage::Tcp(_) => destination.path.proxy.is_some(),
            stage => matches!(stage, Stage::ProxyTls(..) | Stage::Tunnel(..)),
        };
        let error = ConnectError::new("timeout", detail);
        if of_proxy { error.of_proxy() } else { error }
    }
}

#[cfg(test)]
mod tests;
