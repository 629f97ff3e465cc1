//! TLS of the connections.
//!
//! ```text
//! settings.rs             what all connections of a group share
//! group.rs                those that a plan gives a group
//! trust.rs                which certificates of servers are taken
//! client_certificates.rs  which certificate each client shows
//! sessions.rs             sessions that are resumed
//! files.rs                certificates and keys in files
//! client.rs               TLS to one server
//! handshake.rs            a handshake that is under way
//! noted.rs                what callbacks of rustls saw of it
//! failure.rs              why it failed, in words
//! certificate_facts.rs    what a certificate says of itself
//! ```

mod certificate_facts;
mod client;
mod client_certificates;
mod failure;
mod files;
mod group;
mod handshake;
mod noted;
mod sessions;
mod settings;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
mod trust;

pub use self::files::TlsFileError;
#[cfg(test)]
pub(crate) use self::trust::Trust;
pub(crate) use self::{client::TlsClient, handshake::TlsSummary, settings::TlsSettings};
pub(super) use self::{failure::TlsFailure, handshake::TlsHandshake};
