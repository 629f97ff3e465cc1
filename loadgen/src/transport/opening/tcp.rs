//! Opens a TCP connection to one of a host's addresses: RFC 8305.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    os::fd::{AsFd, OwnedFd},
};

use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
use reports::judge::OwnFailure;
use rustix::{
    io::Errno,
    net::{
        AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, ipproto, socket_with,
        sockopt::{set_socket_recv_buffer_size, set_tcp_nodelay},
    },
};

use super::ends::Ends;
use crate::{
    clock::{Clock, Time},
    transport::{ConnectError, first_hop::HostAddresses},
};

/// After this time the next address is tried as well: what RFC 8305, section 5 recommends. In
/// nanoseconds.
const ATTEMPT_DELAY: u64 = 250_000_000;

/// Addresses whose errors are reported.
const MOST_TOLD: usize = 4;

/// The attempts to connect to the addresses of a host.
#[derive(Debug)]
pub(super) struct TcpAttempts<S> {
    source: Option<IpAddr>,
    /// About how many bytes the kernel keeps that were not read, if that is not its choice.
    receive_buffer: Option<usize>,
    /// Index of the address that is tried first. The others follow in their order.
    first: usize,
    /// How many addresses were tried.
    tried: usize,
    /// When the next one is tried, though others are under way.
    next_at: Time,
    under_way: Vec<TcpAttempt<S>>,
    /// Errors of the other addresses.
    failed: Vec<ConnectError>,
}

#[derive(Debug)]
struct TcpAttempt<S> {
    /// Index of the address.
    index: usize,
    socket: S,
}

impl<S: AsFd> TcpAttempts<S> {
    /// Attempts from `source`, if one is given.
    pub(super) fn new(addresses: &HostAddresses, source: Option<IpAddr>, receive_buffer: Option<usize>) -> Self {
        Self {
            source,
            receive_buffer,
            first: addresses.answering.get(),
            tried: 0,
            next_at: Time::default(),
            under_way: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// When the next address is tried, if there is one.
    pub(super) fn wake(&self, addresses: &[SocketAddr]) -> Option<Time> {
        (self.tried < addresses.len()).then_some(self.next_at)
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = &S> {
        self.under_way.iter().map(|attempt| &attempt.socket)
    }

    /// Returns the connection to the first address that answers.
    pub(super) fn advance(
        &mut self,
        addresses: &HostAddresses,
        clock: &impl Clock,
        watch: &mut impl FnMut(OwnedFd) -> io::Result<S>,
    ) -> Result<Option<(S, SocketAddr)>, ConnectError> {
        loop {
            if let Some(connected) = self.connected(addresses) {
                return Ok(Some(connected));
            }
            let has_more = self.tried < addresses.list.len();
            match self.under_way.is_empty() {
                true if !has_more => return Err(self.all_failed()),
                false if !has_more || clock.now() < self.next_at => return Ok(None),
                _ => self.try_next(addresses, clock, watch),
            }
        }
    }

    /// The first attempt that is connected. Removes those that failed, and lets the next address be
    /// tried then.
    fn connected(&mut self, addresses: &HostAddresses) -> Option<(S, SocketAddr)> {
        let mut at = 0;
        while let Some(attempt) = self.under_way.get(at) {
            let peer = addresses.list[attempt.index];
            match reach(&attempt.socket, peer, self.source) {
                Ok(true) => {
                    let TcpAttempt { index, socket } = self.under_way.swap_remove(at);
                    addresses.answering.set(index);
                    return Some((socket, peer));
                }
                Ok(false) => at += 1,
                Err(error) => {
                    self.under_way.remove(at);
                    self.fail(error);
                }
            }
        }
        None
    }

    fn try_next(
        &mut self,
        addresses: &HostAddresses,
        clock: &impl Clock,
        watch: &mut impl FnMut(OwnedFd) -> io::Result<S>,
    ) {
        let index = (self.first + self.tried) % addresses.list.len();
        let peer = addresses.list[index];
        self.tried += 1;
        self.next_at = if addresses.happy_eyeballs { clock.now().plus(ATTEMPT_DELAY) } else { Time::NEVER };
        let begun = socket(peer, self.source, self.receive_buffer).and_then(|socket| {
            // Before it is watched: a socket that was never connected counts as hung up.
            reach(&socket, peer, self.source)?;
            watch(socket).map_err(|error| ConnectError::io(&peer, &error))
        });
        match begun {
            Ok(socket) => self.under_way.push(TcpAttempt { index, socket }),
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: ConnectError) {
        self.failed.push(error);
        self.next_at = Time::default();
    }

    /// The kind of the last error, with the details of each.
    fn all_failed(&self) -> ConnectError {
        let Some(last) = self.failed.last() else { return ConnectError::new("dns", "the host has no address") };
        let told: Vec<&str> = self.failed.iter().take(MOST_TOLD).map(|error| error.detail.as_str()).collect();
        let more = self.failed.len().saturating_sub(MOST_TOLD);
        let more = if more > 0 { format!("; and {more} more addresses") } else { String::new() };
        ConnectError::new(&last.kind, format!("{}{more}", told.join("; ")))
    }

    /// What a time-out reports.
    pub(super) fn timed_out(&self, addresses: &[SocketAddr], within: &str) -> String {
        let peers = self.under_way.iter().map(|attempt| addresses[attempt.index].to_string());
        let mut said = vec![format!("no TCP connection to {} {within}", peers.collect::<Vec<_>>().join(" or "))];
        said.extend(self.failed.iter().map(|error| error.detail.clone()));
        said.join("; ")
    }
}

/// The ends of a connected socket. What is written to it is not delayed from then on.
pub(super) fn ends(socket: &impl AsFd, peer: SocketAddr) -> Result<Ends, ConnectError> {
    let io = |error: Errno| ConnectError::io(&peer, &error.into());
    // Nagle's algorithm would delay a burst until the last one is acknowledged.
    set_tcp_nodelay(socket, true).map_err(io)?;
    let local = getsockname(socket).and_then(SocketAddr::try_from).map_err(io)?;
    Ok(Ends { local: local.into(), peer: peer.into() })
}

/// A non-blocking socket that connects to `peer` from `source`, if one is given. The kernel keeps
/// about `receive_buffer` bytes of what comes, if that is given.
pub(super) fn socket(
    peer: SocketAddr,
    source: Option<IpAddr>,
    receive_buffer: Option<usize>,
) -> Result<OwnedFd, ConnectError> {
    let io = |error: Errno| ConnectError::io(&peer, &error.into());
    let family = if peer.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP)).map_err(io)?;
    if let Some(bytes) = receive_buffer {
        // Before it connects, or the peer learns of a large window. A system that can't is slower
        // to let the peer feel it.
        let _ = set_socket_recv_buffer_size(&socket, bytes);
    }
    let Some(source) = source else { return Ok(socket) };
    // `connect` chooses the port and shares it between peers. `bind` would take it from all of
    // them. Some systems have no such option.
    let _ = setsockopt(&socket, IpBindAddressNoPort, &true);
    match bind(&socket, &SocketAddr::new(source, 0)) {
        Ok(()) => Ok(socket),
        Err(Errno::ADDRNOTAVAIL) => Err(ConnectError::new(
            OwnFailure::SourceAddress.name(),
            format!("this machine can't connect from {source} (--source-ip)"),
        )),
        Err(Errno::ADDRINUSE) => Err(no_port(peer, Some(source))),
        Err(error) => Err(io(error)),
    }
}

/// Connects `socket`, which is bound to `source` if one is given. False while that is under way:
/// call it again then.
pub(super) fn reach(socket: &impl AsFd, peer: SocketAddr, source: Option<IpAddr>) -> Result<bool, ConnectError> {
    match connect(socket, &peer) {
        Ok(()) | Err(Errno::ISCONN) => Ok(true),
        Err(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR) => Ok(false),
        Err(Errno::ADDRNOTAVAIL) if !has_address_for(peer) => {
            let family = if peer.is_ipv4() { "IPv4" } else { "IPv6" };
            Err(ConnectError::new(
                OwnFailure::SourceAddress.name(),
                format!("this machine has no {family} address to connect to {peer} from"),
            ))
        }
        Err(Errno::ADDRNOTAVAIL | Errno::ADDRINUSE) => Err(no_port(peer, source)),
        Err(error) => Err(ConnectError::io(&peer, &error.into())),
    }
}

/// Whether this machine has an address to reach `peer` from. The system reports a lack of addresses
/// and a lack of ports by the same error. Sends nothing.
fn has_address_for(peer: SocketAddr) -> bool {
    let any = if peer.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    let sent = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(peer));
    !sent.is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable)
}

/// The error when all ports of the source address are taken.
fn no_port(peer: SocketAddr, source: Option<IpAddr>) -> ConnectError {
    let from = source.map_or_else(String::new, |source| format!(" from {source}"));
    let remedy = "fewer --clients, more addresses for --source-ip, or a wider net.ipv4.ip_local_port_range";
    ConnectError::new(
        OwnFailure::NoPort.name(),
        format!("no local port is left to connect to {peer}{from}: use {remedy}"),
    )
}
