//! The server under test.

use std::{fmt, ops::Deref, str::FromStr};

use url::{Host, Url};

use crate::secrets::bare;

/// The server under test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// A reference server that the run starts itself.
    #[default]
    Embedded,
    /// A running server.
    Url(ServerUrl),
}

impl Target {
    /// Whether the server takes cores of this machine, as far as its name tells.
    pub fn is_here(&self) -> bool {
        let Self::Url(url) = self else { return true };
        match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }
}

/// The URL of a server. Its scheme is `ws` or `wss`, and it has a host, a port other than 0 and no
/// fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl Deref for ServerUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.0
    }
}

/// Without user-info and query.
impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bare(self.0.as_str()))
    }
}

impl FromStr for ServerUrl {
    type Err = String;

    /// Parses a URL. The error says what is accepted, and shows no secrets.
    fn from_str(text: &str) -> Result<Self, String> {
        const ACCEPTED: &str = "expected ws://HOST[:PORT][/PATH] or wss://HOST[:PORT][/PATH]";
        if !text.contains("://") {
            return Err(format!("there is no scheme (was ws://{} meant?); {ACCEPTED}", bare(text)));
        }
        let url = Url::parse(text).map_err(|error| format!("{error}; {ACCEPTED}"))?;
        let foreign = |scheme, instead| {
            format!("scheme `{scheme}` is not WebSocket's: try {}; {ACCEPTED}", with_scheme(&url, instead))
        };
        match url.scheme() {
            "ws" | "wss" => {}
            "http" => return Err(foreign("http", "ws")),
            "https" => return Err(foreign("https", "wss")),
            scheme => return Err(format!("scheme `{scheme}` is not WebSocket's; {ACCEPTED}")),
        }
        match () {
            () if url.host_str().is_none_or(str::is_empty) => Err(format!("there is no host; {ACCEPTED}")),
            () if url.port() == Some(0) => Err(format!("port 0 can't be connected to; {ACCEPTED}")),
            // RFC 6455, section 3.
            () if url.fragment().is_some() => Err(format!("a WebSocket URL has no fragment (`#...`); {ACCEPTED}")),
            () => Ok(Self(url)),
        }
    }
}

/// The URL with another scheme, and without its secrets.
fn with_scheme(url: &Url, scheme: &str) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{scheme}://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}
