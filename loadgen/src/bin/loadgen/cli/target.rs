//! What to test: the URL of a server, or a plan file.

use std::path::Path;

use clap::Args;
use loadgen::{
    plan::{ServerUrl, keys::TargetKey},
    secrets::bare,
};

use super::refusal::refuse;

/// What to test. It is parsed with the plan: clap would print a refused value whole, with the
/// password that may be in it.
#[derive(Clone, Debug, Default, Args)]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
pub(crate) struct TargetArgs {
    /// Server to test, as ws://HOST[:PORT][/PATH] or wss://..., or a plan file
    ///
    /// Clients take several URLs in turn. A plan file ends in .toml; - is a plan on stdin. Options
    /// stand over what the plan says. `loadgen plan FILE` checks it.
    ///
    /// [default: a reference server that loadgen starts on a free loopback port]
    #[arg(index = 1, value_name = "URL", help_heading = None::<&str>)]
    url: Option<String>,

    #[arg(index = 2, value_name = "URL", hide = true)]
    more: Vec<String>,

    /// Server to test, where it does not stand as URL; repeatable
    ///
    /// With a plan file, the server of all groups that have no target of their own.
    #[arg(long, value_name = "URL", help_heading = "Connecting", hide_short_help = true)]
    target: Vec<String>,
}

/// Where a plan comes from.
#[derive(Debug)]
pub(super) struct PlanSource<'a> {
    /// The plan file, if there is one. `-` is stdin.
    pub(super) file: Option<&'a Path>,
    /// The server, if one is given on the command line.
    pub(super) target: Option<TargetKey>,
}

impl TargetArgs {
    /// A plan file, if there is one, and a server of the command line.
    pub(super) fn of(file: Option<&str>, url: Option<&str>) -> Self {
        Self { url: file.map(str::to_owned), more: Vec::new(), target: url.map(str::to_owned).into_iter().collect() }
    }

    /// Refuses a plan file, where a command makes its plan of options only.
    pub(super) fn refuse_a_plan_file(&self) -> Result<(), clap::Error> {
        match self.url.as_deref().filter(|text| is_plan_file(text)) {
            Some(file) => Err(refuse(format!("{}: a search takes no plan file; give the URL and options", bare(file)))),
            None => Ok(()),
        }
    }

    /// Where the plan comes from.
    pub(super) fn source(&self) -> Result<PlanSource<'_>, clap::Error> {
        let file = self.url.as_deref().filter(|text| is_plan_file(text)).map(Path::new);
        if let (Some(file), Some(url)) = (file, self.more.first()) {
            let (file, url) = (file.display(), bare(url));
            return Err(refuse(format!("{url}: with the plan file {file}, give the server with --target")));
        }
        let urls: Vec<_> = self.url.iter().filter(|_| file.is_none()).chain(&self.more).collect();
        let given = match (&urls[..], &self.target[..]) {
            ([url, ..], [target, ..]) if urls.iter().copied().ne(&self.target) => {
                return Err(refuse(format!(
                    "--target {}: the server is given as URL, too, as {}; give one of them",
                    bare(target),
                    bare(url)
                )));
            }
            ([], target) => target.iter().collect(),
            _ => urls,
        };
        let parse = |text: &String| {
            text.parse::<ServerUrl>()
                .map_err(|error| refuse(format!("invalid value '{}' for '[URL]': {error}", bare(text))))
        };
        let target = given.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        Ok(PlanSource { file, target: (!target.is_empty()).then_some(TargetKey(target)) })
    }
}

/// The name of a plan file that can be read more than once.
pub(super) fn parse_plan_file(text: &str) -> Result<String, String> {
    if !is_plan_file(text) || text == "-" {
        return Err("expected a file whose name ends in .toml".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether this names a plan rather than a server.
fn is_plan_file(text: &str) -> bool {
    text == "-" || (!text.contains("://") && Path::new(text).extension().is_some_and(|ending| ending == "toml"))
}
