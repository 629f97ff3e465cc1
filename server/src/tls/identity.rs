//! A certificate with its key.

use std::{fmt, fs, path::Path};

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer,
    pem::{self, PemObject},
};
use sha2::{Digest, Sha256};

use super::error::TlsError;

/// The certificate of a server, with those between it and its authority, and its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// The certificate in PEM, if it was made here.
    pem: Option<String>,
}

impl Identity {
    /// Reads a certificate, followed by those between it and its authority, and its key from files
    /// (PEM). Both may be in one file.
    ///
    /// # Errors
    /// If a file can't be read or lacks what is wanted, or the key is encrypted. Whether the key
    /// belongs to the certificate is found out by [`TlsSettings::new`](super::TlsSettings::new).
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self { chain: certificates(certificate)?, key: private_key(key)?, pem: None })
    }

    /// Makes a key (ECDSA on P-256) and a certificate for these names and IP addresses, which
    /// nobody else has signed.
    ///
    /// # Errors
    /// If a name can't stand in a certificate, or the system has no random numbers.
    pub fn self_signed(names: impl IntoIterator<Item = String>) -> Result<Self, TlsError> {
        let mut params = CertificateParams::new(names.into_iter().collect::<Vec<_>>()).map_err(TlsError::NotMade)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "loadgen reference server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(TlsError::NotMade)?;
        let certificate = params.self_signed(&key).map_err(TlsError::NotMade)?;
        let pem = certificate.pem();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Ok(Self { chain: vec![certificate.into()], key, pem: Some(pem) })
    }

    /// The certificate of the server itself.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        // Both ways to make one give at least this one.
        &self.chain[0]
    }

    /// The SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` shows it.
    pub fn fingerprint(&self) -> String {
        let hash = Sha256::digest(self.certificate());
        hash.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// The certificate in PEM, if it was made by [`self_signed`](Self::self_signed).
    pub fn pem(&self) -> Option<&str> {
        self.pem.as_deref()
    }

    pub(super) fn into_parts(self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain, self.key)
    }
}

/// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

/// The certificates of a file, at least one.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(file)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let all = all.map_err(|error| TlsError::NoPem { file: file.into(), error })?;
    if all.is_empty() { Err(TlsError::NoCertificate { file: file.into() }) } else { Ok(all) }
}

/// The first private key of a file.
fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read(file)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound if is_encrypted(&text) => TlsError::EncryptedKey { file: file.into() },
        pem::Error::NoItemsFound => TlsError::NoKey { file: file.into() },
        error => TlsError::NoPem { file: file.into(), error },
    })
}

/// Whether a file has a key that needs a password (RFC 5958, section 3).
fn is_encrypted(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|error| TlsError::Unreadable { file: file.into(), error })
}
