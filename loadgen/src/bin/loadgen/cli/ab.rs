//! `loadgen ab`: two servers, or two generators, in pairs of runs.

use std::ffi::{OsStr, OsString};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args, Command};
use reports::gate::Confidence;
use reports::paired::{Test, TestError};
use url::Url;

use super::contender::Contender;
use super::gates::Gates;
use super::outputs::{Place, check_places};
use super::plan::PlanArgs;
use super::refuse;
use super::values::{parse_number, parse_positive_duration};

/// Compares two servers in pairs of runs, and tells a regression from noise.
///
/// The runs of a pair come in random order. Each is a process of its own with fresh connections, and with a fresh server where a
/// command is given. A pair before the first warms the machine up and is not counted. While the verdict is inconclusive, more
/// pairs follow, up to --max-pairs.
///
/// Exit codes: 0 pass, 1 regression, 2 usage, 3 inconclusive, 4 delivery violation, 5 run invalid, 6 the
/// target refused or lost connections.
#[derive(Clone, Debug, Args)]
#[allow(clippy::doc_markdown)]
pub(crate) struct AbArgs {
    /// Baseline: a server that runs, as ws://HOST[:PORT][/PATH], or a command that starts one, as
    /// 'cmd:./server --listen {addr}', where {addr} becomes 127.0.0.1:PORT
    #[arg(long, value_name = "URL|cmd:COMMAND")]
    pub(crate) a: Contender,

    /// Candidate, likewise
    #[arg(long, value_name = "URL|cmd:COMMAND")]
    pub(crate) b: Contender,

    /// Path of the URL at servers that commands start, such as /socket?room=1
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = parse_path)]
    pub(crate) path: String,

    /// Generator that makes the runs of A, another version of loadgen [default: this one]
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) generator_a: Option<PathBuf>,

    /// The same for B; with one server, compares two generators
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) generator_b: Option<PathBuf>,

    /// Pairs of runs before the first look at them, 3 at least; an even number lets a steady drift cancel
    #[arg(long, value_name = "N", default_value = "10", value_parser = parse_number::<NonZeroU32>)]
    pairs: NonZeroU32,

    /// Pairs at most: after each further --pairs there is one more look, and all intervals are wider for it [default: three
    /// times --pairs]
    #[arg(long, value_name = "N", value_parser = parse_number::<NonZeroU32>)]
    max_pairs: Option<NonZeroU32>,

    /// Pairs that may be run again because the generator was too slow in them: they are counted by side, and a surplus of B's
    /// keeps it from passing [default: as many as --pairs]
    #[arg(long, value_name = "N")]
    max_repeats: Option<u32>,

    /// Longest wait for a server that a command starts to take connections
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_positive_duration)]
    pub(crate) start_timeout: Duration,

    #[command(flatten)]
    pub(crate) gates: Gates,

    /// 100 % less twice the risk of a false regression of any metric at any look
    #[arg(long, value_name = "PERCENT", default_value = "95%", help_heading = "Comparison")]
    pub(crate) confidence: Confidence,

    /// Keep the results of all runs in this folder, which is made if it is not there: pair-01-a.json and so on
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) results: Option<PathBuf>,

    /// Page with the two runs of the pair whose change is the median, overlaid
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) html: Option<Place>,

    /// Save the comparison in Markdown (- for stdout, instead of text)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) markdown: Option<Place>,

    /// Print the comparison as JSON instead of text
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    /// No progress and no text; the exit code tells the verdict
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// No colors; the variable NO_COLOR does the same
    #[arg(long, help_heading = "Output")]
    pub(crate) no_color: bool,

    #[command(flatten, next_help_heading = "Runs")]
    pub(crate) plan: PlanArgs,

    /// The options of the plan as they were given, for the generators.
    #[arg(skip)]
    pub(crate) plan_options: Vec<OsString>,
}

impl AbArgs {
    /// What decides, and after how many pairs.
    pub(crate) fn test(&self) -> Result<Test, clap::Error> {
        let pairs = self.pairs.get();
        let max_pairs = self.max_pairs.map_or(pairs.saturating_mul(3), NonZeroU32::get);
        Test::new(self.gates.gates()?, self.confidence, pairs, max_pairs).map_err(|error| {
            let option = if matches!(error, TestError::MaximumBelowFirst { .. }) { "--max-pairs" } else { "--pairs" };
            refuse(format!("{option}: {error}"))
        })
    }

    /// Pairs that may be run again.
    pub(crate) fn max_repeats(&self) -> u32 {
        self.max_repeats.unwrap_or(self.pairs.get())
    }

    /// Finds out whether the outputs fit together and can be written, and makes the folder of the results.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        let places = [("--markdown", &self.markdown), ("--html", &self.html)];
        check_places(self.json, places.into_iter().filter_map(|(flag, place)| Some((flag, place.as_ref()?))))?;
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
        self.json || [&self.markdown, &self.html].into_iter().any(|place| *place == Some(Place::Stdout))
    }
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

/// The options of a plan that the command line holds, as another loadgen takes them.
pub(super) fn plan_options(matches: &ArgMatches) -> Vec<OsString> {
    let group = <PlanArgs>::augment_args(Command::new("plan"));
    let mut options = Vec::new();
    for argument in group.get_arguments() {
        let (id, Some(long)) = (argument.get_id().as_str(), argument.get_long()) else { continue };
        let given = matches.value_source(id) == Some(clap::parser::ValueSource::CommandLine);
        // The comparison gives each pair a seed.
        if !given || long == "seed" {
            continue;
        }
        if !argument.get_action().takes_values() {
            options.push(format!("--{long}").into());
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            let mut option = OsString::from(format!("--{long}="));
            option.push(value);
            options.push(option);
        }
    }
    options
}
