//! Peers that speak TLS, and certificates.

use std::{
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    version::{TLS12, TLS13},
};
use server::{Identity, TlsSettings};

use super::peer::{TestPeer, connect, handshake};

/// A client of the server over TLS.
pub(crate) type TlsPeer = TestPeer<StreamOwned<ClientConnection, TcpStream>>;

impl TlsPeer {
    /// A TLS connection on which nothing was sent yet, not even the handshake of TLS.
    pub(crate) fn tls(address: SocketAddr, config: &Arc<ClientConfig>) -> Self {
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
        Self { tcp: StreamOwned::new(session, connect(address)) }
    }

    /// An open WebSocket over TLS.
    pub(crate) fn open_tls(address: SocketAddr, config: &Arc<ClientConfig>) -> Self {
        let mut peer = Self::tls(address, config);
        peer.send(&handshake(address));
        let answer = peer.http_head();
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        peer
    }
}

/// TLS with a certificate for `localhost`, and that certificate.
pub(crate) fn self_signed() -> (TlsSettings, CertificateDer<'static>) {
    let identity = Identity::self_signed(["localhost".to_owned()]).expect("it is made");
    let certificate = identity.certificate().clone();
    (TlsSettings::new(identity, None).expect("settings"), certificate)
}

/// A client that trusts these certificates, and speaks one version. It shows its own certificate if
/// it has one.
pub(crate) fn client(
    trusted: impl IntoIterator<Item = CertificateDer<'static>>,
    version: u8,
    own: Option<&Certified>,
) -> Arc<ClientConfig> {
    let version: &[&SupportedProtocolVersion] = if version == 2 { &[&TLS12] } else { &[&TLS13] };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(version).expect("a version").with_root_certificates(roots);
    Arc::new(match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.key.serialize_der()));
            builder.with_client_auth_cert(vec![own.certificate.clone()], key).expect("a certificate")
        }
    })
}

/// A certificate with its key.
pub(crate) struct Certified {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
    params: CertificateParams,
}

impl Certified {
    /// An authority.
    pub(crate) fn authority() -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { pem: certificate.pem(), certificate: certificate.into(), key, params }
    }

    /// A certificate for `name` that this authority has signed.
    pub(crate) fn signs(&self, name: &str) -> Self {
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).expect("a certificate");
        Self { pem: certificate.pem(), certificate: certificate.into(), key, params }
    }
}
