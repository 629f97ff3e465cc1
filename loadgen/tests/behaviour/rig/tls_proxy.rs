//! TLS in front of a server that has none, with a self-signed certificate.

use std::{net::SocketAddr, sync::Arc, thread};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Builder,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{RootCertStore, ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer, server::WebPkiClientVerifier},
};

/// Takes TLS connections for as long as the test process lives.
pub(crate) struct TlsProxy {
    address: SocketAddr,
}

impl TlsProxy {
    /// In front of the server at `plain`.
    pub(crate) fn in_front_of(plain: SocketAddr) -> Self {
        Self::with(plain, acceptor(false))
    }

    /// In front of the server at `plain`, for clients that have a certificate of their own.
    pub(crate) fn for_certified_clients(plain: SocketAddr) -> Self {
        Self::with(plain, acceptor(true))
    }

    fn with(plain: SocketAddr, acceptor: TlsAcceptor) -> Self {
        let runtime = Builder::new_current_thread().enable_io().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("bound");
        thread::spawn(move || {
            runtime.block_on(async {
                while let Ok((outer, _)) = listener.accept().await {
                    let acceptor = acceptor.clone();
                    tokio::spawn(async move {
                        let Ok(mut outer) = acceptor.accept(outer).await else { return };
                        let Ok(mut inner) = TcpStream::connect(plain).await else { return };
                        let _ = copy_bidirectional(&mut outer, &mut inner).await;
                    });
                }
            });
        });
        Self { address }
    }

    pub(crate) fn url(&self) -> String {
        format!("wss://{}", self.address)
    }
}

/// With `certified`, clients must have a certificate.
fn acceptor(certified: bool) -> TlsAcceptor {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let config = if certified {
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("a certificate");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        config.with_client_cert_verifier(verifier.expect("a root"))
    } else {
        config.with_no_client_auth()
    };
    let config = config.with_single_cert(vec![cert.der().clone()], key.into()).expect("a key that fits");
    TlsAcceptor::from(Arc::new(config))
}
