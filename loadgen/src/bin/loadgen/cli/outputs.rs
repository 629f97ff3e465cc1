//! The formats in which a result can be saved.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{Args, ValueEnum};
use reports::{
    Render,
    metric::Better,
    render::{
        Bencher, GithubBenchmark, Hlog, Html, IntervalsCsv, Json, JsonLine, Junit, Markdown, PercentilesCsv,
        search::RenderSearch,
    },
    store,
};

use super::refusal::refuse;

/// Where a result goes, in which format.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
// Help is no Markdown.
#[allow(clippy::doc_markdown)]
pub(crate) struct OutputArgs {
    /// Save a page with plots
    ///
    /// One file that needs no network. `-` is stdout, as for the other formats; the report then
    /// goes to stderr.
    #[arg(long, value_name = "FILE")]
    html: Option<Destination>,

    /// Save a summary in Markdown, for a job summary or a pull request
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    markdown: Option<Destination>,

    /// Save delivery, validity and thresholds as JUnit test cases
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    junit: Option<Destination>,

    /// Save an HdrHistogram interval log, version 2
    ///
    /// It has response times second by second. The other latencies are a whole with a tag.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    hlog: Option<Destination>,

    /// Save the metrics in Bencher Metric Format (JSON)
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    bencher: Option<Destination>,

    /// Save intervals.csv and percentiles.csv in this folder, created if missing
    #[arg(long, value_name = "FOLDER", hide_short_help = true)]
    csv: Option<PathBuf>,

    /// Save files for github-action-benchmark in this folder, created if missing
    ///
    /// They are customSmallerIsBetter.json and customBiggerIsBetter.json.
    #[arg(long, value_name = "FOLDER", hide_short_help = true)]
    github_benchmark: Option<PathBuf>,
}

/// A result as JSON on stdout.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Output")]
#[allow(clippy::doc_markdown)]
pub(crate) struct JsonArgs {
    /// Print the result as JSON on stdout
    ///
    /// Nothing else goes there: progress and report go to stderr. Without a connection there is no
    /// result. `--json=line` prints it on one line, so that `loadgen merge` finds it in a log.
    #[arg(long, value_name = "LAYOUT", num_args = 0..=1, require_equals = true, default_missing_value = "indented")]
    #[arg(value_enum, hide_possible_values = true)]
    json: Option<JsonLayout>,
}

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JsonLayout {
    /// For people: a key a line.
    Indented,
    /// All on one line.
    Line,
}

impl JsonArgs {
    /// Whether stdout is taken by it.
    pub(crate) fn is_given(self) -> bool {
        self.json.is_some()
    }

    /// The format that was asked for.
    pub(crate) fn format(self) -> Option<&'static dyn Render> {
        self.json.map(|layout| match layout {
            JsonLayout::Indented => &Json as &dyn Render,
            JsonLayout::Line => &JsonLine,
        })
    }
}

/// A file, or stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Stdout,
    File(PathBuf),
}

/// One format and its destination. `F` says what the format can show: a run, or something else.
pub(crate) struct Output<F: ?Sized = dyn Render> {
    /// The option that asks for it.
    pub(crate) flag: &'static str,
    pub(crate) destination: Destination,
    pub(crate) format: Box<F>,
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(if text == "-" { Self::Stdout } else { Self::File(text.into()) })
    }
}

impl OutputArgs {
    /// Where the page goes, which can show several results.
    pub(crate) fn html(&self) -> Option<&Destination> {
        self.html.as_ref()
    }

    /// The options that were given and take one file.
    pub(crate) fn of_one_file(&self) -> Vec<&'static str> {
        self.of_run().iter().map(|output| output.flag).filter(|flag| *flag != "--html").collect()
    }

    /// The options that were given and show runs only.
    pub(crate) fn of_runs_only(&self) -> Vec<&'static str> {
        let both: Vec<_> = self.of_search().iter().map(|output| output.flag).collect();
        self.of_run().iter().map(|output| output.flag).filter(|flag| !both.contains(flag)).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.of_run().is_empty()
    }

    /// Whether one of them goes to stdout.
    pub(crate) fn take_stdout(&self) -> bool {
        self.of_run().iter().any(|output| output.destination == Destination::Stdout)
    }

    /// Everything that was asked for and can show a search.
    pub(crate) fn of_search(&self) -> Vec<Output<dyn RenderSearch>> {
        let mut outputs = Vec::new();
        let mut add = |flag, destination: &Option<Destination>, format: Box<dyn RenderSearch>| {
            outputs.extend(destination.clone().map(|destination| Output { flag, destination, format }));
        };
        add("--html", &self.html, Box::new(Html));
        add("--markdown", &self.markdown, Box::new(Markdown));
        outputs
    }

    /// Everything that was asked for, to show a run.
    pub(crate) fn of_run(&self) -> Vec<Output> {
        let mut outputs = Vec::new();
        let mut add = |flag, destination: Option<Destination>, format: Box<dyn Render>| {
            outputs.extend(destination.map(|destination| Output { flag, destination, format }));
        };
        let within =
            |folder: &Option<PathBuf>, name| folder.as_deref().map(|folder| Destination::File(folder.join(name)));
        add("--html", self.html.clone(), Box::new(Html));
        add("--markdown", self.markdown.clone(), Box::new(Markdown));
        add("--junit", self.junit.clone(), Box::new(Junit));
        add("--hlog", self.hlog.clone(), Box::new(Hlog));
        add("--bencher", self.bencher.clone(), Box::new(Bencher));
        add("--csv", within(&self.csv, "intervals.csv"), Box::new(IntervalsCsv));
        add("--csv", within(&self.csv, "percentiles.csv"), Box::new(PercentilesCsv));
        for (better, name) in
            [(Better::Lower, "customSmallerIsBetter.json"), (Better::Higher, "customBiggerIsBetter.json")]
        {
            let destination = within(&self.github_benchmark, name);
            add("--github-benchmark", destination, Box::new(GithubBenchmark { better }));
        }
        outputs
    }

    /// Creates the folders, and checks that the files can be written, so that no run is wasted.
    /// `json_on_stdout` says that stdout is taken already, `out` that --out has a file.
    pub(crate) fn check(&self, json_on_stdout: bool, out: Option<&Path>) -> Result<(), clap::Error> {
        for (flag, folder) in [("--csv", &self.csv), ("--github-benchmark", &self.github_benchmark)] {
            if let Some(folder) = folder {
                std::fs::create_dir_all(folder).map_err(|error| {
                    refuse(format!("{flag} {}: no such folder can be made: {error}", folder.display()))
                })?;
            }
        }
        let out = out.map(|path| ("--out", Destination::File(path.to_owned())));
        let outputs = self.of_run();
        let destinations = outputs.iter().map(|output| (output.flag, &output.destination));
        check_destinations(
            json_on_stdout,
            out.iter().map(|(flag, destination)| (*flag, destination)).chain(destinations),
        )
    }
}

/// Finds out whether outputs can be written, each to a destination of its own. `json_on_stdout`
/// says that stdout is taken already.
pub(super) fn check_destinations<'a>(
    json_on_stdout: bool,
    outputs: impl IntoIterator<Item = (&'static str, &'a Destination)>,
) -> Result<(), clap::Error> {
    let mut on_stdout = Vec::from_iter(json_on_stdout.then_some("--json"));
    let mut files: Vec<(&str, &Path)> = Vec::new();
    for (flag, destination) in outputs {
        match destination {
            Destination::Stdout => on_stdout.push(flag),
            Destination::File(path) => {
                check_file(flag, path)?;
                if let Some((other, _)) = files.iter().find(|(_, file)| file == path) {
                    let path = path.display();
                    return Err(refuse(format!("{flag} {path}: {other} goes there already; name another file")));
                }
                files.push((flag, path));
            }
        }
    }
    if on_stdout.len() > 1 {
        let flags = on_stdout.join(" and ");
        return Err(refuse(format!("{flags}: stdout holds one of them; name a file for the others")));
    }
    Ok(())
}

/// Finds out whether a file can be written.
fn check_file(flag: &str, path: &Path) -> Result<(), clap::Error> {
    store::check_writable(path).map_err(|error| refuse(format!("{flag}: {error}")))
}
