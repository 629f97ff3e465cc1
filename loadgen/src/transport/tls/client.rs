//! TLS of the connections of a group.

use std::{io, net::IpAddr, os::fd::AsFd, sync::Arc};

use rustls::{ClientConfig, Error, pki_types::ServerName};
use url::Host;

use crate::transport::{Stream, stream::TlsStream};

/// TLS of the connections of a group, to one server. Clones share what they have.
#[derive(Clone, Debug)]
pub(crate) struct TlsClient {
    config: Arc<ClientConfig>,
    /// What the certificate must be for. Unless it is an address, it is sent as well.
    name: ServerName<'static>,
}

impl TlsClient {
    /// TLS with these settings to a server of this name.
    pub(crate) fn new(config: Arc<ClientConfig>, name: ServerName<'static>) -> Self {
        Self { config, name }
    }

    /// TLS of a client on a connected stream, before its handshake.
    ///
    /// # Errors
    /// The settings don't fit the name.
    pub(in crate::transport) fn stream<S: AsFd>(&self, _client: u32, under: Stream<S>) -> Result<TlsStream<S>, Error> {
        TlsStream::new(Arc::clone(&self.config), self.name.clone(), under)
    }
}

/// The name that the certificate of a host must have.
///
/// # Errors
/// It is no name that a certificate can have.
pub(in crate::transport) fn server_name(host: &Host<&str>) -> io::Result<ServerName<'static>> {
    Ok(match host {
        Host::Ipv4(ip) => ServerName::from(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => ServerName::from(IpAddr::V6(*ip)),
        Host::Domain(name) => ServerName::try_from((*name).to_owned()).map_err(io::Error::other)?,
    })
}
