//! The two ends of a connection, and how errors name the other one.

use std::fmt;

use crate::transport::{Destination, Endpoint, first_hop::FirstHop};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) local: Endpoint,
    pub(super) peer: Endpoint,
}

/// The server of a connection, as errors name it: by its address, by the path of its socket, or by
/// what the proxy was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remote<'a> {
    pub(super) peer: Endpoint,
    pub(super) destination: &'a Destination,
}

impl fmt::Display for Remote<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.destination.path;
        match (&path.first_hop, &path.proxy) {
            (FirstHop::Unix(path), _) => path.display().fmt(f),
            (_, Some(proxy)) => write!(f, "{} through the proxy {}", proxy.target, self.peer),
            _ => self.peer.fmt(f),
        }
    }
}
