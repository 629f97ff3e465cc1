//! Failures of TLS: one kind a cause, with what may help.

use std::{
    io,
    time::{Duration, SystemTime},
};

use reports::escape;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible, pki_types::ServerName};

use super::{certificate_facts::CertificateFacts, trust::Trust};
use crate::{
    plan::TlsVersion,
    transport::connect_error::{ConnectError, of_tls},
};

const NO_TLS: &str = "(if it does not speak TLS, try ws://)";
/// Bytes shown of the library's text.
const SHOWN: usize = 150;

/// Why TLS failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transport) struct TlsFailure {
    pub(in crate::transport) kind: &'static str,
    /// What happened, and what may help. Texts that the server chose are not escaped.
    pub(in crate::transport) words: String,
}

/// What a failure is explained by.
#[derive(Debug)]
pub(super) struct Circumstances<'a> {
    /// The name that the certificate must be for.
    pub(super) name: &'a ServerName<'static>,
    pub(super) trust: &'a Trust,
    /// The version to speak, if only one is spoken.
    pub(super) version: Option<TlsVersion>,
    /// The client has a certificate.
    pub(super) has_certificate: bool,
    /// The server asked for one.
    pub(super) wants_certificate: bool,
    /// The server has answered in TLS.
    pub(super) has_answered: bool,
    /// The server's certificate, if it was refused.
    pub(super) refused: Option<&'a CertificateFacts>,
}

impl TlsFailure {
    fn new(kind: &'static str, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }

    /// The failure of a connection to `peer`.
    pub(in crate::transport) fn at(&self, peer: &impl std::fmt::Display) -> ConnectError {
        ConnectError::new(self.kind, format!("{peer}: {}", self.words))
    }
}

/// Explains a failed handshake.
pub(super) fn explain_io(error: &io::Error, circumstances: &Circumstances<'_>) -> TlsFailure {
    match of_tls(error) {
        Some(error) => explain(error, circumstances),
        None if circumstances.wants_certificate && !circumstances.has_certificate => {
            no_client_certificate(&format!("ended the connection ({error})"))
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            TlsFailure::new("tls", format!("the server closed the connection in the TLS handshake {NO_TLS}"))
        }
        None => TlsFailure::new("tls", format!("{error} in the TLS handshake {NO_TLS}")),
    }
}

/// Explains a TLS error, during the handshake or later.
pub(super) fn explain(error: &Error, circumstances: &Circumstances<'_>) -> TlsFailure {
    match error {
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) if !circumstances.has_answered => {
            let words = "the server answered in no version of TLS that is known; if it does not speak TLS, try ws://";
            TlsFailure::new("not_tls", words)
        }
        Error::InvalidMessage(_) if !circumstances.has_answered => {
            TlsFailure::new("not_tls", "the server does not speak TLS on this port: try ws://")
        }
        Error::AlertReceived(alert) => of_alert(*alert, circumstances),
        Error::InvalidCertificate(error) => of_certificate(error, circumstances),
        Error::PeerIncompatible(
            PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::SupportedVersionsExtensionRequired,
        ) => version(circumstances),
        Error::PeerIncompatible(_) => no_cipher("", circumstances),
        _ => TlsFailure::new("tls", format!("TLS failed: {}", escape(error.to_string().as_bytes(), SHOWN))),
    }
}

fn version(circumstances: &Circumstances<'_>) -> TlsFailure {
    TlsFailure::new(
        "tls_version",
        match circumstances.version {
            Some(TlsVersion::Tls12) => "the server does not speak TLS 1.2, and --tls 1.2 wants no other",
            Some(TlsVersion::Tls13) => "the server does not speak TLS 1.3, and --tls 1.3 wants no other",
            None => "the server speaks neither TLS 1.2 nor 1.3, and loadgen speaks nothing older",
        },
    )
}

fn no_cipher(how: &str, circumstances: &Circumstances<'_>) -> TlsFailure {
    let versions = match circumstances.version {
        Some(_) => "; another version than --tls names may have some",
        None => "",
    };
    let words = format!("the server has no cipher or key exchange in common with loadgen{how}{versions}");
    TlsFailure::new("tls_cipher", words)
}

fn no_client_certificate(what: &str) -> TlsFailure {
    let words = format!("the server wants a certificate of the client, and {what} (--cert FILE --key FILE give one)");
    TlsFailure::new("tls_no_client_certificate", words)
}

/// Explains an alert: RFC 8446, section 6.2.
fn of_alert(alert: AlertDescription, circumstances: &Circumstances<'_>) -> TlsFailure {
    let sent = format!("sent the TLS alert {alert:?}");
    // It is about the client's certificate, the only one that a server checks.
    let refused = match alert {
        AlertDescription::UnknownCA => Some("it does not trust who issued it"),
        AlertDescription::CertificateExpired => Some("it has expired"),
        AlertDescription::CertificateRevoked => Some("it was revoked"),
        AlertDescription::UnsupportedCertificate => Some("it takes no certificate of this kind"),
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => Some("the server's log may say why"),
        AlertDescription::AccessDenied => Some("it is valid, and may not connect"),
        AlertDescription::DecryptError if circumstances.wants_certificate => Some("its signature does not fit"),
        AlertDescription::HandshakeFailure if circumstances.wants_certificate => Some("the server's log may say why"),
        _ => None,
    };
    match (alert, refused) {
        (AlertDescription::CertificateRequired, _) => no_client_certificate(&sent),
        (_, Some(_)) if !circumstances.has_certificate => no_client_certificate(&sent),
        (_, Some(why)) => TlsFailure::new(
            "tls_client_certificate_refused",
            format!("the server refused the client's certificate: {why} (it {sent})"),
        ),
        (AlertDescription::ProtocolVersion, _) => version(circumstances),
        (AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity, _) => {
            no_cipher(&format!(" (it {sent})"), circumstances)
        }
        (AlertDescription::UnrecognisedName, _) => TlsFailure::new(
            "tls_unknown_name",
            format!(
                "the server has no certificate for `{}` (--sni NAME asks for another)",
                circumstances.name.to_str()
            ),
        ),
        _ => TlsFailure::new("tls", format!("the server {sent}")),
    }
}

fn of_certificate(error: &CertificateError, circumstances: &Circumstances<'_>) -> TlsFailure {
    let facts = circumstances.refused;
    let (kind, words) = match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => ("tls_untrusted", untrusted(circumstances)),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => ("tls_expired", expired(error, facts)),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let from =
                facts.and_then(|facts| date(facts.valid.0)).map_or_else(String::new, |from| format!(" before {from}"));
            let words = format!("the server's certificate is not valid{from}; is the clock of this machine right?");
            ("tls_not_yet_valid", words)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ("tls_wrong_name", wrong_name(circumstances))
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            ("tls_bad_certificate", "the server's certificate is not for servers (extended key usage)".to_owned())
        }
        // One that its server signed itself as an authority, as `openssl req -x509` does, is
        // refused for that first.
        CertificateError::Other(_) if facts.is_some_and(|facts| facts.is_self_signed) => {
            ("tls_untrusted", untrusted(circumstances))
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            let words = "the server's certificate says that it is of an authority (CA:TRUE), and a server's must not";
            ("tls_bad_certificate", words.to_owned())
        }
        _ => {
            let error = escape(error.to_string().as_bytes(), SHOWN);
            ("tls_bad_certificate", format!("the server's certificate is not valid: {error}"))
        }
    };
    TlsFailure::new(kind, format!("{words} (--insecure takes any certificate)"))
}

fn untrusted(circumstances: &Circumstances<'_>) -> String {
    let (certificate, issuer) = match circumstances.refused {
        Some(facts) if facts.is_self_signed => {
            (format!("the server's certificate `{}`", facts.subject), "the server itself".to_owned())
        }
        Some(facts) => (format!("the server's certificate `{}`", facts.subject), format!("`{}`", facts.issuer)),
        None => ("the server's certificate".to_owned(), "somebody".to_owned()),
    };
    let trusted = match circumstances.trust {
        Trust::System | Trust::Anybody => "nobody whom this system trusts vouches for that".to_owned(),
        Trust::Certificate(_) => "it is not the certificate that the server was started with".to_owned(),
        Trust::Files(files) => {
            let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
            format!("nobody in {} vouches for that", files.join(", "))
        }
    };
    let remedy = "give its authority, or itself if it is self-signed, with --cacert FILE";
    format!("{certificate} was issued by {issuer}, and {trusted}; {remedy}")
}

fn expired(error: &CertificateError, facts: Option<&CertificateFacts>) -> String {
    let of_server = facts.map(|facts| facts.valid.1);
    let at = match error {
        CertificateError::ExpiredContext { not_after, .. } => i64::try_from(not_after.as_secs()).ok(),
        _ => of_server,
    };
    // One between it and the authority may have expired as well.
    let which = if at == of_server { "the server's certificate" } else { "a certificate above the server's" };
    let on = at.and_then(date).map_or_else(String::new, |at| format!(" on {at}"));
    format!("{which} expired{on}; renew it, or is the clock of this machine wrong?")
}

fn wrong_name(circumstances: &Circumstances<'_>) -> String {
    let wanted = circumstances.name.to_str();
    match circumstances.refused.map(|facts| (facts, facts.hosts_in_words())) {
        Some((facts, Some(hosts))) => {
            let one = facts.hosts.iter().find(|host| !host.contains('*')).or(facts.hosts.first());
            let one = one.map_or("NAME", String::as_str);
            format!(
                "the server's certificate is for {hosts}, not for `{wanted}`; use one of its names in the URL, or --sni {one}"
            )
        }
        Some((facts, None)) => format!(
            "the server's certificate `{}` names no host, and so is not for `{wanted}`; a common name alone is none (RFC \
             9525): make it anew with a subject alternative name",
            facts.subject
        ),
        None => format!("the server's certificate is not for `{wanted}`"),
    }
}

/// A time in seconds since 1970, in words.
fn date(seconds: i64) -> Option<String> {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))?;
    Some(humantime::format_rfc3339_seconds(time).to_string())
}
