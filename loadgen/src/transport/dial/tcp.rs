//! Opens a TCP connection to one of a host's addresses: RFC 8305.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep_until},
};

use super::{DialProgress, Dialer};
use crate::transport::ConnectError;

/// After this time the next address is tried as well: what RFC 8305, section 5 recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Addresses whose errors are reported.
const MOST_TOLD: usize = 4;

impl Dialer {
    /// A TCP connection to the first address that answers.
    pub(super) async fn tcp(
        &self,
        source: Option<IpAddr>,
        progress: &DialProgress,
    ) -> Result<(TcpStream, SocketAddr), ConnectError> {
        let addresses = &self.route.addresses;
        let first = self.answering.get();
        let mut left = (0..addresses.len()).map(|tried| (first + tried) % addresses.len());
        let mut attempts = FuturesUnordered::new();
        let attempt = |index: usize| {
            progress.under_way.borrow_mut().push(addresses[index]);
            async move { (index, connect(addresses[index], source).await) }
        };
        let mut next_at = Instant::now();
        loop {
            if attempts.is_empty() || Instant::now() >= next_at {
                if let Some(index) = left.next() {
                    attempts.push(attempt(index));
                    next_at = Instant::now() + ATTEMPT_DELAY;
                } else if attempts.is_empty() {
                    return Err(all_failed(&progress.failed.borrow()));
                }
            }
            let has_more = left.len() > 0;
            tokio::select! {
                biased;
                Some((index, connected)) = attempts.next() => match connected {
                    Ok(tcp) => {
                        self.answering.set(index);
                        return Ok((tcp, addresses[index]));
                    }
                    Err(error) => {
                        progress.under_way.borrow_mut().retain(|&peer| peer != addresses[index]);
                        progress.failed.borrow_mut().push(error);
                        next_at = Instant::now();
                    }
                },
                () = sleep_until(next_at), if has_more => {}
            }
        }
    }
}

/// The kind of the last error, with the details of each.
fn all_failed(failed: &[ConnectError]) -> ConnectError {
    let Some(last) = failed.last() else { return ConnectError::new("dns", "the host has no address") };
    let told: Vec<&str> = failed.iter().take(MOST_TOLD).map(|error| error.detail.as_str()).collect();
    let more = failed.len().saturating_sub(MOST_TOLD);
    let more = if more > 0 { format!("; and {more} more addresses") } else { String::new() };
    ConnectError::new(&last.kind, format!("{}{more}", told.join("; ")))
}

pub(super) async fn connect(peer: SocketAddr, source: Option<IpAddr>) -> Result<TcpStream, ConnectError> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| ConnectError::io(peer, &error))?;
    if let Some(source) = source {
        bind(&socket, source, peer)?;
    }
    reach(socket, peer, source).await
}

/// Makes `socket` connect from `source`.
fn bind(socket: &TcpSocket, source: IpAddr, peer: SocketAddr) -> Result<(), ConnectError> {
    // `connect` chooses the port and shares it between peers. `bind` would take it from all of
    // them. Some systems have no such option.
    let _ = setsockopt(socket, IpBindAddressNoPort, &true);
    socket.bind(SocketAddr::new(source, 0)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrNotAvailable => {
            ConnectError::new("source_address", format!("this machine can't connect from {source} (--source-ip)"))
        }
        io::ErrorKind::AddrInUse => no_port(peer, Some(source)),
        _ => ConnectError::io(peer, &error),
    })
}

/// Connects `socket`, which is bound to `source` if one is given.
pub(super) async fn reach(
    socket: TcpSocket,
    peer: SocketAddr,
    source: Option<IpAddr>,
) -> Result<TcpStream, ConnectError> {
    socket.connect(peer).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrNotAvailable if !has_address_for(peer) => {
            let family = if peer.is_ipv4() { "IPv4" } else { "IPv6" };
            ConnectError::new(
                "source_address",
                format!("this machine has no {family} address to connect to {peer} from"),
            )
        }
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => no_port(peer, source),
        _ => ConnectError::io(peer, &error),
    })
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
    ConnectError::new("no_port", format!("no local port is left to connect to {peer}{from}: use {remedy}"))
}
