//! Certificates of the clients of a group.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    Error, InconsistentKeys, SignatureScheme, client::ResolvesClientCert, crypto::CryptoProvider, sign::CertifiedKey,
};

use super::{
    files::{self, TlsFileError},
    noted,
};

/// Certificates of a group, at most: each takes some kilobytes.
const MOST: usize = 65_536;

/// The certificate of each client.
#[derive(Clone, Debug)]
pub(super) enum ClientCertificates {
    /// All have this one, or none.
    One(Arc<OwnCertificate>),
    /// Each client has its own.
    Each(Arc<EachCertificate>),
}

/// Certificates of clients.
#[derive(Debug)]
pub(super) struct EachCertificate {
    /// Number of the first client in the run.
    first: u32,
    /// Index of each client's certificate.
    of_client: Box<[u32]>,
    all: Vec<Arc<OwnCertificate>>,
}

/// Files of a certificate and its key.
pub(crate) type CertificateFiles = (PathBuf, PathBuf);

impl ClientCertificates {
    /// Clients without a certificate.
    pub(super) fn none() -> Self {
        Self::One(Arc::new(OwnCertificate(None)))
    }

    /// Reads the files of each client, from client `first` of the run on. Each file is read once.
    ///
    /// # Errors
    /// A file can't be used, or there are too many.
    pub(super) fn read(
        first: u32,
        of_client: impl Iterator<Item = CertificateFiles>,
        provider: &CryptoProvider,
    ) -> Result<Self, TlsFileError> {
        let (mut index_of, mut all, mut indices) = (HashMap::new(), Vec::new(), Vec::new());
        for files in of_client {
            let index = match index_of.get(&files) {
                Some(index) => *index,
                None if all.len() == MOST => {
                    let why = format!("the clients have more than {MOST} certificates; give several of them the same");
                    return Err(TlsFileError::new("cert", &files.0, why));
                }
                None => {
                    let index = u32::try_from(all.len()).unwrap_or(u32::MAX);
                    all.push(Arc::new(OwnCertificate(Some(read(&files.0, &files.1, provider)?))));
                    index_of.insert(files, index);
                    index
                }
            };
            indices.push(index);
        }
        Ok(match (all.pop(), all.is_empty()) {
            (None, _) => Self::none(),
            (Some(one), true) => Self::One(one),
            (Some(last), false) => {
                all.push(last);
                Self::Each(Arc::new(EachCertificate { first, of_client: indices.into(), all }))
            }
        })
    }

    /// The certificate of a client, by its number in the run.
    pub(super) fn of(&self, client: u32) -> &Arc<OwnCertificate> {
        match self {
            Self::One(one) => one,
            Self::Each(each) => {
                let index = each.of_client[client.wrapping_sub(each.first) as usize % each.of_client.len()];
                &each.all[index as usize]
            }
        }
    }

    /// Whether clients have one.
    pub(super) fn are_there(&self) -> bool {
        match self {
            Self::One(one) => one.0.is_some(),
            Self::Each(_) => true,
        }
    }
}

/// Reads a certificate and its key.
fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsFileError> {
    let chain = files::certificates("cert", certificate)?;
    let der = files::key(key)?;
    let of_key = |why: String| TlsFileError::new("key", key, why);
    let signing = provider.key_provider.load_private_key(der).map_err(|_| {
        of_key(
            "it is no key that can be used; RSA of 2048 bits and more, ECDSA with P-256 or P-384, and Ed25519 can"
                .to_owned(),
        )
    })?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Arc::new(certified)),
        Err(Error::InconsistentKeys(_)) => {
            Err(of_key("it is not the key of the certificate, the first one in the file of --cert".to_owned()))
        }
        Err(error) => {
            Err(TlsFileError::new("cert", certificate, format!("its first certificate can't be used: {error}")))
        }
    }
}

/// A certificate that a client shows if it is asked for one, whoever issued it. So a server that
/// does not accept it says so.
#[derive(Debug)]
pub(super) struct OwnCertificate(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for OwnCertificate {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        noted::certificate_wanted();
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
