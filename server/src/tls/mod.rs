//! TLS of the server's side: its certificate, and which clients it takes.
//!
//! - `identity` is a certificate with its key, from files or made at the start.
//! - `client_authority` says who may sign the certificates of clients.
//! - `error` says in words what is wrong with their files.

mod client_authority;
mod error;
mod identity;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring::{self, Ticketer},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};
use tokio_rustls::TlsAcceptor;

pub use self::{client_authority::ClientAuthority, error::TlsError, identity::Identity};

/// What a server that speaks TLS has agreed with itself: 1.2 and 1.3, with the cipher suites of
/// `ring`.
///
/// Sessions are resumed with tickets that the server does not store (RFC 5077; RFC 8446, section
/// 2.2), so resuming costs no memory. Their key lives as long as the server, and changes every six
/// hours.
#[derive(Clone)]
pub struct TlsSettings(Arc<ServerConfig>);

impl TlsSettings {
    /// A server that shows `identity`. With `clients`, it takes only clients that show a
    /// certificate that one of those authorities has signed.
    ///
    /// # Errors
    /// If the key does not belong to the certificate, or `ring` does not know its kind.
    pub fn new(identity: Identity, clients: Option<ClientAuthority>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(TlsError::Refused)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(clients.into_roots(), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|_| TlsError::NoAuthority)?)
            }
        };
        let (chain, key) = identity.into_parts();
        let mut config = builder.with_single_cert(chain, key).map_err(TlsError::of_identity)?;
        // What browsers offer for wss: and https: alike. HTTP/2 is not served.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new().map_err(TlsError::Refused)?;
        Ok(Self(Arc::new(config)))
    }

    /// Accepts TLS connections with these settings.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.0).into()
    }
}

/// Without the key.
impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings").finish_non_exhaustive()
    }
}

/// Settings are equal if they are the same, as a key can't be compared.
impl PartialEq for TlsSettings {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
