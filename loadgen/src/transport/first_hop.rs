//! Where connections of a group go first: to the server, or to a proxy.

use std::{
    cell::Cell,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

/// Where connections go first.
#[derive(Clone, Debug)]
pub(crate) enum FirstHop {
    /// To an address of a host.
    Tcp(HostAddresses),
    /// To a unix socket.
    Unix(Arc<Path>),
}

/// Addresses of a host, and how they are tried.
#[derive(Clone, Debug)]
pub(crate) struct HostAddresses {
    /// The addresses in the order to try.
    pub(crate) list: Vec<SocketAddr>,
    /// Index of the address that answered last. It is tried first.
    pub(crate) answering: Cell<usize>,
    /// Whether the next one is tried while the one before has not answered (RFC 8305).
    pub(crate) happy_eyeballs: bool,
}

impl HostAddresses {
    /// Addresses that are tried as browsers do.
    pub(super) fn of(list: Vec<SocketAddr>) -> Self {
        Self { list, answering: Cell::default(), happy_eyeballs: true }
    }
}

impl FirstHop {
    /// One of these addresses, tried as browsers do (RFC 8305).
    pub(crate) fn tcp(list: Vec<SocketAddr>) -> Self {
        Self::Tcp(HostAddresses::of(list))
    }

    /// The addresses; none for a unix socket.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        match self {
            Self::Tcp(addresses) => &addresses.list,
            Self::Unix(_) => &[],
        }
    }

    /// Keeps the addresses that can be reached from `source`, if one is given. An address that only
    /// this machine knows is no source for a way out of it.
    pub(super) fn leave_from(&mut self, source: &mut Option<IpAddr>) {
        let is_here = self.is_here();
        source.take_if(|source| source.is_loopback() && !is_here);
        if let (Self::Tcp(addresses), Some(source)) = (self, source) {
            addresses.list.retain(|address| address.is_ipv4() == source.is_ipv4());
        }
    }

    /// Whether it is on this machine.
    pub(crate) fn is_here(&self) -> bool {
        match self {
            Self::Tcp(addresses) => addresses.list.iter().all(|address| address.ip().is_loopback()),
            Self::Unix(_) => true,
        }
    }
}
