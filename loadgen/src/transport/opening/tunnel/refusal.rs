//! Why a proxy gave no tunnel, in words.

use frames::handshake::{Declined, ResponseError};

use crate::{
    secrets::Secrets,
    transport::{
        ConnectError, Endpoint,
        proxy::TunnelTarget,
        refusal_text::{masked, said},
        tls::TlsFailure,
    },
};

/// Why a proxy gave no tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transport::opening) struct TunnelRefusal {
    /// One of a small set of names. All begin with `proxy_`.
    pub(in crate::transport::opening) kind: String,
    /// What happened. May hold text that the proxy chose, escaped.
    pub(in crate::transport::opening) words: String,
}

impl TunnelRefusal {
    pub(super) fn new(kind: &str, words: impl Into<String>) -> Self {
        Self { kind: format!("proxy_{kind}"), words: words.into() }
    }

    /// TLS with the proxy failed.
    pub(in crate::transport::opening) fn of_tls(failure: &TlsFailure) -> Self {
        let words = failure.words.replace("try ws://", "try http://");
        Self::new(failure.kind, format!("TLS with the proxy: {words}"))
    }

    /// The error of a connection to a proxy at `peer`.
    pub(in crate::transport::opening) fn at(self, peer: Endpoint) -> ConnectError {
        ConnectError::new(&self.kind, format!("proxy: {peer}: {}", self.words))
    }
}

/// The refusal of an HTTP proxy that was asked for a tunnel to `target`, with credentials if
/// `authorized`, over TLS if `secure`. What it says is shown without the `secrets`.
pub(super) fn of_http(
    error: &ResponseError,
    target: &TunnelTarget,
    authorized: bool,
    secure: bool,
    secrets: &Secrets,
) -> TunnelRefusal {
    let shown = |bytes: &[u8]| masked(bytes, secrets);
    match error {
        ResponseError::Declined(declined) => {
            let words = declined_words(declined, target, authorized, &shown);
            TunnelRefusal::new(&declined.status.to_string(), words)
        }
        ResponseError::Ended(beginning) if beginning.is_empty() => {
            let other = if secure { "" } else { "it speaks TLS, try https://; if " };
            let hint = format!("(if {other}it is a SOCKS proxy, try socks5://)");
            TunnelRefusal::new("eof", format!("the proxy closed the connection without an answer {hint}"))
        }
        ResponseError::Ended(beginning) => {
            let beginning = shown(beginning);
            let words =
                format!("the proxy closed the connection before its answer was complete; it began with `{beginning}`");
            TunnelRefusal::new("eof", words)
        }
        ResponseError::NotHttp(beginning) => TunnelRefusal::new("protocol", not_http(beginning, secure, &shown)),
        error => TunnelRefusal::new("protocol", format!("the proxy answered CONNECT with malformed HTTP: {error}")),
    }
}

fn not_http(beginning: &[u8], secure: bool, shown: &impl Fn(&[u8]) -> String) -> String {
    match beginning {
        // The type and the major version of a TLS record: RFC 8446, section 5.1.
        [0x14..=0x17, 3, ..] if !secure => "the proxy answered with TLS: try https://".to_owned(),
        // The answers of SOCKS 5 to the C of CONNECT, and of SOCKS 4.
        [5 | 0, ..] => "the proxy answers, but not with HTTP: is it a SOCKS proxy? Try socks5://".to_owned(),
        _ => format!("the proxy's answer is not HTTP; it begins with `{}`", shown(beginning.trim_ascii())),
    }
}

fn declined_words(
    declined: &Declined,
    target: &TunnelTarget,
    authorized: bool,
    shown: &impl Fn(&[u8]) -> String,
) -> String {
    let mut words = format!("the proxy answered {}", declined.status);
    if !declined.reason.is_empty() {
        words = format!("{words} {}", shown(&declined.reason));
    }
    let schemes: Vec<_> = declined.fields.all("proxy-authenticate").map(scheme).map(shown).collect();
    let hint = match declined.status {
        407 if !schemes.is_empty() && !schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic")) => {
            Some(format!("it wants the authentication {}, and loadgen knows Basic", schemes.join(", ")))
        }
        // Some proxies answer wrong credentials with 401.
        401 | 407 if authorized => Some("it refused the credentials of --proxy-auth".to_owned()),
        407 => Some("it wants credentials: --proxy-auth gives them".to_owned()),
        403 => Some(format!("its rules may not allow {target}")),
        400 | 404 | 405 | 501 => Some("is this a proxy, and does it allow CONNECT?".to_owned()),
        500 => Some(format!("it may not have reached {target}")),
        502..=504 => Some(format!("it could not reach {target}")),
        300..400 => Some("is this a proxy?".to_owned()),
        _ => None,
    };
    if let Some(hint) = hint {
        words = format!("{words} ({hint})");
    }
    let said = said(declined);
    // Some pages say the status line again.
    let is_told = said.ends_with(&declined.reason) && said.starts_with(declined.status.to_string().as_bytes());
    if said.is_empty() || is_told { words } else { format!("{words}; it said `{}`", shown(&said)) }
}

/// The scheme of a challenge. What follows it may be long and says nothing to people.
fn scheme(challenge: &[u8]) -> &[u8] {
    challenge.split(|byte| b" \t,".contains(byte)).next().unwrap_or_default()
}
