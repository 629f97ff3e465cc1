//! TLS in front of a server that has none.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::{CertificateParams, DnType, KeyPair};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Builder,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
        crypto::ring,
        pki_types::{CertificateDer, PrivatePkcs8KeyDer},
        server::WebPkiClientVerifier,
    },
};

/// A certificate that its owner signed, in files.
pub(crate) struct SelfSigned {
    folder: TempDir,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

/// Takes TLS connections for as long as the test process lives.
pub(crate) struct TlsProxy {
    address: SocketAddr,
    certificate: SelfSigned,
    seen: Arc<Mutex<Vec<SeenHandshake>>>,
}

/// What the server knows of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenHandshake {
    /// The name that the client asked for.
    pub(crate) name: Option<String>,
    pub(crate) resumed: bool,
    /// The certificate of the client.
    pub(crate) certificate: Option<Vec<u8>>,
}

impl SelfSigned {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.self_signed(&key).expect("a certificate").der().clone();
        let made = Self { folder: tempfile::tempdir().expect("a folder"), certificate, key };
        fs::write(made.file("pem"), pem("CERTIFICATE", &made.certificate)).expect("a file");
        fs::write(made.file("key"), pem("PRIVATE KEY", &made.key.serialize_der())).expect("a file");
        made
    }

    /// The file of its certificate (`pem`) or its key (`key`).
    pub(crate) fn file(&self, which: &str) -> PathBuf {
        self.folder.path().join(format!("own.{which}"))
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.certificate
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

impl TlsProxy {
    /// In front of the server at `plain`, with a certificate for 127.0.0.1.
    pub(crate) fn in_front_of(plain: SocketAddr) -> Self {
        Self::named("127.0.0.1", plain)
    }

    /// In front of the server at `plain`, with a certificate for this name.
    pub(crate) fn named(name: &str, plain: SocketAddr) -> Self {
        Self::start(name, plain, &[])
    }

    /// In front of the server at `plain`, for clients with one of these certificates.
    pub(crate) fn for_certified_clients(plain: SocketAddr, clients: &[&SelfSigned]) -> Self {
        Self::start("127.0.0.1", plain, clients)
    }

    fn start(name: &str, plain: SocketAddr, clients: &[&SelfSigned]) -> Self {
        let certificate = SelfSigned::new(name);
        let acceptor = acceptor(&certificate, clients);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let runtime = Builder::new_current_thread().enable_io().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let of_thread = Arc::clone(&seen);
        thread::spawn(move || {
            runtime.block_on(async {
                while let Ok((outer, _)) = listener.accept().await {
                    let (acceptor, seen) = (acceptor.clone(), Arc::clone(&of_thread));
                    tokio::spawn(async move {
                        let Ok(mut outer) = acceptor.accept(outer).await else { return };
                        seen.lock().expect("no panic").push(handshake(outer.get_ref().1));
                        let Ok(mut inner) = TcpStream::connect(plain).await else { return };
                        let _ = copy_bidirectional(&mut outer, &mut inner).await;
                    });
                }
            });
        });
        Self { address, certificate, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("wss://{}", self.address)
    }

    /// Its own certificate.
    pub(crate) fn certificate(&self) -> &SelfSigned {
        &self.certificate
    }

    /// The handshakes so far.
    pub(crate) fn seen(&self) -> Vec<SeenHandshake> {
        self.seen.lock().expect("no panic").clone()
    }
}

fn handshake(session: &ServerConnection) -> SeenHandshake {
    SeenHandshake {
        name: session.server_name().map(str::to_owned),
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        certificate: session.peer_certificates().map(|chain| chain[0].to_vec()),
    }
}

/// With `clients`, they must have one of these certificates.
fn acceptor(own: &SelfSigned, clients: &[&SelfSigned]) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let config = if clients.is_empty() {
        config.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for client in clients {
            roots.add(client.certificate.clone()).expect("a certificate");
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        config.with_client_cert_verifier(verifier.expect("a root"))
    };
    let key = PrivatePkcs8KeyDer::from(own.key.serialize_der());
    let config = config.with_single_cert(vec![own.certificate.clone()], key.into()).expect("a key that fits");
    TlsAcceptor::from(Arc::new(config))
}
