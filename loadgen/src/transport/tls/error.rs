//! Errors of TLS in words.

use std::{fmt::Display, io};

use reports::escape;
use rustls::{AlertDescription, CertificateError, Error};

use crate::transport::{ConnectError, connect_error::of_tls};

const NO_TLS: &str = "(if it does not speak TLS, try ws://)";
/// Bytes shown of the library's text.
const SHOWN: usize = 150;

/// The error of a failed handshake.
pub(in crate::transport) fn failed(peer: &dyn Display, error: &io::Error) -> ConnectError {
    let what = match of_tls(error) {
        Some(error) => words(error),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("the server closed the connection in the TLS handshake {NO_TLS}")
        }
        None => format!("{error} in the TLS handshake {NO_TLS}"),
    };
    ConnectError::new("tls", format!("{peer}: {what}"))
}

/// Explains a TLS error, during the handshake or later.
pub(in crate::transport) fn words(error: &Error) -> String {
    match error {
        Error::InvalidMessage(_) => "the server does not speak TLS on this port: try ws://".to_owned(),
        Error::AlertReceived(alert) => alert_words(*alert),
        Error::InvalidCertificate(error) => format!("{} (--insecure takes any certificate)", certificate_words(error)),
        Error::PeerIncompatible(_) => "the server has no version or cipher of TLS in common with loadgen".to_owned(),
        _ => format!("TLS failed: {}", escape(error.to_string().as_bytes(), SHOWN)),
    }
}

fn alert_words(alert: AlertDescription) -> String {
    let what = match alert {
        AlertDescription::CertificateRequired => "it wants a certificate of the client, and loadgen has none",
        AlertDescription::HandshakeFailure
        | AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity => {
            "it has no version or cipher of TLS in common with loadgen, or wants a certificate of the client"
        }
        AlertDescription::UnrecognisedName => "it has no certificate for this name",
        AlertDescription::AccessDenied => "access denied",
        _ => "it refused the TLS connection",
    };
    format!("the server sent the TLS alert {alert:?}: {what}")
}

fn certificate_words(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "nobody whom this system trusts has signed the server's certificate".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name".to_owned()
        }
        CertificateError::Revoked => "the server's certificate was revoked".to_owned(),
        _ => format!("the server's certificate is not valid: {}", escape(error.to_string().as_bytes(), SHOWN)),
    }
}
