//! The server to test, as a URL.

use std::path::Path;

use super::refusal::refuse;
use clap::Args;
use loadgen::{plan::Target, secrets::bare};

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

/// The target that `url` names.
pub(super) fn target(url: Option<&str>) -> Result<Target, clap::Error> {
    let Some(text) = url else { return Ok(Target::Embedded) };
    let url = text.parse();
    url.map(Target::Url).map_err(|error: String| refuse(format!("invalid value '{}' for '[URL]': {error}", bare(text))))
}
