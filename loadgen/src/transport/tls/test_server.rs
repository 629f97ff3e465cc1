//! The server's side of TLS, for tests.

use std::{
    io::{Read, Write},
    sync::{Arc, LazyLock},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivatePkcs8KeyDer, ServerName},
};

use super::{TlsClient, settings};

/// TLS with a certificate for `localhost` that nobody signed. Reads and writes block.
pub(crate) fn accept<S: Read + Write>(under: S) -> StreamOwned<ServerConnection, S> {
    StreamOwned::new(ServerConnection::new(Arc::clone(&CONFIG)).unwrap(), under)
}

/// Made once, as a key takes long to make.
static CONFIG: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    Arc::new(config)
});

/// TLS of a client that takes any certificate.
pub(crate) fn trusting_client() -> TlsClient {
    TlsClient::new(trusting(), name())
}

/// The name in the certificate.
pub(crate) fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// Settings of a client that takes any certificate.
pub(crate) fn trusting() -> Arc<ClientConfig> {
    Arc::new(settings::client_config(true).unwrap())
}

/// Settings of a client that trusts nobody.
pub(crate) fn distrusting() -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}
