//! Settings of TLS that all connections of a group share.

use std::{env, fs::OpenOptions, path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, KeyLog, KeyLogFile, NoKeyLog, SupportedProtocolVersion,
    client::Resumption,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};

use super::{
    client_certificates::{CertificateFiles, ClientCertificates},
    files::TlsFileError,
    sessions::ClientSessions,
    trust::Trust,
};
use crate::plan::{TlsOptions, TlsVersion};

/// Names a file to which the keys of connections are appended, so that other programs can decrypt
/// what was recorded of them: NSS Key Log Format, RFC 9850.
const KEY_LOG: &str = "SSLKEYLOGFILE";

/// Versions that are spoken if the plan names none.
const BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

/// Settings of TLS that all connections of a group share. Clones share what they have.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    /// Those of a client without certificate and sessions.
    pub(super) config: Arc<ClientConfig>,
    pub(super) certificates: ClientCertificates,
    pub(super) sessions: Option<ClientSessions>,
    /// The version to speak, if only one is spoken.
    pub(super) version: Option<TlsVersion>,
    pub(super) trust: Arc<Trust>,
    /// The name to ask for, if it is not the host's.
    pub(super) server_name: Option<ServerName<'static>>,
}

impl TlsSettings {
    /// Settings that trust somebody, without certificates of clients.
    ///
    /// # Errors
    /// A file can't be used, or the system has no certificates.
    pub(crate) fn new(trust: Trust, version: Option<TlsVersion>) -> Result<Self, TlsFileError> {
        let provider = Arc::new(ring::default_provider());
        let versions: &[&SupportedProtocolVersion] = match version {
            None => BOTH,
            Some(TlsVersion::Tls12) => &[&TLS12],
            Some(TlsVersion::Tls13) => &[&TLS13],
        };
        let verifier = trust.verifier(&provider)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| TlsFileError::of_system(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(ClientCertificates::none().of(0).clone());
        config.resumption = Resumption::disabled();
        config.key_log = key_log()?;
        Ok(Self {
            config: Arc::new(config),
            certificates: ClientCertificates::none(),
            sessions: None,
            version,
            trust: Arc::new(trust),
            server_name: None,
        })
    }

    /// Those of a group, which trusts a server's `own` certificate only if that is given.
    /// `certificates` are the files of each client, from client `first` of the run on.
    ///
    /// # Errors
    /// A file can't be used, or the system has no certificates.
    pub(crate) fn of(
        options: &TlsOptions,
        own: Option<&CertificateDer<'static>>,
        first: u32,
        certificates: impl Iterator<Item = CertificateFiles>,
    ) -> Result<Self, TlsFileError> {
        let trust = match (own, options.insecure, &options.authorities[..]) {
            (Some(certificate), ..) => Trust::Certificate(certificate.clone()),
            (None, true, _) => Trust::Anybody,
            (None, false, []) => Trust::System,
            (None, false, files) => Trust::Files(files.to_vec()),
        };
        let mut settings = Self::new(trust, options.version)?;
        let name = options.server_name.clone().map(ServerName::try_from).transpose();
        settings.server_name = name.map_err(|error| TlsFileError::of_system(format!("--sni: {error}")))?;
        settings.sessions = options.resume.then(ClientSessions::default);
        settings.certificates = ClientCertificates::read(first, certificates, settings.config.crypto_provider())?;
        if let ClientCertificates::One(certificate) = &settings.certificates {
            let mut config = (*settings.config).clone();
            config.client_auth_cert_resolver = certificate.clone();
            settings.config = Arc::new(config);
        }
        Ok(settings)
    }

    /// Those of TLS to a proxy: it trusts the same, in any version, and shows nobody's certificate.
    pub(crate) fn of_proxy(options: &TlsOptions) -> Result<Self, TlsFileError> {
        let options = TlsOptions { version: None, resume: false, server_name: None, ..options.clone() };
        Self::of(&options, None, 0, std::iter::empty())
    }

    /// Those of the connections of a client.
    pub(super) fn config_of(&self, client: u32) -> Arc<ClientConfig> {
        if self.sessions.is_none() && matches!(self.certificates, ClientCertificates::One(_)) {
            return Arc::clone(&self.config);
        }
        let mut config = (*self.config).clone();
        config.client_auth_cert_resolver = self.certificates.of(client).clone();
        if let Some(sessions) = &self.sessions {
            config.resumption = Resumption::store(sessions.of(client));
        }
        Arc::new(config)
    }
}

/// Where keys of connections are logged, if the environment says so.
fn key_log() -> Result<Arc<dyn KeyLog>, TlsFileError> {
    let Some(path) = env::var_os(KEY_LOG).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(Arc::new(NoKeyLog {}));
    };
    // rustls itself would go on without.
    let log = KeyLogFile::new();
    OpenOptions::new().append(true).open(&path).map_err(|error| {
        let why = format!("the variable {KEY_LOG} names it, and it can't be written: {error}; unset the variable");
        TlsFileError::new("", &path, why)
    })?;
    Ok(Arc::new(log))
}
