//! What is wrong with certificates and keys, in words.

use std::{io, path::PathBuf};

use rustls::pki_types::pem;

/// What is wrong with the settings of TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file is no PEM.
    #[error("{}: {error}; expected PEM, which has lines such as `-----BEGIN CERTIFICATE-----`", file.display())]
    NoPem {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        error: pem::Error,
    },
    /// A file has no certificate.
    #[error("{}: there is no certificate in it; expected PEM with `-----BEGIN CERTIFICATE-----`", file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// A file has no key.
    #[error("{}: there is no private key in it; expected PEM with `-----BEGIN PRIVATE KEY-----`", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// The key of a file is encrypted.
    #[error("{}: the key is encrypted; decrypt it first, as with `openssl pkey -in KEY -out PLAIN`", file.display())]
    EncryptedKey {
        /// The file.
        file: PathBuf,
    },
    /// The certificate of an authority can't be one.
    #[error("{}: it has a certificate that can't be used: {error}", file.display())]
    BadCertificate {
        /// The file.
        file: PathBuf,
        /// Why not.
        error: rustls::Error,
    },
    /// The key belongs to another certificate.
    #[error("the key does not belong to the certificate")]
    OtherKey,
    /// There is no authority for the certificates of clients.
    #[error("there is no authority for the certificates of clients")]
    NoAuthority,
    /// A certificate can't be made.
    #[error("a certificate can't be made: {0}")]
    NotMade(rcgen::Error),
    /// The certificate or its key is of a kind that is not known.
    #[error("{0}")]
    Refused(rustls::Error),
}

impl TlsError {
    /// Why a certificate and its key are refused.
    pub(super) fn of_identity(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::OtherKey,
            error => Self::Refused(error),
        }
    }
}
