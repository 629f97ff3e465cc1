//! The TLS handshake.

use std::{net::SocketAddr, sync::Arc};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::transport::{ConnectError, tls_error::failed};

pub(super) async fn connect(
    config: &Arc<ClientConfig>,
    name: &ServerName<'static>,
    tcp: TcpStream,
    peer: SocketAddr,
) -> Result<TlsStream<TcpStream>, ConnectError> {
    let connected = TlsConnector::from(Arc::clone(config)).connect(name.clone(), tcp).await;
    connected.map_err(|error| failed(peer, &error))
}
