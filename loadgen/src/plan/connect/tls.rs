//! TLS of a target.

use std::path::PathBuf;

use crate::message::Template;

/// TLS of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The embedded server speaks TLS, with a certificate that it makes at its start and that its
    /// clients trust. The default is no. The scheme of a URL says it for other servers.
    pub embedded: bool,
    /// The version to speak. By default the highest that both sides know, 1.2 or 1.3.
    pub version: Option<TlsVersion>,
    /// Accept any certificate. The default is to verify it. Results say so.
    pub insecure: bool,
    /// Files of certificates to trust (PEM), instead of the system's.
    pub authorities: Vec<PathBuf>,
    /// The certificate of each client, for servers that demand one.
    pub certificate: Option<ClientCertificate>,
    /// The name to ask for, which the certificate must be for. By default the URL's host.
    pub server_name: Option<String>,
    /// Whether connections resume the TLS session of one before (RFC 8446, section 2.2). The
    /// default is no, so that each pays for a full handshake as a new user's does.
    pub resume: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// A certificate with its key, in files (PEM). Both may name columns of the data, so that each
/// client has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The file of the certificate, with those between it and the authority.
    pub certificate: Template,
    /// The file of its key.
    pub key: Template,
}
