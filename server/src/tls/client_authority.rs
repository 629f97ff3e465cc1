//! Who may sign the certificates of clients.

use std::{path::Path, sync::Arc};

use rustls::RootCertStore;

use super::{error::TlsError, identity::certificates};

/// Authorities that may have signed the certificates of clients.
#[derive(Debug)]
pub struct ClientAuthority(RootCertStore);

impl ClientAuthority {
    /// Reads the certificates of authorities from a file (PEM). A client may also show one of these
    /// itself, unless that is marked as an authority's.
    ///
    /// # Errors
    /// If the file can't be read, has no certificate, or one that can't be an authority's.
    pub fn read(file: &Path) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(file)? {
            roots.add(certificate).map_err(|error| TlsError::BadCertificate { file: file.into(), error })?;
        }
        Ok(Self(roots))
    }

    pub(super) fn into_roots(self) -> Arc<RootCertStore> {
        Arc::new(self.0)
    }
}
