//! Opens connections: name lookup, source address, TCP, TLS, and the opening handshake.

mod dial;
pub(crate) mod endpoint;
pub(crate) mod public_address;
mod refused;
pub(crate) mod source;
mod stream;
mod tls_settings;
mod wire;

pub(crate) use dial::{Bounds, ConnectError, Dialed, Dialer, Endpoint, Opened, io_kind};
pub(crate) use stream::Transport;
pub(crate) use wire::{Passed, Wire};
