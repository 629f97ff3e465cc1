//! `loadgen ab`: two servers, or two generators, in pairs of runs.

use std::{ffi::OsStr, num::NonZeroU32, path::PathBuf, time::Duration};

use clap::Args;
use loadgen::plan::{Plan, keys::VerdictKeys};
use reports::{
    gate::{Confidence, Gate},
    paired::{PairedTest, PairedTestError},
};
use url::Url;

use super::{
    console::ConsoleArgs,
    gates::GateArgs,
    outputs::{Destination, check_destinations},
    plan::PlanArgs,
    refusal::refuse,
    server_choice::ServerChoice,
    target::{TargetArgs, parse_plan_file},
    values::{parse_number, parse_positive_duration},
};

/// Compare two servers in pairs of runs, to tell a regression from noise
///
/// The runs of a pair come in random order. Each is a process of its own with fresh connections,
/// and with a fresh server where a command is given. A pair before the first warms the machine up
/// and is not counted. While the verdict is inconclusive, more pairs follow, up to --max-pairs.
///
/// Exit codes: 0 pass, 1 regression, 2 usage, 3 inconclusive, 4 delivery violation, 5 run invalid,
/// 6 the target refused or lost connections.
#[derive(Clone, Debug, Args)]
#[allow(clippy::doc_markdown)]
pub(crate) struct AbArgs {
    /// Baseline: a URL, or 'cmd:COMMAND' that starts a server
    ///
    /// A URL is ws://HOST[:PORT][/PATH] or wss://...
    /// The command says where the server listens, as in 'cmd:./server --listen {addr}': {addr}
    /// becomes 127.0.0.1:PORT.
    #[arg(long, value_name = "SERVER", help_heading = "Servers")]
    pub(crate) a: ServerChoice,

    /// Candidate, written as the baseline is
    #[arg(long, value_name = "SERVER", help_heading = "Servers")]
    pub(crate) b: ServerChoice,

    /// Path of the URL at servers that commands start, such as /socket?room=1
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = parse_path)]
    #[arg(help_heading = "Servers", hide_short_help = true)]
    pub(crate) path: String,

    /// Longest wait for a server that a command starts to take connections
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_positive_duration)]
    #[arg(help_heading = "Servers", hide_short_help = true)]
    pub(crate) start_timeout: Duration,

    /// Generator that makes the runs of A, another version of loadgen
    ///
    /// [default: this one]
    #[arg(long, value_name = "PROGRAM", help_heading = "Servers", hide_short_help = true)]
    pub(crate) generator_a: Option<PathBuf>,

    /// Generator that makes the runs of B; with one server, compares two generators
    ///
    /// [default: this one]
    #[arg(long, value_name = "PROGRAM", help_heading = "Servers", hide_short_help = true)]
    pub(crate) generator_b: Option<PathBuf>,

    /// Pairs of runs before the first look at them
    ///
    /// At least 3. An even number lets a steady drift cancel.
    #[arg(long, value_name = "N", default_value = "10", value_parser = parse_number::<NonZeroU32>)]
    #[arg(help_heading = "Pairs")]
    pairs: NonZeroU32,

    /// Pairs of runs at most
    ///
    /// After each further --pairs there is one more look. All intervals are wider for it.
    ///
    /// [default: three times --pairs]
    #[arg(long, value_name = "N", value_parser = parse_number::<NonZeroU32>, help_heading = "Pairs")]
    max_pairs: Option<NonZeroU32>,

    /// Pairs that may be run again because the generator was too slow in them
    ///
    /// They are counted by side, and a surplus of B's keeps it from passing.
    ///
    /// [default: as many as --pairs]
    #[arg(long, value_name = "N", help_heading = "Pairs", hide_short_help = true)]
    max_repeats: Option<u32>,

    /// Plan file of all runs; options stand over what it says
    ///
    /// All its groups test the server of the side. By default all groups together decide; --gate
    /// chat.p99=10% lets the group chat decide, too.
    #[arg(long = "plan", value_name = "FILE", help_heading = "Load", value_parser = parse_plan_file)]
    plan_file: Option<String>,

    #[command(flatten)]
    plan: PlanArgs,

    #[command(flatten)]
    pub(crate) gates: GateArgs,

    /// 100 % less twice the risk of a false regression of any metric at any look
    #[arg(long, value_name = "PERCENT", default_value = "95%", help_heading = "Verdict")]
    #[arg(hide_short_help = true)]
    pub(crate) confidence: Confidence,

    /// Keep the results of all runs, as files in this folder
    ///
    /// It is created if missing. The files are pair-01-a.json and so on.
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) results: Option<PathBuf>,

    /// Save a page with plots of the median pair
    ///
    /// It overlays the two runs of the pair whose change is the median.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) html: Option<Destination>,

    /// Save the comparison in Markdown
    ///
    /// `-` is stdout, instead of text.
    #[arg(long, value_name = "FILE", help_heading = "Output", hide_short_help = true)]
    pub(crate) markdown: Option<Destination>,

    /// Print the comparison as JSON instead of text
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

impl AbArgs {
    /// The plan of all runs, against the server at `url`.
    pub(crate) fn plan(&self, url: Option<&str>) -> Result<Plan, clap::Error> {
        self.plan.plan(&TargetArgs::of(self.plan_file.as_deref(), url), &VerdictKeys::default())
    }

    /// What decides, and after how many pairs.
    pub(crate) fn test(&self, plan: &Plan) -> Result<PairedTest, clap::Error> {
        let gates = self.gates.gates(&plan.group_names().collect::<Vec<_>>())?;
        if !plan.groups().iter().any(|group| group.load.sends()) {
            has_a_value_without_messages(&gates)?;
        }
        let pairs = self.pairs.get();
        let max_pairs = self.max_pairs.map_or(pairs.saturating_mul(3), NonZeroU32::get);
        PairedTest::new(gates, self.confidence, pairs, max_pairs).map_err(|error| {
            let option =
                if matches!(error, PairedTestError::MaximumBelowFirst { .. }) { "--max-pairs" } else { "--pairs" };
            refuse(format!("{option}: {error}"))
        })
    }

    /// Pairs that may be run again.
    pub(crate) fn max_repeats(&self) -> u32 {
        self.max_repeats.unwrap_or(self.pairs.get())
    }

    /// Finds out whether the outputs fit together and can be written, and makes the folder of the
    /// results.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        let destinations = [("--markdown", &self.markdown), ("--html", &self.html)];
        check_destinations(
            self.json,
            destinations.into_iter().filter_map(|(flag, destination)| Some((flag, destination.as_ref()?))),
        )?;
        let Some(folder) = &self.results else { return Ok(()) };
        let shown = folder.display();
        let mut entries = std::fs::create_dir_all(folder)
            .and_then(|()| folder.read_dir())
            .map_err(|error| refuse(format!("--results {shown}: no such folder can be made: {error}")))?;
        if entries.any(|entry| entry.is_ok_and(|entry| is_of_a_run(&entry.file_name()))) {
            return Err(refuse(format!(
                "--results {shown}: results of an earlier comparison are there; name another folder"
            )));
        }
        Ok(())
    }

    /// Whether something but text goes to stdout.
    pub(crate) fn stdout_is_taken(&self) -> bool {
        self.json
            || [&self.markdown, &self.html].into_iter().any(|destination| *destination == Some(Destination::Stdout))
    }
}

/// Finds a gate on replies in a plan in which nobody sends.
fn has_a_value_without_messages(gates: &[Gate]) -> Result<(), clap::Error> {
    let of_replies = Gate::defaults_with(&[]);
    let without = gates.iter().filter(|gate| of_replies.iter().any(|other| other.metric() == gate.metric()));
    let off: Vec<_> = without.map(|gate| format!("--gate {}=off", gate.metric().name())).collect();
    if off.is_empty() {
        return Ok(());
    }
    let remedy = format!("{} and another gate, such as --gate connect.p99=10%", off.join(" "));
    Err(refuse(format!("--rate 0: nothing is sent, so there are no replies to compare; give {remedy}")))
}

fn parse_path(text: &str) -> Result<String, String> {
    let url = Url::parse(&format!("ws://127.0.0.1{text}")).ok();
    match url.filter(|url| text.starts_with('/') && url.fragment().is_none()) {
        Some(_) => Ok(text.to_owned()),
        None => Err("expected a path that begins with / and has no fragment (`#...`), such as /socket".to_owned()),
    }
}

/// Whether a comparison keeps results under such a name.
fn is_of_a_run(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b".json") && [b"pair-".as_slice(), b"warm-up-"].iter().any(|start| name.starts_with(start))
}
