//! Opens connections: name lookup, source address, TCP, TLS, and the opening handshake.

mod connect_error;
mod counted_stream;
mod dial;
#[allow(dead_code, reason = "the engines are to open connections themselves")]
mod opened;
#[allow(dead_code, reason = "the engines are to open connections themselves")]
mod opening;
pub(crate) mod public_address;
mod refusal_text;
mod request;
pub(crate) mod route;
pub(crate) mod source_addresses;
#[allow(dead_code, reason = "the engines are to open connections themselves")]
mod stream;
mod tls_error;
#[cfg(test)]
pub(crate) mod tls_server;
mod tls_settings;

pub use self::source_addresses::SourceAddressError;
#[allow(unused_imports, reason = "the worker is to open connections through the engine")]
pub(crate) use self::{
    connect_error::{ConnectError, io_kind},
    counted_stream::{CountedStream, StreamCounters},
    dial::{DialedConnection, Dialer, OpenConnection, Transport},
    opened::{Answer, Opened, OpenedStream, Phases},
    opening::{Opening, OpeningProgress},
    route::{ConnectionLimits, Route},
    stream::Stream,
};
