//! TLS of the connections to one server.

use std::net::IpAddr;

use rustls::{Error, pki_types::ServerName};
use url::{Host, Url};

use super::{
    failure::{Circumstances, TlsFailure, explain},
    settings::TlsSettings,
};

/// TLS of the connections of a group to one server. Clones share what they have.
#[derive(Clone, Debug)]
pub(crate) struct TlsClient {
    pub(super) settings: TlsSettings,
    /// What the certificate must be for. Unless it is an address, it is sent as well (RFC 6066,
    /// section 3).
    pub(super) name: ServerName<'static>,
}

impl TlsClient {
    /// TLS with these settings to a server of this name, unless they ask for another.
    ///
    /// # Errors
    /// No certificate can be for this name.
    pub(in crate::transport) fn new(settings: TlsSettings, host: &Host<&str>) -> Result<Self, String> {
        let name = match (&settings.server_name, host) {
            (Some(name), _) => name.clone(),
            (None, Host::Ipv4(ip)) => ServerName::from(IpAddr::V4(*ip)),
            (None, Host::Ipv6(ip)) => ServerName::from(IpAddr::V6(*ip)),
            (None, Host::Domain(name)) => ServerName::try_from((*name).to_owned())
                .map_err(|_| format!("`{name}` is no name that a certificate can be for; --sni gives another"))?,
        };
        Ok(Self { settings, name })
    }

    /// TLS of the connections to a URL, if it wants that.
    ///
    /// # Errors
    /// No certificate can be for the name of its host.
    pub(in crate::transport) fn for_url(url: &Url, settings: Option<&TlsSettings>) -> Result<Option<Self>, String> {
        match (settings.filter(|_| url.scheme() == "wss"), url.host()) {
            (Some(settings), Some(host)) => Self::new(settings.clone(), &host).map(Some),
            _ => Ok(None),
        }
    }

    /// TLS with these settings to a server that has a certificate for its address.
    pub(in crate::transport) fn at(settings: TlsSettings, ip: IpAddr) -> Self {
        Self { settings, name: ip.into() }
    }

    /// A TLS error in words, during the handshake or later. `wants_certificate` says whether the
    /// server asked for a certificate of the client.
    pub(in crate::transport) fn explain(&self, error: &Error, wants_certificate: bool) -> TlsFailure {
        explain(error, &self.circumstances(wants_certificate))
    }

    pub(super) fn circumstances(&self, wants_certificate: bool) -> Circumstances<'_> {
        Circumstances {
            name: &self.name,
            trust: &self.settings.trust,
            version: self.settings.version,
            has_certificate: self.settings.certificates.are_there(),
            wants_certificate,
            has_answered: true,
            refused: None,
        }
    }
}
