//! Opens connections: name lookup, source address, TCP or a unix socket, proxy, TLS, and the
//! opening handshake.
//!
//! A [`Route`] is what all connections of a group have in common. An [`Opening`] takes one of them
//! through its phases, on sockets that the engine watches, and leaves a [`Stream`]. Nothing here
//! blocks except the lookup, which is done once.

mod connect_error;
mod cookies;
pub(crate) mod destination;
mod endpoint;
pub(crate) mod first_hop;
pub(crate) mod lookup;
mod opened;
mod opening;
mod proxy;
pub(crate) mod public_address;
mod redirect;
mod refusal_text;
mod request;
mod resolved_path;
pub(crate) mod route;
mod shaped_stream;
pub(crate) mod source_addresses;
mod stream;
pub(crate) mod tls;
pub(crate) mod url_parts;

pub(crate) use self::{
    connect_error::{ConnectError, io_kind},
    destination::Destination,
    opened::{Answer, Opened, OpenedStream, Phases},
    opening::{Opening, OpeningProgress},
    resolved_path::ResolvedPath,
    route::{ConnectionLimits, Route},
    stream::Stream,
    tls::TlsSummary,
};
pub use self::{endpoint::Endpoint, source_addresses::SourceAddressError, tls::TlsFileError};
