//! What a certificate says of itself, for people.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, time::ASN1Time, x509::X509Name,
};

/// Names that are shown, at most.
const NAMES_SHOWN: usize = 4;

/// Characters of a name that are shown, at most.
const NAME_SHOWN: usize = 60;

/// What a certificate says of itself. Texts are those of its maker: escape them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CertificateFacts {
    /// Whom it is for: its common name, or the whole name.
    pub(super) subject: String,
    /// Who issued it.
    pub(super) issuer: String,
    /// Subject and issuer are one, so nobody else vouches for it.
    pub(super) is_self_signed: bool,
    /// The first and the last second in which it is valid, counted from 1970.
    pub(super) valid: (i64, i64),
    /// Hosts that it is for.
    pub(super) hosts: Vec<String>,
}

impl CertificateFacts {
    /// Those of a certificate, if it can be read at all.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let validity = certificate.validity();
        let alternative = certificate.subject_alternative_name().ok().flatten();
        let hosts = alternative.iter().flat_map(|names| &names.value.general_names).filter_map(host);
        let seconds = |time: &ASN1Time| time.timestamp();
        Some(Self {
            subject: shown(certificate.subject()),
            issuer: shown(certificate.issuer()),
            is_self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
            valid: (seconds(&validity.not_before), seconds(&validity.not_after)),
            hosts: hosts.collect(),
        })
    }

    /// The hosts that it is for, as a list in words. `None` if it names none.
    pub(super) fn hosts_in_words(&self) -> Option<String> {
        let shown = self.hosts.iter().take(NAMES_SHOWN).map(|host| format!("`{}`", cut(host)));
        let shown: Vec<_> = shown.collect();
        match self.hosts.len().saturating_sub(NAMES_SHOWN) {
            0 if shown.is_empty() => None,
            0 => Some(shown.join(", ")),
            more => Some(format!("{} and {more} more", shown.join(", "))),
        }
    }
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from).ok();
            let v6 = || <[u8; 16]>::try_from(*bytes).map(IpAddr::from).ok();
            v4.or_else(v6).map(|ip| ip.to_string())
        }
        _ => None,
    }
}

fn shown(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|name| name.as_str().ok());
    cut(&common.map_or_else(|| name.to_string(), str::to_owned))
}

fn cut(text: &str) -> String {
    text.chars().take(NAME_SHOWN).collect()
}
