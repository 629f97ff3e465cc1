//! The server to test, as a URL.

use std::{num::NonZeroUsize, path::Path};

use clap::Args;
use loadgen::{plan::Target, secrets::bare};
use url::{Host, Url};

use super::refusal::refuse;

/// The server to test. It is parsed with the plan: clap would print a refused value whole, with the
/// password that may be in it.
#[derive(Clone, Debug, Args)]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
pub(super) struct TargetArgs {
    /// Server to test, as ws://HOST[:PORT][/PATH] or wss://...
    ///
    /// [default: a reference server that loadgen starts on a free loopback port]
    #[arg(value_name = "URL", help_heading = None::<&str>)]
    url: Option<String>,

    /// Server to test, where it does not stand as URL
    #[arg(long, value_name = "URL", help_heading = "Connecting", hide_short_help = true)]
    target: Option<String>,
}

impl TargetArgs {
    /// The URL, if one is given.
    pub(super) fn url(&self) -> Result<Option<&str>, clap::Error> {
        let url = match (self.url.as_deref(), self.target.as_deref()) {
            (Some(url), Some(target)) if url != target => {
                return Err(refuse(format!(
                    "--target {}: the server is given as URL, too, as {}; give one of them",
                    bare(target),
                    bare(url)
                )));
            }
            (url, target) => url.or(target),
        };
        match url {
            Some(file)
                if !file.contains("://") && Path::new(file).extension().is_some_and(|ending| ending == "toml") =>
            {
                Err(refuse(format!(
                    "{}: plan files can't be run yet; give the URL and the options on the command line",
                    bare(file)
                )))
            }
            url => Ok(url),
        }
    }
}

/// The target that `url` names, and the cores that it leaves to the workers. A server on this
/// machine gets half of them.
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

/// The URL with another scheme, and without its secrets.
fn instead(url: &Url, scheme: &str) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{scheme}://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}
