//! TLS of the connections: settings, and errors in words.

mod client;
pub(super) mod error;
pub(super) mod settings;
#[cfg(test)]
pub(crate) mod test_server;

pub(crate) use self::client::TlsClient;
pub(super) use self::client::server_name;
