//! Who is tested, as a URL.

use std::num::NonZeroUsize;

use loadgen::plan::Target;
use loadgen::secrets::bare;
use url::{Host, Url};

use super::refuse;

/// The target that `url` names, and the cores that it leaves to the workers. A server on this machine gets half of them.
pub(super) fn target(url: Option<&str>) -> Result<(Target, NonZeroUsize), clap::Error> {
    let cores = loadgen::cores() as usize;
    let at_least_one = |n| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
    let Some(text) = url else {
        let threads = at_least_one(cores / 2);
        return Ok((Target::Embedded { threads }, at_least_one(cores.saturating_sub(threads.get()))));
    };
    let url =
        parse_url(text).map_err(|error| refuse(format!("invalid value '{}' for '[URL]': {error}", bare(text))))?;
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    Ok((Target::Url(url), at_least_one(if loopback { cores - cores / 2 } else { cores })))
}

pub(super) fn parse_url(text: &str) -> Result<Url, String> {
    const ACCEPTED: &str = "expected ws://HOST[:PORT][/PATH] or wss://HOST[:PORT][/PATH]";
    if !text.contains("://") {
        return Err(format!("there is no scheme (was ws://{} meant?); {ACCEPTED}", bare(text)));
    }
    let url = Url::parse(text).map_err(|error| format!("{error}; {ACCEPTED}"))?;
    match url.scheme() {
        "ws" | "wss" => {}
        "http" => return Err(format!("scheme `http` is not WebSocket's: try {}; {ACCEPTED}", instead(&url, "ws"))),
        "https" => return Err(format!("scheme `https` is not WebSocket's: try {}; {ACCEPTED}", instead(&url, "wss"))),
        scheme => return Err(format!("scheme `{scheme}` is not WebSocket's; {ACCEPTED}")),
    }
    match () {
        () if url.host_str().is_none_or(str::is_empty) => Err(format!("there is no host; {ACCEPTED}")),
        () if url.port() == Some(0) => Err(format!("port 0 can't be connected to; {ACCEPTED}")),
        // RFC 6455, section 3.
        () if url.fragment().is_some() => Err(format!("a WebSocket URL has no fragment (`#...`); {ACCEPTED}")),
        () => Ok(url),
    }
}

/// The same URL with another scheme, without what may be secret.
fn instead(url: &Url, scheme: &str) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{scheme}://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}
