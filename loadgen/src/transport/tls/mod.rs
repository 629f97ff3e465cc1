//! TLS of the connections: settings, and errors in words.

pub(super) mod error;
pub(super) mod settings;
#[cfg(test)]
pub(crate) mod test_server;
