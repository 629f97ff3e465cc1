//! Opens connections: name lookup, source address, TCP, TLS, and the opening handshake.

mod counted_stream;
mod dial;
pub(crate) mod endpoint;
pub(crate) mod public_address;
mod refusal_text;
pub(crate) mod source_addresses;
mod stream;
mod tls_settings;

pub use self::source_addresses::SourceAddressError;
pub(crate) use self::{
    counted_stream::{CountedStream, StreamCounters},
    dial::{ConnectError, ConnectionLimits, DialedConnection, Dialer, Endpoint, OpenConnection, io_kind},
    stream::Transport,
};
