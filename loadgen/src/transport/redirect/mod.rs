//! Redirects of the opening handshake: RFC 9110, section 15.4, and RFC 6455, section 4.1.

mod lookups;

use std::{sync::Arc, task::Poll};

use frames::handshake::Declined;
use url::Url;

use self::lookups::Lookups;
use super::{
    ResolvedPath, lookup,
    tls::{TlsClient, TlsSettings},
};
use crate::plan::Connect;

/// How the clients of a group follow redirects.
#[derive(Clone, Debug)]
pub(crate) struct Redirects {
    /// Redirects that an attempt follows, at most.
    most: u32,
    /// Redirects that may still be followed.
    left: u32,
    /// TLS of the group, for servers of any name. None if it can't be set up.
    tls: Option<TlsSettings>,
    /// The ways to the hosts that redirects led to.
    lookups: Arc<Lookups>,
}

impl Redirects {
    /// Those of a group, if it follows any.
    pub(super) fn of(connect: &Connect, tls: Option<&TlsSettings>) -> Option<Self> {
        let most = connect.request.max_redirects;
        let lookups = || Arc::new(Lookups::new(connect.clone()));
        (most > 0).then(|| Self { most, left: most, tls: tls.cloned(), lookups: lookups() })
    }

    pub(super) fn most(&self) -> u32 {
        self.most
    }

    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// What is left of them after one.
    pub(super) fn after_one(&self) -> Self {
        Self { left: self.left.saturating_sub(1), ..self.clone() }
    }

    /// TLS with the server of a URL, if that wants it.
    pub(super) fn tls(&self, url: &Url) -> Result<Option<TlsClient>, String> {
        match &self.tls {
            None if url.scheme() == "wss" => Err("TLS can't be set up, as the system has no certificates".to_owned()),
            settings => TlsClient::for_url(url, settings.as_ref()),
        }
    }

    /// The way to the host of a URL, once it is looked up. Ask again until then.
    pub(super) fn path_to(&self, url: &Url) -> Poll<Result<ResolvedPath, String>> {
        match lookup::host_of(url) {
            Ok(host) => self.lookups.path_to(&host),
            Err(error) => Poll::Ready(Err(error.to_string())),
        }
    }
}

/// Why a redirect leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RedirectError {
    #[error("it has no Location")]
    NoLocation,
    #[error("its Location is no URL")]
    NoUrl,
    #[error("its Location is no address of a WebSocket: expected ws, wss, http or https")]
    Scheme,
    #[error("its Location has no host, or port 0")]
    NoHost,
}

/// Whether a response is a redirect.
pub(super) fn is_redirect(declined: &Declined) -> bool {
    matches!(declined.status, 301 | 302 | 303 | 307 | 308)
}

/// The URL that a response redirects to, which answers a request for `from`. It has no user-info,
/// as a server does not say what a client's credentials are, and no fragment.
pub(super) fn target(from: &Url, declined: &Declined) -> Result<Url, RedirectError> {
    let location = declined.fields.first("location").ok_or(RedirectError::NoLocation)?;
    let location = std::str::from_utf8(location).map_err(|_| RedirectError::NoUrl)?;
    let mut url = from.join(location).map_err(|_| RedirectError::NoUrl)?;
    // The `url` crate lets these be replaced by each other, as all are special schemes.
    let scheme = match url.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        _ => return Err(RedirectError::Scheme),
    };
    url.set_scheme(scheme).map_err(|()| RedirectError::Scheme)?;
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| RedirectError::NoHost)?;
    url.set_fragment(None);
    if url.host_str().is_none_or(str::is_empty) || url.port() == Some(0) {
        return Err(RedirectError::NoHost);
    }
    Ok(url)
}

/// Whether both have one scheme, host and port (RFC 6454, section 5), so that one may see what the
/// other may.
pub(super) fn is_same_origin(one: &Url, other: &Url) -> bool {
    let origin = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    origin(one) == origin(other)
}

/// Whether a header field that the user gives may go to another origin: one that says nothing of
/// the user.
pub(super) fn may_leave_the_origin(name: &http::HeaderName) -> bool {
    const HARMLESS: [&str; 9] = [
        "user-agent",
        "origin",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
        "accept",
        "accept-language",
        "accept-encoding",
        "cache-control",
        "pragma",
    ];
    HARMLESS.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use frames::handshake::{Key, ResponseError, ResponseReader};

    use super::*;

    fn declined(answer: &str) -> Declined {
        let mut reader = ResponseReader::new(&Key::random(), []);
        let refusal = reader.take(answer.as_bytes()).err().unwrap_or_else(|| reader.finish());
        let ResponseError::Declined(declined) = refusal else { panic!("{refusal:?}") };
        *declined
    }

    fn led(from: &str, location: &str) -> Result<String, RedirectError> {
        let answer = declined(&format!("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"));
        target(&Url::parse(from).unwrap(), &answer).map(Into::into)
    }

    #[test]
    fn a_location_is_relative_to_the_request() {
        for (location, expected) in [
            ("ws://b.example/x?y=1", Ok("ws://b.example/x?y=1")),
            ("http://b.example:80/x", Ok("ws://b.example/x")),
            ("https://b.example/x", Ok("wss://b.example/x")),
            ("https://b.example:8443", Ok("wss://b.example:8443/")),
            ("wss://b.example", Ok("wss://b.example/")),
            ("//b.example/x", Ok("ws://b.example/x")),
            ("/other", Ok("ws://a.example:9001/other")),
            ("other?q", Ok("ws://a.example:9001/chat/other?q")),
            ("?q=2", Ok("ws://a.example:9001/chat/room?q=2")),
            ("", Ok("ws://a.example:9001/chat/room?token=1")),
            ("http://u:p@b.example/#top", Ok("ws://b.example/")),
            ("mailto:a@b.example", Err(RedirectError::Scheme)),
            ("ftp://b.example", Err(RedirectError::Scheme)),
            ("http://b.example:0/", Err(RedirectError::NoHost)),
            ("http://", Err(RedirectError::NoUrl)),
            ("http://b.example:x/", Err(RedirectError::NoUrl)),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(led("ws://a.example:9001/chat/room?token=1", location), expected, "{location}");
        }
        assert_eq!(led("wss://a.example/x", "/y").as_deref(), Ok("wss://a.example/y"));
        assert_eq!(led("wss://a.example/x", "http://a.example/y").as_deref(), Ok("ws://a.example/y"));
    }

    #[test]
    fn only_some_answers_redirect() {
        for (status, redirects) in
            [(300, false), (301, true), (302, true), (303, true), (304, false), (305, false), (307, true), (308, true)]
        {
            let answer = declined(&format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
            assert_eq!(is_redirect(&answer), redirects, "{status}");
            assert_eq!(target(&Url::parse("ws://a").unwrap(), &answer), Err(RedirectError::NoLocation));
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let same = |one: &str, other: &str| is_same_origin(&Url::parse(one).unwrap(), &Url::parse(other).unwrap());
        assert!(same("ws://a/x", "ws://A:80/y?z") && same("wss://a:443", "wss://a"));
        for other in ["wss://a", "ws://b", "ws://a:81", "ws://x.a"] {
            assert!(!same("ws://a", other), "{other}");
        }
    }
}
