//! The server's side of TLS, for tests.

use std::{
    io::{Read, Write},
    sync::{Arc, LazyLock},
};

use rcgen::{CertificateParams, CertifiedKey, DnType, KeyPair, generate_simple_self_signed};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use url::Host;

use super::{TlsClient, TlsSettings, Trust};

/// TLS with a certificate for `localhost` that nobody signed. Reads and writes block.
pub(crate) fn accept<S: Read + Write>(under: S) -> StreamOwned<ServerConnection, S> {
    accept_with(&SERVER.0, under)
}

/// TLS with these settings. Reads and writes block.
pub(crate) fn accept_with<S: Read + Write>(config: &Arc<ServerConfig>, under: S) -> StreamOwned<ServerConnection, S> {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), under)
}

/// Made once, as a key takes long to make.
static SERVER: LazyLock<(Arc<ServerConfig>, CertificateDer<'static>)> = LazyLock::new(|| {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    (Arc::new(config), cert.der().clone())
});

/// TLS of a client that takes any certificate.
pub(crate) fn trusting_client() -> TlsClient {
    client(TlsSettings::new(Trust::Anybody, None).unwrap())
}

/// TLS of a client that trusts another server only.
pub(crate) fn distrusting_client() -> TlsClient {
    let mut other = CertificateParams::new(["localhost".to_owned()]).unwrap();
    other.distinguished_name.push(DnType::CommonName, "other");
    let cert = other.self_signed(&KeyPair::generate().unwrap()).unwrap();
    client(TlsSettings::new(Trust::Certificate(cert.der().clone()), None).unwrap())
}

/// TLS of a client that wants a certificate for `localhost`.
pub(crate) fn client(settings: TlsSettings) -> TlsClient {
    TlsClient::new(settings, &Host::Domain("localhost")).unwrap()
}
