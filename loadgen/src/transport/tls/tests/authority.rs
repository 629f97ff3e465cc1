//! An authority that issues certificates for tests.

use std::{fs, path::PathBuf, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use tempfile::TempDir;

/// An authority, and the folder of its files.
pub(super) struct Authority {
    pub(super) certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate and its key.
pub(super) struct Issued {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: KeyPair,
}

/// A certificate for these names.
pub(super) fn params(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("nameless"));
    params
}

/// Names of servers in the tests.
pub(super) fn of_localhost() -> CertificateParams {
    params(&["localhost"])
}

/// Valid in these years.
pub(super) fn valid(mut params: CertificateParams, from: i32, to: i32) -> CertificateParams {
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    params
}

/// An authority's own, as far as it says.
pub(super) fn of_authority(mut params: CertificateParams) -> CertificateParams {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// For clients only.
pub(super) fn for_clients(mut params: CertificateParams) -> CertificateParams {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// Signed by its own key.
pub(super) fn self_signed(params: &CertificateParams) -> Issued {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Issued { certificate: certificate.der().clone(), key }
}

impl Issued {
    pub(super) fn pem(&self) -> String {
        pem_of("CERTIFICATE", &self.certificate)
    }

    pub(super) fn key_pem(&self) -> String {
        pem_of("PRIVATE KEY", &self.key.serialize_der())
    }
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let (params, key) = (of_authority(params(&[name])), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key), folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn issue(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued { certificate: certificate.der().clone(), key }
    }

    /// Writes a file of its folder.
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// A file with its certificate.
    pub(super) fn pem(&self) -> PathBuf {
        self.file("ca.pem", pem_of("CERTIFICATE", &self.certificate))
    }

    /// Trusts clients with certificates that it issued.
    pub(super) fn of_clients(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        roots
    }
}

/// A file as RFC 7468 has it.
fn pem_of(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

/// Settings of a server. It wants certificates of its clients if `of_clients` are given.
pub(super) fn server(
    issued: &Issued,
    versions: &[&'static SupportedProtocolVersion],
    of_clients: Option<RootCertStore>,
) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).unwrap();
    let builder = match of_clients {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(issued.key.serialize_der()));
    Arc::new(builder.with_single_cert(vec![issued.certificate.clone()], key).unwrap())
}
