//! Which certificates of servers are taken.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::{
    certificate_facts::CertificateFacts,
    files::{self, TlsFileError},
    noted,
};

/// Whom a client trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Authorities of the system.
    System,
    /// Certificates in files (PEM), and nobody else: authorities, or those of servers.
    Files(Vec<PathBuf>),
    /// One certificate, and nobody else.
    Certificate(CertificateDer<'static>),
    /// Anybody.
    Anybody,
}

impl Trust {
    /// What checks the certificates of servers.
    ///
    /// # Errors
    /// A file can't be used, or the system has no certificates.
    pub(super) fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, TlsFileError> {
        let (roots, listed) = match self {
            Self::Anybody => return Ok(Arc::new(AnyCertificate(Arc::clone(provider)))),
            Self::System => (system()?, Vec::new()),
            Self::Files(paths) => from_files(paths)?,
            Self::Certificate(certificate) => {
                let mut roots = RootCertStore::empty();
                roots.add(certificate.clone()).map_err(|error| TlsFileError::of_system(error.to_string()))?;
                (roots, vec![certificate.clone()])
            }
        };
        let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
        let authorities = authorities.map_err(|error| TlsFileError::of_system(error.to_string()))?;
        Ok(Arc::new(CertificateCheck { authorities, listed }))
    }
}

fn system() -> Result<RootCertStore, TlsFileError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(roots);
    }
    let errors: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
    let why = if errors.is_empty() { String::new() } else { format!(": {}", errors.join("; ")) };
    let remedy = "install them (ca-certificates), name some with --cacert FILE, or take any with --insecure";
    Err(TlsFileError::of_system(format!("the system has no trusted certificates{why}; {remedy}")))
}

/// The certificates in files.
fn from_files(paths: &[PathBuf]) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), TlsFileError> {
    let (mut roots, mut all) = (RootCertStore::empty(), Vec::new());
    for path in paths {
        for (number, certificate) in (1..).zip(files::certificates("cacert", path)?) {
            roots.add(certificate.clone()).map_err(|error| not_usable(path, number, &error))?;
            all.push(certificate);
        }
    }
    Ok((roots, all))
}

fn not_usable(path: &Path, number: usize, error: &Error) -> TlsFileError {
    let why =
        format!("certificate {number} in it can't be used: {error}; look at it with `openssl x509 -text -in FILE`");
    TlsFileError::new("cacert", path, why)
}

/// Takes certificates of servers that somebody vouches for who is trusted, and those that are
/// listed themselves.
#[derive(Debug)]
struct CertificateCheck {
    authorities: Arc<WebPkiServerVerifier>,
    /// Certificates that are trusted as they are. Those that servers signed themselves often claim
    /// to be of an authority, which a server's must not be (RFC 5280, section 4.2.1.9).
    listed: Vec<CertificateDer<'static>>,
}

impl CertificateCheck {
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.listed.contains(certificate) {
            return self.authorities.verify_server_cert(certificate, intermediates, name, ocsp, now);
        }
        let facts = CertificateFacts::of(certificate).ok_or(CertificateError::BadEncoding)?;
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if seconds < facts.valid.0 {
            return Err(CertificateError::NotValidYet.into());
        }
        if seconds > facts.valid.1 {
            return Err(CertificateError::Expired.into());
        }
        verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
        Ok(ServerCertVerified::assertion())
    }
}

impl ServerCertVerifier for CertificateCheck {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verify(certificate, intermediates, name, ocsp, now);
        if verified.is_err() {
            noted::refused(CertificateFacts::of(certificate));
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// Accepts any certificate, but checks that the handshake is signed with it.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
