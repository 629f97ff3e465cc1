//! Options for TLS.

use std::{fs, net::IpAddr, path::PathBuf};

use clap::{ArgGroup, Args, error::ErrorKind};
use rustix::system::uname;

use super::refused;
use crate::{ClientAuthority, Identity, TlsError, TlsSettings};

/// Whether connections have TLS, and with which certificate.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "TLS")]
#[command(group = ArgGroup::new("with_tls").args(["tls", "tls_cert"]))]
pub(crate) struct TlsArgs {
    /// Speak TLS with a certificate made at the start
    ///
    /// It is for localhost, the name of this machine and the address of --listen. Nobody has signed
    /// it, so clients need the file of --tls-write-cert, or must not verify it.
    #[arg(long)]
    tls: bool,

    /// Save the certificate of --tls in this file, for clients to trust (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    tls_write_cert: Option<PathBuf>,

    /// Speak TLS with this certificate, followed by those between it and its authority (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of --tls-cert, not encrypted (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Take only clients with a certificate that one of these has signed (PEM)
    #[arg(long, value_name = "FILE", requires = "with_tls")]
    client_ca: Option<PathBuf>,
}

/// TLS that is ready to be spoken.
#[derive(Debug)]
pub(crate) struct ReadyTls {
    pub(crate) settings: TlsSettings,
    /// What the user is told: what the certificate is, and how to trust it.
    pub(crate) notes: Vec<String>,
}

impl TlsArgs {
    /// Reads or makes what TLS needs, and saves what is to be saved. `None` without TLS.
    ///
    /// # Errors
    /// If a file can't be read or written, or has not what is wanted.
    pub(crate) fn ready(&self, listen: IpAddr) -> Result<Option<ReadyTls>, clap::Error> {
        let (identity, trust) = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                (Identity::read(certificate, key).map_err(|error| self.refusal(&error))?, None)
            }
            _ if self.tls => {
                let identity = Identity::self_signed(names(listen)).map_err(|error| self.refusal(&error))?;
                let trust = self.save(&identity)?;
                (identity, Some(trust))
            }
            _ => return Ok(None),
        };
        let notes = [format!("certificate SHA-256 {}", identity.fingerprint())].into_iter().chain(trust).collect();
        let clients = self.client_ca.as_deref().map(ClientAuthority::read).transpose();
        let settings = clients.and_then(|clients| TlsSettings::new(identity, clients));
        Ok(Some(ReadyTls { settings: settings.map_err(|error| self.refusal(&error))?, notes }))
    }

    /// Saves the certificate if that is asked for. Returns how to trust it.
    fn save(&self, identity: &Identity) -> Result<String, clap::Error> {
        let Some(file) = &self.tls_write_cert else {
            return Ok("clients trust it with --insecure, or with the file of --tls-write-cert".to_owned());
        };
        let shown = file.display();
        let failed = |error| refused(ErrorKind::Io, format!("--tls-write-cert {shown}: {error}"));
        fs::write(file, identity.pem().unwrap_or_default()).map_err(failed)?;
        Ok(format!("clients trust it with --cacert {shown}"))
    }

    /// The refusal of what an option names.
    fn refusal(&self, error: &TlsError) -> clap::Error {
        let shown = |file: &Option<PathBuf>| file.as_ref().map_or(String::new(), |file| file.display().to_string());
        let file = match error {
            TlsError::Unreadable { file, .. }
            | TlsError::NoPem { file, .. }
            | TlsError::NoCertificate { file }
            | TlsError::NoKey { file }
            | TlsError::EncryptedKey { file }
            | TlsError::BadCertificate { file, .. } => Some(file),
            TlsError::OtherKey | TlsError::NoAuthority | TlsError::NotMade(_) | TlsError::Refused(_) => None,
        };
        let is_key = matches!(error, TlsError::NoKey { .. } | TlsError::EncryptedKey { .. });
        let text = match file {
            Some(file) if self.client_ca.as_ref() == Some(file) => format!("--client-ca {error}"),
            Some(file) if is_key || self.tls_cert.as_ref() != Some(file) => format!("--tls-key {error}"),
            Some(_) => format!("--tls-cert {error}"),
            None if self.tls => format!("--tls: {error}"),
            None => format!("--tls-cert {}, --tls-key {}: {error}", shown(&self.tls_cert), shown(&self.tls_key)),
        };
        refused(ErrorKind::ValueValidation, text)
    }
}

/// What the certificate of a server that listens at an address is for.
fn names(listen: IpAddr) -> impl Iterator<Item = String> {
    let machine = uname().nodename().to_string_lossy().into_owned();
    let is_name =
        |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    let machine = Some(machine).filter(is_name).filter(|name| name != "localhost");
    let address = Some(listen).filter(|address| !address.is_unspecified() && !address.is_loopback());
    let address = address.map(|address| address.to_string());
    ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into_iter().chain(machine).chain(address)
}
